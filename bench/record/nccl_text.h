/* What nccl-tests 2.19 prints of a test, from rows of ours: its text to the byte, so that whatever reads that
   reads this, and its JSON (version 3). Where nccl-tests has a mean over iterations, so has this: of the
   samples, which are the slowest rank's. */
#ifndef BUSBAR_NCCL_TEXT_H
#define BUSBAR_NCCL_TEXT_H

#include "collective/collective.h"
#include "record/record.h"

#include <stdio.h>

/* One printed row: both placements of a case; NULL: not measured. */
struct nccl_line {
    const struct case_row *placement[2];
};

/* One test: a collective in one mode, by type, operation, root and size as nccl-tests goes through them. */
struct nccl_table {
    const struct collective *collective;
    const char *mode; /* of the rows; NULL: they have none (imports) */
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

/* The tests in the rows (merged passes; of one launch), one for each collective, mode and number of ranks.
   Rows that are no collective's are left out. The tables point into the rows. */
size_t nccl_tables(const struct case_row *rows, size_t count, struct nccl_table **tables);
void nccl_tables_free(struct nccl_table *tables, size_t count);

void nccl_text_print(FILE *, const struct nccl_run *, const struct nccl_table *);

/* Without nccl-tests' "env": it holds the whole environment there. */
json_t *nccl_json(const struct nccl_run *, const struct nccl_table *);

/* The devices that a launch header tells of: facts.gpus, or the hosts' ranks when there is one host. The
 * caller frees the list. */
size_t nccl_devices(const struct launch_header *, struct nccl_device **devices);

#endif
