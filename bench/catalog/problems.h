/* Known problems of NCCL versions: results/nccl-problems.tsv. */
#ifndef BUSBAR_PROBLEMS_H
#define BUSBAR_PROBLEMS_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct nccl_problem {
    /* The first version with the problem, and the first one without it (INT_MAX: none is known). As numbers:
       10000 * major + 100 * minor + patch. */
    int from, fixed;
    const char *registration, *cta, *collective, *dtype, *op; /* "": any */
    const char *gpu, *architecture;                           /* "": any; gpu: a word of the model's name */
    int64_t least_ranks, most_ranks, least_hosts;
    const char *words, *source; /* the problem as a sentence; where it is documented */
};

/* A case as the table sees it. registration, cta: the labels of its rows. NULL: unknown, or it has none. */
struct nccl_use {
    int version;
    const char *registration, *cta, *collective, *dtype, *op, *gpu, *architecture;
    int64_t ranks, hosts;
};

struct nccl_problems {
    struct arena arena;
    struct nccl_problem *list;
    size_t count;
};

/* Reads the table in the catalog's folder; without one, the list is empty. Returns STATUS_ENVIRONMENT after
   printing one line if there is no such folder or the table is invalid. */
enum status nccl_problems_read(struct nccl_problems *);
enum status nccl_problems_parse(struct nccl_problems *, const char *name, const char *text, size_t length);
void nccl_problems_free(struct nccl_problems *);

/* Converts "2.28.9" to a number as in nccl_problem.from; -1: not a version. */
int nccl_version_number(const char *text);

/* Whether the problem affects a case. What is not known matches only an empty cell. */
bool nccl_problem_applies(const struct nccl_problem *, const struct nccl_use *);

#endif
