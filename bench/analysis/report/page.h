/* A report being written, as one HTML page or as markdown: headings, paragraphs, tables, plots. All text is
 * escaped here. */
#ifndef BUSBAR_PAGE_H
#define BUSBAR_PAGE_H

#include "analysis/common/table.h"
#include "analysis/plot/drawing.h"

struct page {
    bool html; /* else markdown */
    struct text out;
    const char *plots; /* folder that drawings_write and gnuplot_run have filled; NULL: no plots */
    bool plots_kept;   /* markdown links to them; else they are temporary */
};

void page_open(struct page *, const char *title);
void page_close(struct page *);
void page_heading(struct page *, int level, const char *anchor,
                  const char *text); /* anchor: ours; NULL: none */
void page_paragraph(struct page *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A list is opened by its first item and closed by whatever else follows. */
void page_item(struct page *, const char *kind,
               const char *text); /* kind: a bold word before it; NULL: none */
void page_table(struct page *, const struct table *,
                const char *note); /* note: under the table; NULL: none */
/* The drawing's SVG inline, with its title, caption and a text for readers who cannot see it. */
enum status page_figure(struct page *, const struct drawing *);

/* An SVG by gnuplot made fit for a page: its colours become the page's variables (light and dark), what
   repeats in every plot (symbols) is left to page_open, nothing with an id stays. NULL-safe; false when it is
   no such SVG. */
bool svg_inline(const char *svg, size_t length, const char *label, struct text *out);

extern const char page_style[]; /* page.css, which the build embeds (scripts/embed) */

#endif
