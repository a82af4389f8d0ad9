#include "record/grid.h"
#include "base/units.h"

#include <stdlib.h>

static enum status read_list(const char *list, size_t **sizes, size_t *count)
{
    size_t n, kept = 0;
    enum status status = parse_sizes("sizes", list, 0, sizes, &n);
    for (size_t i = 0; !status && i < n; i++) {
        size_t j = 0;
        while (j < kept && (*sizes)[j] != (*sizes)[i]) j++;
        if (j == kept) (*sizes)[kept++] = (*sizes)[i];
    }
    *count = kept;
    return status;
}

enum status size_grid_read(const struct size_grid *grid, size_t **sizes, size_t *count)
{
    enum { MOST_SIZES = 100000 };
    if (grid->list) return read_list(grid->list, sizes, count);
    if (grid->end < grid->begin)
        return fail(STATUS_USAGE, "--end: %zu is less than --begin %zu", grid->end, grid->begin);
    size_t *values = NULL, n = 0;
    for (size_t size = grid->begin;;) {
        if (n == MOST_SIZES) {
            free(values);
            return fail(STATUS_USAGE, "--increment: more than %d sizes", MOST_SIZES);
        }
        values = reallocate(values, n + 1, sizeof *values);
        values[n++] = size;
        if (grid->increment ? grid->increment > grid->end - size : size > grid->end / grid->factor) break;
        size = grid->increment ? size + grid->increment : size * grid->factor;
    }
    *sizes = values;
    *count = n;
    return STATUS_OK;
}
