#include "base/text.h"
#include "base/units.h"
#include "base/utf8.h"
#include "matmul/matmul.h"
#include "record/words.h"

#include <math.h>
#include <string.h>

struct case_row matmul_row(const struct matmul_case *c, const struct matmul_sampler *s)
{
    const struct gemm_type_facts *type = &gemm_types[c->problem.type];
    struct case_row row = case_row_absent();
    row.gemm = "gemm";
    row.dtype = gemm_type_name(c->problem.type);
    row.m = c->problem.m;
    row.n = c->problem.n;
    row.k = c->problem.k;
    row.layout = c->problem.layout;
    row.accumulator = gemm_accumulator(&c->problem);
    row.scaling = type->scaling;
    row.phase = c->sustained ? PHASE_SUSTAINED : PHASE_BURST;
    row.cache = s->settings->cache;
    row.memory = s->engine->memory;
    row.nodes = s->world->nodes;
    row.ranks = s->world->ranks;
    row.group = s->settings->at_once == AT_ONCE_ALL ? "world" : "one";
    row.algorithm = *c->algorithm ? c->algorithm : NULL;
    row.status = case_status_of(c->status);
    row.error = c->status ? c->reason : NULL;
    row.wrong = c->wrong;
    row.peak_tflops = c->peak_tflops;
    return row;
}

/* Formats a figure given in TFLOP/s; giga: in GFLOP/s. */
static const char *rate(double tflops, bool giga, char text[UNIT_TEXT])
{
    return figure_text(giga ? tflops * 1e3 : tflops, text);
}

static void shape_text(const struct gemm_problem *p, char text[UNIT_TEXT])
{
    snprintf(text, UNIT_TEXT, "%lldx%lldx%lld", (long long)p->m, (long long)p->n, (long long)p->k);
}

static void print_row(const struct matmul_case *c, const struct matmul_sampler *s, bool giga, FILE *out)
{
    char shape[UNIT_TEXT], time[UNIT_TEXT], flops[UNIT_TEXT], share[UNIT_TEXT], peak[UNIT_TEXT] = "-",
                                                                                wrong[UNIT_TEXT] = "-";
    char ratio[UNIT_TEXT];
    struct case_row row = matmul_row(c, s);
    double lo, hi, relative = relative_error(c->us, c->count, &lo, &hi);
    row.samples_us = (struct samples){c->us, c->count};
    case_row_summarise(&row);
    shape_text(&c->problem, shape);
    const char *error = error_text(relative, share);
    if (isfinite(c->peak_tflops)) snprintf(peak, sizeof peak, "%.1f", 100 * row.tflops / c->peak_tflops);
    if (c->wrong != ABSENT) snprintf(wrong, sizeof wrong, "%lld", (long long)c->wrong);
    int error_width = 6 + (int)(strlen(error) - text_columns(error, strlen(error)));
    fprintf(out, "%-17s %-6s %-8s %-9s %8s %*s %7s %6s %5s\n", shape, row.layout, row.dtype,
            phase_name(row.phase), figure_text(row.median_us, time), error_width, error,
            rate(row.tflops, giga, flops), peak, wrong);
    if (s->world->ranks > 1)
        fprintf(out, "    slowest rank %lld (%.40s), spread %s\n", (long long)c->rank_us.rank,
                c->rank_us.host, spread_text(c->rank_us.max / c->rank_us.min, ratio));
}

static void print_notes(const struct matmul_cases *cases, FILE *out)
{
    for (size_t i = 0; i < cases->count; i++) {
        const struct matmul_case *c = &cases->list[i];
        char shape[UNIT_TEXT];
        shape_text(&c->problem, shape);
        if (c->status)
            fprintf(out, "%s: %s %s %s: %s\n", case_status_name(case_status_of(c->status)), shape,
                    gemm_type_name(c->problem.type), phase_name(c->sustained ? PHASE_SUSTAINED : PHASE_BURST),
                    c->reason);
    }
}

/* Prints one line per distinct algorithm, since most cases share one. */
static void print_algorithms(const struct matmul_cases *cases, FILE *out)
{
    for (size_t i = 0; i < cases->count; i++) {
        bool said = !*cases->list[i].algorithm;
        for (size_t j = 0; j < i && !said; j++)
            said = same(cases->list[j].algorithm, cases->list[i].algorithm);
        if (!said) fprintf(out, "by %s\n", cases->list[i].algorithm);
    }
}

void matmul_table(const struct matmul_cases *cases, const struct matmul_sampler *s, FILE *out)
{
    const struct world *world = s->world;
    bool giga = s->engine->memory == MEMORY_HOST;
    fprintf(
        out,
        "%d rank%s on %d host%s, %s\nfigures are the slowest rank's median; 2MNK floating-point operations\n",
        world->ranks, world->ranks == 1 ? "" : "s", world->nodes, world->nodes == 1 ? "" : "s",
        s->settings->at_once == AT_ONCE_ALL ? "all at once" : "one of each host at a time");
    print_algorithms(cases, out);
    fprintf(out, "\n%-17s %-6s %-8s %-9s %8s %6s %7s %6s %5s\n", "MxNxK", "layout", "type", "phase",
            "time us", "95%", giga ? "GFLOP/s" : "TFLOP/s", "% peak", "wrong");
    for (size_t i = 0; i < cases->count; i++)
        if (cases->list[i].count) print_row(&cases->list[i], s, giga, out);
    fputc('\n', out);
    print_notes(cases, out);
}
