/* The shapes of --shapes: edges of matrices. */
#ifndef BUSBAR_SHAPES_H
#define BUSBAR_SHAPES_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct shape {
    int64_t m, n, k;
};

/* "2048,4096x512x1024,square": edges, MxNxK, and the presets square and transformer, as a new array that the
   caller frees. Returns STATUS_USAGE after printing one line that names the word; then *shapes is NULL. */
enum status shapes_parse(const char *text, struct shape **shapes, size_t *count);

/* Reads the value of a flag that takes one shape; `text` NULL leaves *shape unchanged. Returns
   STATUS_USAGE after printing one line. */
enum status shape_read(const char *flag, const char *text, struct shape *shape);

#endif
