/* JSON as busbar's commands print it. Where memory is out the process ends with one line and status 5. */
#ifndef BUSBAR_JSON_H
#define BUSBAR_JSON_H

#include "base/text.h"

#include <jansson.h>
#include <stdint.h>

void object_put(json_t *object, const char *key, json_t *value);          /* takes over the value */
void object_put_text(json_t *object, const char *key, const char *value); /* any bytes; NULL: nothing */
void object_put_real(json_t *object, const char *key, double value);      /* NAN, infinity: nothing */
void object_put_integer(json_t *object, const char *key, int64_t value);  /* ABSENT: nothing */
void array_add(json_t *array, json_t *value);                             /* takes over the value */

/* The whole value, indented, with a newline; reals with so many digits. Frees it. */
void print_json(struct text *out, json_t *value, int digits);

#endif
