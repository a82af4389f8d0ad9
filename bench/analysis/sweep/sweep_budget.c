/* Cost and time of a sweep. The cost counts all GPUs of the allocation, used or not. */
#include "analysis/sweep/sweep.h"
#include "base/text.h"

#include <math.h>

double price_per_hour(double usd_per_gpu_hour, int64_t gpus)
{
    return gpus > 0 ? usd_per_gpu_hour * (double)gpus : NAN;
}

int64_t affordable_seconds(double usd, double usd_per_hour, int64_t budget_s)
{
    double seconds = usd_per_hour > 0 ? floor(usd / usd_per_hour * 3600) : 1e9;
    if (!(seconds < 1e9)) seconds = 1e9;
    return budget_s && (double)budget_s < seconds ? budget_s : (int64_t)seconds;
}

double cost_usd(int64_t seconds, double usd_per_hour)
{
    return (double)seconds / 3600 * usd_per_hour;
}

int64_t share_of_budget(int64_t budget_left_s, int64_t left, int64_t overhead_s)
{
    int64_t share = (budget_left_s - left * overhead_s) / (left > 0 ? left : 1);
    return share < 2 ? 2 : share;
}

int64_t launch_deadline(double asked_s, double estimate_s, int64_t share_s)
{
    if (asked_s > 0) return asked_s < 1 ? 1 : (int64_t)asked_s;
    /* Plan files are untrusted: an estimate counts as 1e6 s (11.6 days) at most. */
    int64_t by_estimate = 60 + 2 * (int64_t)fmin(fmax(estimate_s, 0), 1e6), by_share = 60 + 2 * share_s;
    return share_s && by_share < by_estimate ? by_share : by_estimate;
}

void shortage_text(const struct plan *plan, int64_t left, int64_t budget_s, int64_t overhead_s,
                   struct text *out)
{
    int64_t share_s = share_of_budget(budget_s, left, overhead_s);
    struct text drivers = {0}, beyond = {0};
    char duration[64];
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_row *row = &plan->rows[i];
        const double measures_s = fmax(row->estimate_s - (double)overhead_s, 1);
        if (row->state == LAUNCH_DONE || !(row->estimate_s > (double)share_s)) continue;
        if (has_name(text_get(&drivers), row->driver)) continue;
        text_add(out, "%s%s %s", drivers.length ? ", " : "", row->driver,
                 duration_text((int64_t)fmin(row->estimate_s, 1e9), duration));
        text_add(&drivers, "%s ", row->driver);
        if (measures_s <= (double)share_s) continue;
        text_add(&beyond, "%s", beyond.length ? "; " : "");
        beyond_text(row, (double)share_s / measures_s, &beyond);
    }
    if (out->length)
        text_add(
            out,
            ", but the budget gives each launch about %s: it measures its cases for a shorter time, small "
            "ones first, and leaves out those for which none remains",
            duration_text(share_s, duration));
    if (beyond.length) text_add(out, ": at full length %s", text_get(&beyond));
    text_free(&drivers);
    text_free(&beyond);
}

const char *duration_text(int64_t seconds, char text[64])
{
    long long s = seconds < 0 ? 0 : (long long)seconds;
    if (s >= 3600)
        snprintf(text, 64, "%lld h %02lld min", s / 3600, s % 3600 / 60);
    else if (s >= 60)
        snprintf(text, 64, "%lld min %02lld s", s / 60, s % 60);
    else
        snprintf(text, 64, "%lld s", s);
    return text;
}

const char *cost_text(int64_t seconds, double usd_per_hour, char text[64])
{
    *text = 0;
    if (isfinite(usd_per_hour)) snprintf(text, 64, ", %.2f USD", cost_usd(seconds, usd_per_hour));
    return text;
}
