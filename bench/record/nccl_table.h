/* Arranges our rows as nccl-tests does: grouped into tests, in its order, with its element counts and means.
   nccl_text.h prints them. */
#ifndef BUSBAR_NCCL_TABLE_H
#define BUSBAR_NCCL_TABLE_H

#include "collective/collective.h"
#include "record/record.h"

/* One printed row: a case out of place [0] and in place [1]; NULL: not measured. */
struct nccl_line {
    const struct case_row *placement[2];
};

/* One test: a collective under one set of conditions. Its lines are in nccl-tests' order of types,
   operations, roots and sizes. */
struct nccl_table {
    const struct collective *collective;
    const struct case_row *first; /* all rows have the same mode, cache, group … as this one */
    enum mode mode;               /* of all rows; absent for imports */
    enum cache cache;
    int64_t ranks;
    struct nccl_line *lines;
    size_t count;
    const struct case_row **left_out; /* rows without figures, printed as comments */
    size_t left_out_count;
};

/* The device of a rank, for the list at the top of the output. */
struct nccl_device {
    int64_t rank, pid, index;
    const char *host, *pci, *name;
};

/* Facts that all tests of a launch share. Absent ones are not printed, or printed as 0 if the format needs a
   number. */
struct nccl_run {
    const char *backend, *started, *nccl_version; /* nccl_version: "2.28.3"; NULL: unknown */
    int64_t min_bytes, max_bytes;                 /* as requested; 0: use those of the rows */
    json_t *args;
    const struct nccl_device *devices;
    size_t device_count;
};

/* Groups the rows of one launch (passes merged) into tests. Rows of one collective belong to the same test if
   they agree in mode, synchronisation, cache, memory, graph, aggregation, registration, CTA policy,
   imbalance, load, group, nodes and ranks. Matmul rows are ignored. The tables point into the rows. */
size_t nccl_tables(const struct case_row *rows, size_t count, struct nccl_table **tables);
void nccl_tables_free(struct nccl_table *tables, size_t count);

/* The devices in a launch header: from facts.gpus, or one per rank if there is one host. The caller frees the
   list. */
size_t nccl_devices(const struct launch_header *, struct nccl_device **devices);

/* The devices of the ranks that ran a test. With --group: those of one group, the slowest at the first size,
   numbered within it, since readers take the last rank plus one as the number of ranks. None if the record
   does not say which ranks ran it (with --beside). The caller frees the list. */
size_t nccl_table_devices(const struct nccl_run *, const struct nccl_table *, struct nccl_device **);

/* ---- figures for both printers ---- */

/* The mean over the samples, as in nccl-tests (except in its mode, each sample is the slowest rank's); for
   imported rows, the source's own figures. Bandwidths in GB/s; algbw is NAN if the row moves no data. */
struct nccl_rates {
    double time_us, algbw, busbw;
};
struct nccl_rates nccl_rates_of(const struct nccl_table *, const struct case_row *);

/* The number of elements as nccl-tests counts them: only one rank's share for collectives that gather or
   scatter. */
int64_t nccl_count(const struct nccl_table *, const struct case_row *);
const char *nccl_type(const struct case_row *); /* nccl-tests' name of the type; "?": unknown */
const char *nccl_op(const struct nccl_table *, const struct case_row *);
int nccl_root(const struct nccl_table *, const struct case_row *); /* -1: the collective has none */
const struct case_row *nccl_any_row(const struct nccl_line *);     /* the first placement that was measured */

/* The iterations of a row: its operations, or groups of them. */
int64_t nccl_iterations(const struct case_row *);

/* The parameters that nccl-tests prints before its table. */
struct nccl_plan {
    int64_t min_bytes, max_bytes, step, warmup, iterations, aggregate, graph;
    bool step_is_factor, checked;
};
struct nccl_plan nccl_plan_of(const struct nccl_run *, const struct nccl_table *);

/* Describes the figures in one line. It avoids the words by which parsers recognise the table's header. */
void nccl_describe(const struct nccl_run *, const struct nccl_table *, struct text *);
int nccl_version_code(const char *version); /* NCCL_VERSION_CODE of "2.28.3"; 0: unknown */

/* For the footer: the average bus bandwidth over all measurements, and the number of measurements with wrong
   elements. */
void nccl_sum_up(const struct nccl_table *, double *average, int *wrong);

#endif
