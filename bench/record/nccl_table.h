/* Rows of ours as the tests that nccl-tests would have run: its order, its counts, its means. nccl_text.h
   prints them. */
#ifndef BUSBAR_NCCL_TABLE_H
#define BUSBAR_NCCL_TABLE_H

#include "collective/collective.h"
#include "record/record.h"

/* One printed row: both placements of a case; NULL: not measured. */
struct nccl_line {
    const struct case_row *placement[2];
};

/* One test: a collective under one set of conditions, by type, operation, root and size as nccl-tests goes through
   them. */
struct nccl_table {
    const struct collective *collective;
    const struct case_row *first; /* of the rows: mode, cache, group … are those of all */
    enum mode mode;               /* of the rows; absent: they have none (imports) */
    enum cache cache;             /* likewise */
    int64_t ranks;
    struct nccl_line *lines;
    size_t count;
    const struct case_row **left_out; /* rows without figures: they get a comment line each */
    size_t left_out_count;
};

/* A rank's device, for the opening. */
struct nccl_device {
    int64_t rank, pid, index;
    const char *host, *pci, *name;
};

/* What is common to the tests of a launch. Absent members are left out or 0 where the format needs a number.
 */
struct nccl_run {
    const char *backend, *started, *nccl_version; /* "2.28.3"; NULL: not known */
    int64_t min_bytes, max_bytes;                 /* as asked for; 0: the rows' */
    json_t *args;
    const struct nccl_device *devices;
    size_t device_count;
};

/* The tests in the rows (merged passes; of one launch): rows of one collective that agree in mode, synchronisation,
   cache, memory, graph, registration, CTA policy, group, nodes and ranks are one test. Rows that are no collective's are
   left out. The tables point into the rows. */
size_t nccl_tables(const struct case_row *rows, size_t count, struct nccl_table **tables);
void nccl_tables_free(struct nccl_table *tables, size_t count);

/* The devices that a launch header tells of: facts.gpus, or the hosts' ranks when there is one host. The
 * caller frees the list. */
size_t nccl_devices(const struct launch_header *, struct nccl_device **devices);

/* ---- what both printers say of a table ---- */

/* Where nccl-tests has a mean over iterations, so has this: of the samples, which are the slowest rank's;
   imported rows have their source's own. GB/s. */
struct nccl_rates {
    double time_us, algbw, busbw;
};
struct nccl_rates nccl_rates_of(const struct nccl_table *, const struct case_row *);

int64_t nccl_count(const struct nccl_table *,
                   const struct case_row *);    /* of one rank where that is its share */
const char *nccl_type(const struct case_row *); /* its names; "?": none of ours */
const char *nccl_op(const struct nccl_table *, const struct case_row *);
int nccl_root(const struct nccl_table *, const struct case_row *); /* -1: the collective has none */
const struct case_row *nccl_any_row(const struct nccl_line *);     /* of either placement */

/* What the opening says of the plan. */
struct nccl_plan {
    int64_t min_bytes, max_bytes, step, warmup, iterations, batch, graph;
    bool step_is_factor, checked;
};
struct nccl_plan nccl_plan_of(const struct nccl_run *, const struct nccl_table *);

/* What the figures are, in one line; it does not hold the words by which parsers find the header. */
void nccl_describe(const struct nccl_run *, const struct nccl_table *, char text[256]);
int nccl_version_code(const char *version); /* NCCL_VERSION_CODE of "2.28.3"; 0: not known */

/* Average bus bandwidth over all measurements, and how many have wrong elements, as the footer has them. */
void nccl_sum_up(const struct nccl_table *, double *average, int *wrong);

#endif
