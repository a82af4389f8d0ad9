#include "analysis/plot/drawing_words.h"
#include "analysis/common/table.h"
#include "base/utf8.h"
#include "base/wrap.h"

#include <stdlib.h>
#include <string.h>

enum { LABEL_LINES = 12 };

/* Adds untrusted text, at most `most` columns wide; "-" if it is empty. Replaces quotes and backslashes,
   because gnuplot interprets them even in data columns. */
static void data_text(struct text *out, const char *text, size_t most)
{
    struct text plain = {0};
    size_t columns = 0, bytes;
    wchar_t letter;
    plain_text(&plain, text, most);
    for (const char *c = text_get(&plain); *c; c += bytes) {
        bytes = utf8_letter(c, &letter);
        columns += letter_columns(letter);
        if (columns + (c[bytes] != 0) > most && letter_columns(letter) > 1) {
            text_add(out, "…");
            break;
        }
        if (strncmp(c, "]]>", 3) == 0) /* which XML forbids in text, and gnuplot does not escape */
            text_add(out, "] ");
        else if (*c == '"')
            text_add(out, "”");
        else if (*c == '\\')
            text_add(out, "/");
        else
            text_add_bytes(out, c, bytes);
    }
    if (!plain.length) text_add(out, "-");
    text_free(&plain);
}

bool replace_rare_letters(struct text *text)
{
    struct text plain = {0};
    bool replaced = false;
    wchar_t letter;
    size_t bytes;
    for (const char *c = text_get(text); *c; c += bytes) {
        bytes = utf8_letter(c, &letter);
        bool common = letter < 0x540 || (letter >= 0x2000 && letter < 0x2300);
        text_add_bytes(&plain, common ? c : "?", common ? bytes : 1);
        replaced |= !common;
    }
    text_free(text);
    *text = plain;
    return replaced;
}

int line_type(int colour)
{
    return colour > 0 ? (colour - 1) % DRAWING_CURVES + 1 : GREY;
}

void text_row(struct text *out, double x, double y, int colour, const char *label, size_t most)
{
    text_add(out, "%.5f\t%.5f\t%d\t", x, y, colour);
    data_text(out, label, most);
    text_add(out, "\n");
}

const char *label_lines(struct arena *arena, const char *label, size_t columns, size_t *lines)
{
    struct text plain = {0}, whole = {0}, wrapped = {0};
    plain_text(&plain, label, LABEL_LINES * columns);
    for (const char *c = text_get(&plain); *c; c++)
        if (strncmp(c, " ×", strlen(" ×")) == 0)
            text_add(&whole, "\u00a0");
        else
            text_add_bytes(&whole, c, 1);
    text_add_wrapped(&wrapped, text_get(&whole), columns, 0);
    char *end = wrapped.data;
    for (*lines = 0; end && *end && *lines < LABEL_LINES; end += strcspn(end, "\n") + 1) ++*lines;
    if (end && *end) {
        wrapped.length = (size_t)(end - wrapped.data) - 1;
        wrapped.data[wrapped.length] = 0;
        text_add(&wrapped, "…\n");
    }
    const char *result = arena_string(arena, text_get(&wrapped));
    text_free(&plain);
    text_free(&whole);
    text_free(&wrapped);
    return result;
}

void text_rows(struct text *out, double x, double y, double step, int colour, const char *lines)
{
    enum { ANY_LENGTH = 1000 };
    for (; *lines; lines += strcspn(lines, "\n") + 1, y -= step) {
        char *line = duplicate(lines);
        line[strcspn(line, "\n")] = 0;
        text_row(out, x, y, colour, line, ANY_LENGTH);
        free(line);
    }
}
