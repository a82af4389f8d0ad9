#include "analysis/plot/drawing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool has_name_before(const struct drawings *drawings, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (same(drawings->list[i].name, drawings->list[at].name)) return true;
    return false;
}

struct drawing *drawing_add(struct drawings *drawings, const char *name, const char *title)
{
    drawings->list = reallocate(drawings->list, drawings->count + 1, sizeof *drawings->list);
    struct drawing *drawing = &drawings->list[drawings->count++];
    *drawing = (struct drawing){.title = arena_string(&drawings->arena, title), .caption = ""};
    size_t n = 0;
    for (; *name && n < sizeof drawing->name - 8; name++) {
        bool plain = (*name >= 'a' && *name <= 'z') || (*name >= '0' && *name <= '9') || *name == '-';
        drawing->name[n++] = plain ? *name : '-';
    }
    for (size_t number = 2; has_name_before(drawings, drawings->count - 1); number++)
        snprintf(drawing->name + n, sizeof drawing->name - n, "-%zu", number % 1000000);
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

void bar_figure(struct bar *bar, struct figure figure)
{
    bar->value = figure.point;
    if (figure.kind != INTERVAL_NONE) bar->lo = figure.lo, bar->hi = figure.hi;
}

struct bar *drawing_bar(struct drawing *drawing)
{
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
