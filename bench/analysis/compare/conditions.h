/* The conditions that a launch adds to the identity of its cases. A row's key does not contain them. Rows are
   repetitions of one case, and may be combined into one figure, only if their launches agree in these too. */
#ifndef BUSBAR_CONDITIONS_H
#define BUSBAR_CONDITIONS_H

#include "record/record.h"

struct conditions {
    const char *backend;   /* NULL: the usual one (MPI for host memory, NCCL for devices) */
    int64_t domains;       /* NVLink domains of the ranks; ABSENT: not known, or not all ranks ran */
    const char *filling;   /* ranks per domain, largest first ("80+64"); NULL: equal, or not known */
    const char *blas;      /* matmul on a CPU: library, kernel, threads; NULL: not known, or none */
    const char *transport; /* how NCCL connected the ranks: "IB P2P+NET:GDRDMA"; NULL: not known */
    /* launch.table: name of an imported table that has cases in common with another, and that is not called
       its repetition; NULL: none */
    const char *table;
};

/* The conditions of a row that the launch measured. New strings are in the arena. */
struct conditions conditions_of(const struct launch *, const struct case_row *, struct arena *);

/* Sets the text, which must be empty, to the BLAS as keys name it. blas: an entry of facts.blas. Ranks that
   use another than rank 0 are named too ("OpenBLAS SkylakeX 2 threads + OpenBLAS Haswell 2 threads"): a case
   has the figures of the slowest rank, so such launches are no repetitions of uniform ones. */
void conditions_blas(const json_t *blas, struct text *);

/* Adds the conditions to a case's key: "/domains=2/filling=80+64". One domain, domains of equal size and the
   usual backend add nothing, so that keys of older records do not change. */
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

/* Returns a value like strcmp(). */
int conditions_order(const struct conditions *, const struct conditions *);

/* Finds a fact by its dotted path ("gpu.model", "gpus.0.name"); NULL: absent, or not a string. */
const char *fact_text(const json_t *facts, const char *path);

/* The GPU model that a launch's facts name; NULL: none. */
const char *launch_gpu(const struct launch_header *);

/* The words of a launch's provenance that make it an artificial result, such as "emulated, faulted"; NULL: it
   is a measurement of a real machine. */
const char *artificial_provenance(const struct launch_header *);

/* The words of a launch's provenance in a fixed order: "measured", "emulated+faulted", …; "not stated" if it
   has none. */
const char *launch_provenance(const struct launch_header *, struct arena *);

#endif
