#include "base/wrap.h"
#include "base/utf8.h"

#include <ctype.h>
#include <string.h>

/* Returns how many bytes of a line of `length` bytes go into `room` columns, at least one character. */
static size_t bytes_that_fit(const char *line, size_t length, size_t room)
{
    size_t used = 0, columns = 0, cut = 0, cut_columns = 0;
    while (used < length) {
        wchar_t letter;
        size_t bytes = utf8_letter(line + used, &letter), width = text_columns(line + used, bytes);
        if (line[used] == ' ' && line[used + 1] != '%') cut = used, cut_columns = columns;
        if (columns + width > room) return cut_columns > room / 2 ? cut : used ? used : bytes;
        used += bytes;
        columns += width;
        if (line[used - bytes] == '/' || line[used - bytes] == ',') cut = used, cut_columns = columns;
    }
    return length;
}

static void add_line(struct text *out, const char *line, size_t length, size_t columns, size_t indent)
{
    size_t bytes = bytes_that_fit(line, length, columns);
    text_add_bytes(out, line, bytes);
    text_add(out, "\n");
    while (line += bytes, length -= bytes, length) {
        size_t spaces = strspn(line, " ");
        if (spaces >= length) return;
        line += spaces;
        length -= spaces;
        text_add(out, "%*s", (int)indent, "");
        bytes = bytes_that_fit(line, length, columns - indent);
        text_add_bytes(out, line, bytes);
        text_add(out, "\n");
    }
}

void text_add_wrapped(struct text *out, const char *lines, size_t columns, size_t indent)
{
    while (*lines) {
        size_t length = strcspn(lines, "\n");
        add_line(out, lines, length, columns, indent);
        lines += length + (lines[length] == '\n');
    }
}

void text_add_filled(struct text *out, const char *text, size_t length, size_t column, size_t indent)
{
    const char *end = text + length;
    bool first = true;
    while (text < end) {
        while (text < end && isspace((unsigned char)*text)) text++;
        const char *word = text;
        while (text < end && !isspace((unsigned char)*text)) text++;
        size_t bytes = (size_t)(text - word), columns = text_columns(word, bytes);
        if (!columns) break;
        if (!first && column + 1 + columns > TERMINAL_COLUMNS) {
            text_add(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!first) {
            text_add(out, " ");
            column++;
        }
        text_add_bytes(out, word, bytes);
        column += columns;
        first = false;
    }
    text_add(out, "\n");
}
