/* busbar scan: reads pairs of hosts from records, and judges figures of single ranks, rails and hosts. For
   the statistics of pairs see evidence.h, for the choice of pairs rounds.h. */
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
    size_t *domain;            /* the domain of each host, as an index; NULL: unknown */
    const char **domain_names; /* the name of each domain */
    struct scan_pair **pairs;  /* the pairs of each rail, with their times at the largest size */
    size_t *counts;            /* how many pairs each rail has */
    bool *rounds;   /* [host_count + 1]: was this round of the circle method (rails:K, hosts:K) measured? */
    size_t figures; /* number of rows of pairs that were read */
};

/* Reads the pairs of an archive. `domains`: the names of the hosts' domains, separated by commas ("-":
   unknown); used only if the records lack them; may be NULL. If the archive has no launches, the list also
   sets the number of hosts. Returns STATUS_USAGE if launches have different hosts or settings,
   STATUS_ENVIRONMENT if no host is known or there are too many; prints one line in both cases. */
enum status scan_records_read(struct archive *, const char *domains, struct scan_records *);
void scan_records_free(struct scan_records *);
struct scan_data scan_records_rail(const struct scan_records *, size_t rail);

/* ---- figures of single ranks, rails or hosts (scan_ranks.c) ---- */

struct suspect {
    size_t rank;
    double value, typical;
};

struct judgement {
    struct suspect *list; /* worst first */
    size_t count;
};

/* Finds slow ranks (or rails, or hosts) by their rates; NAN: unknown. A rank is a suspect if its rate is
   below the median of the others by the share `threshold` and, with six ranks or more, by more than five
   robust sigma. Judges the slowest first, and then the others without it. The caller frees the list. */
void scan_judge_ranks(const double *rate, size_t ranks, double threshold, struct judgement *);

/* ---- matmul (scan_matmul.c) ---- */

/* Judges every matmul row of the launches, prints the suspects in `format` (text, json; csv: every rank), and
   counts both. */
void scan_matmul(const struct archive *, enum format, double threshold, size_t *rows, size_t *suspects);

/* ---- inside the hosts (scan_inside.c) ---- */

/* Judges every row of --group node, in which the ranks of each host communicate only with each other. Prints
   and counts like scan_matmul(). */
void scan_inside(const struct archive *, enum format, double threshold, size_t *suspects);

/* ---- the next launch (scan_next.c) ---- */

/* Prints what scripts/scan measures next, as lines NAME=VALUE: more (0 or 1), decided (0 or 1), launches
   (measured so far) and groups (for --group). */
void scan_print_next(const struct scan_records *, const struct scan_verdict *of_rail, bool all_pairs);

#endif
