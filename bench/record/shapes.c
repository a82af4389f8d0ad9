#include "record/shapes.h"
#include "base/text.h"
#include "base/units.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The layers of a dense transformer with 70 billion parameters (hidden size 8192, feed-forward size 28672, 8
   key-value heads of 128) for 4096 tokens: query-key-value projection, attention output, gate and up
   projections together, down projection. */
static const struct shape transformer[] = {
    {4096, 10240, 8192}, {4096, 8192, 8192}, {4096, 57344, 8192}, {4096, 8192, 28672}};
static const struct shape square[] = {
    {1024, 1024, 1024}, {2048, 2048, 2048}, {4096, 4096, 4096}, {8192, 8192, 8192}};

static void add_shapes(const struct shape *more, size_t n, struct shape **shapes, size_t *count)
{
    *shapes = reallocate(*shapes, *count + n, sizeof **shapes);
    memcpy(*shapes + *count, more, n * sizeof *more);
    *count += n;
}

static bool parse_edge(const char *word, int64_t *edge)
{
    size_t value;
    if (parse_size(word, &value) || value < 1 || value > (size_t)1 << 40) return false;
    *edge = (int64_t)value;
    return true;
}

static bool parse_shape(char *word, struct shape *shape)
{
    char *parts[3];
    int count = 0;
    for (char *part; (part = strsep(&word, "xX*")); count++) {
        if (count == 3) return false;
        parts[count] = part;
    }
    if (count != 1 && count != 3) return false;
    if (!parse_edge(parts[0], &shape->m)) return false;
    if (count == 1) shape->n = shape->k = shape->m;
    return count == 1 || (parse_edge(parts[1], &shape->n) && parse_edge(parts[2], &shape->k));
}

enum status shapes_parse(const char *text, struct shape **shapes, size_t *count)
{
    enum status status = STATUS_OK;
    char *copy = duplicate(text), *rest = copy;
    *shapes = NULL;
    *count = 0;
    for (char *word; !status && (word = strsep(&rest, ","));) {
        struct shape shape;
        char kept[64];
        snprintf(kept, sizeof kept, "%s", word);
        if (same(word, "square"))
            add_shapes(square, sizeof square / sizeof *square, shapes, count);
        else if (same(word, "transformer"))
            add_shapes(transformer, sizeof transformer / sizeof *transformer, shapes, count);
        else if (parse_shape(word, &shape))
            add_shapes(&shape, 1, shapes, count);
        else
            status = fail(
                STATUS_USAGE,
                "--shapes: '%s' is not a size, MxNxK, square or transformer (e.g. 2048,4096x512x1024)", kept);
    }
    free(copy);
    if (status) {
        free(*shapes);
        *shapes = NULL;
    }
    return status;
}

enum status shape_read(const char *flag, const char *text, struct shape *shape)
{
    if (!text) return STATUS_OK;
    char *copy = duplicate(text);
    const bool good = parse_shape(copy, shape);
    free(copy);
    return good ? STATUS_OK
                : fail(STATUS_USAGE, "--%s: '%.60s' is not one shape: MxNxK, or the edge of a square", flag,
                       text);
}
