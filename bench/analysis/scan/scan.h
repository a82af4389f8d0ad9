/* What busbar scan reads from records, and how it judges figures that stand alone. Pairs: evidence.h and
   rounds.h. */
#ifndef BUSBAR_SCAN_H
#define BUSBAR_SCAN_H

#include "analysis/scan/evidence.h"
#include "base/format.h"
#include "base/status.h"
#include "record/record.h"

#include <stdbool.h>
#include <stddef.h>

/* ---- pairs of hosts in records (scan_records.c) ---- */

struct scan_records {
    const char **hosts; /* in the launches' order */
    size_t host_count, rails, launches, domain_count;
    size_t *domain;            /* of each host; NULL: unknown */
    const char **domain_names; /* of each domain */
    struct scan_pair **pairs;  /* of each rail, times at the largest size */
    size_t *counts;
    bool *rounds;   /* of the circle method (rails:K, hosts:K): was it measured? [host_count + 1] */
    size_t figures; /* rows that were read */
};

/* `domains`: names of the hosts' domains separated by commas, "-" for none, where the records do not have
   them; or NULL. An archive without launches is taken as that many hosts. */
enum status scan_records_read(struct archive *, const char *domains, struct scan_records *);
void scan_records_free(struct scan_records *);
struct scan_data scan_records_rail(const struct scan_records *, size_t rail);

/* ---- figures that stand alone (scan_ranks.c) ---- */

struct suspect {
    size_t rank;
    double value, typical;
};

struct judgement {
    struct suspect *list; /* worst first */
    size_t count;
};

/* What each rank reached alone (matmul), or each rail: who is `threshold` below the median of the others
   and, from six ranks on, beyond five robust sigma of them, judged worst first, each against the others
   that are left. rate[rank], NAN: unknown. The caller frees the list. */
void scan_judge_ranks(const double *rate, size_t ranks, double threshold, struct judgement *);

/* ---- matmul (scan_matmul.c) ---- */

/* Judges every matmul row of the launches, prints the suspects in `format` (text, json; csv: every rank), and
 * counts both. */
void scan_matmul(const struct archive *, enum format, double threshold, size_t *rows, size_t *suspects);

/* ---- inside the hosts (scan_inside.c) ---- */

/* The same for every row of --group node: all ranks of each host by themselves. */
void scan_inside(const struct archive *, enum format, double threshold, size_t *suspects);

/* ---- what comes next (scan_next.c) ---- */

/* Prints what scripts/scan measures next, as lines NAME=VALUE: more (0 or 1), groups, and decided. */
void scan_print_next(const struct scan_records *, const struct scan_verdict *of_rail, bool all_pairs);

#endif
