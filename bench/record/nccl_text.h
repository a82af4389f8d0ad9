/* What nccl-tests 2.19 prints of a test, from rows of ours: its text to the byte, so that whatever reads that
   reads this, and its JSON (version 3). */
#ifndef BUSBAR_NCCL_TEXT_H
#define BUSBAR_NCCL_TEXT_H

#include "record/nccl_table.h"

#include <stdio.h>

/* Format strings, widths and order are those of src/util.cu. */
#define NCCL_TESTS_VERSION "2.19.6"

void nccl_text_print(FILE *, const struct nccl_run *, const struct nccl_table *);

/* Without nccl-tests' "env": it holds the whole environment there. New reference. (nccl_json.c) */
json_t *nccl_json(const struct nccl_run *, const struct nccl_table *);

#endif
