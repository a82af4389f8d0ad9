/* Plots with bars: all in screen coordinates, except the value. */
#include "analysis/plot/drawing_kinds.h"
#include "analysis/plot/drawing_words.h"

#include <math.h>
#include <stdlib.h>

/* The axes in screen coordinates; lengths in columns of text, heights in pixels. */
static const double left = 0.35, right = 0.72;
enum { BAR_HEIGHT = 21, GROUP_GAP = 9, GROUP_LENGTH = 34, NOTE_LENGTH = 25 };

static void bar_row(struct text *out, const struct bar *bar, double y, double half)
{
    text_add(out, "%.9g\t%.5f\t0\t%.9g\t%.5f\t%.5f\t%d\n", bar->value, y, bar->value, y - half, y + half,
             line_type(bar->colour));
}

/* The distance of ticks on the bars' axis: 1, 2 or 5 times a power of ten. The axis is short, so that there
   is room for at most five steps. */
static double bars_step(double most)
{
    double step = pow(10, floor(log10(most / 5)));
    return most / step <= 5 ? step : most / step <= 10 ? 2 * step : most / step <= 25 ? 5 * step : 10 * step;
}

static bool starts_group(const struct drawing *drawing, size_t i)
{
    return i == 0 || !same(drawing->bars[i].group, drawing->bars[i - 1].group);
}

/* The height of a group in pixels: that of its bars or of its name, which may have several lines. */
static double group_height(const struct drawing *drawing, size_t first, size_t lines)
{
    size_t last = first + 1;
    while (last < drawing->bar_count && !starts_group(drawing, last)) last++;
    return GROUP_GAP + fmax(BAR_HEIGHT * (double)(last - first), LABEL_HEIGHT * (double)lines);
}

void write_bars(const struct drawing *drawing, struct text *data, struct text *script)
{
    struct arena arena = {0};
    const char **names =
        allocate(drawing->bar_count, sizeof *names); /* in lines; NULL: not the first of a group */
    double *heights = allocate(drawing->bar_count, sizeof *heights); /* of groups */
    double most = 0, height = 122;
    for (size_t i = 0; i < drawing->bar_count; i++) {
        const struct bar *bar = &drawing->bars[i];
        size_t lines;
        if (starts_group(drawing, i)) {
            names[i] = label_lines(&arena, bar->group, GROUP_LENGTH, &lines);
            heights[i] = group_height(drawing, i, lines);
            height += heights[i];
        }
        most = fmax(most, fmax(fmax(isfinite(bar->value) ? bar->value : 0, isfinite(bar->hi) ? bar->hi : 0),
                               isfinite(bar->top) ? bar->top : 0));
    }
    if (!(most > 0)) most = 1;
    double y = 0, below = 1 - 44 / height; /* the middle of the bar; the upper end of the next group */
    struct text pale = {0}, marks = {0}, intervals = {0}, notes = {0};
    for (size_t i = 0; i < drawing->bar_count; i++) {
        const struct bar *bar = &drawing->bars[i];
        y = names[i] ? below - (GROUP_GAP + BAR_HEIGHT) / height : y - BAR_HEIGHT / height;
        if (names[i]) below -= heights[i] / height;
        double half = BAR_HEIGHT * 0.42 / height,
               end =
                   fmax(bar->value, fmax(isfinite(bar->hi) ? bar->hi : 0, isfinite(bar->top) ? bar->top : 0));
        bar_row(bar->light ? &pale : data, bar, y, half);
        if (isfinite(bar->top))
            text_add(&marks, "%.9g\t%.5f\t0\t%.5f\n", bar->top, y - half * 1.15, 2.3 * half);
        if (isfinite(bar->lo))
            text_add(&intervals, "%.9g\t%.5f\t%.9g\t%.9g\n", bar->value, y, bar->lo, bar->hi);
        text_row(&notes, left + (right - left) * end / (most * 1.02) + 0.012, y, INK, bar->note, NOTE_LENGTH);
        if (names[i]) text_rows(&notes, 0.015, y, LABEL_HEIGHT / height, line_type(bar->colour), names[i]);
    }
    text_add(data, "NaN\tNaN\t0\tNaN\tNaN\tNaN\t1\n\n\n%sNaN\tNaN\t0\tNaN\tNaN\tNaN\t1\n\n\n",
             text_get(&pale));
    text_add(data, "%sNaN\tNaN\t0\tNaN\n\n\n%sNaN\tNaN\tNaN\tNaN\n\n\n", text_get(&marks),
             text_get(&intervals));
    text_add(data, "%sNaN\tNaN\t1\t-\n\n\n", text_get(&notes));
    text_row(data, 0.015, 1 - 21 / height, INK, drawing->title, TITLE_LENGTH);
    text_add(script, "height = %.0f\nat_left = %g; at_right = %g; at_bottom = %.5f; at_top = %.5f\n", height,
             left, right, 62 / height, 1 - 44 / height);
    text_add(script,
             "x_label = '%s'\nranges = 'set xrange [0:%.9g]; set yrange [%.5f:%.5f]; set xtics %.9g'\nload "
             "scripts.'/bars.gp'\n",
             drawing->x_label, most * 1.02, 62 / height, 1 - 44 / height, bars_step(most));
    free(names);
    free(heights);
    arena_free(&arena);
    text_free(&pale);
    text_free(&marks);
    text_free(&intervals);
    text_free(&notes);
}
