#include "analysis/common/terminal.h"
#include "base/utf8.h"
#include "base/wrap.h"

#include <stdlib.h>
#include <string.h>

enum { BELOW_INDENT = 4 };

enum place { IN_ROW, ABOVE, HEADING, LEFT_OUT, BELOW, NOWHERE };

struct layout {
    const struct table *table;
    size_t rows, widths[TABLE_COLUMNS]; /* columns of a terminal that a column needs in the rows */
    enum place places[TABLE_COLUMNS];
};

static const char *cell_of(const struct layout *layout, size_t row, size_t column)
{
    return layout->table->cells[row * layout->table->column_count + column];
}

static bool fits(const struct layout *layout)
{
    size_t width = 0;
    for (size_t c = 0; c < layout->table->column_count; c++)
        if (layout->places[c] == IN_ROW) width += layout->widths[c] + 2;
    return width <= TERMINAL_COLUMNS + 2;
}

static void measure(struct layout *layout)
{
    for (size_t c = 0; c < layout->table->column_count; c++) {
        const char *name = layout->table->columns[c].name;
        size_t widest = 0;
        for (size_t r = 0; r < layout->rows; r++) {
            size_t width = table_cell_columns(cell_of(layout, r, c));
            if (width > widest) widest = width;
        }
        size_t head = text_columns(name, strlen(name));
        layout->widths[c] = head > widest ? head : widest;
        layout->places[c] = widest ? IN_ROW : NOWHERE;
    }
}

static bool is_constant(const struct layout *layout, size_t column)
{
    for (size_t r = 1; r < layout->rows; r++)
        if (!same(cell_of(layout, r, column), cell_of(layout, 0, column))) return false;
    return layout->rows > 1;
}

/* Moves a column out of the rows, unless these fit already. */
static void move(struct layout *layout, size_t column, enum place place)
{
    if (layout->places[column] == IN_ROW && !fits(layout)) layout->places[column] = place;
}

/* Decides where each column goes (terminal.h). The first column stays in the rows, unless it becomes a
   heading. */
static void arrange(struct layout *layout)
{
    const struct table_column *columns = layout->table->columns;
    size_t count = layout->table->column_count;
    measure(layout);
    for (size_t c = 1; c < count; c++)
        if (columns[c].role == TABLE_NOTE) move(layout, c, BELOW);
    for (size_t c = 1; c < count; c++)
        if (is_constant(layout, c)) move(layout, c, ABOVE);
    bool sections = !fits(layout);
    for (size_t c = 0; c < count && sections; c++)
        if (columns[c].role == TABLE_SECTION && layout->places[c] == IN_ROW) layout->places[c] = HEADING;
    for (size_t c = 1; c < count; c++)
        if (columns[c].role == TABLE_SPARE) move(layout, c, LEFT_OUT);
    for (size_t c = count; c-- > 1;) move(layout, c, BELOW);
}

/* Adds the values that a row has in the columns at a place: "name value, name value". Omits the names of the
   table's first column, of a heading that is alone and of a note that is alone. */
static void add_values(const struct layout *layout, size_t row, enum place place, struct text *out)
{
    size_t shown = 0, single = 0;
    for (size_t c = 0; c < layout->table->column_count; c++)
        single += layout->places[c] == place && *cell_of(layout, row, c);
    for (size_t c = 0; c < layout->table->column_count; c++) {
        const char *cell = cell_of(layout, row, c);
        if (layout->places[c] != place || !*cell) continue;
        text_add(out, shown++ ? ", " : "");
        bool clear = place == HEADING || layout->table->columns[c].role == TABLE_NOTE;
        if (c && (single > 1 || !clear)) text_add(out, "%s ", layout->table->columns[c].name);
        plain_text(out, cell, (size_t)-1);
    }
}

/* Adds a line with these values after `before`; nothing if the row has none. */
static void add_line(const struct layout *layout, size_t row, enum place place, const char *before,
                     struct text *out)
{
    struct text line = {0};
    text_add(&line, "%s", before);
    add_values(layout, row, place, &line);
    if (line.length > strlen(before)) text_add_wrapped(out, text_get(&line), TERMINAL_COLUMNS, BELOW_INDENT);
    text_free(&line);
}

static bool same_section(const struct layout *layout, size_t a, size_t b)
{
    for (size_t c = 0; c < layout->table->column_count; c++)
        if (layout->places[c] == HEADING && !same(cell_of(layout, a, c), cell_of(layout, b, c))) return false;
    return true;
}

/* Lists the rows section by section, in the order of their first rows. The caller frees the list. */
static size_t *rows_by_section(const struct layout *layout)
{
    size_t *order = allocate(layout->rows, sizeof *order), count = 0;
    bool *done = allocate(layout->rows, sizeof *done);
    for (size_t first = 0; first < layout->rows; first++) {
        if (done[first]) continue;
        for (size_t r = first; r < layout->rows; r++)
            if (!done[r] && same_section(layout, first, r)) order[count++] = r, done[r] = true;
    }
    free(done);
    return order;
}

/* Prints the columns that stay in the rows as a table: a line of names, then one line for each row. */
static void print_rows(const struct layout *layout, const size_t *order, struct text *out)
{
    struct table rest = {0};
    for (size_t c = 0; c < layout->table->column_count; c++)
        if (layout->places[c] == IN_ROW)
            table_column(&rest, layout->table->columns[c].name, layout->table->columns[c].left);
    for (size_t i = 0; i < layout->rows; i++)
        for (size_t c = 0; c < layout->table->column_count; c++)
            if (layout->places[c] == IN_ROW) table_cell(&rest, "%s", cell_of(layout, order[i], c));
    table_print(&rest, TABLE_TEXT, out);
    table_free(&rest);
}

static void add_left_out(const struct layout *layout, struct text *out)
{
    struct text line = {0};
    for (size_t c = 0; c < layout->table->column_count; c++)
        if (layout->places[c] == LEFT_OUT)
            text_add(&line, "%s%s", line.length ? ", " : "not shown: ", layout->table->columns[c].name);
    if (line.length) text_add(&line, " (--wide shows all)\n");
    text_add_wrapped(out, text_get(&line), TERMINAL_COLUMNS, BELOW_INDENT);
    text_free(&line);
}

static void print_folded(const struct layout *layout, struct text *out)
{
    struct text rows = {0};
    size_t *order = rows_by_section(layout);
    add_line(layout, 0, ABOVE, "all rows: ", out);
    print_rows(layout, order, &rows);
    const char *rest = text_get(&rows);
    for (size_t i = 0; i <= layout->rows; i++) { /* line 0 has the names of the columns */
        size_t length = strcspn(rest, "\n") + 1;
        if (i && (i == 1 || !same_section(layout, order[i - 1], order[i - 2])))
            add_line(layout, order[i - 1], HEADING, "", out);
        text_add_bytes(out, rest, length);
        rest += length;
        if (i) add_line(layout, order[i - 1], BELOW, "    ", out);
    }
    add_left_out(layout, out);
    free(order);
    text_free(&rows);
}

void terminal_table(const struct table *table, bool wide, struct text *out)
{
    struct layout layout = {.table = table, .rows = table_rows(table)};
    arrange(&layout);
    bool whole = true;
    for (size_t c = 0; c < table->column_count; c++)
        whole &= layout.places[c] == IN_ROW || layout.places[c] == NOWHERE;
    if (wide || whole)
        table_print(table, TABLE_TEXT, out);
    else
        print_folded(&layout, out);
}

void readable_table(const struct table *table, bool markdown, bool wide, struct text *out)
{
    if (markdown)
        table_print(table, TABLE_MARKDOWN, out);
    else
        terminal_table(table, wide, out);
}

void terminal_lines(const char *lines, bool wide, struct text *out)
{
    if (wide)
        text_add(out, "%s", lines);
    else
        text_add_wrapped(out, lines, TERMINAL_COLUMNS, BELOW_INDENT);
}
