#include "base/units.h"
#include "base/utf8.h"
#include "overlap/overlap.h"

#include <math.h>
#include <string.h>

static struct samples samples_of(const struct rounds *rounds, int time)
{
    return (struct samples){rounds->times_us[time], rounds->count};
}

struct overlap_row overlap_row_of(const struct overlap_launch *l, const struct overlap_case *c)
{
    const struct overlap_settings *s = &l->settings;
    struct overlap_row row = overlap_row_absent();
    row.collective = c->collective->name;
    row.dtype = dtypes[s->dtype].name;
    row.op = c->collective->reduces ? op_names[OP_SUM] : NULL;
    row.requested_bytes = (int64_t)c->requested_bytes;
    row.bytes = (int64_t)(c->count * dtypes[s->dtype].size);
    row.count = (int64_t)c->count;
    row.gemm_dtype = gemm_type_name(l->problem.type);
    row.layout = l->problem.layout;
    row.m = l->problem.m, row.n = l->problem.n, row.k = l->problem.k;
    row.ratio = c->ratio;
    row.progress = s->sides.progress;
    row.cache = s->sides.cache;
    row.memory = l->engine->memory;
    if (row.memory == MEMORY_DEVICE) row.registration = c->registration, row.cta = c->cta;
    row.nodes = l->driver.world.nodes;
    row.ranks = l->driver.world.ranks;
    row.status = case_status_of(c->status);
    row.error = c->status ? c->reason : NULL;
    row.wrong = c->wrong;
    row.gemm_wrong = c->gemm_wrong;
    if (*l->algorithm) row.algorithm = l->algorithm;
    if (!c->rounds.count) return row;
    row.operations = c->operations;
    row.matmuls = c->matmuls;
    row.stopped_by = stop_reason_name(c->why);
    row.communication_us = samples_of(&c->rounds, COMMUNICATION);
    row.computation_us = samples_of(&c->rounds, COMPUTATION);
    row.both_us = samples_of(&c->rounds, BOTH);
    row.communication_beside_us = samples_of(&c->rounds, COMMUNICATION_BESIDE);
    row.computation_beside_us = samples_of(&c->rounds, COMPUTATION_BESIDE);
    overlap_row_summarise(&row);
    return row;
}

enum { WIDE = 25 }; /* columns of an estimate with its interval */

/* Prints "0.93 [0.91, 0.95]", or "0.93" if there is no interval. */
static void print_estimate(double point, double lo, double hi, int width, FILE *out)
{
    char text[64];
    int n = snprintf(text, sizeof text, isfinite(point) ? "%.3f" : "-", point);
    if (isfinite(lo)) snprintf(text + n, sizeof text - (size_t)n, " [%.3f, %.3f]", lo, hi);
    fprintf(out, " %*s", width, text);
}

static void print_row(const struct overlap_row *row, FILE *out)
{
    char size[UNIT_TEXT], calls[UNIT_TEXT], times[3][UNIT_TEXT], wrong[UNIT_TEXT] = "-";
    snprintf(calls, sizeof calls, "%lld+%lld", (long long)row->operations, (long long)row->matmuls);
    if (overlap_wrong(row) != ABSENT) snprintf(wrong, sizeof wrong, "%lld", (long long)overlap_wrong(row));
    fprintf(out, "%-14s %8s %6g %9s %9s %9s %9s %7s\n", row->collective,
            format_size((size_t)row->bytes, size), row->ratio, calls,
            figure_text(row->communication_time_us, times[0]),
            figure_text(row->computation_time_us, times[1]), figure_text(row->both_time_us, times[2]), wrong);
    print_estimate(row->hidden_share, row->hidden_lo, row->hidden_hi, WIDE - 1, out);
    print_estimate(row->communication_slowdown, row->communication_slowdown_lo,
                   row->communication_slowdown_hi, WIDE, out);
    print_estimate(row->computation_slowdown, row->computation_slowdown_lo, row->computation_slowdown_hi,
                   WIDE, out);
    fprintf(out, "\n");
}

/* A sentence on how the two sides ran, for below the table. */
static const char *explain(enum overlap_progress progress)
{
    switch (progress) {
    case OVERLAP_NONE:
        return "none: a blocking collective, then the matmul: nothing can overlap";
    case OVERLAP_NONBLOCKING:
        return "nonblocking: MPI advances the collective when tested, after each matmul";
    case OVERLAP_THREAD:
        return "thread: a second thread of each rank, on a processor of its own";
    default:
        return "streams: two streams of each GPU";
    }
}

void overlap_table(const struct overlap_launch *l, FILE *out)
{
    const struct world *world = &l->driver.world;
    const struct gemm_problem *p = &l->problem;
    fprintf(out, "%d rank%s on %d host%s; %s beside matmul %lldx%lldx%lld %s %s\nprogress %s\n", world->ranks,
            world->ranks == 1 ? "" : "s", world->nodes, world->nodes == 1 ? "" : "s",
            dtypes[l->settings.dtype].name, (long long)p->m, (long long)p->n, (long long)p->k,
            gemm_type_name(p->type), p->layout, explain(l->settings.sides.progress));
    if (*l->algorithm) fprintf(out, "by %s\n", l->algorithm);
    fprintf(out,
            "Tc: communication alone, Tm: computation alone, of the slowest rank\n"
            "hidden: (Tc + Tm - both) / min(Tc, Tm)\n"
            "brackets: the median's 95 %% interval within this launch\n\n"
            "%-14s %8s %6s %9s %9s %9s %9s %7s\n%*s %*s %*s\n",
            "", "size", "ratio", "calls", "Tc us", "Tm us", "both us", "wrong", WIDE, "hidden share", WIDE,
            "slowdown: collective", WIDE, "matmul");
    for (size_t i = 0; i < l->case_count; i++) {
        const struct overlap_case *c = &l->cases[i];
        struct overlap_row row = overlap_row_of(l, c);
        if (l->settings.policy_count > 1 && (i == 0 || c->policy != l->cases[i - 1].policy))
            fprintf(out, "--cta %s\n", l->settings.policies[c->policy]);
        if (row.both_us.count) print_row(&row, out);
    }
    fputc('\n', out);
    for (size_t i = 0; i < l->case_count; i++) {
        const struct overlap_case *c = &l->cases[i];
        const bool many = l->settings.policy_count > 1;
        char size[UNIT_TEXT];
        if (c->status)
            fprintf(out, "%s: %s %s, ratio %g%s%s: %s\n", case_status_name(case_status_of(c->status)),
                    c->collective->name, format_size(c->requested_bytes, size), c->ratio,
                    many ? ", --cta " : "", many ? l->settings.policies[c->policy] : "", c->reason);
    }
}
