/* Short names of cases in a table: parts that all cases have in common are printed once, not in every row. */
#ifndef BUSBAR_NAMES_OF_CASES_H
#define BUSBAR_NAMES_OF_CASES_H

#include "record/record.h"

#include <stdbool.h>
#include <stddef.h>

struct case_name {
    const char *key;
    const struct case_row *row;
};

/* Finds the parts of the keys that all collectives (or, with `gemm`, all matmuls) have in common. Bit t of
   the result is set if part t is the same everywhere; never for the name and the size. Adds these parts to
   `shared`, separated by spaces. */
unsigned shared_tokens(const struct case_name *, size_t count, bool gemm, struct text *shared);

/* Adds the parts of the key that are not shared: "all_reduce 64 KiB isolated". */
void short_name(struct text *, const struct case_name *, unsigned shared);

#endif
