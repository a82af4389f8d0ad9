#include "base/tsv.h"
#include "base/text.h"
#include "base/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_TABLE = 16 << 20, MOST_COLUMNS = 256 };

static enum status broken(const struct tsv *table, size_t line, const char *what)
{
    return fail(STATUS_ENVIRONMENT, "%s:%zu: %s", table->name, line, what);
}

/* Splits one line at its tabs into the table's next row. */
static enum status add_row(struct tsv *table, char *line, size_t number)
{
    const char *cells[MOST_COLUMNS];
    size_t count = 0;
    for (char *cell; (cell = strsep(&line, "\t"));) {
        if (count == MOST_COLUMNS) return broken(table, number, "more than 256 columns");
        cells[count++] = cell;
    }
    bool is_header = table->columns == 0;
    if (is_header) table->columns = count;
    if (count > table->columns) return broken(table, number, "more columns than the header line names");
    for (size_t i = 0; is_header && i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (same(cells[i], cells[k])) return broken(table, number, "the header names a column twice");
    size_t row = is_header ? 0 : ++table->rows;
    table->cells = reallocate(table->cells, (row + 1) * table->columns, sizeof *table->cells);
    table->lines = reallocate(table->lines, row + 1, sizeof *table->lines);
    for (size_t i = 0; i < table->columns; i++)
        table->cells[row * table->columns + i] = i < count ? cells[i] : "";
    table->lines[row] = number;
    return STATUS_OK;
}

static enum status parse(struct tsv *table, size_t length)
{
    if (memchr(table->text, 0, length)) return broken(table, 1, "binary data where a table was expected");
    char *state = table->text, *line;
    enum status status = STATUS_OK;
    for (size_t number = 1; !status && (line = strsep(&state, "\n")); number++) {
        size_t end = strlen(line);
        if (end && line[end - 1] == '\r') line[--end] = 0;
        if (end && line[0] != '#') status = add_row(table, line, number);
    }
    if (!status && table->columns == 0) status = broken(table, 1, "no header line");
    return status;
}

enum status tsv_parse(const char *name, const char *data, size_t length, struct tsv *table)
{
    *table = (struct tsv){.name = name, .text = allocate(length + 1, 1)};
    if (length) memcpy(table->text, data, length);
    enum status status = parse(table, length);
    if (status) tsv_free(table);
    return status;
}

enum status tsv_read(const char *path, struct tsv *table)
{
    struct text text = {0};
    *table = (struct tsv){0};
    enum status status = text_add_file(&text, path, LARGEST_TABLE);
    if (!status) status = tsv_parse(path, text_get(&text), text.length, table);
    text_free(&text);
    return status;
}

void tsv_free(struct tsv *table)
{
    free(table->text);
    free(table->cells);
    free(table->lines);
    *table = (struct tsv){0};
}

const char *tsv_cell(const struct tsv *table, size_t row, const char *column)
{
    for (size_t i = 0; i < table->columns; i++)
        if (same(table->cells[i], column)) return table->cells[(row + 1) * table->columns + i];
    return "";
}

const char *tsv_text(const struct tsv *table, size_t row, const char *column, struct arena *arena)
{
    return arena_string(arena, tsv_cell(table, row, column));
}

enum status tsv_need(const struct tsv *table, const char *const *columns)
{
    for (; *columns; columns++) {
        size_t i = 0;
        while (i < table->columns && !same(table->cells[i], *columns)) i++;
        if (i == table->columns)
            return fail(STATUS_ENVIRONMENT, "%s:%zu: the header has no column '%s'", table->name,
                        table->lines[0], *columns);
    }
    return STATUS_OK;
}

enum status tsv_number(const struct tsv *table, size_t row, const char *column, double *value)
{
    const char *cell = tsv_cell(table, row, column);
    double number = NAN;
    if (*cell && (parse_real(cell, &number) || number < 0))
        return fail(STATUS_ENVIRONMENT, "%s:%zu: %s: '%s' is not a number >= 0", table->name,
                    table->lines[row + 1], column, cell);
    *value = number;
    return STATUS_OK;
}

enum status tsv_integer(const struct tsv *table, size_t row, const char *column, int64_t least, int64_t most,
                        int64_t *value)
{
    const char *cell = tsv_cell(table, row, column);
    int64_t number = 0;
    if (parse_integer(cell, &number) || number < least || number > most)
        return fail(STATUS_ENVIRONMENT, "%s:%zu: %s: '%s' is not a whole number from %lld to %lld",
                    table->name, table->lines[row + 1], column, cell, (long long)least, (long long)most);
    *value = number;
    return STATUS_OK;
}

enum status tsv_expected(const struct tsv *table, size_t row, const char *column, const char *expected)
{
    return fail(STATUS_ENVIRONMENT, "%s:%zu: %s '%.60s': expected %s", table->name, table->lines[row + 1],
                column, tsv_cell(table, row, column), expected);
}
