/* The first screen: which of these, at what price, how sure. One sentence per extent, and a chart of the same
   figures. */
#include "analysis/report/report_clouds.h"
#include "base/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

size_t report_main_set(const struct clouds *clouds, size_t *first)
{
    size_t most = 0;
    for (size_t at = 0, n; at < clouds->ranked; at += n) {
        n = clouds_equal(clouds, at);
        if (!clouds->list[at].compared) continue;
        if (n < most || (n == most && clouds->list[at].basis.ranks <= clouds->list[*first].basis.ranks))
            continue;
        most = n;
        *first = at;
    }
    return most;
}

/* The cloud's bus bandwidth, its share of the bound, the price, what a dollar buys, and the energy. */
static void rate_words(struct text *text, const struct report *report, const struct cloud *cloud,
                       const struct case_summary *line)
{
    const struct instance *instance = report->study->sites[cloud->track->run].instance;
    const struct figure busbw = line->busbw_gbps, joule = report_joule_per_gb(line);
    char size[UNIT_TEXT], value[32];
    figure_words(text, busbw, " ");
    text_add(text, " GB/s at %s", format_size((size_t)line->row->bytes, size));
    if (figure_present(line->bound_percent))
        text_add(text, ", %.0f %% of its bound", line->bound_percent.point);
    if (report_priced(instance)) {
        text_add(text, ", at US$ %.2f per GPU-hour (", instance->usd_per_gpu_hour);
        report_price_words(text, report, instance);
        text_add(text, "), %s GB/s per US$/GPU-hour",
                 number_text(busbw.point / instance->usd_per_gpu_hour, value));
    } else {
        text_add(text, ", price not known");
    }
    if (figure_present(joule)) text_add(text, ", %s J per GB and GPU", number_text(joule.point, value));
}

/* Says how certain the first of n clouds is the fastest, by their intervals. `list` is sorted by speed. */
static void sure_words(struct text *text, const struct cloud *list, size_t n)
{
    size_t first = 0, known = 0;
    for (size_t i = 0; i < n; i++) first += list[i].place == 1, known += list[i].place > 0;
    const struct turnout turnout = list->compared ? list->compared->turnout : (struct turnout){0};
    if (turnout.without)
        text_add(text, "; not sure: %zu of its %zu launches have no figure, and may be the slow ones",
                 turnout.without, turnout.launches);
    else if (list[0].place == 1 && first == 1 && known == n)
        text_add(text, "; sure: its whole interval over launches is better than all others'");
    else if (known < 2)
        text_add(text, "; not sure: an interval needs six launches, and %s has them",
                 known ? "only one run" : "no run");
    else
        text_add(text, "; not sure: its interval overlaps with another's, or some runs have no interval");
}

/* The company that rents out the machine of a run; NULL: it is in no cloud, or nothing says so. */
static const char *provider_of(const struct report *report, const struct cloud *cloud)
{
    const struct instance *instance = report->study->sites[cloud->track->run].instance;
    const char *provider = report->study->aggregate.runs[cloud->track->run].provider;
    return provider ? provider : instance ? instance->provider : NULL;
}

/* "6 runs (5 clouds)": a run of a machine that nobody rents out is of no cloud. */
static void count_words(struct text *text, const struct report *report, const struct cloud *list, size_t n)
{
    size_t clouds = 0;
    for (size_t i = 0; i < n; i++) {
        const char *provider = provider_of(report, &list[i]);
        bool counted = !provider;
        for (size_t j = 0; j < i && !counted; j++) counted = same(provider_of(report, &list[j]), provider);
        clouds += !counted;
    }
    text_add(text, "%zu runs", n);
    if (clouds) text_add(text, " (%zu cloud%s)", clouds, clouds == 1 ? "" : "s");
}

static void set_words(struct text *text, const struct report *report, const struct clouds *clouds,
                      size_t first, size_t n)
{
    const struct cloud *list = &clouds->list[first];
    report_name_words(text, report, &clouds->bandwidth, list);
    text_add(text, " has the most all-reduce bus bandwidth of ");
    count_words(text, report, list, n);
    text_add(text, " on ");
    basis_words(&list->basis, text);
    text_add(text, ": ");
    rate_words(text, report, list, list->compared);
    sure_words(text, list, n);
}

static void only_words(struct text *text, const struct report *report, const struct clouds *clouds)
{
    const struct cloud *cloud = clouds->list;
    text_add(text, "one run only, so nothing to rank it against: on ");
    basis_words(&cloud->basis, text);
    text_add(text, ", ");
    report_name_words(text, report, &clouds->bandwidth, cloud);
    text_add(text, " has ");
    rate_words(text, report, cloud, cloud->best);
}

/* Published figures stand in for runs that nobody can rank: those that are alike, and beside them those of
   the same GPUs and size whose statistic or placement differs. */
static void published_words(struct text *text, const struct report *report, enum scope scope)
{
    const struct published_figure *equals[REPORT_EQUALS], *apart[REPORT_APART];
    const size_t n = report_published_equals(report, scope, equals),
                 count = report_published_apart(report, scope, equals, n, apart);
    if (!n) return;
    text_add(text, "; published, one figure each ");
    report_published_words(text, equals, n);
    for (size_t i = 0; i < count; i++) {
        if (apart[i]->gpus != equals[0]->gpus || apart[i]->bytes != equals[0]->bytes) continue;
        text_add(text, "; apart, since not alike, ");
        report_apart_words(text, apart[i]);
    }
}

/* Writes one sentence on an extent; nothing if it has neither runs nor published figures. */
static void extent_item(struct page *page, const struct report *report, enum scope scope)
{
    const struct published_figure *equals[REPORT_EQUALS];
    size_t first = 0, published = report_published_equals(report, scope, equals);
    struct clouds clouds = clouds_of(report, "all_reduce", scope);
    size_t n = report_main_set(&clouds, &first);
    struct text text = {0};
    if (n) {
        set_words(&text, report, &clouds, first, n);
    } else if (clouds.possible == 1 && clouds.list->best) {
        only_words(&text, report, &clouds);
    } else if (clouds.possible || published) {
        if (clouds.possible)
            text_add(&text,
                     "no ranking, since no two of %zu runs are alike in GPUs, mode, cache and statistic",
                     clouds.possible);
        else
            text_add(&text, "no ranking, since no run here has measured it");
        published_words(&text, report, scope);
    }
    text_add(&text, "%s", text.length ? "." : "");
    if (text.length) page_item(page, scope_names[scope], text_get(&text));
    text_free(&text);
    clouds_free(&clouds);
}

/* Which of the clouds that an extent's sentence compares gives the most for its price. */
static void money_item(struct page *page, const struct report *report, enum scope scope)
{
    size_t first = 0;
    struct clouds clouds = clouds_of(report, "all_reduce", scope);
    size_t n = report_main_set(&clouds, &first);
    struct text text = {0}, kind = {0};
    if (n) report_money_words(&text, report, &clouds.bandwidth, &clouds.list[first], n);
    text_add(&kind, "money, %s", scope_names[scope]);
    if (text.length) page_item(page, text_get(&kind), text_get(&text) + 1); /* without its blank */
    text_free(&kind);
    text_free(&text);
    clouds_free(&clouds);
}

static const enum scope extents[] = {SCOPE_NODE, SCOPE_DOMAIN, SCOPE_DOMAINS, SCOPE_HOST, SCOPE_HOSTS};
enum { EXTENTS = sizeof extents / sizeof *extents };

static enum status answer_figure(struct page *page, const struct report *report)
{
    for (size_t i = 0; i < report->drawings->count; i++)
        if (same(report->drawings->list[i].name, "answer"))
            return page_bars(page, &report->drawings->list[i]);
    return STATUS_OK;
}

enum status report_answer(struct page *page, const struct report *report)
{
    page_division(page, "answer");
    page_division(page, "words");
    page_paragraph(page,
                   "Which of these%s%s, at what price, and how sure? Only equals are ranked: the same number "
                   "of GPUs, extent, mode and statistic, and for money the same kind of price. Ages of "
                   "prices: on %s; those older than 90 days or unverified say so.",
                   report->workload ? " for " : "", report->workload ? report->workload->name : "",
                   report->today);
    report_impossible(page, report);
    for (size_t i = 0; i < EXTENTS; i++) extent_item(page, report, extents[i]);
    report_edge_answer(page, report);
    for (size_t i = 0; i < EXTENTS; i++) money_item(page, report, extents[i]);
    report_workload_answer(page, report);
    report_cheapest(page, report);
    report_trend_answer(page, report);
    page_division_end(page);
    enum status status = answer_figure(page, report);
    page_division_end(page);
    return status;
}

/* ---- the chart ---- */

enum { MOST_BARS = 10 };

static struct bar *bar_of(struct drawings *drawings, struct drawing *drawing, const struct report *report,
                          const struct instance *instance, const char *extent, int64_t gpus, const char *unit,
                          const char *left_out, const char *name, double value)
{
    struct text text = {0};
    char number[32];
    struct bar *bar = drawing_bar(drawing);
    text_add(&text, "%s, %lld %s%s", extent, (long long)gpus, unit, left_out);
    bar->group = arena_string(&drawings->arena, text_get(&text));
    text_clear(&text);
    text_add(&text, "%.0f ", value);
    plain_text(&text, name, 20);
    bar->note = arena_string(&drawings->arena, text_get(&text));
    text_clear(&text);
    text_add(&text, "%s GB/s", number_text(value, number));
    if (report_priced(instance)) {
        text_add(&text, ", US$ %.2f (", instance->usd_per_gpu_hour);
        report_price_words(&text, report, instance);
        text_add(&text, ")");
    } else
        text_add(&text, ", no price");
    bar->detail = arena_string(&drawings->arena, text_get(&text));
    text_clear(&text);
    plain_text(&text, name, 60);
    bar->name = arena_string(&drawings->arena, text_get(&text));
    bar->value = value;
    text_free(&text);
    return bar;
}

static const char *short_extent(enum scope scope)
{
    return scope == SCOPE_NODE      ? "one host"
           : scope == SCOPE_DOMAIN  ? "1 domain"
           : scope == SCOPE_DOMAINS ? "domains"
           : scope == SCOPE_HOST    ? "one host"
                                    : "hosts";
}

static void extent_bars(struct drawings *drawings, struct drawing *drawing, const struct report *report,
                        enum scope scope, int colour)
{
    const struct published_figure *equals[REPORT_EQUALS];
    size_t first = 0;
    struct clouds clouds = clouds_of(report, "all_reduce", scope);
    size_t n = report_main_set(&clouds, &first), published = report_published_equals(report, scope, equals);
    struct text left_out = {0};
    if (n > MOST_BARS) text_add(&left_out, ": the %d fastest of %zu", MOST_BARS, n);
    for (size_t i = first; i < first + n && i < first + MOST_BARS; i++) {
        const struct cloud *cloud = &clouds.list[i];
        const struct figure busbw = cloud->compared->busbw_gbps;
        struct bar *bar = bar_of(drawings, drawing, report, report->study->sites[cloud->track->run].instance,
                                 short_extent(scope), cloud->basis.ranks,
                                 cloud->basis.memory == MEMORY_HOST ? "ranks" : "GPUs", text_get(&left_out),
                                 report->study->aggregate.runs[cloud->track->run].label, busbw.point);
        bar_figure(bar, busbw);
        if (figure_present(cloud->compared->bound_percent))
            bar->top = busbw.point * 100 / cloud->compared->bound_percent.point;
        bar->colour = colour;
    }
    for (size_t i = 0; i < published; i++) {
        struct bar *bar =
            bar_of(drawings, drawing, report, catalog_instance(&report->study->catalog, equals[i]->instance),
                   short_extent(scope), equals[i]->gpus, "GPUs, published", "", equals[i]->instance,
                   equals[i]->busbw_gbps);
        bar->top = equals[i]->bound;
        bar->colour = colour;
        bar->light = true;
    }
    text_free(&left_out);
    clouds_free(&clouds);
}

void report_answer_chart(struct drawings *drawings, const struct report *report)
{
    struct drawing *drawing = drawing_add(drawings, "answer", "All-reduce bus bandwidth among equals");
    drawing->x_label = "GB/s";
    drawing->caption =
        "Bars of one group are alike in number of GPUs, extent, mode and statistic; groups are not "
        "comparable with each other. Full: runs; thin lines are intervals over launches. Pale: published "
        "figures without intervals. The mark is the physical bound of the machine. US$ per GPU-hour.";
    for (size_t i = 0; i < EXTENTS; i++) extent_bars(drawings, drawing, report, extents[i], (int)i + 1);
    if (!drawing->bar_count) drawings->count--;
}
