/* What a launch adds to the identity of its cases. Rows are repetitions of one case, and may become one
   figure, only if the launches that measured them agree in this too: a row's own key does not know its
   launch. */
#ifndef BUSBAR_CONDITIONS_H
#define BUSBAR_CONDITIONS_H

#include "record/record.h"

struct conditions {
    const char *backend; /* where it is not the usual one: MPI for host memory, NCCL for devices; else NULL */
    int64_t domains; /* NVLink domains that the ranks are in; ABSENT: not known, or part of the world ran */
    const char *filling;   /* ranks per domain, most first ("80+64"); NULL: equal, or not known */
    const char *transport; /* how NCCL connected the ranks: "IB P2P+NET:GDRDMA"; NULL: not known */
    const char
        *table; /* launch.table: an imported table that nobody calls a repetition of another; else NULL */
};

/* Of a row that the launch measured. Strings live in the arena. */
struct conditions conditions_of(const struct launch *, const struct case_row *, struct arena *);

/* Adds what differs from the ordinary to a case's key: "/domains=2/filling=80+64". One domain, domains of
   equal size and the usual backend add nothing, so that keys of older records stay as they are. */
void conditions_key(const struct conditions *, struct text *key);

/* Adds the same in words, each part after a comma: ", 2 NVLink domains of 80+64 ranks". */
void conditions_words(const struct conditions *, struct text *out);

/* How a row was timed, as far as it is known: its mode and cache. Tables of nccl-tests and rccl-tests say
   neither, but both time the same buffers, on the host's clock around all operations, and average over
   ranks: they are timed as rows of mode nccl-tests are. */
struct timing_method {
    enum mode mode;
    enum sync sync;
    enum cache cache;
};
struct timing_method timing_method(const struct case_row *);

/* As strcmp. */
int conditions_order(const struct conditions *, const struct conditions *);

/* A fact by its dotted path ("gpu.model", "gpus.0.name"); NULL: not there, or no string. */
const char *fact_text(const json_t *facts, const char *path);

/* The GPU model that a launch's facts name; NULL: none. */
const char *launch_gpu(const struct launch_header *);

/* "faulted", "emulated+faulted": what of a launch's provenance makes it no measurement of a real machine;
   NULL: nothing. */
const char *artificial_provenance(const struct launch_header *);

/* "measured", "emulated+faulted", …: the words of a launch's provenance in a fixed order; "not stated". */
const char *launch_provenance(const struct launch_header *, struct arena *);

#endif
