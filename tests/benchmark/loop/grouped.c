#include "grouped.h"
#include "base/clock.h"
#include "stats/order.h"

#include <math.h>

double clock_tick_us(void)
{
    double tick = INFINITY, before = clock_s();
    for (int i = 0; i < 100000; i++) {
        double now = clock_s();
        if (now > before && now - before < tick) tick = now - before;
        before = now;
    }
    return tick * 1e6;
}

double grouped_median(double tick_us, double *us, size_t n)
{
    sort_doubles(us, n);
    double middle = us[n / 2];
    size_t below = 0, within = 0;
    for (size_t i = 0; i < n; i++) {
        below += us[i] < middle - tick_us / 2;
        within += fabs(us[i] - middle) <= tick_us / 2;
    }
    return middle + tick_us * (((double)n / 2 - (double)below) / (double)within - 0.5);
}
