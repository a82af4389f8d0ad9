/* Plots of a collective beside a matmul: how much slower each side is, against the ratio of their times. */
#include "analysis/common/table.h"
#include "analysis/compare/overlap.h"
#include "analysis/plot/charts.h"
#include "base/units.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_WORD = 40 };

/* The ratio is the measured one: a whole number of multiplications only comes near to the one that was asked
   for. */
static void add_side(struct drawings *drawings, struct drawing *drawing, const struct overlap_summary *lines,
                     size_t n, bool matmul, const char *label)
{
    int colour = (int)(drawing->curve_count % DRAWING_CURVES) + 1;
    struct curve *curve = drawing_curve(drawings, drawing, CURVE_FIGURES, label, n);
    curve->colour = colour;
    for (size_t i = 0; i < n; i++) {
        struct figure figure = matmul ? lines[i].computation_slowdown : lines[i].communication_slowdown;
        bool interval = figure.kind != INTERVAL_NONE;
        if (figure_present(figure))
            curve_point(curve, lines[i].computation_us.point / lines[i].communication_us.point, figure.point,
                        interval ? figure.lo : NAN, interval ? figure.hi : NAN);
    }
    if (!curve->count) drawing->curve_count--;
}

static void add_curve(struct drawings *drawings, struct drawing *drawing, const struct study *study,
                      const struct run_summary *run, const struct overlap_summary *lines, size_t n)
{
    const struct overlap_row *row = lines[0].row;
    struct text label = {0};
    char size[UNIT_TEXT];
    for (int matmul = 0; matmul < 2; matmul++) {
        text_clear(&label);
        text_add(&label, "%s", matmul ? "matmul" : "collective");
        if (study->aggregate.count > 1) text_add(&label, ", %s", run->label);
        if (row->bytes >= 0) text_add(&label, ", %s", format_size((size_t)row->bytes, size));
        if (row->ranks != ABSENT) text_add(&label, " ×%lld", (long long)row->ranks);
        if (row->progress) text_add(&label, ", %s", name_of(&overlap_progress_names, (int)row->progress));
        if (row->cta && !same(row->cta, "default")) text_add(&label, ", cta %s", row->cta);
        add_side(drawings, drawing, lines, n, matmul, text_get(&label));
    }
    text_free(&label);
}

static struct drawing *overlap_drawing(struct drawings *drawings, const struct study *study,
                                       const char *collective)
{
    struct text name = {0}, title = {0};
    text_add(&name, "overlap-%s", collective);
    plain_text(&title, collective, MOST_WORD);
    text_add(&title, " beside matmul: how much slower each is");
    struct drawing *drawing = drawing_add(drawings, text_get(&name), text_get(&title));
    drawing->x_axis = AXIS_RATIO, drawing->x_label = "computation alone / communication alone";
    drawing->y_axis = AXIS_LINEAR, drawing->y_label = "own time beside the other / own time alone";
    drawing->caption = caption_with_provenance(
        drawings, study,
        "1: not slowed down by the other. Bands: the interval over launches, from six launches on at 95 %, "
        "with two to five their minimum and maximum; none with one launch.");
    text_free(&name);
    text_free(&title);
    return drawing;
}

/* One plot for each collective, with all runs that measured it. */
static void plot_collective(struct drawings *drawings, const struct study *study,
                            const struct overlaps *overlaps, const char *collective)
{
    struct drawing *drawing = NULL;
    for (size_t r = 0; r < study->aggregate.count; r++) {
        const struct overlap_summary *list = overlaps[r].list;
        for (size_t first = 0, last; first < overlaps[r].count; first = last) {
            for (last = first + 1; last < overlaps[r].count && list[last].curve == list[first].curve;) last++;
            if (!same(list[first].row->collective, collective)) continue;
            if (!drawing) drawing = overlap_drawing(drawings, study, collective);
            if (drawing->curve_count + 2 <= DRAWING_CURVES)
                add_curve(drawings, drawing, study, &study->aggregate.runs[r], &list[first], last - first);
        }
    }
    if (drawing && !drawing->curve_count) {
        free(drawing->curves);
        drawings->count--;
    }
}

static bool plotted_before(const struct overlaps *overlaps, size_t run, size_t at)
{
    const char *collective = overlaps[run].list[at].row->collective;
    for (size_t r = 0; r <= run; r++)
        for (size_t i = 0; i < (r < run ? overlaps[r].count : at); i++)
            if (same(overlaps[r].list[i].row->collective, collective)) return true;
    return false;
}

void chart_overlap(struct drawings *drawings, const struct study *study)
{
    size_t runs = study->aggregate.count;
    struct overlaps *overlaps = allocate(runs, sizeof *overlaps);
    for (size_t r = 0; r < runs; r++) overlaps[r] = overlaps_of(&study->aggregate.runs[r]);
    for (size_t r = 0; r < runs; r++)
        for (size_t i = 0; i < overlaps[r].count; i++)
            if (!plotted_before(overlaps, r, i))
                plot_collective(drawings, study, overlaps, overlaps[r].list[i].row->collective);
    for (size_t r = 0; r < runs; r++) overlaps_free(&overlaps[r]);
    free(overlaps);
}
