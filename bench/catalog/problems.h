/* Known problems of NCCL versions: results/nccl-problems.tsv. */
#ifndef BUSBAR_PROBLEMS_H
#define BUSBAR_PROBLEMS_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct nccl_problem {
    int from,
        fixed; /* 10000 * major + 100 * minor + patch; fixed: INT_MAX where no release is known to be without it */
    const char *registration, *collective, *dtype; /* "": any */
    int64_t least_ranks, most_ranks, least_hosts;
    const char *words, *source;
};

struct nccl_problems {
    struct arena arena;
    struct nccl_problem *list;
    size_t count;
};

/* Of the catalog's folder; none where it has no such table. STATUS_ENVIRONMENT after one line for a broken
   one. */
enum status nccl_problems_read(struct nccl_problems *);
enum status nccl_problems_parse(struct nccl_problems *, const char *name, const char *text, size_t length);
void nccl_problems_free(struct nccl_problems *);

/* "2.28.9" as a number like nccl_problem.from; -1: no version. */
int nccl_version_number(const char *text);

/* Whether a launch of that version, registration and size meets the problem in a case of that collective and
   type. */
bool nccl_problem_applies(const struct nccl_problem *, int version, const char *registration, int64_t ranks,
                          int64_t hosts, const char *collective, const char *dtype);

#endif
