/* Plots the series on one axis: each in per cent of its first level, with its levels between changes. */
#include "analysis/history/history_output.h"
#include "analysis/common/table.h"
#include "analysis/plot/drawing.h"
#include "base/units.h"
#include "stats/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SERIES = 8 }; /* the number of colours */

static double day_of(const struct history *history, size_t night)
{
    double first, own;
    bool known =
        !parse_time(history->nights[0].started, &first) && !parse_time(history->nights[night].started, &own);
    return known ? (own - first) / 86400 : (double)night;
}

/* Does a new level begin on this night: by a change of the series itself or, for a case, of the common
   factor? */
static bool begins_level(const struct history *history, const struct case_history *one, size_t night)
{
    const struct change_series *both[] = {&one->series, &history->cases[history->case_count].series};
    for (int b = 0; b < (one->row ? 2 : 1); b++)
        for (size_t i = 0; i < both[b]->change_count; i++)
            if (both[b]->changes[i].first == night) return true;
    return night == 0;
}

/* Adds a series in per cent of its first level, and its levels as a dotted line with steps at the changes. */
static void add_series(struct drawings *drawings, struct drawing *drawing, const struct history *history,
                       const struct case_history *one, int colour, const char *label)
{
    const double *values = one->series.values;
    size_t nights = history->night_count;
    double *room = allocate(nights, sizeof *room), first = NAN;
    drawing_curve(drawings, drawing, CURVE_FIGURES, label, nights);
    struct curve *levels = drawing_curve(drawings, drawing, CURVE_REFERENCE, "", 2 * nights);
    struct curve *curve = levels - 1; /* not before the second call, which may move the list */
    levels->colour = curve->colour = colour;
    for (size_t from = 0, end; from < nights; from = end) {
        size_t n = 0;
        for (end = from; end < nights && (end == from || !begins_level(history, one, end)); end++)
            if (!isnan(values[end])) room[n++] = values[end];
        double level = median(room, n);
        if (isnan(level)) continue;
        if (isnan(first)) first = level;
        curve_point(levels, day_of(history, from), 100 * exp(level - first), NAN, NAN);
        curve_point(levels, day_of(history, end - 1), 100 * exp(level - first), NAN, NAN);
    }
    for (size_t t = 0; t < nights; t++)
        if (!isnan(values[t])) curve_point(curve, day_of(history, t), 100 * exp(values[t] - first), NAN, NAN);
    free(room);
}

static bool has_changed(const struct case_history *one)
{
    return one->series.change_count || one->apart || one->trend == TREND_REGRESSION;
}

void history_chart(struct drawings *drawings, const struct history *history, const char *name,
                   const char *title)
{
    struct text label = {0};
    unsigned masks[2];
    int colour = 0;
    size_t left_out = 0;
    history_masks(history, masks, NULL);
    struct drawing *drawing = drawing_add(drawings, name, title);
    drawing->x_axis = AXIS_HOURS;
    drawing->y_axis = AXIS_LINEAR;
    text_add(&label, "days since %.10s", history->nights[0].started);
    for (char *c = label.data; *c; c++)
        if (*c == '\'' || *c == '\\' || *c == '"' || (unsigned char)*c < ' ')
            *c = '?'; /* untrusted: from a record */
    drawing->x_label = arena_string(&drawings->arena, text_get(&label));
    drawing->y_label = "% of the first level; higher is slower; dotted: levels between changes";
    if (history->has_common)
        add_series(drawings, drawing, history, &history->cases[history->case_count], ++colour,
                   "all cases (common)");
    for (size_t c = 0; c < history->case_count; c++) {
        const struct case_history *one = &history->cases[c];
        if (!has_changed(one) && history->case_count > MOST_SERIES - 1) continue;
        if (colour == MOST_SERIES) {
            left_out++;
            continue;
        }
        text_clear(&label);
        series_name(one, masks, &label);
        add_series(drawings, drawing, history, one, ++colour, text_get(&label));
    }
    text_clear(&label);
    text_add(&label, "A point is a night; a step of the dotted line is a change that lasts.");
    if (left_out) {
        text_add(&label, " %zu more series that changed are not drawn.", left_out);
        warn("the plot leaves out %zu more series that changed: it has %d colours", left_out, MOST_SERIES);
    }
    drawing->caption = arena_string(&drawings->arena, text_get(&label));
    text_free(&label);
}

enum status history_plot(const struct history *history, const char *folder)
{
    struct drawings drawings = {0};
    history_chart(&drawings, history, "history", "Time per operation, night by night");
    enum status status = make_folder(folder);
    if (!status) status = drawings_write(&drawings, folder, PLOT_SVG_PNG);
    if (!status) status = gnuplot_run(folder);
    drawings_free(&drawings);
    return status;
}
