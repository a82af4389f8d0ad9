#include "analysis/report/page.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The symbols of scripts/plot/style.gp as gnuplot defines them, once per page. gnuplot defines all its
   symbols in every plot. */
static const char symbols[] =
    "<svg width=\"0\" height=\"0\" class=\"symbols\" aria-hidden=\"true\" "
    "xmlns:xlink=\"http://www.w3.org/1999/xlink\"><defs>"
    "<rect id=\"gpPt3\" stroke-width=\"0.205\" stroke=\"currentColor\" x=\"-1\" y=\"-1\" width=\"2\" "
    "height=\"2\"/>"
    "<rect id=\"gpPt4\" stroke-width=\"0.205\" stroke=\"currentColor\" fill=\"currentColor\" x=\"-1\" "
    "y=\"-1\" width=\"2\" height=\"2\"/>"
    "<circle id=\"gpPt5\" stroke-width=\"0.205\" stroke=\"currentColor\" cx=\"0\" cy=\"0\" r=\"1\"/>"
    "<use xlink:href=\"#gpPt5\" id=\"gpPt6\" fill=\"currentColor\" stroke=\"none\"/>"
    "<path id=\"gpPt7\" stroke-width=\"0.205\" stroke=\"currentColor\" d=\"M0,-1.33 L-1.33,0.67 L1.33,0.67 "
    "z\"/>"
    "<use xlink:href=\"#gpPt7\" id=\"gpPt8\" fill=\"currentColor\" stroke=\"none\"/>"
    "<use xlink:href=\"#gpPt7\" id=\"gpPt9\" stroke=\"currentColor\" transform=\"rotate(180)\"/>"
    "<use xlink:href=\"#gpPt9\" id=\"gpPt10\" fill=\"currentColor\" stroke=\"none\"/>"
    "<use xlink:href=\"#gpPt3\" id=\"gpPt11\" stroke=\"currentColor\" transform=\"rotate(45)\"/>"
    "<use xlink:href=\"#gpPt11\" id=\"gpPt12\" fill=\"currentColor\" stroke=\"none\"/>"
    "<path id=\"gpPt13\" stroke-width=\"0.205\" stroke=\"currentColor\" d=\"M0,1.330 L1.265,0.411 "
    "L0.782,-1.067 L-0.782,-1.076 L-1.265,0.411 z\"/>"
    "<use xlink:href=\"#gpPt13\" id=\"gpPt14\" fill=\"currentColor\" stroke=\"none\"/>"
    "</defs></svg>\n";

static void close_list(struct page *page)
{
    static const char last[] = "</li>\n";
    size_t n = strlen(last);
    if (page->html && page->out.length >= n && strcmp(page->out.data + page->out.length - n, last) == 0)
        text_add(&page->out, "</ul>\n");
    if (!page->html) text_add(&page->out, "\n");
}

/* ---- JSON ---- */

/* Adds a value to a list of the newest section. */
static void section_add(struct page *page, const char *list, json_t *value)
{
    json_t *section = json_array_get(page->sections, json_array_size(page->sections) - 1);
    if (!json_object_get(section, list)) object_put(section, list, json_array());
    array_add(json_object_get(section, list), value);
}

static void json_heading(struct page *page, int level, const char *anchor, const char *text)
{
    json_t *section = json_object();
    object_put_integer(section, "level", level);
    object_put_text(section, "heading", text);
    object_put_text(section, "anchor", anchor);
    if (page->in_appendix) object_put(section, "appendix", json_true());
    array_add(page->sections, section);
}

static void json_table(struct page *page, const struct table *table, const char *note)
{
    json_t *object = json_object(), *columns = json_array(), *rows = json_array();
    for (size_t c = 0; c < table->column_count; c++) array_add(columns, clean_string(table->columns[c].name));
    for (size_t r = 0; r < table_rows(table); r++) {
        json_t *row = json_array();
        for (size_t c = 0; c < table->column_count; c++)
            array_add(row, clean_string(table->cells[r * table->column_count + c]));
        array_add(rows, row);
    }
    object_put(object, "columns", columns);
    object_put(object, "rows", rows);
    object_put_text(object, "note", note);
    section_add(page, "tables", object);
}

/* An object of two texts; `first` may be NULL. */
static json_t *pair(const char *key, const char *first, const char *other_key, const char *second)
{
    json_t *object = json_object();
    object_put_text(object, key, first);
    object_put_text(object, other_key, second);
    return object;
}

/* ---- elements ---- */

void page_open(struct page *page, const char *title)
{
    if (page->sections) {
        json_heading(page, 1, NULL, title);
        return;
    }
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
    if (page->sections) return;
    close_list(page);
    if (page->html)
        text_add(&page->out, "%s</main>\n</body>\n</html>\n", page->in_appendix ? "</section>\n" : "");
}

void page_appendix(struct page *page)
{
    page->in_appendix = true;
    if (!page->sections) close_list(page);
    if (page->html) text_add(&page->out, "<section id=\"appendix\">\n");
    page_heading(page, 2, NULL, "Appendix");
}

void page_heading(struct page *page, int level, const char *anchor, const char *text)
{
    if (page->sections) {
        json_heading(page, level, anchor, text);
        return;
    }
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
    if (page->sections) {
        section_add(page, "paragraphs", clean_string(text));
    } else {
        close_list(page);
        if (page->html) text_add(&page->out, "<p>");
        if (page->html)
            html_text(&page->out, text);
        else
            markdown_text(&page->out, text);
        text_add(&page->out, page->html ? "</p>\n" : "\n");
    }
    free(text);
}

void page_item(struct page *page, const char *kind, const char *text)
{
    static const char last[] = "</li>\n";
    size_t n = strlen(last);
    if (page->sections) {
        section_add(page, "items", pair("kind", kind, "text", text));
        return;
    }
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

void page_division(struct page *page, const char *class)
{
    if (!page->html || page->sections) return;
    close_list(page);
    text_add(&page->out, "<div class=\"%s\">\n", class);
}

void page_division_end(struct page *page)
{
    if (!page->html || page->sections) return;
    close_list(page);
    text_add(&page->out, "</div>\n");
}

void page_table(struct page *page, const struct table *table, const char *note)
{
    if (page->sections) {
        json_table(page, table, note);
        return;
    }
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
    if (page->sections)
        section_add(page, "plots", pair("title", drawing->title, "caption", drawing->caption));
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

/* The width of a value on the bars' axis, in per cent of it. */
static double share(double value, double most)
{
    return 100 * value / most;
}

static void bar_line(struct text *out, const struct bar *bar, double most)
{
    text_add(out, "<svg aria-hidden=\"true\"><rect width=\"%.2f%%\" height=\"100%%\" fill=\"var(--c%d)\"%s/>",
             share(bar->value, most), bar->colour, bar->light ? " opacity=\".45\"" : "");
    if (isfinite(bar->lo))
        text_add(out, "<line x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"50%%\" y2=\"50%%\" stroke=\"var(--ink)\"/>",
                 share(bar->lo, most), share(bar->hi, most));
    if (isfinite(bar->top))
        text_add(out,
                 "<line x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\" y2=\"100%%\" stroke=\"var(--ink)\" "
                 "stroke-width=\"2\"/>",
                 share(bar->top, most), share(bar->top, most));
    text_add(out, "</svg>");
}

enum status page_bars(struct page *page, const struct drawing *drawing)
{
    double most = 0;
    if (!page->html) return page_figure(page, drawing);
    close_list(page);
    for (size_t i = 0; i < drawing->bar_count; i++) /* fmax ignores NAN */
        most = fmax(most, fmax(drawing->bars[i].value, fmax(drawing->bars[i].hi, drawing->bars[i].top)));
    text_add(&page->out, "<figure id=\"%s-bars\" class=\"bars\">\n<figcaption><b>", drawing->name);
    html_text(&page->out, drawing->title);
    text_add(&page->out, "</b></figcaption>\n");
    for (size_t i = 0; i < drawing->bar_count; i++) {
        const struct bar *bar = &drawing->bars[i];
        if (!i || !same(bar->group, drawing->bars[i - 1].group)) {
            text_add(&page->out, "%s<div class=\"set\">\n<p class=\"group\">", i ? "</div>\n" : "");
            html_text(&page->out, bar->group);
            text_add(&page->out, "</p>\n");
        }
        text_add(&page->out, "<div class=\"bar\"><span>");
        html_text(&page->out, bar->name);
        text_add(&page->out, "</span><span>");
        html_text(&page->out, bar->detail);
        text_add(&page->out, "</span>");
        bar_line(&page->out, bar, most * 1.01);
        text_add(&page->out, "</div>\n");
    }
    text_add(&page->out, "%s<figcaption>", drawing->bar_count ? "</div>\n" : "");
    html_text(&page->out, drawing->caption);
    text_add(&page->out, "</figcaption></figure>\n");
    return STATUS_OK;
}
