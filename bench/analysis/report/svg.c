/* Adapts gnuplot's SVG files for inclusion in a page. */
#include "analysis/report/page.h"

#include <stdio.h>
#include <string.h>

/* The colours of scripts/plot/style.gp and their names in the page's style sheet. */
static const struct {
    int red, green, blue;
    const char *name;
} colours[] = {
    {0x08, 0x36, 0xc1, "--c1"},    {0xdf, 0x6d, 0x0a, "--c2"},   {0x02, 0x7b, 0x46, "--c3"},
    {0xa4, 0x77, 0xad, "--c4"},    {0x7f, 0x16, 0x07, "--c5"},   {0x22, 0x91, 0xff, "--c6"},
    {0x57, 0x3f, 0x5b, "--c7"},    {0x7a, 0x19, 0x8a, "--c8"},   {0x22, 0x22, 0x22, "--ink"},
    {0xd9, 0xd9, 0xd9, "--faint"}, {0x6b, 0x6b, 0x6b, "--grey"},
};

/* If `text` begins with one of our colours, such as "rgb( 34,  34,  34)", adds its variable and returns the
   length of the colour; else returns 0. */
static size_t add_colour(const char *text, struct text *out)
{
    int red, green, blue, length = 0;
    if (sscanf(text, "rgb(%d ,%d ,%d )%n", &red, &green, &blue, &length) != 3 || !length) return 0;
    for (size_t i = 0; i < sizeof colours / sizeof *colours; i++)
        if (colours[i].red == red && colours[i].green == green && colours[i].blue == blue) {
            text_add(out, "var(%s)", colours[i].name);
            return (size_t)length;
        }
    return 0;
}

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Adds one line, with colours replaced by variables, and without ids and default attributes. Does not parse
   XML, which is safe: gnuplot escapes '<' in labels, and a label "rgb(34,34,34)" would merely become
   "var(--ink)". */
static void add_line(const char *line, size_t length, struct text *out)
{
    for (size_t i = 0; i < length;) {
        size_t used = 0;
        if (line[i] == 'r' && starts(line + i, "rgb(")) used = add_colour(line + i, out);
        if (!used && starts(line + i, " id=\"")) {
            const char *end = memchr(line + i + 5, '"', length - i - 5);
            if (end) used = (size_t)(end + 1 - (line + i));
        }
        if (!used && starts(line + i, "color=\"black\"")) {
            text_add(out, "color=\"var(--ink)\"");
            used = strlen("color=\"black\"");
        }
        if (!used &&
            starts(line + i, " stroke-linecap=\"butt\" stroke-linejoin=\"miter\"")) /* the defaults */
            used = strlen(" stroke-linecap=\"butt\" stroke-linejoin=\"miter\"");
        if (!used) text_add_bytes(out, line + i, 1), used = 1;
        i += used;
    }
}

/* Returns the position after the next `end`; NULL if there is none. */
static const char *past(const char *from, const char *end)
{
    const char *found = from ? strstr(from, end) : NULL;
    return found ? found + strlen(end) : NULL;
}

bool svg_inline(const char *svg, size_t length, const char *label, struct text *out)
{
    const char *box = svg ? strstr(svg, "viewBox=\"") : NULL, *body = past(svg, "</defs>");
    double width, height;
    if (!box || !body || memchr(svg, 0, length) ||
        sscanf(box, "viewBox=\"0 0 %lf %lf\"", &width, &height) != 2)
        return false;
    text_add(
        out,
        "<svg viewBox=\"0 0 %g %g\" role=\"img\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" aria-label=\"",
        width, height);
    html_text(out, label);
    text_add(out, "\"><g>\n");
    size_t pending = (size_t)-1; /* where the last, still empty group begins in `out` */
    for (const char *line = body; *line;) {
        size_t n = strcspn(line, "\n");
        const char *next = line + n + (line[n] == '\n');
        while (n && (*line == ' ' || *line == '\t')) line++, n--;
        bool is_title = starts(line, "<title>") && n > 15 && strncmp(line + n - 8, "</title>", 8) == 0;
        if (n && !is_title) {
            bool opens =
                starts(line, "<g") && strncmp(line + n - 1, ">", 1) == 0 && !memchr(line + 1, '<', n - 1);
            bool closes = n == 4 && starts(line, "</g>");
            if (closes && pending != (size_t)-1) {
                out->length = pending;
                out->data[pending] = 0;
                pending = (size_t)-1;
            } else {
                pending = opens ? out->length : (size_t)-1;
                add_line(line, n, out);
                text_add(out, "\n");
            }
        }
        line = next;
    }
    return true;
}
