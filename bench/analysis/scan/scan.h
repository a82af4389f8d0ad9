/* Which host is slow? Bandwidths between pairs of hosts, and who stands out. */
#ifndef BUSBAR_SCAN_H
#define BUSBAR_SCAN_H

#include "base/format.h"
#include "base/status.h"
#include "record/record.h"

#include <stdbool.h>
#include <stddef.h>

struct suspect {
    size_t a, b; /* a link between two hosts; a == b: a host */
    double value, typical;
};

struct judgement {
    struct suspect *list; /* hosts first, each kind worst first */
    size_t count;
    double typical; /* median of the hosts' values; of the pairs, where no host has two */
};

/* value[a * hosts + b]: the pair's bandwidth, symmetric; NAN: not measured. A host's value is the upper
   quartile over its pairs, of which it needs two. Suspect is who is at least `threshold` (0.1) below the
   median of all and, from six hosts on, beyond five robust sigma of the hosts (of the pairs, for links),
   judged worst first, each against the others that are left. A link is suspect by itself only where neither
   end is. The caller frees the list. */
void scan_judge(const double *value, size_t hosts, double threshold, struct judgement *);

/* The same for what each rank reached alone (matmul): who is `threshold` below the median of the others and,
   from six ranks on, beyond five robust sigma. rate[rank], NAN: unknown; a suspect's a and b are the rank. */
void scan_judge_ranks(const double *rate, size_t ranks, double threshold, struct judgement *);

/* Judges every matmul row of the launches, prints the suspects in `format` (text, json; csv: every rank), and
 * counts both. */
void scan_matmul(const struct archive *, enum format, double threshold, size_t *rows, size_t *suspects);

#endif
