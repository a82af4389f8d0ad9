/* Plots with curves. Their labels stand on the right and do not overlap. */
#include "analysis/plot/drawing_axes.h"
#include "analysis/plot/drawing_kinds.h"
#include "analysis/plot/drawing_words.h"

#include <math.h>
#include <stdlib.h>

/* The axes in screen coordinates; lengths in columns of text, heights in pixels. */
static const double left = 0.105, right = 0.635;
enum { HEIGHT = 410, BELOW_AXES = 64, ABOVE_AXES = 66, LABEL_LENGTH = 29 };

struct tag {
    double wanted, y; /* of the first line */
    size_t curve, lines;
    const char *text; /* its lines, each with a newline */
};

/* The vertical extent of a plot with curves. It grows if the labels need more room. */
struct canvas {
    double height;      /* in pixels */
    double bottom, top; /* of the axes, in screen coordinates */
};

static struct canvas canvas_of(size_t lines)
{
    double room = HEIGHT - BELOW_AXES - ABOVE_AXES, needed = LABEL_HEIGHT * (double)lines;
    double height = HEIGHT + fmax(0, needed - room);
    return (struct canvas){height, BELOW_AXES / height, 1 - ABOVE_AXES / height};
}

/* Lists the labels of a drawing. The caller frees the list. */
static struct tag *tags_of(const struct drawing *drawing, struct arena *arena, size_t *count, size_t *lines)
{
    struct tag *tags = allocate(drawing->curve_count, sizeof *tags);
    *count = *lines = 0;
    for (size_t c = 0; c < drawing->curve_count; c++) {
        const struct curve *curve = &drawing->curves[c];
        if (!curve->count || !*curve->label) continue;
        struct tag *tag = &tags[(*count)++];
        *tag = (struct tag){.curve = c};
        tag->text = label_lines(arena, curve->label, LABEL_LENGTH, &tag->lines);
        *lines += tag->lines;
    }
    return tags;
}

static int by_wanted(const void *a, const void *b)
{
    const struct tag *x = a, *y = b;
    if (x->wanted != y->wanted) return x->wanted < y->wanted ? -1 : 1;
    return (x->curve > y->curve) - (x->curve < y->curve);
}

/* Sets the heights of labels so that their lines are at least `step` apart and each label is as near as
   possible to its wanted height: moves them up from the lowest on, then down from the highest on. */
static void spread(struct tag *tags, size_t n, double least, double most, double step)
{
    qsort(tags, n, sizeof *tags, by_wanted);
    for (size_t i = 0; i < n; i++) {
        double below = i ? tags[i - 1].y : least - step;
        tags[i].y = fmax(tags[i].wanted, below + step * (double)tags[i].lines);
    }
    for (size_t i = n; i-- > 0;)
        tags[i].y = fmin(tags[i].y, i + 1 == n ? most : tags[i + 1].y - step * (double)tags[i + 1].lines);
}

/* Writes three blocks: the labels on the right, leader lines from the curves' ends to them, the title. */
static void write_labels(const struct drawing *drawing, const struct span *x, const struct span *y,
                         const struct canvas *canvas, struct tag *tags, size_t n, struct text *out)
{
    double pixel = 1 / canvas->height, bottom = canvas->bottom, top = canvas->top;
    for (size_t i = 0; i < n; i++) {
        const struct curve *curve = &drawing->curves[tags[i].curve];
        tags[i].wanted = bottom + (top - bottom) * span_place(y, curve->y[curve->count - 1]);
    }
    spread(tags, n, bottom - 8 * pixel, top + 4 * pixel, LABEL_HEIGHT * pixel);
    for (size_t i = 0; i < n; i++)
        text_rows(out, right + 0.032, tags[i].y, LABEL_HEIGHT * pixel,
                  line_type(drawing->curves[tags[i].curve].colour), tags[i].text);
    /* The label of the y axis is above it, so that it is horizontal. */
    text_row(out, 0.015, top + 23 * pixel, INK, drawing->y_label, SUBTITLE_LENGTH);
    text_add(out, "\n\n");
    for (size_t i = 0; i < n; i++) {
        const struct curve *curve = &drawing->curves[tags[i].curve];
        int type = line_type(curve->colour);
        double from = right;
        if (curve->count > 1) from = left + (right - left) * span_place(x, curve->x[curve->count - 1]);
        text_add(out, "%.5f\t%.5f\t%d\n", from + 0.006, tags[i].wanted, type);
        text_add(out, "%.5f\t%.5f\t%d\n", right + 0.010, tags[i].wanted, type);
        text_add(out, "%.5f\t%.5f\t%d\n\n", right + 0.027, tags[i].y, type);
    }
    text_add(out, "NaN\tNaN\t1\n\n\n");
    text_row(out, 0.015, 1 - 20 * pixel, INK, drawing->title, TITLE_LENGTH);
}

void write_curves(const struct drawing *drawing, struct text *data, struct text *script)
{
    struct span x = span_of(drawing, drawing->x_axis, true), y = span_of(drawing, drawing->y_axis, false);
    struct text types = {0}, layers[4] = {{0}}; /* block numbers: measured, imported, bounds, references */
    for (size_t c = 0; c < drawing->curve_count; c++) {
        const struct curve *curve = &drawing->curves[c];
        text_add(&types, "%d ", line_type(curve->colour));
        text_add(&layers[curve->kind == CURVE_FIGURES ? curve->imported
                         : curve->kind == CURVE_BOUND ? 2
                                                      : 3],
                 "%zu ", c);
        for (size_t i = 0; i < curve->count; i++) {
            double from = curve->count == 1 && curve->kind != CURVE_FIGURES ? x.least : curve->x[i];
            text_add(data, "%.9g\t%.9g\t%.9g\t%.9g\n", from, curve->y[i], curve->lo[i], curve->hi[i]);
            if (curve->count == 1 && curve->kind != CURVE_FIGURES)
                text_add(data, "%.9g\t%.9g\tnan\tnan\n", x.most, curve->y[i]);
        }
        if (!curve->count) text_add(data, "NaN\tNaN\tNaN\tNaN\n");
        text_add(data, "\n\n");
    }
    struct arena arena = {0};
    size_t tag_count, lines;
    struct tag *tags = tags_of(drawing, &arena, &tag_count, &lines);
    struct canvas canvas = canvas_of(lines);
    write_labels(drawing, &x, &y, &canvas, tags, tag_count, data);
    free(tags);
    arena_free(&arena);
    text_add(script,
             "height = %.0f\nlabels = %zu\ntypes = '%s'\nmeasured = '%s'\nimported = '%s'\nbounds = "
             "'%s'\nreferences = '%s'\n",
             canvas.height, drawing->curve_count, text_get(&types), text_get(&layers[0]),
             text_get(&layers[1]), text_get(&layers[2]), text_get(&layers[3]));
    text_add(script, "at_left = %g; at_right = %g; at_bottom = %.5f; at_top = %.5f\n", left, right,
             canvas.bottom, canvas.top);
    text_add(script, "x_label = '%s'\n", drawing->x_label);
    text_add(script, "ranges = \"set xrange [%.9g:%.9g]; set yrange [%.9g:%.9g]", x.least, x.most, y.least,
             y.most);
    if (x.logarithmic) text_add(script, "; set logscale x");
    if (y.logarithmic) text_add(script, "; set logscale y");
    write_ticks(script, 'x', drawing->x_axis, &x);
    write_ticks(script, 'y', drawing->y_axis, &y);
    text_add(script, "\"\nload scripts.'/curves.gp'\n");
    text_free(&types);
    for (int i = 0; i < 4; i++) text_free(&layers[i]);
}
