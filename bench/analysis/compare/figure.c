#include "analysis/compare/figure.h"
#include "analysis/common/json.h"
#include "stats/order.h"

#include <math.h>
#include <stdio.h>

struct figure figure_absent(void)
{
    return (struct figure){NAN, NAN, NAN, INTERVAL_NONE};
}

bool figure_present(struct figure figure)
{
    return isfinite(figure.point);
}

struct figure figure_of_launches(double *values, size_t n)
{
    if (n == 0) return figure_absent();
    sort_doubles(values, n);
    struct figure figure = {.point = median_sorted(values, n)};
    bool exact = median_interval_sorted(values, n, 0.05, &figure.lo, &figure.hi);
    figure.kind = exact ? INTERVAL_EXACT : n > 1 ? INTERVAL_RANGE : INTERVAL_NONE;
    return figure;
}

struct figure figure_of_rest(double *values, size_t n)
{
    struct figure figure = figure_of_launches(values, n);
    if (figure.kind != INTERVAL_EXACT) return figure;
    return (struct figure){figure.point, values[0], values[n - 1], INTERVAL_RANGE};
}

struct figure figure_inverse(double numerator, struct figure figure)
{
    if (!isfinite(numerator) || !(figure.lo > 0)) return figure_absent();
    return (struct figure){numerator / figure.point, numerator / figure.hi, numerator / figure.lo,
                           figure.kind};
}

struct figure figure_scaled(struct figure figure, double factor)
{
    if (!isfinite(factor) || !(factor > 0)) return figure_absent();
    return (struct figure){figure.point * factor, figure.lo * factor, figure.hi * factor, figure.kind};
}

const char *interval_name(enum interval_kind kind)
{
    switch (kind) {
    case INTERVAL_EXACT:
        return "95 % interval over launches";
    case INTERVAL_RANGE:
        return "min-max of launches";
    case INTERVAL_NONE:
        break;
    }
    return "one launch, no interval";
}

/* "478–490"; "" if there is no interval. */
static const char *range_text(struct figure figure, char text[80])
{
    char lo[32], hi[32];
    if (figure.kind == INTERVAL_NONE) return "";
    snprintf(text, 80, "%s–%s", number_text(figure.lo, lo), number_text(figure.hi, hi));
    return text;
}

void figure_words(struct text *out, struct figure figure, const char *before)
{
    char point[32], range[80];
    if (!figure_present(figure)) return;
    text_add(out, "%s", number_text(figure.point, point));
    if (figure.kind != INTERVAL_NONE) text_add(out, "%s[%s]", before, range_text(figure, range));
}

void figure_cells(struct table *table, struct figure figure)
{
    char point[32], range[80];
    table_cell(table, "%s", number_text(figure.point, point));
    table_cell(table, "%s", range_text(figure, range));
}

void figure_exact_columns(struct table *table, const char *name)
{
    static const char *const ends[] = {"", "_lo", "_hi"};
    for (int i = 0; i < 3; i++) {
        struct text column = {0};
        text_add(&column, "%s%s", name, ends[i]);
        table_column(table, arena_string(&table->arena, text_get(&column)), true);
        text_free(&column);
    }
}

void figure_exact_cells(struct table *table, struct figure figure)
{
    const double values[] = {figure.point, figure.lo, figure.hi};
    for (int i = 0; i < 3; i++)
        if (isfinite(values[i]) && (i == 0 || figure.kind != INTERVAL_NONE))
            table_cell(table, "%.7g", values[i]);
        else
            table_cell(table, "%s", "");
}

void put_figure_members(json_t *object, const char *key, struct figure figure)
{
    if (!figure_present(figure)) return;
    object_put_real(object, key, figure.point);
    if (figure.kind != INTERVAL_NONE) {
        object_put_real(object, "lo", figure.lo);
        object_put_real(object, "hi", figure.hi);
    }
    object_put_text(object, "interval", interval_name(figure.kind));
}

void put_figure(json_t *object, const char *key, struct figure figure)
{
    if (!figure_present(figure)) return;
    json_t *value = json_object();
    put_figure_members(value, "value", figure);
    object_put(object, key, value);
}
