/* The estimate that --dry-run prints, for one sweep or for several that share their limits. */
#include "analysis/sweep/sweep.h"
#include "record/files.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

void estimate_text(const struct sweep_estimate *e, struct text *out)
{
    char duration[64], cost[64];
    int64_t s = (int64_t)fmin(e->seconds, 1e12);
    text_add(out, "%lld launch%s on %lld host%s, at most about %s%s", (long long)e->launches,
             e->launches == 1 ? "" : "es", (long long)e->hosts, e->hosts == 1 ? "" : "s",
             duration_text(s, duration), cost_text(s, e->usd_per_hour, cost));
    if (e->budget_s)
        text_add(out, "; the budget ends it after %s%s", duration_text(e->budget_s, duration),
                 cost_text(e->budget_s, e->usd_per_hour, cost));
}

enum status estimate_append(const char *path, const struct sweep_estimate *e)
{
    FILE *file = fopen(path, "ae");
    if (file)
        fprintf(file, "%lld\t%lld\t%lld\t%lld\t%.17g\n", (long long)e->launches, (long long)e->hosts,
                (long long)ceil(fmin(e->seconds, 1e12)), (long long)e->budget_s, e->usd_per_hour);
    bool written = file && all_written(file);
    if ((file && fclose(file)) || !written)
        return fail(STATUS_ENVIRONMENT, "cannot write %s: %s", path, strerror(errno));
    return STATUS_OK;
}

enum status estimates_sum(const char *path, struct sweep_estimate *sum)
{
    struct line_reader reader;
    *sum = (struct sweep_estimate){.usd_per_hour = NAN};
    enum status status = line_reader_open(&reader, path);
    if (status) return status;
    while (!status && line_reader_next(&reader)) {
        int64_t launches, seconds;
        if (sscanf(reader.line, "%" SCNd64 "\t%" SCNd64 "\t%" SCNd64 "\t%" SCNd64 "\t%lf", &launches,
                   &sum->hosts, &seconds, &sum->budget_s, &sum->usd_per_hour) != 5)
            status = fail(STATUS_USAGE, "%s: '%s' is not what --print-estimate writes", path, reader.line);
        else
            sum->launches += launches, sum->seconds += (double)seconds;
    }
    line_reader_close(&reader);
    return status;
}
