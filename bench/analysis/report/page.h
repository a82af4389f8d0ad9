/* Writes a report as one HTML page or as markdown: headings, paragraphs, tables, plots. Escapes all text. */
#ifndef BUSBAR_PAGE_H
#define BUSBAR_PAGE_H

#include "analysis/common/table.h"
#include "analysis/plot/drawing.h"

struct page {
    bool html; /* false: markdown */
    struct text out;
    const char *plots; /* folder with the output of drawings_write() and gnuplot_run(); NULL: no plots */
    bool plots_kept;   /* the folder is permanent, so markdown links to the plots */
};

void page_open(struct page *, const char *title);
void page_close(struct page *);
/* anchor: written unescaped; NULL: none. */
void page_heading(struct page *, int level, const char *anchor, const char *text);
void page_paragraph(struct page *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The first item opens a list; any other element closes it. kind: a bold word in front of the text; NULL:
   none. */
void page_item(struct page *, const char *kind, const char *text);
/* note: printed below the table; NULL: none. */
void page_table(struct page *, const struct table *, const char *note);
/* Adds the drawing's SVG inline, with its title, its caption and a description for screen readers. */
enum status page_figure(struct page *, const struct drawing *);

/* Adapts an SVG file of gnuplot for inclusion in a page: replaces colours by the page's variables (light and
   dark mode), and removes ids and the symbol definitions, which page_open() writes once. Returns false if
   `svg` is NULL or not such a file. */
bool svg_inline(const char *svg, size_t length, const char *label, struct text *out);

extern const char page_style[]; /* page.css, which the build embeds (scripts/embed) */

#endif
