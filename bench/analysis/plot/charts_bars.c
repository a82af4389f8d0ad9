/* Plots other than curves over sizes: matmul, the loss across NVLink domains, launches over time. */
#include "analysis/common/table.h"
#include "analysis/compare/ranking.h"
#include "analysis/plot/charts.h"
#include "base/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_BARS = 48, MOST_SERIES = 16, LONGEST_PHASE = 12 };

/* Are both of the same type and phase, on the same number of GPUs? */
static bool same_kind(const struct case_row *a, const struct case_row *b)
{
    return same(a->dtype, b->dtype) && a->phase == b->phase && a->ranks == b->ranks;
}

/* The fastest shape of a kind: each GPU is judged by the shape that suits it best, which the plot names. */
static const struct case_summary *best_gemm(const struct run_summary *run, const struct case_row *like)
{
    const struct case_summary *best = NULL;
    for (size_t c = 0; c < run->case_count; c++) {
        const struct case_summary *line = &run->cases[c];
        if (!line->row->gemm || !figure_present(line->tflops) || !same_kind(line->row, like)) continue;
        if (!best || line->tflops.point > best->tflops.point) best = line;
    }
    return best;
}

/* Adds a rate with three digits, so that one below 1 does not become 0. */
static void add_rate(struct text *text, double rate)
{
    text_add(text, rate >= 100 ? "%.0f" : "%.3g", rate);
}

static void matmul_bar(struct drawings *drawings, struct drawing *drawing, const struct run_summary *run,
                       size_t r, const struct case_summary *line, double per_tflop)
{
    struct text text = {0};
    struct bar *bar = drawing_bar(drawing);
    bar_figure(bar, figure_scaled(line->tflops, per_tflop));
    bar->top = line->peak_tflops * per_tflop;
    bar->colour = bar_colour(r);
    bar->light = line->row->phase != PHASE_SUSTAINED;
    text_add(&text, "%s %s", run->label, line->row->dtype ? line->row->dtype : "");
    if (line->row->ranks > 1) text_add(&text, " ×%lld", (long long)line->row->ranks);
    bar->group = arena_string(&drawings->arena, text_get(&text));
    text_clear(&text);
    plain_text(&text, line->row->phase ? phase_name(line->row->phase) : statistic_name(line->statistic),
               LONGEST_PHASE);
    text_add(&text, " ");
    add_rate(&text, bar->value);
    if (line->bound_percent.point < 1000) text_add(&text, " (%.0f %%)", line->bound_percent.point);
    bar->note = arena_string(&drawings->arena, text_get(&text));
    text_free(&text);
}

/* Chooses title, caption and unit by the data: CPUs have no peak in results/gpus.tsv, and few of them reach
   1 TFLOP/s. */
static struct drawing *matmul_drawing(struct drawings *drawings, const struct study *study, double *per_tflop)
{
    double most = 0;
    bool peak = false;
    for (size_t r = 0; r < study->aggregate.count; r++)
        for (size_t c = 0; c < study->aggregate.runs[r].case_count; c++) {
            const struct case_summary *line = &study->aggregate.runs[r].cases[c];
            if (!line->row->gemm || !figure_present(line->tflops)) continue;
            most = fmax(most, line->tflops.point);
            peak |= isfinite(line->peak_tflops);
        }
    *per_tflop = most < 1 ? 1e3 : 1;
    struct drawing *drawing = drawing_add(
        drawings, "matmul", peak ? "matmul: achieved against the dense peak" : "matmul: achieved rate");
    drawing->x_label = most < 1 ? "GFLOP/s per GPU (or CPU)" : "TFLOP/s per GPU (or CPU)";
    struct text caption = {0};
    text_add(&caption,
             "Full: sustained; pale: a burst, or the best that was published (max), not known to be "
             "sustained. ");
    if (peak) text_add(&caption, "The mark is the dense peak (results/gpus.tsv), the percentage is of it. ");
    text_add(&caption, "The best shape of each type; thin lines: the interval over launches.");
    drawing->caption = caption_with_provenance(drawings, study, text_get(&caption));
    text_free(&caption);
    return drawing;
}

void chart_matmul(struct drawings *drawings, const struct study *study)
{
    struct drawing *drawing = NULL;
    double per_tflop = 1;
    for (size_t r = 0; r < study->aggregate.count; r++) {
        const struct run_summary *run = &study->aggregate.runs[r];
        const struct case_row *last = NULL;
        for (size_t c = 0; c < run->case_count; c++) {
            const struct case_row *row = run->cases[c].row;
            if (!row->gemm || !figure_present(run->cases[c].tflops)) continue;
            if (last && same_kind(last, row)) continue;
            last = row;
            if (!drawing) drawing = matmul_drawing(drawings, study, &per_tflop);
            if (drawing->bar_count < MOST_BARS)
                matmul_bar(drawings, drawing, run, r, best_gemm(run, row), per_tflop);
        }
    }
}

static void edge_bars(struct drawings *drawings, struct drawing *drawing, const struct study *study,
                      const struct track *inside, const struct track *across, int64_t bytes)
{
    struct text text = {0};
    char size[UNIT_TEXT];
    const struct case_summary *lines[2] = {track_at(inside, bytes), track_at(across, bytes)};
    text_add(&text, "%s, %s", study->aggregate.runs[inside->run].label, format_size((size_t)bytes, size));
    const char *group = arena_string(&drawings->arena, text_get(&text));
    for (int i = 0; i < 2; i++) {
        struct bar *bar = drawing_bar(drawing);
        bar_figure(bar, lines[i]->busbw_gbps);
        bar->group = group;
        bar->colour = bar_colour(inside->run);
        bar->light = i == 0;
        text_clear(&text);
        text_add(&text, "%s ×%lld: ", i ? "across" : "inside", (long long)lines[i]->row->ranks);
        add_rate(&text, lines[i]->busbw_gbps.point);
        if (i)
            text_add(&text, " (%+.0f %%)",
                     100 * (lines[1]->busbw_gbps.point / lines[0]->busbw_gbps.point - 1));
        bar->note = arena_string(&drawings->arena, text_get(&text));
    }
    text_free(&text);
}

/* Finds the track across domains with the same number of GPUs, or else with the next larger one: a much
   larger number would show the loss from scale, not from the domain's edge. */
static const struct track *across_of(const struct study *study, const struct tracks *all,
                                     const struct track *inside)
{
    for (size_t i = 0; i < all->count; i++) { /* by run, then by ranks */
        const struct track *track = &all->list[i];
        if (track->scope == SCOPE_DOMAINS && track->cases[0].row->ranks >= inside->cases[0].row->ranks &&
            tracks_alike(track, inside) && !impossible_line(study, track) && !impossible_line(study, inside))
            return track;
    }
    return NULL;
}

/* The track with the most GPUs inside one NVLink domain, or inside one node if there is none. */
static const struct track *inside_of(const struct tracks *domain, const struct tracks *node, size_t run)
{
    for (const struct tracks *const *set = (const struct tracks *const[]){domain, node, NULL}; *set; set++)
        for (size_t i = (*set)->count; i-- > 0;)
            if ((*set)->list[i].run == run) return &(*set)->list[i];
    return NULL;
}

static void edge_plot(struct drawings *drawings, const struct study *study, const char *collective)
{
    struct tracks node = study_tracks_in(study, collective, FOR_BANDWIDTH, SCOPE_NODE);
    struct tracks domain = study_tracks_in(study, collective, FOR_BANDWIDTH, SCOPE_DOMAIN);
    struct tracks all = study_tracks(study, collective, FOR_BANDWIDTH);
    struct drawing *drawing = NULL;
    for (size_t r = 0; r < study->aggregate.count; r++) {
        const struct track *inside = inside_of(&domain, &node, r);
        const struct track *across = inside ? across_of(study, &all, inside) : NULL;
        if (!across || inside->cases[0].row->ranks < 2) continue;
        struct track pair[2] = {*inside, *across};
        int64_t bytes = largest_common_bytes(pair, 2);
        if (bytes < 1) continue;
        if (!drawing) {
            struct text name = {0}, title = {0};
            text_add(&name, "edge-%s", collective);
            text_add(&title, "%s: what is lost at the edge of the NVLink domain", collective);
            drawing = drawing_add(drawings, text_get(&name), text_get(&title));
            drawing->x_label = "bus bandwidth (GB/s)";
            drawing->caption = caption_with_provenance(
                drawings, study,
                "Pale: inside one NVLink domain, with the most GPUs that were "
                "measured; full: of the same run, with as many or the next more, which "
                "cross its edge; at the largest size that both have.");
            text_free(&name);
            text_free(&title);
        }
        if (drawing->bar_count < MOST_BARS) edge_bars(drawings, drawing, study, &pair[0], &pair[1], bytes);
    }
    free(node.list);
    free(domain.list);
    free(all.list);
}

void chart_edge(struct drawings *drawings, const struct study *study)
{
    const char **names = study_collectives(study);
    for (const char **name = names; *name; name++) edge_plot(drawings, study, *name);
    free(names);
}

/* Seconds since 1970; NAN if `started` is not a time such as 2026-11-27T21:23:31Z. */
static double seconds_of(const char *started)
{
    struct tm parts = {0};
    char zone = 0;
    if (!started || sscanf(started, "%4d-%2d-%2dT%2d:%2d:%2d%c", &parts.tm_year, &parts.tm_mon,
                           &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &zone) != 7)
        return NAN;
    parts.tm_year -= 1900, parts.tm_mon -= 1;
    return (double)timegm(&parts);
}

/* The collective to plot over time: the one with the most launches and, among these, with the largest
   size. */
static const struct case_summary *watched_line(const struct run_summary *run)
{
    const struct case_summary *best = NULL;
    for (size_t c = 0; c < run->case_count; c++) {
        const struct case_summary *line = &run->cases[c];
        if (line->row->gemm || line->launches < 2 || !figure_present(line->time_us)) continue;
        if (!best || line->launches > best->launches ||
            (line->launches == best->launches && line->row->bytes > best->row->bytes))
            best = line;
    }
    return best;
}

/* The unit of the time axis in seconds: one second, minute or hour, depending on the longest run. */
static double unit_of_time(const struct study *study)
{
    double longest = 0;
    for (size_t r = 0; r < study->aggregate.count; r++) {
        const struct case_summary *line = watched_line(&study->aggregate.runs[r]);
        if (!line) continue;
        double first = seconds_of(line->points[0].launch->header.started),
               last = seconds_of(line->points[line->launches - 1].launch->header.started);
        if (isfinite(first) && isfinite(last)) longest = fmax(longest, last - first);
    }
    return longest > 3 * 3600 ? 3600 : longest > 3 * 60 ? 60 : 1;
}

static void series_curve(struct drawings *drawings, struct drawing *drawing, const struct run_summary *run,
                         int colour, const struct case_summary *line, double unit)
{
    struct text text = {0};
    char size[UNIT_TEXT];
    text_add(&text, "%s", run->label);
    if (line->row->bytes >= 0) text_add(&text, ", %s", format_size((size_t)line->row->bytes, size));
    struct curve *curve = drawing_curve(drawings, drawing, CURVE_FIGURES, text_get(&text), line->launches);
    curve->colour = colour;
    double first = seconds_of(line->points[0].launch->header.started);
    for (size_t i = 0; i < line->launches; i++) {
        double at = seconds_of(line->points[i].launch->header.started);
        if (isfinite(at) && isfinite(first))
            curve_point(curve, (at - first) / unit, 100 * (line->points[i].time_us / line->time_us.point - 1),
                        NAN, NAN);
    }
    if (curve->count < 2) drawing->curve_count--;
    text_free(&text);
}

void chart_series(struct drawings *drawings, const struct study *study)
{
    struct drawing *drawing = NULL;
    double unit = unit_of_time(study);
    for (size_t r = 0; r < study->aggregate.count; r++) {
        const struct case_summary *line = watched_line(&study->aggregate.runs[r]);
        if (!line || (drawing && drawing->curve_count >= MOST_SERIES)) continue;
        if (!drawing) {
            drawing = drawing_add(drawings, "series", "launches over time: drift");
            drawing->x_axis = AXIS_HOURS,
            drawing->x_label = unit > 60  ? "hours since the first launch of the run"
                               : unit > 1 ? "minutes since the first launch of the run"
                                          : "seconds since the first launch of the run";
            drawing->y_axis = AXIS_LINEAR, drawing->y_label = "time against the median (%)";
            drawing->caption =
                caption_with_provenance(drawings, study,
                                        "Each point is one launch: its median time at the size named at the "
                                        "curve (of the run's first collective with most "
                                        "launches), as a deviation from the median over all launches of the "
                                        "run. Above zero is slower.");
        }
        int colour = chart_colour(study, r, drawing->curve_count);
        series_curve(drawings, drawing, &study->aggregate.runs[r], colour, line, unit);
    }
    if (drawing && !drawing->curve_count) {
        free(drawing->curves);
        drawings->count--;
    }
}
