#include "measure/table.h"
#include "base/text.h"
#include "base/units.h"
#include "base/utf8.h"
#include "base/wrap.h"
#include "measure/beside_table.h"
#include "measure/schedule.h"
#include "stats/order.h"

#include <math.h>
#include <string.h>

/* The row's figures from all samples. Sorts m->us in place instead of copying it. */
static struct case_row summary(struct measured *m, const struct settings *s, unsigned capabilities)
{
    struct case_row row = cases_row(m, s, capabilities);
    sort_doubles(m->us, m->count);
    double figure = cases_figure_us(&m->call, m->us, m->count);
    row.samples_us = (struct samples){&figure, 1};
    case_row_summarise(&row);
    row.samples_us = (struct samples){0};
    return row;
}

/* A block of the table, under one heading: the cases of one collective, mode, type, operation and split. */
struct block {
    bool has_bounds, has_choices;
    bool both;                  /* placements side by side */
    const struct measured *top; /* the row with the highest bus bandwidth */
    double top_gbps, sum_gbps;
    size_t rows;
    /* The rows with the smallest and the largest ratio of the median rank's time to the slowest rank's. */
    const struct measured *least, *most;
    double least_share, most_share;
};

/* "NVLS SIMPLE, 16 channels", as far as the library tells; "-" if it tells nothing. */
static void choice_text(const struct choice *choice, char text[128])
{
    int n = snprintf(text, 128, "%s%s%s", *choice->algorithm ? choice->algorithm : "-",
                     *choice->protocol ? " " : "", choice->protocol);
    if (choice->channels)
        snprintf(text + n, 128 - (size_t)n, ", %d channel%s", choice->channels,
                 choice->channels == 1 ? "" : "s");
}

/* Prints, after the figures of a size, how the library did the calls (--show-algorithm); once if both
   placements are alike. */
static void print_choices(const struct measured *m, size_t placements, FILE *out)
{
    char first[128], second[128] = "";
    choice_text(&m[0].choice, first);
    if (placements > 1) choice_text(&m[1].choice, second);
    bool differ = *second && strcmp(first, second) != 0;
    fprintf(out, "\n%9s%s%s", "", differ ? "out of place " : "", first);
    if (differ) fprintf(out, "\n%9sin place %s", "", second);
}

/* Isolated figures are the slowest rank's, which grow with the number of ranks even if every rank is as
   fast as before. The median rank's time does not. */
static void note_median_rank(struct measured *m, double time_us, struct block *block)
{
    if (!m->ranks.count || m->call.mode != MODE_ISOLATED || m->split->ranks < 2 || !(time_us > 0)) return;
    double share = median(m->ranks.us, m->ranks.count) / time_us;
    if (!block->least || share < block->least_share) block->least = m, block->least_share = share;
    if (!block->most || share > block->most_share) block->most = m, block->most_share = share;
}

static void print_median_rank(const struct block *block, FILE *out)
{
    char least[UNIT_TEXT], most[UNIT_TEXT], size[UNIT_TEXT];
    if (!block->least) return;
    snprintf(least, sizeof least, "%.2f", block->least_share);
    snprintf(most, sizeof most, "%.2f", block->most_share);
    fprintf(out, "the median rank takes %s", least);
    if (strcmp(least, most) != 0) {
        fprintf(out, " (%s)", format_size(block->least->requested_bytes, size));
        fprintf(out, " to %s (%s)", most, format_size(block->most->requested_bytes, size));
    }
    fputs(" of the slowest rank's time\n", out);
}

/* Prints one placement of one size in 30 columns, or 36 with bounds, so that two fit into 80. m NULL: there
   are no figures. */
static void print_figures(struct measured *m, const struct settings *s, unsigned capabilities,
                          struct block *block, FILE *out)
{
    const char *error = "-";
    char time[UNIT_TEXT] = "-", share[UNIT_TEXT], bus[UNIT_TEXT] = "-", wrong[UNIT_TEXT] = "-",
         bound[UNIT_TEXT] = "-";
    if (m) {
        double lo, hi, relative = relative_error(m->us, m->count, &lo, &hi);
        struct case_row row = summary(m, s, capabilities);
        double gbps = row.ranks > 1 ? row.busbw_gbps : row.algbw_gbps;
        if (row.mode != MODE_NCCL_TESTS) error = error_text(relative, share); /* it is the median's */
        if (m->wrong != ABSENT) snprintf(wrong, sizeof wrong, "%lld", (long long)m->wrong);
        figure_text(sampled_time_us(&row), time);
        snprintf(bus, sizeof bus, "%s", figure_text(gbps, (char[UNIT_TEXT]){0}));
        if (m->bound_us > 0) snprintf(bound, sizeof bound, "%.1f", 100 * m->bound_us / sampled_time_us(&row));
        note_median_rank(m, sampled_time_us(&row), block);
        if (isfinite(gbps)) block->rows++, block->sum_gbps += gbps;
        if (isfinite(gbps) && !(gbps <= block->top_gbps)) block->top = m, block->top_gbps = gbps;
    }
    int error_width = 6 + (int)(strlen(error) - text_columns(error, strlen(error)));
    fprintf(out, " %7s %*s %8s %5s", time, error_width, error, bus, wrong);
    if (block->has_bounds) fprintf(out, " %5s", bound);
}

static void print_heading(const struct measured *m, const struct block *block, FILE *out)
{
    const char *figure = m->split->ranks > 1 ? "busbw" : "algbw";
    struct text title = {0}, lines = {0};
    text_add(&title, "\n%s %s", m->call.collective->name, dtypes[m->call.dtype].name);
    if (m->call.collective->reduces) text_add(&title, " %s", op_names[m->call.op]);
    if (m->call.collective->rooted) text_add(&title, ", root %d", m->call.root);
    if (m->call.aggregate > 1) text_add(&title, ", groups of %d operations", m->call.aggregate);
    if (m->imbalance) text_add(&title, ", imbalance %s", m->imbalance->label);
    if (!is_world(m->split->name))
        text_add(&title, ", %d group%s of %d ranks at once (%s), the slowest of them", m->split->groups,
                 m->split->groups == 1 ? "" : "s", m->split->ranks, m->split->name);
    static const char *const modes[] = {
        [MODE_ISOLATED] = "isolated: the slowest rank's time of one operation",
        [MODE_PIPELINED] = "pipelined: the slowest rank's time per operation of a batch",
        [MODE_NCCL_TESTS] = "nccl-tests: mean over operations and ranks, on the host's clock"};
    text_add(&title, "; %s\n", modes[m->call.mode]);
    text_add_wrapped(&lines, text_get(&title), TERMINAL_COLUMNS, 4);
    fputs(text_get(&lines), out);
    text_free(&title);
    text_free(&lines);
    int width = block->has_bounds ? 36 : 30;
    if (block->both)
        fprintf(out, "%8s%*s%*s\n", "", width, "out of place", width, "in place");
    else
        fprintf(out, "%8s%*s\n", "", width, m->call.in_place ? "in place" : "out of place");
    fprintf(out, "%8s", "size");
    for (int i = 0; i < (block->both ? 2 : 1); i++)
        fprintf(out, " %7s %6s %8s %5s%s", "time us", "95%", figure, "wrong",
                block->has_bounds ? " bound" : "");
    fprintf(out, "\n");
}

/* Prints the last line of a block: peak and average, the figures that people quote. */
static void print_summary(const struct block *block, FILE *out)
{
    char size[UNIT_TEXT], top[UNIT_TEXT], average[UNIT_TEXT];
    if (!block->top) return;
    fprintf(out, "%s: peak %s GB/s (%s, %s", block->top->split->ranks > 1 ? "busbw" : "algbw",
            figure_text(block->top_gbps, top), format_size(block->top->requested_bytes, size),
            block->top->call.in_place ? "in place" : "out of place");
    if (block->top->bound_us > 0)
        fprintf(out, ", %.1f %% of bound",
                100 * block->top->bound_us /
                    cases_figure_us(&block->top->call, block->top->us, block->top->count));
    fprintf(out, "); average %s\n", figure_text(block->sum_gbps / (double)block->rows, average));
}

static bool has_figures(const struct measured *m)
{
    return m->count > 0;
}

/* Lists the cases that missed --precision if they are few; else gives only their number. */
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
        text_add(out, "%s %s %s %s %s%s%s", named++ ? "," : ":", m->call.collective->name,
                 format_size(m->requested_bytes, size), dtypes[m->call.dtype].name,
                 m->call.in_place ? "in place" : "out of place",
                 m->call.mode == MODE_ISOLATED    ? ""
                 : m->call.mode == MODE_PIPELINED ? " pipelined"
                                                  : " nccl-tests",
                 m->loaded ? " loaded" : "");
    }
    text_add(out, "; more --passes, more --max-seconds or a longer --time-budget helps\n");
}

/* Prints a warning about the cases whose samples were chosen by `rule`; `why` says why not to trust them. */
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

/* Whether the figure, with its whole interval, is above its bound. */
static bool is_impossible(const struct measured *m)
{
    double lo, hi;
    if (!has_figures(m) || !(m->bound_us > 0)) return false;
    relative_error(m->us, m->count, &lo, &hi);
    const double figure = cases_figure_us(&m->call, m->us, m->count);
    return (isfinite(hi) && hi > figure ? hi : figure) < m->bound_us;
}

static void list_impossible(const struct cases *cases, struct text *out)
{
    size_t n = 0;
    char size[UNIT_TEXT];
    const struct measured *first = NULL;
    for (size_t i = 0; i < cases->count; i++) {
        if (!is_impossible(&cases->list[i])) continue;
        if (n++ == 0) first = &cases->list[i];
    }
    if (n == 0) return;
    text_add(out, "above what is possible: %s %s %s, %.0f %% of its bound", first->call.collective->name,
             format_size(first->requested_bytes, size), dtypes[first->call.dtype].name,
             100 * first->bound_us / cases_figure_us(&first->call, first->us, first->count));
    if (n > 1) text_add(out, ", and %zu more", n - 1);
    text_add(out, ": check the instance, the network's rate and the transport\n");
}

/* Prints one line for each reason that a case is not OK, with the number of cases that have it. */
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

/* Prints what timing itself takes, if that is a notable share of an isolated figure. */
static void print_timing_cost(const struct cases *cases, FILE *out)
{
    double least_us = INFINITY;
    struct text line = {0};
    for (size_t i = 0; i < cases->count; i++) {
        const struct measured *m = &cases->list[i];
        if (has_figures(m) && m->call.mode == MODE_ISOLATED)
            least_us = fmin(least_us, cases_figure_us(&m->call, m->us, m->count));
    }
    timing_cost_line(cases->timing_cost, least_us, &line);
    fputs(text_get(&line), out);
    text_free(&line);
}

static bool in_one_block(const struct measured *a, const struct measured *b)
{
    return a->split == b->split && a->call.collective == b->call.collective && a->call.mode == b->call.mode &&
           a->call.dtype == b->call.dtype && a->call.op == b->call.op && a->imbalance == b->imbalance;
}

/* Prints the cases from..end-1. As cases_make() orders them, each size has its out-of-place case, then its
   in-place case, or only one of these. */
static void print_block(struct cases *cases, size_t from, size_t end, const struct settings *s,
                        unsigned capabilities, FILE *out)
{
    struct block block = {
        .both = s->out_of_place && s->in_place, .has_choices = s->show_algorithm, .top_gbps = NAN};
    size_t step = block.both ? 2 : 1;
    bool any = false;
    for (size_t i = from; i < end; i++) {
        any |= has_figures(&cases->list[i]);
        block.has_bounds |= cases->list[i].bound_us > 0;
    }
    if (!any) return;
    print_heading(&cases->list[from], &block, out);
    for (size_t i = from; i < end; i += step) {
        struct measured *m = &cases->list[i];
        char size[UNIT_TEXT];
        if (!has_figures(m) && !(block.both && has_figures(&m[1]))) continue;
        fprintf(out, "%8s", format_size(m->bytes, size));
        for (size_t j = 0; j < step; j++)
            print_figures(has_figures(&m[j]) ? &m[j] : NULL, s, capabilities, &block, out);
        if (block.has_choices) print_choices(m, step, out);
        fprintf(out, "\n");
    }
    print_summary(&block, out);
    print_median_rank(&block, out);
}

void collective_table(struct cases *cases, const struct settings *s, const struct world *world,
                      unsigned capabilities, FILE *out)
{
    bool has_bounds = false;
    for (size_t i = 0; i < cases->count; i++) has_bounds |= cases->list[i].bound_us > 0;
    fprintf(out, "%d rank%s on %d host%s; 1 GB/s is 1e9 bytes/s%s\n", world->ranks,
            world->ranks == 1 ? "" : "s", world->nodes, world->nodes == 1 ? "" : "s",
            has_bounds ? "; bound: % of what is possible" : "");
    if (world->ranks == 1) fprintf(out, "one rank has no bus bandwidth, and in place nothing to copy\n");
    struct text notes = {0};
    list_imprecise(cases, s, &notes); /* before the samples lose their order */
    list_impossible(cases, &notes);
    if (cases->paired) beside_table(cases, s, world, capabilities, out);
    for (size_t from = 0, end; !cases->paired && from < cases->count; from = end) {
        for (end = from + 1; end < cases->count && in_one_block(&cases->list[from], &cases->list[end]);)
            end++;
        print_block(cases, from, end, s, capabilities, out);
    }
    fprintf(out, "\n%s", text_get(&notes));
    text_free(&notes);
    print_disturbed(cases, KEPT_DISTURBED,
                    "a rank was scheduled away during every sample; measure longer or on an idle machine",
                    out);
    print_disturbed(cases, KEPT_FILLED,
                    "too few of the samples that -n asks for were undisturbed, so disturbed ones count too",
                    out);
    print_timing_cost(cases, out);
    print_notes(cases, s, capabilities, out);
}
