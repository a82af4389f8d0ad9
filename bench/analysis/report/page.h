/* Writes a report as one HTML page, as Markdown or as JSON: headings, paragraphs, tables, plots. Escapes all
   text. */
#ifndef BUSBAR_PAGE_H
#define BUSBAR_PAGE_H

#include "analysis/common/json.h"
#include "analysis/common/table.h"
#include "analysis/plot/drawing.h"

struct page {
    bool html; /* false: Markdown, or JSON if there are sections */
    /* JSON: an object per heading with "level", "heading", "paragraphs", "items", "tables" and "plots". Every
       cell and number in it is text, as on the page. NULL: no JSON. */
    json_t *sections;
    bool in_appendix;
    struct text out;
    const char *plots; /* folder with the output of drawings_write() and gnuplot_run(); NULL: no plots */
    bool plots_kept;   /* the folder is permanent, so markdown links to the plots */
};

void page_open(struct page *, const char *title);
void page_close(struct page *);
/* All that follows is the appendix. On paper it starts on a new sheet. */
void page_appendix(struct page *);
/* anchor: written unescaped; NULL: none. */
void page_heading(struct page *, int level, const char *anchor, const char *text);
void page_paragraph(struct page *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The first item opens a list; any other element closes it. kind: a bold word in front of the text; NULL:
   none. */
void page_item(struct page *, const char *kind, const char *text);
/* HTML: what follows, up to the end, has a place of its own in the style sheet. Elsewhere it changes
   nothing. */
void page_division(struct page *, const char *class);
void page_division_end(struct page *);
/* note: printed below the table; NULL: none. */
void page_table(struct page *, const struct table *, const char *note);
/* Adds the drawing's SVG inline, with its title, its caption and a description for screen readers. JSON:
   title and caption. */
enum status page_figure(struct page *, const struct drawing *);

/* The bars of a drawing as text and lines that fit any width: on a page in place of the plot, whose text is
   too small on a phone. In Markdown and JSON the same as page_figure(). */
enum status page_bars(struct page *, const struct drawing *);

/* Adapts an SVG file of gnuplot for inclusion in a page: replaces colours by the page's variables (light and
   dark mode), and removes ids and the symbol definitions, which page_open() writes once. Returns false if
   `svg` is NULL or not such a file. */
bool svg_inline(const char *svg, size_t length, const char *label, struct text *out);

extern const char page_style[]; /* page.css, which the build embeds (scripts/embed) */

#endif
