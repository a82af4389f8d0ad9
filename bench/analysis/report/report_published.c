/* Published figures of the instances that a buyer may choose (published.tsv): as a table, as rows, and in
   words. */
#include "analysis/report/report_clouds.h"
#include "analysis/report/report_figures.h"
#include "base/units.h"

#include <math.h>
#include <string.h>

enum scope report_scope_of(enum reach reach)
{
    return reach == REACH_HOST      ? SCOPE_NODE
           : reach == REACH_DOMAIN  ? SCOPE_DOMAIN
           : reach == REACH_DOMAINS ? SCOPE_DOMAINS
                                    : SCOPE_COUNT;
}

/* ---- what is impossible ---- */

static bool same_test(const struct published_figure *a, const struct published_figure *b)
{
    return same(a->instance, b->instance) && same(a->source, b->source) && a->gpus == b->gpus &&
           a->domains_used == b->domains_used && a->mnnvl == b->mnnvl;
}

static void test_words(struct text *text, const struct published_figure *figure)
{
    text_add(text, "%s %s, %lld GPUs, %s", figure->provider, figure->instance, (long long)figure->gpus,
             reach_names[figure->reach]);
}

void report_published_impossible(struct page *page, const struct report *report)
{
    const struct published *published = report->published;
    char value[32], bound[32];
    for (size_t i = 0; i < published->count; i++) {
        const struct published_figure *figure = &published->list[i];
        bool said = !published_impossible(figure) || !report_is_of_candidate(report, figure);
        for (size_t j = 0; j < i && !said; j++)
            said = published_impossible(&published->list[j]) && same_test(figure, &published->list[j]);
        if (said) continue;
        struct text text = {0};
        test_words(&text, figure);
        for (size_t j = i; j < published->count; j++) {
            const struct published_figure *other = &published->list[j];
            if (!published_impossible(other) || !same_test(figure, other)) continue;
            text_add(&text, "%s %s %s GB/s, %.0f %% of the bound of %s", j == i ? ":" : ";",
                     other->collective, number_text(other->busbw_gbps, value),
                     100 * other->busbw_gbps / other->bound, number_text(other->bound, bound));
        }
        text_add(&text, ". Listed, and ranked nowhere. %s%s(published.tsv:%zu)",
                 *figure->note ? figure->note : "", *figure->note ? " " : "", figure->line);
        page_item(page, "published, but impossible", text_get(&text));
        text_free(&text);
    }
}

/* ---- figures that are alike ---- */

static bool alike(const struct published_figure *a, const struct published_figure *b)
{
    return a->gpus == b->gpus && a->nodes == b->nodes && a->bytes == b->bytes && a->reach == b->reach &&
           a->domains_used == b->domains_used && same(a->placement, b->placement) &&
           same(a->statistic, b->statistic) && same(a->dtype, b->dtype);
}

static bool usable(const struct report *report, const struct published_figure *figure, enum reach reach)
{
    return figure->reach == reach && figure->bytes > 0 && same(figure->collective, "all_reduce") &&
           !published_impossible(figure) && report_is_of_candidate(report, figure);
}

size_t report_published_equals(const struct report *report, enum scope scope,
                               const struct published_figure *equals[REPORT_EQUALS])
{
    const struct published *published = report->published;
    size_t most = 0;
    for (enum reach reach = REACH_HOST; reach <= REACH_DOMAINS; reach++) {
        if (report_scope_of(reach) != scope) continue;
        for (size_t i = 0; i < published->count; i++) {
            const struct published_figure *first = &published->list[i], *found[REPORT_EQUALS];
            size_t n = 0;
            for (size_t j = i; j < published->count && n < REPORT_EQUALS; j++) {
                const struct published_figure *figure = &published->list[j];
                bool fits =
                    usable(report, first, reach) && usable(report, figure, reach) && alike(first, figure);
                for (size_t k = 0; k < n && fits; k++) fits = !same(found[k]->instance, figure->instance);
                if (fits) found[n++] = figure;
            }
            if (n < 2 || n < most || (n == most && found[0]->gpus <= equals[0]->gpus)) continue;
            most = n;
            memcpy(equals, found, n * sizeof *found);
        }
    }
    return most;
}

/* How near the figure is to those that are set beside each other: its GPUs count more than its size. */
static int nearness(const struct published_figure *figure, const struct published_figure *like)
{
    return like ? 2 * (figure->gpus == like->gpus) + (figure->bytes == like->bytes) : 0;
}

size_t report_published_apart(const struct report *report, enum scope scope,
                              const struct published_figure *const *equals, size_t n,
                              const struct published_figure *apart[REPORT_APART])
{
    const struct published *published = report->published;
    const struct published_figure *like = n ? equals[0] : NULL;
    size_t count = 0;
    for (size_t i = 0; i < published->count; i++) {
        const struct published_figure *figure = &published->list[i];
        bool fits = same(figure->collective, "all_reduce") && report_scope_of(figure->reach) == scope &&
                    !published_impossible(figure) && report_is_of_candidate(report, figure);
        size_t at = 0;
        for (size_t k = 0; k < n && fits; k++) fits = !same(equals[k]->instance, figure->instance);
        while (at < count && !same(apart[at]->instance, figure->instance)) at++;
        if (!fits || at == REPORT_APART) continue;
        const int near = nearness(figure, like), best = at < count ? nearness(apart[at], like) : -1;
        if (near > best || (near == best && figure->busbw_gbps > apart[at]->busbw_gbps)) apart[at] = figure;
        if (at == count) count++;
    }
    return count;
}

static void alike_words(struct text *text, const struct published_figure *figure)
{
    char size[UNIT_TEXT];
    text_add(text, "%lld GPUs, ", (long long)figure->gpus);
    if (figure->bytes > 0)
        text_add(text, "%s, ", format_size((size_t)figure->bytes, size));
    else
        text_add(text, "size not said, ");
    text_add(text, "%s, %s",
             same(figure->placement, "in_place")       ? "in place"
             : same(figure->placement, "out_of_place") ? "out of place"
                                                       : "placement not said",
             *figure->statistic ? figure->statistic : "statistic not said");
}

void report_published_words(struct text *text, const struct published_figure *const *equals, size_t n)
{
    char value[32];
    text_add(text, "(");
    alike_words(text, equals[0]);
    text_add(text, "): ");
    for (size_t i = 0; i < n; i++) {
        text_add(text, "%s%s %s %s GB/s", i ? ", " : "", equals[i]->provider, equals[i]->instance,
                 number_text(equals[i]->busbw_gbps, value));
        if (isfinite(equals[i]->bound))
            text_add(text, " (%.0f %% of its bound)", 100 * equals[i]->busbw_gbps / equals[i]->bound);
    }
}

void report_apart_words(struct text *text, const struct published_figure *figure)
{
    char value[32];
    text_add(text, "%s %s %s GB/s (", figure->provider, figure->instance,
             number_text(figure->busbw_gbps, value));
    alike_words(text, figure);
    text_add(text, ")");
}

void report_published_items(struct page *page, const struct report *report)
{
    for (enum scope scope = 0; scope < SCOPE_COUNT; scope++) {
        const struct published_figure *equals[REPORT_EQUALS], *apart[REPORT_APART];
        struct text text = {0};
        const size_t n = report_published_equals(report, scope, equals),
                     count = report_published_apart(report, scope, equals, n, apart);
        if (n) {
            text_add(&text, "alike ");
            report_published_words(&text, equals, n);
            text_add(&text, ". ");
        }
        for (size_t i = 0; i < count; i++) {
            text_add(&text, "%s", i ? "; " : "Unlike the others in GPUs, size, placement or statistic: ");
            report_apart_words(&text, apart[i]);
        }
        if (count) text_add(&text, ".");
        struct text kind = {0};
        text_add(&kind, "published, %s", scope_names[scope]);
        if (text.length) page_item(page, text_get(&kind), text_get(&text));
        text_free(&kind);
        text_free(&text);
    }
}

/* ---- the table and the rows ---- */

void report_published(struct page *page, const struct report *report)
{
    static const char *const names[] = {"line", "<instance",  "GPUs",       "<extent", "<collective", "<size",
                                        "GB/s", "% of bound", "<statistic", "<date",   "<source",     NULL};
    struct table table = {0};
    char size[UNIT_TEXT], value[32];
    table_columns(&table, names);
    for (size_t i = 0; i < report->published->count; i++) {
        const struct published_figure *figure = &report->published->list[i];
        if (!report_is_of_candidate(report, figure)) continue;
        table_cell(&table, "%zu", figure->line);
        table_cell(&table, "%s %s", figure->provider, figure->instance);
        table_cell(&table, "%lld", (long long)figure->gpus);
        table_cell(&table, "%s", reach_names[figure->reach]);
        table_cell(&table, "%s", figure->collective);
        table_cell(&table, "%s%s%s",
                   figure->bytes > 0 ? format_size((size_t)figure->bytes, size) : "not said",
                   *figure->placement ? ", " : "", figure->placement);
        table_cell(&table, "%s", number_text(figure->busbw_gbps, value));
        if (isfinite(figure->bound))
            table_cell(&table, "%.0f%s", 100 * figure->busbw_gbps / figure->bound,
                       published_impossible(figure) ? "\nimpossible" : "");
        else
            table_cell(&table, "%s", "");
        table_cell(&table, "%s", figure->statistic);
        table_cell(&table, "%s", figure->date);
        table_cell(&table, "%s\n%s", figure->source, figure->note);
    }
    if (table_rows(&table)) {
        page_heading(page, 4, NULL, "Published figures of the candidates");
        page_table(page, &table,
                   "Transcribed from published.tsv: one figure each, no samples, mostly one launch.");
    }
    table_free(&table);
}

void report_published_rows(struct table *table, const struct report *report)
{
    struct text what = {0}, note = {0};
    for (size_t i = 0; i < report->published->count; i++) {
        const struct published_figure *figure = &report->published->list[i];
        if (!report_is_of_candidate(report, figure)) continue;
        text_clear(&what);
        text_clear(&note);
        text_add(&what, "%s published busbw", figure->collective);
        text_add(&note, "%spublished.tsv:%zu, %s",
                 published_impossible(figure) ? "above the bound: not ranked; " : "", figure->line,
                 *figure->date ? figure->date : "without a date");
        report_instance_row_add(
            table, report, catalog_instance(&report->study->catalog, figure->instance),
            (struct report_row){.extent = reach_names[figure->reach],
                                .ranks = figure->gpus,
                                .figure = text_get(&what),
                                .bytes = figure->bytes,
                                .unit = "GB/s",
                                .statistic = figure->statistic,
                                .bound_percent =
                                    isfinite(figure->bound) ? 100 * figure->busbw_gbps / figure->bound : 0,
                                .provenance = "published",
                                .domains = figure->domains_used,
                                .note = text_get(&note)},
            figure->busbw_gbps);
    }
    text_free(&what);
    text_free(&note);
}
