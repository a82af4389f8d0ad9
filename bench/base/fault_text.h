/* The text of the flag --fault: "KIND", or "KIND:NAME=N,NAME=N". */
#ifndef BUSBAR_FAULT_TEXT_H
#define BUSBAR_FAULT_TEXT_H

#include "base/status.h"

#include <stdint.h>

struct fault_number {
    const char *name; /* "rank"; NULL after the last */
    int64_t *value;   /* unchanged if the text does not have the number */
};

/* Sets *kind to the index of KIND in `kinds` (NULL-terminated), and the numbers that the text has, 0 to 1e9.
   Returns STATUS_USAGE after printing one line that names the invalid word. */
enum status fault_parse(const char *text, const char *const *kinds, int *kind, const struct fault_number *);

#endif
