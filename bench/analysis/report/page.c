#include "analysis/report/page.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The two symbols that our plots use, defined once per page. gnuplot defines all its symbols in every
   plot. */
static const char symbols[] = "<svg width=\"0\" height=\"0\" class=\"symbols\" aria-hidden=\"true\"><defs>"
                              "<circle id=\"gpPt5\" stroke-width=\"0.205\" stroke=\"currentColor\" r=\"1\"/>"
                              "<circle id=\"gpPt6\" stroke-width=\"0.205\" fill=\"currentColor\" "
                              "stroke=\"none\" r=\"1\"/></defs></svg>\n";

static void close_list(struct page *page)
{
    static const char last[] = "</li>\n";
    size_t n = strlen(last);
    if (page->html && page->out.length >= n && strcmp(page->out.data + page->out.length - n, last) == 0)
        text_add(&page->out, "</ul>\n");
    if (!page->html) text_add(&page->out, "\n");
}

void page_open(struct page *page, const char *title)
{
    if (!page->html) {
        text_add(&page->out, "# ");
        plain_text(&page->out, title, 200);
        text_add(&page->out, "\n");
        return;
    }
    text_add(&page->out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                         "<meta name=\"color-scheme\" content=\"light dark\">\n"
                         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                         "style-src 'unsafe-inline'\">\n<title>");
    html_text(&page->out, title);
    text_add(&page->out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n%s<main>\n<h1>", page_style,
             symbols);
    html_text(&page->out, title);
    text_add(&page->out, "</h1>\n");
}

void page_close(struct page *page)
{
    close_list(page);
    if (page->html) text_add(&page->out, "</main>\n</body>\n</html>\n");
}

void page_heading(struct page *page, int level, const char *anchor, const char *text)
{
    close_list(page);
    if (page->html) {
        text_add(&page->out, "<h%d%s%s%s>", level, anchor ? " id=\"" : "", anchor ? anchor : "",
                 anchor ? "\"" : "");
        html_text(&page->out, text);
        text_add(&page->out, "</h%d>\n", level);
        return;
    }
    for (int i = 0; i < level; i++) text_add(&page->out, "#");
    text_add(&page->out, " ");
    markdown_text(&page->out, text);
    text_add(&page->out, "\n");
}

void page_paragraph(struct page *page, const char *format, ...)
{
    va_list values, again;
    va_start(values, format);
    va_copy(again, values);
    int length = vsnprintf(NULL, 0, format, values);
    va_end(values);
    char *text = allocate((size_t)length + 1, 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    close_list(page);
    if (page->html) text_add(&page->out, "<p>");
    if (page->html)
        html_text(&page->out, text);
    else
        markdown_text(&page->out, text);
    text_add(&page->out, page->html ? "</p>\n" : "\n");
    free(text);
}

void page_item(struct page *page, const char *kind, const char *text)
{
    static const char last[] = "</li>\n";
    size_t n = strlen(last);
    if (page->html) {
        bool goes_on = page->out.length >= n && strcmp(page->out.data + page->out.length - n, last) == 0;
        text_add(&page->out, "%s<li>%s", goes_on ? "" : "<ul>\n", kind ? "<b>" : "");
        html_text(&page->out, kind);
        text_add(&page->out, kind ? "</b> " : "");
        html_text(&page->out, text);
        text_add(&page->out, last);
        return;
    }
    text_add(&page->out, "- ");
    if (kind) text_add(&page->out, "**%s** ", kind);
    markdown_text(&page->out, text);
    text_add(&page->out, "\n");
}

void page_table(struct page *page, const struct table *table, const char *note)
{
    close_list(page);
    table_print(table, page->html ? TABLE_HTML : TABLE_MARKDOWN, &page->out);
    if (!note) return;
    text_add(&page->out, page->html ? "<p class=\"note\">" : "\n");
    if (page->html)
        html_text(&page->out, note);
    else
        markdown_text(&page->out, note);
    text_add(&page->out, page->html ? "</p>\n" : "\n");
}

static enum status read_svg(const char *folder, const char *name, struct text *svg)
{
    enum { LARGEST = 8 << 20 };
    struct text path = {0};
    text_add(&path, "%s/%s.svg", folder, name);
    enum status status = text_add_file(svg, path.data, LARGEST);
    text_free(&path);
    return status;
}

enum status page_figure(struct page *page, const struct drawing *drawing)
{
    struct text svg = {0}, label = {0};
    enum status status = STATUS_OK;
    if (!page->plots) return STATUS_OK;
    close_list(page);
    if (!page->html) {
        if (page->plots_kept) {
            text_add(&page->out, "![");
            markdown_text(&page->out, drawing->title);
            text_add(&page->out, "](%s/%s.svg)\n", page->plots, drawing->name);
        }
        return STATUS_OK;
    }
    text_add(&label, "%s. %s", drawing->title, drawing->caption);
    status = read_svg(page->plots, drawing->name, &svg);
    if (!status) {
        text_add(&page->out, "<figure id=\"%s\"><div class=\"plot\">", drawing->name);
        if (!svg_inline(text_get(&svg), svg.length, text_get(&label), &page->out))
            status =
                fail(STATUS_ENVIRONMENT, "%s/%s.svg is not what gnuplot writes", page->plots, drawing->name);
        text_add(&page->out, "</div><figcaption>");
        html_text(&page->out, drawing->caption);
        text_add(&page->out, "</figcaption></figure>\n");
    }
    text_free(&svg);
    text_free(&label);
    return status;
}
