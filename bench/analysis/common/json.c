#include "analysis/common/json.h"
#include "record/record.h"

#include <math.h>
#include <stdlib.h>

static _Noreturn void out_of_memory(void)
{
    exit((int)fail(STATUS_ENVIRONMENT, "out of memory writing JSON"));
}

void object_put(json_t *object, const char *key, json_t *value)
{
    if (!value || json_object_set_new(object, key, value)) out_of_memory();
}

void object_put_text(json_t *object, const char *key, const char *value)
{
    if (value) object_put(object, key, clean_string(value));
}

void object_put_real(json_t *object, const char *key, double value)
{
    if (isfinite(value)) object_put(object, key, json_real(value));
}

void object_put_integer(json_t *object, const char *key, int64_t value)
{
    if (value != ABSENT) object_put(object, key, json_integer(value));
}

void array_add(json_t *array, json_t *value)
{
    if (!value || json_array_append_new(array, value)) out_of_memory();
}

void print_json(struct text *out, json_t *value, int digits)
{
    char *dump = json_dumps(value, JSON_INDENT(1) | JSON_REAL_PRECISION((size_t)digits));
    json_decref(value);
    if (!dump) out_of_memory();
    text_add(out, "%s\n", dump);
    free(dump);
}
