#include "record/grid.h"
#include "base/units.h"

#include <stdlib.h>

static const size_t largest = (size_t)1 << 60;

static enum status read_list(const char *list, size_t **sizes, size_t *count)
{
    size_t *values, n, kept = 0;
    if (parse_sizes(list, &values, &n))
        return fail(STATUS_USAGE, "--sizes: '%s' is not a list of sizes in bytes such as 8,64K,1M", list);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < n && !status; i++) {
        size_t j = 0;
        if (values[i] > largest)
            status = fail(STATUS_USAGE, "--sizes: %zu is more than 2^60 bytes", values[i]);
        while (j < kept && values[j] != values[i]) j++;
        if (j == kept) values[kept++] = values[i];
    }
    if (status) {
        free(values);
        return status;
    }
    *sizes = values;
    *count = kept;
    return STATUS_OK;
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
