/* Prints our rows exactly as nccl-tests 2.19 does, so that scripts that parse its output need no change; also
   in its JSON format (version 3). */
#ifndef BUSBAR_NCCL_TEXT_H
#define BUSBAR_NCCL_TEXT_H

#include "record/nccl_table.h"

#include <stdio.h>

/* Format strings, widths and order are those of src/util.cu. */
#define NCCL_TESTS_VERSION "2.19.6"

void nccl_text_print(FILE *, const struct nccl_run *, const struct nccl_table *);

/* Returns a new reference. Omits nccl-tests' "env" member, which contains the whole environment.
   (nccl_json.c) */
json_t *nccl_json(const struct nccl_run *, const struct nccl_table *);

#endif
