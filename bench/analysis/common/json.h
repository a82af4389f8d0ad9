/* Builds and prints JSON for busbar's commands. If memory runs out, prints one line and exits with
   STATUS_ENVIRONMENT. */
#ifndef BUSBAR_JSON_H
#define BUSBAR_JSON_H

#include "base/text.h"

#include <jansson.h>
#include <stdint.h>

void object_put(json_t *object, const char *key, json_t *value);          /* takes over the value */
void object_put_text(json_t *object, const char *key, const char *value); /* any bytes; NULL: adds nothing */
void object_put_real(json_t *object, const char *key, double value);      /* NAN, infinity: adds nothing */
void object_put_integer(json_t *object, const char *key, int64_t value);  /* ABSENT: adds nothing */
void array_add(json_t *array, json_t *value);                             /* takes over the value */

/* Adds the value to `out`, indented, with reals of `digits` digits, and a newline. Takes over the value. */
void print_json(struct text *out, json_t *value, int digits);

#endif
