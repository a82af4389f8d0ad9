/* Names of cases in a table: what all of them share is said once, and not in every row. */
#ifndef BUSBAR_NAMES_OF_CASES_H
#define BUSBAR_NAMES_OF_CASES_H

#include "record/record.h"

#include <stdbool.h>
#include <stddef.h>

struct case_name {
    const char *key;
    const struct case_row *row;
};

/* Of the collectives' or of the matmuls' keys: bit t of the result is set when part t is the same in all of
   them. These parts are added to `shared`, in words. The name and the size are never among them. */
unsigned shared_tokens(const struct case_name *, size_t count, bool gemm, struct text *shared);

/* Adds the parts that are not shared: "all_reduce 64 KiB isolated". */
void short_name(struct text *, const struct case_name *, unsigned shared);

#endif
