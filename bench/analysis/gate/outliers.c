#include "analysis/gate/outliers.h"
#include "stats/order.h"
#include "stats/ranks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double LEAST_SHIFT = 0.03; /* of ln: smaller differences are not worth a warning */

static size_t without_gaps(const double *values, size_t n, double *present)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i])) present[count++] = values[i];
    return count;
}

double launch_scatter(const double *base, size_t base_count, const double *fresh, size_t fresh_count)
{
    double *x = allocate(base_count + 1, sizeof *x), *y = allocate(fresh_count + 1, sizeof *y);
    size_t m = without_gaps(base, base_count, x), n = without_gaps(fresh, fresh_count, y);
    double sigma = launch_sigma(x, m, y, n);
    free(x);
    free(y);
    return isfinite(sigma) ? sigma : 0;
}

/* ---- which launches ---- */

struct value {
    const char *key;
    size_t launch;
    double ln_us;
};

static int by_key(const void *a, const void *b)
{
    const struct value *x = a, *y = b;
    int order = x->key == y->key ? 0 : strcmp(x->key, y->key);
    return order ? order : (x->launch > y->launch) - (x->launch < y->launch);
}

/* Summary of a launch's outlying cases. */
struct apart {
    size_t launch, cases, outlying;
    double most; /* the largest distance of ln(median) from that of all launches, with its sign */
    const char *worst;
};

static void judge_case(const struct value *values, size_t count, struct apart *apart)
{
    double *ln_us = allocate(count, sizeof *ln_us);
    for (size_t i = 0; i < count; i++) ln_us[i] = values[i].ln_us;
    double middle = median(ln_us, count), sigma = robust_sigma(ln_us, count);
    for (size_t i = 0; i < count; i++) {
        struct apart *launch = &apart[values[i].launch];
        double off = values[i].ln_us - middle;
        launch->cases++;
        if (count < OUTLYING_LAUNCHES || fabs(off) <= fmax(OUTLYING_SIGMAS * sigma, LEAST_SHIFT)) continue;
        launch->outlying++;
        if (fabs(off) > fabs(launch->most)) launch->most = off, launch->worst = values[i].key;
    }
    free(ln_us);
}

static bool has_figure(const struct case_row *row)
{
    return row->key && row->samples_us.count && sampled_time_us(row) > 0 && isfinite(sampled_time_us(row)) &&
           row->status == CASE_OK && !(row->wrong > 0);
}

static struct apart *find_apart(const struct launch *const *launches, size_t count)
{
    struct apart *apart = allocate(count + 1, sizeof *apart);
    size_t rows = 0, n = 0;
    for (size_t l = 0; l < count; l++) apart[l].launch = l, rows += launches[l]->case_count;
    struct value *values = allocate(rows + 1, sizeof *values);
    for (size_t l = 0; l < count; l++)
        for (size_t c = 0; c < launches[l]->case_count; c++)
            if (has_figure(&launches[l]->cases[c]))
                values[n++] = (struct value){launches[l]->cases[c].key, l,
                                             log(sampled_time_us(&launches[l]->cases[c]))};
    if (n) qsort(values, n, sizeof *values, by_key);
    for (size_t i = 0, next; i < n; i = next) {
        for (next = i + 1; next < n && strcmp(values[next].key, values[i].key) == 0;) next++;
        judge_case(&values[i], next - i, apart);
    }
    free(values);
    return apart;
}

/* ---- what was special about them ---- */

static void hosts_of(const struct launch *launch, struct text *out)
{
    enum { SHOWN = 4 };
    for (size_t i = 0; i < launch->header.host_count && i < SHOWN; i++)
        text_add(out, "%s%s", i ? "," : "",
                 launch->header.hosts[i].name ? launch->header.hosts[i].name : "?");
    if (launch->header.host_count > SHOWN) text_add(out, ",… %zu hosts", launch->header.host_count);
}

static void add_hosts(const struct launch *const *launches, size_t count, const struct apart *apart,
                      struct text *line)
{
    struct text own = {0}, other = {0}, first = {0};
    bool alike = true;
    hosts_of(launches[apart->launch], &own);
    for (size_t l = 0; l < count; l++) {
        if (l == apart->launch) continue;
        text_clear(&other);
        hosts_of(launches[l], &other);
        if (!first.length) text_add(&first, "%s", text_get(&other));
        alike &= same(text_get(&own), text_get(&other));
    }
    if (!alike && own.length)
        text_add(line, "; it ran on %s (others: %s%s)", text_get(&own), text_get(&first),
                 count > 2 ? ", …" : "");
    text_free(&own);
    text_free(&other);
    text_free(&first);
}

/* The share of a launch's samples that were set aside because a thread was preempted; NAN: not counted. */
static double share_set_aside(const struct launch *launch)
{
    double aside = 0, kept = 0;
    for (size_t c = 0; c < launch->case_count; c++) {
        const struct case_row *row = &launch->cases[c];
        if (row->preempted == ABSENT) continue;
        aside += (double)row->preempted;
        kept += (double)row->samples_us.count;
    }
    return aside + kept > 0 ? aside / (aside + kept) : NAN;
}

static void add_set_aside(const struct launch *const *launches, size_t count, const struct apart *apart,
                          struct text *line)
{
    double own = share_set_aside(launches[apart->launch]), *others = allocate(count, sizeof *others);
    size_t n = 0;
    for (size_t l = 0; l < count; l++) {
        double share = l == apart->launch ? NAN : share_set_aside(launches[l]);
        if (!isnan(share)) others[n++] = share;
    }
    if (n && own > 2 * median(others, n) + 0.01)
        text_add(line, "; %.0f %% of its samples set aside (others %.0f %%)", 100 * own,
                 100 * median(others, n));
    free(others);
}

/* Adds date and time of the start if they are recorded, and if all others started later, or all earlier:
   "2026-11-27T21:23:31Z" becomes "2026-11-27 21:23". */
static void add_start(const struct launch *const *launches, size_t count, const struct apart *apart,
                      struct text *line)
{
    const char *own = launches[apart->launch]->header.started, *first = NULL, *last = NULL;
    for (size_t l = 0; l < count; l++) {
        const char *started = l == apart->launch ? NULL : launches[l]->header.started;
        if (started && (!first || strcmp(started, first) < 0)) first = started;
        if (started && (!last || strcmp(started, last) > 0)) last = started;
    }
    bool among = own && first && strcmp(first, own) <= 0 && strcmp(own, last) <= 0;
    if (!among && own && first && strlen(own) >= 16 && strlen(first) >= 16 && strlen(last) >= 16)
        text_add(line, "; started %.10s %.5s (others %.10s %.5s to %.10s %.5s)", own, own + 11, first,
                 first + 11, last, last + 11);
}

static int most_first(const void *a, const void *b)
{
    const struct apart *x = a, *y = b;
    if (x->outlying != y->outlying) return x->outlying > y->outlying ? -1 : 1;
    return (x->launch > y->launch) - (x->launch < y->launch);
}

size_t describe_outliers(const struct launch *const *launches, size_t count,
                         void (*say)(void *context, const char *line), void *context)
{
    struct apart *apart = find_apart(launches, count);
    struct text line = {0};
    size_t found = 0;
    qsort(apart, count, sizeof *apart, most_first);
    for (; found < count && apart[found].outlying; found++) {
        const struct apart *one = &apart[found];
        const struct launch *launch = launches[one->launch];
        text_clear(&line);
        text_add(
            &line,
            "launch %s (%s) stands apart in %zu of %zu case%s, at most %.3g times the launches' median: %s",
            launch->header.launch ? launch->header.launch : "?", launch->path, one->outlying, one->cases,
            one->cases == 1 ? "" : "s", exp(one->most), one->worst);
        add_hosts(launches, count, one, &line);
        add_set_aside(launches, count, one, &line);
        add_start(launches, count, one, &line);
        say(context, text_get(&line));
    }
    text_free(&line);
    free(apart);
    return found;
}
