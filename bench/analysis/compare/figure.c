/* Computes figures with intervals from launches, and derives rates and shares from figures. */
#include "analysis/common/json.h"
#include "analysis/compare/aggregate.h"
#include "stats/order.h"

#include <math.h>

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

struct figure figure_of_all(double *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i])) return figure_absent();
    return figure_of_launches(values, n);
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

void put_figure(json_t *object, const char *key, struct figure figure)
{
    if (!figure_present(figure)) return;
    json_t *value = json_object();
    object_put_real(value, "value", figure.point);
    if (figure.kind != INTERVAL_NONE) {
        object_put_real(value, "lo", figure.lo);
        object_put_real(value, "hi", figure.hi);
    }
    object_put_text(value, "interval", interval_name(figure.kind));
    object_put(object, key, value);
}
