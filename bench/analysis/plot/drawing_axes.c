#include "analysis/plot/drawing_axes.h"
#include "base/units.h"

#include <math.h>
#include <stdio.h>

double span_place(const struct span *span, double value)
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

/* Starts with NAN, which the first value replaces because comparisons with NAN are false. */
struct span span_of(const struct drawing *drawing, enum axis axis, bool of_x)
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

void write_ticks(struct text *out, char name, enum axis axis, const struct span *span)
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
