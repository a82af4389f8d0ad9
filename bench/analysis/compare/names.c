#include "analysis/compare/names.h"
#include "base/units.h"

#include <stdlib.h>
#include <string.h>

/* The parts that every key of case_key() begins with, separated by slashes. */
enum { COLLECTIVE_TOKENS = 7, GEMM_TOKENS = 4 };

/* Splits a key into its `fixed` first parts and the rest, which counts as one part. Returns their number. */
static size_t split(char *key, size_t fixed, char **tokens)
{
    size_t n = 0;
    while (key && n < fixed) tokens[n++] = strsep(&key, "/");
    if (key) tokens[n++] = key;
    return n;
}

unsigned shared_tokens(const struct case_name *cases, size_t case_count, bool gemm, struct text *shared)
{
    size_t fixed = gemm ? GEMM_TOKENS : COLLECTIVE_TOKENS;
    char *first = NULL, *tokens[8], *others[8];
    unsigned mask = 0;
    size_t count = 0;
    for (size_t i = 0; i < case_count; i++) {
        if ((cases[i].row->gemm != NULL) != gemm) continue;
        char *key = duplicate(cases[i].key);
        if (!first) {
            first = key;
            count = split(first, fixed, tokens);
            mask = ((1u << count) - 1) & ~(gemm ? 1u << 0 | 1u << 2 : 1u << 0 | 1u << 3);
            continue;
        }
        size_t n = split(key, fixed, others);
        if (n != count) mask &= (1u << fixed) - 1;
        for (size_t t = 0; t < n && t < count; t++)
            if (!same(tokens[t], others[t])) mask &= ~(1u << t);
        free(key);
    }
    for (size_t t = 0; first && t < count; t++)
        if (mask >> t & 1 && !same(tokens[t], "-"))
            text_add(shared, "%s%s", shared->length ? " " : "", tokens[t]);
    for (size_t i = 0; i < shared->length; i++)
        if (shared->data[i] == '/') shared->data[i] = ' ';
    free(first);
    return mask;
}

void short_name(struct text *out, const struct case_name *name, unsigned mask)
{
    bool gemm = name->row->gemm != NULL;
    char *key = duplicate(name->key), *tokens[8], size[UNIT_TEXT];
    size_t n = split(key, gemm ? GEMM_TOKENS : COLLECTIVE_TOKENS, tokens);
    for (size_t t = 0; t < n; t++) {
        if (mask >> t & 1) continue;
        bool bytes = !gemm && t == 3 && name->row->requested_bytes >= 0;
        text_add(out, "%s%s", t ? " " : "",
                 bytes ? format_size((size_t)name->row->requested_bytes, size) : tokens[t]);
    }
    free(key);
}
