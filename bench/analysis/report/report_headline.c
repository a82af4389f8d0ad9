/* The answer of the report in words. */
#include "analysis/report/report_clouds.h"
#include "base/units.h"

#include <math.h>
#include <stdlib.h>

enum { CELL_WORD = 40 }; /* the most characters to show of a word from a record, which is untrusted */

void report_name_words(struct text *text, const struct report *report, const struct tracks *tracks,
                       const struct cloud *cloud)
{
    text_add(text, "%s", report->study->aggregate.runs[cloud->track->run].label);
    track_world(tracks, cloud->track, text);
}

static void cloud_words(struct text *text, const struct report *report, const struct tracks *tracks,
                        const struct cloud *cloud, const struct case_summary *line)
{
    const struct run_summary *run = &report->study->aggregate.runs[cloud->track->run];
    report_name_words(text, report, tracks, cloud);
    text_add(text, " ");
    figure_words(text, line->busbw_gbps, " ");
    text_add(text, " GB/s (");
    if (figure_present(line->bound_percent))
        text_add(text, "%.0f %% of its bound, ", line->bound_percent.point);
    text_add(text, "%s of %zu launch%s, %s",
             line->statistic ? statistic_name(line->statistic) : "unknown statistic", line->launches,
             line->launches == 1 ? "" : "es", run->provenance);
    if (line->busbw_gbps.kind == INTERVAL_RANGE) text_add(text, ", brackets: minimum and maximum");
    if (line->wrong > 0)
        text_add(text, ", wrong data in other launches");
    else if (line->turnout.without)
        text_add(text, ", "), turnout_words(text, line->turnout, line->status);
    text_add(text, ")");
}

/* Says how certain the order of n clouds is, which are sorted by speed. */
static void order_words(struct text *text, const struct report *report, const struct tracks *tracks,
                        const struct cloud *list, size_t n)
{
    size_t first = 0, without = 0;
    for (size_t i = 0; i < n; i++) first += list[i].place == 1, without += list[i].place == 0;
    if (!first) {
        text_add(
            text,
            " Fewer than two have an interval (six launches, all with a figure): the order is not certain.");
        return;
    }
    text_add(text,
             first == 1 ? " First by the intervals over launches: " : " Not told apart in first place: ");
    for (size_t i = 0, named = 0; i < n; i++) {
        if (list[i].place != 1) continue;
        text_add(text, "%s", named++ ? ", " : "");
        report_name_words(text, report, tracks, &list[i]);
    }
    text_add(text, ".");
    if (without)
        text_add(text, " %zu more ha%s no interval, so no place.", without, without == 1 ? "s" : "ve");
}

static const struct instance *priced_instance(const struct report *report, const struct cloud *cloud)
{
    const struct instance *instance = report->study->sites[cloud->track->run].instance;
    return report_priced(instance) ? instance : NULL;
}

/* Bus bandwidth per US$ per GPU-hour, with a simultaneous interval for n clouds. */
static struct figure per_dollar(const struct cloud *cloud, const struct instance *instance, size_t n)
{
    struct figure time = simultaneous_time(cloud->compared, n);
    double busbw_times_us = cloud->compared->busbw_gbps.point * cloud->compared->time_us.point;
    return figure_scaled(figure_inverse(busbw_times_us, time), 1 / instance->usd_per_gpu_hour);
}

/* Names the cloud with the most bandwidth for its price, among n clouds with an equal basis and the same kind
   of price. */
static void kind_words(struct text *text, const struct report *report, const struct tracks *tracks,
                       const struct cloud *const *list, size_t n)
{
    struct figure *figures = allocate(n, sizeof *figures);
    size_t *place = allocate(n, sizeof *place), most = 0, first = 0, known = 0;
    char value[32];
    for (size_t i = 0; i < n; i++) {
        figures[i] = per_dollar(list[i], priced_instance(report, list[i]), n);
        if (figures[i].point > figures[most].point) most = i;
    }
    places(figures, n, false, place);
    for (size_t i = 0; i < n; i++) first += place[i] == 1, known += place[i] > 0;
    const struct instance *instance = priced_instance(report, list[most]);
    text_add(text, " Most for the money among %s prices: %s GB/s per US$/GPU-hour, ",
             *instance->price_kind ? instance->price_kind : "unnamed kinds of",
             number_text(figures[most].point, value));
    report_name_words(text, report, tracks, list[most]);
    text_add(text, " at US$ %.2f (", instance->usd_per_gpu_hour);
    report_price_words(text, report, instance);
    text_add(text, ")%s;",
             place[most] == 1 && first == 1 && known == n ? "" : ", not told apart from the rest");
    double next = 0;
    for (size_t i = 0; i < n; i++)
        if (i != most) next = fmax(next, figures[i].point);
    struct text name = {0};
    report_name_words(&name, report, tracks, list[most]);
    report_lead_words(text, text_get(&name), instance->usd_per_gpu_hour, figures[most].point / next);
    text_add(text, ".");
    text_free(&name);
    free(figures);
    free(place);
}

void report_money_words(struct text *text, const struct report *report, const struct tracks *tracks,
                        const struct cloud *list, size_t n)
{
    const struct cloud **alike = allocate(n, sizeof *alike);
    bool *done = allocate(n, sizeof *done);
    for (size_t i = 0; i < n; i++) {
        const struct instance *kind = priced_instance(report, &list[i]);
        size_t count = 0;
        for (size_t j = i; kind && j < n; j++) {
            const struct instance *other = priced_instance(report, &list[j]);
            if (done[j] || !other || !same(other->price_kind, kind->price_kind) ||
                !figure_present(list[j].compared->time_us))
                continue;
            done[j] = true;
            alike[count++] = &list[j];
        }
        if (count > 1) kind_words(text, report, tracks, alike, count);
    }
    free(alike);
    free(done);
}

/* Writes one item for each group of clouds with an equal basis. */
static void equal_items(struct page *page, const struct report *report, enum scope scope)
{
    enum { NAMED = 4 };
    struct clouds clouds = clouds_of(report, "all_reduce", scope);
    size_t main = 0;
    bool has_main = report_main_set(&clouds, &main) > 0; /* its money is on the first screen */
    struct text text = {0};
    char size[UNIT_TEXT];
    for (size_t first = 0, n; first < clouds.ranked; first += n) {
        const struct cloud *list = &clouds.list[first];
        n = clouds_equal(&clouds, first);
        if (!list->compared) continue;
        text_clear(&text);
        text_add(&text, "all-reduce of %s on ", format_size((size_t)list->compared->row->bytes, size));
        basis_words(&list->basis, &text);
        text_add(&text, ": ");
        for (size_t i = 0; i < n && i < NAMED; i++) {
            text_add(&text, "%s", i ? "; " : "");
            cloud_words(&text, report, &clouds.bandwidth, &list[i], list[i].compared);
        }
        if (n > NAMED) text_add(&text, "; and %zu more", n - NAMED);
        text_add(&text, ".");
        order_words(&text, report, &clouds.bandwidth, list, n);
        if (first != main || !has_main) report_money_words(&text, report, &clouds.bandwidth, list, n);
        page_item(page, scope_names[scope], text_get(&text));
    }
    text_free(&text);
    clouds_free(&clouds);
}

/* Lists the clouds that are alone on their basis, without comparing them with others. */
static void alone_item(struct page *page, const struct report *report, enum scope scope)
{
    struct clouds clouds = clouds_of(report, "all_reduce", scope);
    struct text text = {0};
    char value[32];
    size_t named = 0;
    for (size_t i = clouds.ranked; i < clouds.possible; i++) {
        const struct cloud *cloud = &clouds.list[i];
        if (!cloud->best) continue;
        text_add(&text, "%s", named++ ? "; " : "");
        report_name_words(&text, report, &clouds.bandwidth, cloud);
        text_add(&text, ", ");
        basis_words(&cloud->basis, &text);
        text_add(&text, ": %s GB/s", number_text(cloud->best->busbw_gbps.point, value));
    }
    if (named) {
        struct text item = {0};
        text_add(
            &item,
            "%s. The best all-reduce bus bandwidth%s; not ranked, since no other run is alike in GPUs, mode, "
            "cache, type and statistic.",
            text_get(&text), named > 1 ? " of each" : "");
        page_item(page, scope_names[scope], text_get(&item));
        text_free(&item);
    }
    text_free(&text);
    clouds_free(&clouds);
}

/* Lists the impossible figures of all collectives. They come first and are never ranked. */
void report_impossible(struct page *page, const struct report *report)
{
    const struct study *study = report->study;
    const char **names = study_collectives(study);
    char value[32], bound[32], size[UNIT_TEXT];
    for (const char **name = names; *name; name++) {
        struct tracks tracks = study_tracks(study, *name, FOR_BANDWIDTH);
        for (size_t t = 0; t < tracks.count; t++) {
            const struct case_summary *line = impossible_line(study, &tracks.list[t]);
            struct text text = {0};
            if (!line) continue;
            plain_text(&text, study->aggregate.runs[tracks.list[t].run].label, CELL_WORD * 2);
            text_add(&text, ": ");
            plain_text(&text, *name, CELL_WORD);
            text_add(
                &text,
                " of %s on %lld ranks reads %s GB/s, %.0f %% of the bound of %s GB/s. Set aside: it ranks "
                "nowhere. Possible causes: the instance or GPU in the catalog is not the one that ran; an "
                "option that should switch a link off did not take effect; the number of ranks is wrong.",
                format_size((size_t)line->row->bytes, size), (long long)line->row->ranks,
                number_text(line->busbw_gbps.point, value), line->bound_percent.point,
                number_text(line->busbw_gbps.point * 100 / line->bound_percent.point, bound));
            page_item(page, "impossible", text_get(&text));
            text_free(&text);
        }
        free(tracks.list);
    }
    for (size_t r = 0; r < study->aggregate.count; r++)
        for (size_t c = 0; c < study->aggregate.runs[r].case_count; c++) {
            const struct case_summary *line = &study->aggregate.runs[r].cases[c];
            struct text text = {0};
            if (!line->row->gemm || !is_impossible(line)) continue;
            text_add(&text, "%s: matmul in ", study->aggregate.runs[r].label);
            plain_text(&text, line->row->dtype, CELL_WORD);
            text_add(
                &text,
                " reads %s TFLOP/s, %.0f %% of the peak of %s. Set aside. Possible causes: the GPU in the "
                "catalog is not the one that ran; the rate counts sparsity or another type.",
                number_text(line->tflops.point, value), line->bound_percent.point,
                number_text(line->peak_tflops, bound));
            page_item(page, "impossible", text_get(&text));
            text_free(&text);
        }
    free(names);
}

void report_headline(struct page *page, const struct report *report)
{
    for (int scope = 0; scope < SCOPE_COUNT; scope++) equal_items(page, report, (enum scope)scope);
    for (int scope = 0; scope < SCOPE_COUNT; scope++) alone_item(page, report, (enum scope)scope);
}
