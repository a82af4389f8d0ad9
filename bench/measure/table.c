#include "measure/table.h"
#include "base/text.h"
#include "base/units.h"
#include "base/utf8.h"
#include "measure/schedule.h"
#include "stats/order.h"

#include <math.h>
#include <string.h>

/* The row's figures from all samples, without a copy of them: they are sorted in place. */
static struct case_row summary(struct measured *m, const struct settings *s, unsigned capabilities)
{
    struct case_row row = cases_row(m, s, capabilities);
    sort_doubles(m->us, m->count);
    double middle = median_sorted(m->us, m->count);
    row.samples_us = (struct samples){&middle, 1};
    case_row_summarise(&row);
    row.samples_us = (struct samples){0};
    if (m->call.isolated && m->count >= 100) row.p99_us = percentile_sorted(m->us, m->count, 0.99);
    return row;
}

static void print_row(struct measured *m, const struct settings *s, unsigned capabilities, bool has_bounds,
                      FILE *out)
{
    char size[UNIT_TEXT], time[UNIT_TEXT], error[UNIT_TEXT] = "-", p99[UNIT_TEXT], alg[UNIT_TEXT],
                                           bus[UNIT_TEXT], wrong[UNIT_TEXT] = "-";
    double lo, hi, relative = relative_error(m->us, m->count, &lo, &hi);
    struct case_row row = summary(m, s, capabilities);
    if (isfinite(relative)) snprintf(error, sizeof error, "±%.1f%%", relative * 100);
    int error_width = 8 + (int)(strlen(error) - text_columns(error, strlen(error)));
    if (m->wrong != ABSENT) snprintf(wrong, sizeof wrong, "%lld", (long long)m->wrong);
    fprintf(out, "%10s %12zu %9s %6s %4s %10s %*s %10s %9s %9s %6s", format_size((size_t)row.bytes, size),
            m->call.count, dtypes[m->call.dtype].name, row.op ? row.op : "none",
            m->call.in_place ? "in" : "out", figure_text(row.median_us, time), error_width, error,
            figure_text(row.p99_us, p99), figure_text(row.algbw_gbps, alg), figure_text(row.busbw_gbps, bus),
            wrong);
    if (has_bounds && m->bound_us > 0) fprintf(out, " %8.1f", 100 * m->bound_us / row.median_us);
    fprintf(out, "\n");
}

static void print_heading(const struct measured *m, bool has_bounds, FILE *out)
{
    fprintf(out, "\n%s, ", m->call.collective->name);
    if (!is_world(m->split->name))
        fprintf(out, "%d group%s of %d ranks at once (%s), the slowest of them; ", m->split->groups,
                m->split->groups == 1 ? "" : "s", m->split->ranks, m->split->name);
    fprintf(out, "%s\n",
            m->call.isolated ? "isolated: the slowest rank's time of one operation"
                             : "pipelined: the slowest rank's time for each of a batch of operations");
    fprintf(out, "%10s %12s %9s %6s %4s %10s %8s %10s %9s %9s %6s%s\n", "size", "count", "type", "op", "to",
            "time us", "95%", "p99 us", "algbw", "busbw", "wrong", has_bounds ? "  % bound" : "");
}

static bool has_figures(const struct measured *m)
{
    return m->count > 0;
}

/* The cases whose median is not known as well as asked, when they are few; else their number. */
static void list_imprecise(const struct cases *cases, const struct settings *s, struct text *out)
{
    enum { MOST_NAMED = 12 };
    size_t missed = 0, all = 0;
    for (size_t i = 0; i < cases->count; i++) {
        const struct measured *m = &cases->list[i];
        all += has_figures(m);
        missed += has_figures(m) && !is_precise(m, s->precision_percent / 100);
    }
    if (missed == 0 || s->operations) return;
    text_add(out, "%zu of %zu cases missed --precision %g %%", missed, all, s->precision_percent);
    for (size_t i = 0, named = 0; i < cases->count && missed <= MOST_NAMED; i++) {
        const struct measured *m = &cases->list[i];
        char size[UNIT_TEXT];
        if (!has_figures(m) || is_precise(m, s->precision_percent / 100)) continue;
        text_add(out, "%s %s %s %s %s%s", named++ ? "," : ":", m->call.collective->name,
                 format_size(m->requested_bytes, size), dtypes[m->call.dtype].name,
                 m->call.in_place ? "in place" : "out of place", m->call.isolated ? "" : " pipelined");
    }
    text_add(out, "; more --passes, more --max-seconds or a longer --time-budget helps\n");
}

/* Cases whose samples were chosen by `rule`, which says why not to trust them. */
static void print_disturbed(const struct cases *cases, enum kept_rule rule, const char *why, FILE *out)
{
    size_t n = 0;
    char size[UNIT_TEXT];
    const struct measured *first = NULL;
    for (size_t i = 0; i < cases->count; i++) {
        const struct measured *m = &cases->list[i];
        if (!has_figures(m) || m->rule != rule) continue;
        if (n++ == 0) first = m;
    }
    if (n == 0) return;
    fprintf(out, "do not trust %s %s %s", first->call.collective->name,
            format_size(first->requested_bytes, size), dtypes[first->call.dtype].name);
    if (n > 1) fprintf(out, " and %zu more", n - 1);
    fprintf(out, ": %s\n", why);
}

/* One line for each reason, with the number of cases that have it. */
static void print_notes(const struct cases *cases, const struct settings *s, unsigned capabilities, FILE *out)
{
    for (size_t i = 0; i < cases->count; i++) {
        const struct measured *m = &cases->list[i];
        if (!m->status) continue;
        size_t alike = 0;
        bool said = false;
        for (size_t j = 0; j < cases->count; j++) {
            const struct measured *other = &cases->list[j];
            if (other->status != m->status || other->call.collective != m->call.collective ||
                strcmp(other->reason, m->reason))
                continue;
            said |= j < i;
            alike++;
        }
        if (said) continue;
        struct case_row row = cases_row(m, s, capabilities);
        char size[UNIT_TEXT];
        fprintf(out, "%s: %s %s %s %s", case_status_name(row.status), row.collective,
                format_size((size_t)row.requested_bytes, size), row.dtype, placement_name(row.placement));
        if (alike > 1) fprintf(out, " and %zu more", alike - 1);
        fprintf(out, ": %s\n", m->reason);
    }
}

void collective_table(struct cases *cases, const struct settings *s, const struct world *world,
                      unsigned capabilities, FILE *out)
{
    fprintf(out, "%d rank%s on %d host%s; times in microseconds, algbw and busbw in GB/s (1e9 bytes/s)\n",
            world->ranks, world->ranks == 1 ? "" : "s", world->nodes, world->nodes == 1 ? "" : "s");
    if (world->ranks == 1) fprintf(out, "one rank has no bus bandwidth\n");
    struct text imprecise = {0};
    list_imprecise(cases, s, &imprecise); /* before the samples lose their order */
    const struct measured *before = NULL;
    bool has_bounds = false;
    for (size_t i = 0; i < cases->count; i++) has_bounds |= cases->list[i].bound_us > 0;
    for (size_t i = 0; i < cases->count; i++) {
        struct measured *m = &cases->list[i];
        if (!has_figures(m)) continue;
        if (!before || before->call.collective != m->call.collective ||
            before->call.isolated != m->call.isolated || before->split != m->split)
            print_heading(m, has_bounds, out);
        print_row(m, s, capabilities, has_bounds, out);
        before = m;
    }
    fprintf(out, "\n%s", text_get(&imprecise));
    text_free(&imprecise);
    print_disturbed(cases, KEPT_DISTURBED,
                    "a rank was scheduled away during every sample; measure longer or on an idle machine",
                    out);
    print_disturbed(cases, KEPT_FILLED,
                    "too few of the samples that -n asks for were undisturbed, so disturbed ones count too",
                    out);
    print_notes(cases, s, capabilities, out);
}
