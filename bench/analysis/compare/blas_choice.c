#include "analysis/compare/blas_choice.h"
#include "analysis/compare/conditions.h"
#include "record/traits.h"

#include <string.h>

/* The value of the key's "/blas=" part, of *length bytes; NULL: it has none. */
static const char *blas_part(const char *key, size_t *length)
{
    static const char name[] = "/blas=";
    const char *part = strstr(key, name);
    if (!part) return NULL;
    part += sizeof name - 1;
    *length = strcspn(part, "/");
    return part;
}

/* The entry of facts.blas of a launch that timed `what` ("libraries_tried" or "kernels_tried"), and took the
   BLAS of the case; NULL: none did. */
static const json_t *chosen_blas(const struct case_source *source, const char *what)
{
    size_t length = 0;
    const char *part = blas_part(source->key, &length);
    for (size_t i = 0; i < source->count; i++) {
        const json_t *blas = blas_of(source->launches[i]->header.facts, NULL);
        struct text words = {0};
        if (!json_object_get(blas, what)) continue;
        conditions_blas(blas, &words);
        const bool found = words.length == length && memcmp(words.data, part, length) == 0;
        text_free(&words);
        if (found) return blas;
    }
    return NULL;
}

static bool both_chose(const struct case_source *a, const struct case_source *b, const char *what)
{
    const json_t *one = chosen_blas(a, what), *other = chosen_blas(b, what);
    if (!one || !other) return false;
    const bool same_library = same(json_string_value(json_object_get(one, "library")),
                                   json_string_value(json_object_get(other, "library")));
    return same_library == same(what, "kernels_tried") &&
           json_integer_value(json_object_get(one, "threads")) ==
               json_integer_value(json_object_get(other, "threads"));
}

bool blas_chosen_anew(const struct case_source *a, const struct case_source *b)
{
    size_t a_length, b_length;
    const char *a_part = blas_part(a->key, &a_length), *b_part = blas_part(b->key, &b_length);
    if (!a_part || !b_part || a_part - a->key != b_part - b->key) return false;
    if (strncmp(a->key, b->key, (size_t)(a_part - a->key)) != 0) return false;
    if (strcmp(a_part + a_length, b_part + b_length) != 0) return false;
    if (a_length == b_length && memcmp(a_part, b_part, a_length) == 0) return false;
    return both_chose(a, b, "libraries_tried") || both_chose(a, b, "kernels_tried");
}
