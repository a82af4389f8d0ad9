#include "analysis/common/table.h"
#include "base/status.h"
#include "base/utf8.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WIDEST = 60,
    WIDEST_MARKDOWN = 400,
    WIDEST_PAGE = 1000
}; /* the longest cell of each format, in characters */

void table_column(struct table *table, const char *name, bool left)
{
    if (table->column_count == TABLE_COLUMNS)
        exit((int)fail(STATUS_ENVIRONMENT, "a table has too many columns"));
    table->columns[table->column_count++] = (struct table_column){name, left, TABLE_PLAIN};
}

void table_role(struct table *table, enum table_role role)
{
    table->columns[table->column_count - 1].role = role;
}

void table_columns(struct table *table, const char *const *names)
{
    static const char marks[] = "<=~+";
    static const enum table_role roles[] = {TABLE_PLAIN, TABLE_SECTION, TABLE_SPARE, TABLE_NOTE};
    for (; *names; names++) {
        const char *name = *names;
        enum table_role role = TABLE_PLAIN;
        bool left = false;
        for (const char *mark; *name && (mark = strchr(marks, *name)); name++)
            if (*mark == '<')
                left = true;
            else
                role = roles[mark - marks];
        table_column(table, name, left);
        table_role(table, role);
    }
}

void table_cell(struct table *table, const char *format, ...)
{
    struct text text = {0};
    va_list values;
    char small[256];
    va_start(values, format);
    int length = vsnprintf(small, sizeof small, format, values);
    va_end(values);
    const char *cell = small;
    if (length >= (int)sizeof small) {
        char *big = allocate((size_t)length + 1, 1);
        va_start(values, format);
        vsnprintf(big, (size_t)length + 1, format, values);
        va_end(values);
        text_add_bytes(&text, big, (size_t)length);
        free(big);
        cell = text_get(&text);
    }
    if (table->cell_count == table->capacity) {
        table->capacity = table->capacity ? 2 * table->capacity : 64;
        table->cells = reallocate(table->cells, table->capacity, sizeof *table->cells);
    }
    table->cells[table->cell_count++] = length > 0 ? arena_string(&table->arena, cell) : "";
    text_free(&text);
}

size_t table_rows(const struct table *table)
{
    return table->column_count ? table->cell_count / table->column_count : 0;
}

void table_drop_empty(struct table *table)
{
    size_t columns = table->column_count, rows = table_rows(table), kept = 0, cells = 0;
    bool used[TABLE_COLUMNS] = {false};
    for (size_t i = 0; i < rows * columns; i++) used[i % columns] |= *table->cells[i] != 0;
    for (size_t i = 0; i < rows * columns; i++)
        if (used[i % columns]) table->cells[cells++] = table->cells[i];
    for (size_t c = 0; c < columns; c++)
        if (used[c]) table->columns[kept++] = table->columns[c];
    table->column_count = kept;
    table->cell_count = cells;
}

void table_integer(struct table *table, int64_t value)
{
    if (value == INT64_MIN)
        table_cell(table, "%s", "");
    else
        table_cell(table, "%lld", (long long)value);
}

void table_free(struct table *table)
{
    free(table->cells);
    arena_free(&table->arena);
    *table = (struct table){0};
}

void html_text(struct text *out, const char *text)
{
    wchar_t letter;
    size_t bytes;
    for (const char *c = text ? text : ""; *c; c += bytes) {
        bytes = utf8_letter(c, &letter);
        if (letter == NOT_UTF8)
            text_add(out, "\xef\xbf\xbd"); /* U+FFFD */
        else if (strchr("&<>\"'", *c))
            text_add(out, "&#%d;", *c);
        else if (is_control(letter))
            text_add(out, " ");
        else if (*c == ' ' && c[1] == '%')
            text_add(out, "\u00a0"); /* no line begins with a percent sign */
        else
            text_add_bytes(out, c, bytes);
    }
}

void plain_text(struct text *out, const char *text, size_t most)
{
    wchar_t letter;
    size_t bytes, shown = 0;
    for (const char *c = text ? text : ""; *c; c += bytes, shown++) {
        bytes = utf8_letter(c, &letter);
        if (shown + 1 >= most && c[bytes]) {
            text_add(out, "…");
            return;
        }
        if (letter == NOT_UTF8)
            text_add(out, "?");
        else if (is_control(letter))
            text_add(out, " ");
        else
            text_add_bytes(out, c, bytes);
    }
}

void print_plain(const char *format, ...)
{
    struct text line = {0};
    char *raw = NULL;
    va_list values;
    va_start(values, format);
    const int length = vasprintf(&raw, format, values);
    va_end(values);
    if (length < 0) exit((int)fail(STATUS_ENVIRONMENT, "out of memory for a line of output"));
    plain_text(&line, raw, (size_t)-1);
    puts(text_get(&line));
    text_free(&line);
    free(raw);
}

static void pad(struct text *out, size_t count)
{
    while (count--) text_add_bytes(out, " ", 1);
}

size_t table_cell_columns(const char *cell)
{
    struct text plain = {0};
    plain_text(&plain, cell, WIDEST);
    size_t columns = text_columns(text_get(&plain), plain.length);
    text_free(&plain);
    return columns;
}

static void print_text(const struct table *table, struct text *out)
{
    size_t rows = table_rows(table), columns = table->column_count, widths[TABLE_COLUMNS] = {0};
    struct text cell = {0};
    for (size_t i = 0; i < rows * columns; i++) {
        size_t width = table_cell_columns(table->cells[i]);
        if (width > widths[i % columns]) widths[i % columns] = width;
    }
    for (size_t r = 0; r <= rows; r++) {
        size_t owed = 0; /* spaces to write before the next cell that is not empty */
        for (size_t c = 0; c < columns; c++) {
            if (!widths[c]) continue;
            text_clear(&cell);
            plain_text(&cell, r ? table->cells[(r - 1) * columns + c] : table->columns[c].name, WIDEST);
            size_t full = widths[c], own = text_columns(text_get(&cell), cell.length);
            size_t head = text_columns(table->columns[c].name, strlen(table->columns[c].name));
            if (head > full) full = head;
            bool left = table->columns[c].left;
            if (own) pad(out, owed + (left ? 0 : full - own)), owed = 0;
            text_add_bytes(out, text_get(&cell), cell.length);
            owed += own ? (left ? full - own : 0) + 2 : full + 2;
        }
        text_add_bytes(out, "\n", 1);
    }
    text_free(&cell);
}

static bool is_number(const char *text)
{
    char *end;
    strtod(text, &end);
    return end != text && !*end;
}

void csv_text(struct text *out, const char *cell)
{
    /* Some programs skip tabs and carriage returns before they look for a formula. */
    bool formula = *cell && strchr("=+-@\t\r", *cell) && !is_number(cell);
    bool quoted = formula || cell[strcspn(cell, ",\"\r\n")];
    if (quoted) text_add(out, formula ? "\"'" : "\"");
    wchar_t letter;
    size_t bytes;
    for (const char *c = cell; *c; c += bytes) {
        bytes = utf8_letter(c, &letter);
        bool newline = *c == '\n' || *c == '\t' || (*c == '\r' && c[1] == '\n');
        if (letter == NOT_UTF8 || (is_control(letter) && !newline))
            text_add(out, "?");
        else if (*c == '"')
            text_add(out, "\"\"");
        else
            text_add_bytes(out, c, bytes);
    }
    if (quoted) text_add(out, "\"");
}

static void print_csv(const struct table *table, struct text *out)
{
    size_t columns = table->column_count, cells = columns * (table_rows(table) + 1);
    for (size_t i = 0; i < cells; i++) {
        csv_text(out, i < columns ? table->columns[i].name : table->cells[i - columns]);
        text_add_bytes(out, (i + 1) % columns ? "," : "\n", 1);
    }
}

/* Also escapes what could start HTML, because many Markdown programs pass HTML through. */
void markdown_text(struct text *out, const char *text)
{
    struct text plain = {0};
    plain_text(&plain, text, (size_t)-1);
    for (const char *c = text_get(&plain); *c; c++) {
        if (*c == '&' || *c == '<' || *c == '>')
            text_add(out, "&#%d;", *c);
        else if (strchr("|`*[]\\~", *c) || (*c == '_' && c[1] == '_'))
            text_add(out, "\\%c", *c);
        else
            text_add_bytes(out, c, 1);
    }
    text_free(&plain);
}

void line_text(struct text *out, const char *text, size_t most, bool markdown)
{
    struct text plain = {0};
    plain_text(&plain, text, most);
    if (markdown)
        markdown_text(out, text_get(&plain));
    else
        text_add_bytes(out, text_get(&plain), plain.length);
    text_free(&plain);
}

bool list_has(const char *list, const char *separator, const char *item)
{
    size_t length = strlen(item);
    for (const char *end; list; list = end ? end + strlen(separator) : NULL) {
        end = strstr(list, separator);
        size_t part = end ? (size_t)(end - list) : strlen(list);
        if (part == length && memcmp(list, item, length) == 0) return true;
    }
    return false;
}

static void print_markdown(const struct table *table, struct text *out)
{
    size_t columns = table->column_count, rows = table_rows(table);
    for (size_t r = 0; r <= rows; r++) {
        for (size_t c = 0; c < columns; c++) {
            text_add(out, "| ");
            line_text(out, r ? table->cells[(r - 1) * columns + c] : table->columns[c].name, WIDEST_MARKDOWN,
                      true);
            text_add(out, " ");
        }
        text_add(out, "|\n");
        for (size_t c = 0; r == 0 && c < columns; c++)
            text_add(out, "%s%s", table->columns[c].left ? "|---" : "|---:", c + 1 == columns ? "|\n" : "");
    }
}

enum { LONG_WORD = 18 }; /* in columns; a narrow cell may break a longer word, such as a path, anywhere */

static bool is_long_word(const char *word)
{
    return text_columns(word, strcspn(word, " \n")) > LONG_WORD;
}

/* Adds a line of a cell. A long word may first of all break after '_' and '/'. */
static void html_line(struct text *out, const char *line)
{
    struct text plain = {0}, part = {0};
    plain_text(&plain, line, WIDEST_PAGE);
    bool long_word = false;
    for (const char *start = text_get(&plain), *c = start; *c; c++) {
        if (c == start || c[-1] == ' ') long_word = is_long_word(c);
        text_add_bytes(&part, c, 1);
        if (!long_word || (*c != '_' && *c != '/')) continue;
        html_text(out, text_get(&part));
        text_add(out, "<wbr>");
        text_clear(&part);
    }
    html_text(out, text_get(&part));
    text_free(&plain);
    text_free(&part);
}

/* The lines of a cell after the first become small print under it. */
static void html_cell(struct text *out, const char *cell)
{
    char *copy = duplicate(cell), *rest = copy;
    html_line(out, strsep(&rest, "\n"));
    if (rest) text_add(out, "<small>");
    for (bool first = true; rest; first = false) {
        if (!first) text_add(out, "<br>");
        html_line(out, strsep(&rest, "\n"));
    }
    if (strchr(cell, '\n')) text_add(out, "</small>");
    free(copy);
}

static bool has_long_word(const char *cell)
{
    for (const char *word = cell; *word; word += strspn(word, " \n")) {
        if (is_long_word(word)) return true;
        word += strcspn(word, " \n");
    }
    return false;
}

static void open_html_cell(struct text *out, const char *cell, bool left)
{
    bool long_word = has_long_word(cell);
    text_add(out, "<td");
    if (!left || long_word) text_add(out, " class=\"%s\"", left ? "long" : long_word ? "n long" : "n");
    text_add(out, ">");
}

static void print_html(const struct table *table, struct text *out)
{
    size_t columns = table->column_count, rows = table_rows(table);
    text_add(out, "<div class=\"scroll\"><table><thead><tr>");
    for (size_t c = 0; c < columns; c++) {
        text_add(out, table->columns[c].left ? "<th scope=\"col\">" : "<th scope=\"col\" class=\"n\">");
        html_text(out, table->columns[c].name);
        text_add(out, "</th>");
    }
    text_add(out, "</tr></thead><tbody>\n");
    for (size_t r = 0; r < rows; r++) {
        text_add(out, "<tr>");
        for (size_t c = 0; c < columns; c++) {
            open_html_cell(out, table->cells[r * columns + c], table->columns[c].left);
            html_cell(out, table->cells[r * columns + c]);
            text_add(out, "</td>");
        }
        text_add(out, "</tr>\n");
    }
    text_add(out, "</tbody></table></div>\n");
}

void table_print(const struct table *table, enum table_format format, struct text *out)
{
    switch (format) {
    case TABLE_TEXT:
        print_text(table, out);
        return;
    case TABLE_CSV:
        print_csv(table, out);
        return;
    case TABLE_MARKDOWN:
        print_markdown(table, out);
        return;
    case TABLE_HTML:
        print_html(table, out);
        return;
    }
}

const char *number_text(double value, char text[32])
{
    if (!isfinite(value)) return strcpy(text, "");
    double size = fabs(value);
    if (size >= 1e15 || (size > 0 && size < 1e-9)) {
        snprintf(text, 32, "%.3e", value);
        return text;
    }
    int digits = size >= 1000             ? 0
                 : size >= 100            ? 1
                 : size >= 10             ? 2
                 : size >= 1 || size == 0 ? 3
                                          : 3 - (int)floor(log10(size));
    snprintf(text, 32, "%.*f", digits, value);
    return text;
}

void xml_text(struct text *out, const char *text)
{
    struct text plain = {0};
    plain_text(&plain, text, (size_t)-1); /* control characters become spaces, bytes that are not UTF-8 '?' */
    wchar_t letter;
    size_t bytes;
    for (const char *c = text_get(&plain); *c; c += bytes) {
        bytes = utf8_letter(c, &letter);
        if (letter == 0xfffe || letter == 0xffff) /* not in XML 1.0 */
            text_add(out, "?");
        else if (strchr("&<>\"'", *c))
            text_add(out, "&#%d;", *c);
        else
            text_add_bytes(out, c, bytes);
    }
    text_free(&plain);
}
