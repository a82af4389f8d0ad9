#include "analysis/plot/drawing.h"
#include "analysis/common/table.h"
#include "base/outfile.h"
#include "base/utf8.h"
#include "base/units.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The canvas in screen coordinates (0…1), shared with the scripts through plots.gp. */
static const double left = 0.105, right = 0.635, bottom = 0.155, top = 0.84;
static const double bars_left = 0.35, bars_right = 0.72;
enum {
    WIDTH = 660,
    HEIGHT = 410,
    LABEL_HEIGHT = 15,
    BAR_HEIGHT = 21,
    LABEL_LENGTH = 29,
    NOTE_LENGTH = 25,
    TITLE_LENGTH = 66,
    SUBTITLE_LENGTH = 84
};

struct drawing *drawing_add(struct drawings *drawings, const char *name, const char *title)
{
    drawings->list = reallocate(drawings->list, drawings->count + 1, sizeof *drawings->list);
    struct drawing *drawing = &drawings->list[drawings->count++];
    *drawing = (struct drawing){.title = arena_string(&drawings->arena, title), .caption = ""};
    size_t n = 0, repeats = 1;
    for (; *name && n < sizeof drawing->name - 8; name++) {
        bool plain = (*name >= 'a' && *name <= 'z') || (*name >= '0' && *name <= '9') || *name == '-';
        drawing->name[n++] = plain ? *name : '-';
    }
    for (size_t i = 0; i + 1 < drawings->count; i++)
        if (strncmp(drawings->list[i].name, drawing->name, n) == 0) repeats++;
    if (repeats > 1) snprintf(drawing->name + n, sizeof drawing->name - n, "-%zu", repeats % 1000000);
    return drawing;
}

struct curve *drawing_curve(struct drawings *drawings, struct drawing *drawing, enum curve_kind kind,
                            const char *label, size_t points)
{
    drawing->curves = reallocate(drawing->curves, drawing->curve_count + 1, sizeof *drawing->curves);
    struct curve *curve = &drawing->curves[drawing->curve_count++];
    double *space = arena_memory(&drawings->arena, 4 * (points + 1) * sizeof *space);
    *curve = (struct curve){.kind = kind,
                            .label = arena_string(&drawings->arena, label),
                            .x = space,
                            .y = space + points,
                            .lo = space + 2 * points,
                            .hi = space + 3 * points};
    return curve;
}

void curve_point(struct curve *curve, double x, double y, double lo, double hi)
{
    size_t i = curve->count++;
    curve->x[i] = x, curve->y[i] = y, curve->lo[i] = lo, curve->hi[i] = hi;
}

struct bar *drawing_bar(struct drawings *drawings, struct drawing *drawing)
{
    (void)drawings;
    drawing->bars = reallocate(drawing->bars, drawing->bar_count + 1, sizeof *drawing->bars);
    struct bar *bar = &drawing->bars[drawing->bar_count++];
    *bar = (struct bar){
        .group = "", .note = "", .name = "", .detail = "", .value = NAN, .lo = NAN, .hi = NAN, .top = NAN};
    return bar;
}

void drawings_free(struct drawings *drawings)
{
    for (size_t i = 0; i < drawings->count; i++) {
        free(drawings->list[i].curves);
        free(drawings->list[i].bars);
    }
    free(drawings->list);
    arena_free(&drawings->arena);
    *drawings = (struct drawings){0};
}

/* ---- text in data columns ---- */

/* Adds untrusted text, at most `most` columns wide; "-" if it is empty. Replaces quotes and backslashes,
   because gnuplot interprets them even in data columns. */
static void data_text(struct text *out, const char *text, size_t most)
{
    struct text plain = {0};
    size_t columns = 0, bytes;
    wchar_t letter;
    plain_text(&plain, text, most);
    for (const char *c = text_get(&plain); *c; c += bytes) {
        bytes = utf8_letter(c, &letter);
        columns += letter_columns(letter);
        if (columns + (c[bytes] != 0) > most && letter_columns(letter) > 1) {
            text_add(out, "…");
            break;
        }
        if (*c == '"')
            text_add(out, "”");
        else if (*c == '\\')
            text_add(out, "/");
        else
            text_add_bytes(out, c, bytes);
    }
    if (!plain.length) text_add(out, "-");
    text_free(&plain);
}

/* Replaces letters other than Latin, Greek, Cyrillic, punctuation, arrows and signs by '?', for PNG and PDF
   files: if no installed font has a letter, Pango draws a box of arbitrary size. SVG files keep them, since
   the browser finds a font. */
static bool replace_rare_letters(struct text *text)
{
    struct text plain = {0};
    bool replaced = false;
    wchar_t letter;
    size_t bytes;
    for (const char *c = text_get(text); *c; c += bytes) {
        bytes = utf8_letter(c, &letter);
        bool common = letter < 0x540 || (letter >= 0x2000 && letter < 0x2300);
        text_add_bytes(&plain, common ? c : "?", common ? bytes : 1);
        replaced |= !common;
    }
    text_free(text);
    *text = plain;
    return replaced;
}

/* The line types of style.gp: 1…16 curves, then grey and ink. */
enum { GREY = 17, INK = 18 };

static int line_type(int colour)
{
    return colour > 0 ? (colour - 1) % DRAWING_CURVES + 1 : GREY;
}

static void text_row(struct text *out, double x, double y, int colour, const char *label, size_t most)
{
    text_add(out, "%.5f\t%.5f\t%d\t", x, y, colour);
    data_text(out, label, most);
    text_add(out, "\n");
}

/* ---- axes ---- */

struct span {
    double least, most;
    bool logarithmic;
};

static double place(const struct span *span, double value)
{
    if (span->logarithmic) return log(value / span->least) / log(span->most / span->least);
    return (value - span->least) / (span->most - span->least);
}

static void widen(struct span *span, double value)
{
    if (!isfinite(value) || (span->logarithmic && value <= 0)) return;
    if (!(value >= span->least)) span->least = value;
    if (!(value <= span->most)) span->most = value;
}

/* The range of the data on an axis. Starts with NAN, which the first value replaces because comparisons with
   NAN are false. */
static struct span span_of(const struct drawing *drawing, enum axis axis, bool of_x)
{
    struct span span = {NAN, NAN,
                        axis == AXIS_BYTES || axis == AXIS_COUNT || axis == AXIS_RATIO || axis == AXIS_US};
    for (size_t c = 0; c < drawing->curve_count; c++) {
        const struct curve *curve = &drawing->curves[c];
        if (of_x && curve->kind != CURVE_FIGURES) continue;
        for (size_t i = 0; i < curve->count; i++) {
            widen(&span, of_x ? curve->x[i] : curve->y[i]);
            if (!of_x) widen(&span, curve->lo[i]), widen(&span, curve->hi[i]);
        }
    }
    if (!isfinite(span.least)) span.least = span.logarithmic ? 1 : 0, span.most = span.logarithmic ? 2 : 1;
    if (axis == AXIS_FROM_0) {
        span.least = 0;
        span.most = span.most > 0 ? span.most * 1.06 : 1;
    } else if (axis == AXIS_LINEAR) {
        double room = fmax((span.most - span.least) * 0.15, 1e-3 * fmax(1, fabs(span.most)));
        span.least -= room, span.most += room;
    } else if (axis == AXIS_HOURS) {
        if (!(span.most > span.least)) span.most = span.least + 1;
        double room = (span.most - span.least) * 0.02;
        span.least -= room, span.most += room;
    } else if (axis == AXIS_US) {
        span.least /= 1.5, span.most *= 1.5;
    } else {
        span.least /= 1.25, span.most *= 1.25;
    }
    return span;
}

static void write_ticks(struct text *out, char name, enum axis axis, const struct span *span)
{
    static const char *const units[] = {"ns", "µs", "ms", "s"};
    char text[UNIT_TEXT];
    if (!span->logarithmic) {
        /* Values from 1e6 on are unrealistic, but then print 2.5M, not 2.5e+06. */
        bool many = fmax(fabs(span->least), fabs(span->most)) >= 1e6;
        text_add(out, "; set %ctics autofreq; set format %c '%s'", name, name, many ? "%.1s%c" : "%.6g");
        return;
    }
    const char *between = "";
    text_add(out, "; set %ctics (", name);
    if (axis == AXIS_US) {
        /* A short axis also has ticks between the powers of ten: at least two, even on the shortest (1.5 *
           1.5). */
        static const double all[] = {1, 1.5, 2, 3, 4, 6, 8}, three[] = {1, 2, 5};
        double ratio = span->most / span->least;
        const double *digits = ratio < 8 ? all : three;
        size_t count = ratio < 8 ? sizeof all / sizeof *all : ratio < 50 ? 3 : 1;
        for (int e = -3; e <= 8; e++)
            for (size_t d = 0; d < count; d++) {
                double value = digits[d] * pow(10, e);
                if (value < span->least || value > span->most) continue;
                text_add(out, "%s'%g %s' %g", between, digits[d] * pow(10, (e + 3) % 3), units[(e + 3) / 3],
                         value);
                between = ", ";
            }
    } else {
        int first = (int)ceil(log2(span->least) - 1e-9), last = (int)floor(log2(span->most) + 1e-9), step = 1;
        if (first < 0 && axis != AXIS_RATIO) first = 0;
        while ((last - first) / step > 6) step++;
        for (int e = first; e <= last && e < 63; e += step) {
            if (axis == AXIS_BYTES)
                format_size((size_t)1 << e, text);
            else
                snprintf(text, sizeof text, "%.15g", ldexp(1, e));
            text_add(out, "%s'%s' %.15g", between, text, ldexp(1, e));
            between = ", ";
        }
    }
    text_add(out, ")");
}

/* ---- labels that do not overlap ---- */

struct tag {
    double wanted, y;
    size_t curve;
};

static int by_wanted(const void *a, const void *b)
{
    const struct tag *x = a, *y = b;
    if (x->wanted != y->wanted) return x->wanted < y->wanted ? -1 : 1;
    return (x->curve > y->curve) - (x->curve < y->curve);
}

/* Sets the heights of labels so that neighbours are `step` apart and each is as near as possible to its
   wanted height: moves them up from the lowest on, then down from the highest on. */
static void spread(struct tag *tags, size_t n, double least, double most, double step)
{
    qsort(tags, n, sizeof *tags, by_wanted);
    if (n > 1 && step * (double)(n - 1) > most - least) step = (most - least) / (double)(n - 1);
    for (size_t i = 0; i < n; i++) {
        tags[i].y = fmax(tags[i].wanted, least);
        if (i) tags[i].y = fmax(tags[i].y, tags[i - 1].y + step);
    }
    for (size_t i = n; i-- > 0;) tags[i].y = fmin(tags[i].y, i + 1 == n ? most : tags[i + 1].y - step);
}

/* Writes three blocks: the labels on the right, leader lines from the curves' ends to them, the title. */
static void write_labels(const struct drawing *drawing, const struct span *x, const struct span *y,
                         struct text *out)
{
    struct tag *tags = allocate(drawing->curve_count, sizeof *tags);
    size_t n = 0;
    for (size_t c = 0; c < drawing->curve_count; c++) {
        const struct curve *curve = &drawing->curves[c];
        if (curve->count && *curve->label)
            tags[n++] = (struct tag){bottom + (top - bottom) * place(y, curve->y[curve->count - 1]), 0, c};
    }
    spread(tags, n, bottom - 0.02, top + 0.01, (double)LABEL_HEIGHT / HEIGHT);
    for (size_t i = 0; i < n; i++) {
        const struct curve *curve = &drawing->curves[tags[i].curve];
        text_row(out, right + 0.032, tags[i].y, line_type(curve->colour), curve->label, LABEL_LENGTH);
    }
    /* The label of the y axis is above it, so that it is horizontal. */
    text_row(out, 0.015, top + 0.055, INK, drawing->y_label, SUBTITLE_LENGTH);
    text_add(out, "\n\n");
    for (size_t i = 0; i < n; i++) {
        const struct curve *curve = &drawing->curves[tags[i].curve];
        int type = line_type(curve->colour);
        double from = right;
        if (curve->count > 1) from = left + (right - left) * place(x, curve->x[curve->count - 1]);
        text_add(out, "%.5f\t%.5f\t%d\n", from + 0.006, tags[i].wanted, type);
        text_add(out, "%.5f\t%.5f\t%d\n", right + 0.010, tags[i].wanted, type);
        text_add(out, "%.5f\t%.5f\t%d\n\n", right + 0.027, tags[i].y, type);
    }
    text_add(out, "NaN\tNaN\t1\n\n\n");
    text_row(out, 0.015, 0.95, INK, drawing->title, TITLE_LENGTH);
    free(tags);
}

static void write_curves(const struct drawing *drawing, struct text *data, struct text *script)
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
    write_labels(drawing, &x, &y, data);
    text_add(script,
             "height = %d\nlabels = %zu\ntypes = '%s'\nmeasured = '%s'\nimported = '%s'\nbounds = "
             "'%s'\nreferences = '%s'\n",
             HEIGHT, drawing->curve_count, text_get(&types), text_get(&layers[0]), text_get(&layers[1]),
             text_get(&layers[2]), text_get(&layers[3]));
    text_add(script, "at_left = %g; at_right = %g; at_bottom = %g; at_top = %g\n", left, right, bottom, top);
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

/* ---- bars: all in screen coordinates, except the value ---- */

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

static void write_bars(const struct drawing *drawing, struct text *data, struct text *script)
{
    size_t groups = 0;
    double most = 0;
    for (size_t i = 0; i < drawing->bar_count; i++) {
        const struct bar *bar = &drawing->bars[i];
        groups += i == 0 || !same(bar->group, bar[-1].group);
        most = fmax(most, fmax(fmax(isfinite(bar->value) ? bar->value : 0, isfinite(bar->hi) ? bar->hi : 0),
                               isfinite(bar->top) ? bar->top : 0));
    }
    if (!(most > 0)) most = 1;
    double height = 122 + BAR_HEIGHT * (double)drawing->bar_count + 9 * (double)groups, y = 1 - 44 / height;
    struct text pale = {0}, marks = {0}, intervals = {0}, notes = {0};
    for (size_t i = 0; i < drawing->bar_count; i++) {
        const struct bar *bar = &drawing->bars[i];
        bool starts = i == 0 || !same(bar->group, bar[-1].group);
        y -= (BAR_HEIGHT + (starts ? 9 : 0)) / height;
        double half = BAR_HEIGHT * 0.42 / height,
               end =
                   fmax(bar->value, fmax(isfinite(bar->hi) ? bar->hi : 0, isfinite(bar->top) ? bar->top : 0));
        bar_row(bar->light ? &pale : data, bar, y, half);
        if (isfinite(bar->top))
            text_add(&marks, "%.9g\t%.5f\t0\t%.5f\n", bar->top, y - half * 1.15, 2.3 * half);
        if (isfinite(bar->lo))
            text_add(&intervals, "%.9g\t%.5f\t%.9g\t%.9g\n", bar->value, y, bar->lo, bar->hi);
        text_row(&notes, bars_left + (bars_right - bars_left) * end / (most * 1.02) + 0.012, y, INK,
                 bar->note, NOTE_LENGTH);
        if (starts) text_row(&notes, 0.015, y, line_type(bar->colour), bar->group, 34);
    }
    text_add(data, "NaN\tNaN\t0\tNaN\tNaN\tNaN\t1\n\n\n%sNaN\tNaN\t0\tNaN\tNaN\tNaN\t1\n\n\n",
             text_get(&pale));
    text_add(data, "%sNaN\tNaN\t0\tNaN\n\n\n%sNaN\tNaN\tNaN\tNaN\n\n\n", text_get(&marks),
             text_get(&intervals));
    text_add(data, "%sNaN\tNaN\t1\t-\n\n\n", text_get(&notes));
    text_row(data, 0.015, 1 - 21 / height, INK, drawing->title, TITLE_LENGTH);
    text_add(script, "height = %.0f\nat_left = %g; at_right = %g; at_bottom = %.5f; at_top = %.5f\n", height,
             bars_left, bars_right, 62 / height, 1 - 44 / height);
    text_add(script,
             "x_label = '%s'\nranges = 'set xrange [0:%.9g]; set yrange [%.5f:%.5f]; set xtics %.9g'\nload "
             "scripts.'/bars.gp'\n",
             drawing->x_label, most * 1.02, 62 / height, 1 - 44 / height, bars_step(most));
    text_free(&pale);
    text_free(&marks);
    text_free(&intervals);
    text_free(&notes);
}

/* ---- heatmap of pairs of hosts ---- */

/* Writes no row for a cell that was not measured, so that the background shows. */
static void write_heat(const struct drawing *drawing, struct text *data, struct text *script)
{
    const struct heat *heat = &drawing->heat;
    double n = (double)heat->side, height = 560, low = 0.11, high = 0.90, from = 0.25, to = 0.82;
    for (size_t i = 0; i < heat->side; i++)
        for (size_t j = 0; j < heat->side; j++)
            if (isfinite(heat->values[i * heat->side + j]))
                text_add(data, "%zu\t%zu\t%g\t%g\t%g\t%g\t%.9g\n", j, i, (double)j - 0.5, (double)j + 0.5,
                         (double)i - 0.5, (double)i + 0.5, heat->values[i * heat->side + j]);
    text_add(data, "NaN\tNaN\tNaN\tNaN\tNaN\tNaN\tNaN\n\n\n");
    for (size_t c = 0; c < heat->cut_count; c++) {
        double at = (double)heat->cuts[c] - 0.5;
        text_add(data, "%g\t-0.5\n%g\t%g\n\n-0.5\t%g\n%g\t%g\n\n", at, at, n - 0.5, at, n - 0.5, at);
    }
    text_add(data, "NaN\tNaN\n\n\n");
    size_t step = (heat->side + 29) / 30;
    for (size_t i = 0; i < heat->side; i += step)
        text_row(data, from - 0.015, high - (high - low) * ((double)i + 0.5) / n, INK, heat->names[i], 20);
    text_add(data, "\n\n");
    text_row(data, 0.015, high + 0.022, INK, drawing->y_label, SUBTITLE_LENGTH);
    text_add(data, "\n\n");
    text_row(data, 0.015, 0.965, INK, drawing->title, TITLE_LENGTH);
    text_add(script, "height = %.0f\nhosts = %zu\nat_left = %g; at_right = %g; at_bottom = %g; at_top = %g\n",
             height, heat->side, from, to, low, high);
    text_add(script, "x_label = '%s'\nleast = %.9g; most = %.9g\nload scripts.'/heatmap.gp'\n",
             drawing->x_label, heat->least, heat->most);
}

static enum status write_file(const char *folder, const char *name, const char *suffix,
                              const struct text *content)
{
    struct text path = {0};
    text_add(&path, "%s/%s%s", folder, name, suffix);
    struct outfile out;
    enum status status = outfile_open(&out, path.data, OUTFILE_REPLACE);
    if (!status) {
        (void)fwrite(text_get(content), 1, content->length, out.file); /* closing the file reports errors */
        status = outfile_close(&out, STATUS_OK);
    }
    text_free(&path);
    return status;
}

const struct names plot_files_names = NAMES("svg", "png", "pdf", "svg,png", "svg,png,pdf");

enum status drawings_write(const struct drawings *drawings, const char *folder, enum plot_files files)
{
    struct text script = {0}, data = {0};
    enum status status = STATUS_OK;
    bool rare = false;
    char formats[32];
    snprintf(formats, sizeof formats, "%s", name_of(&plot_files_names, (int)files));
    for (char *c = formats; *c; c++)
        if (*c == ',') *c = ' ';
    text_add(&script,
             "# Written by busbar: BUSBAR_PLOT=scripts/plot gnuplot plots.gp draws the plots anew.\n"
             "scripts = system('printf %%s \"$BUSBAR_PLOT\"')\npictures = system('printf %%s "
             "\"$BUSBAR_PICTURES\"')\n"
             "formats = '%s'\nwidth = %d\nload "
             "scripts.'/style.gp'\n",
             formats, WIDTH);
    for (size_t i = 0; !status && i < drawings->count; i++) {
        const struct drawing *drawing = &drawings->list[i];
        text_clear(&data);
        text_add(&script, "\nreset\nname = '%s'\n", drawing->name);
        if (drawing->bar_count)
            write_bars(drawing, &data, &script);
        else if (drawing->heat.side)
            write_heat(drawing, &data, &script);
        else
            write_curves(drawing, &data, &script);
        if (files != PLOT_SVG) rare |= replace_rare_letters(&data);
        status = write_file(folder, drawing->name, ".tsv", &data);
    }
    if (files != PLOT_SVG) rare |= replace_rare_letters(&script);
    if (rare) warn("PNG and PDF: '?' replaces letters that the fonts may not have (--format svg keeps them)");
    if (!status) status = write_file(folder, "plots", ".gp", &script);
    text_free(&script);
    text_free(&data);
    return status;
}
