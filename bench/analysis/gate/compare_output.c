#include "analysis/gate/compare_output.h"
#include "analysis/common/table.h"
#include "base/units.h"
#include "collective/collective.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void time_text(struct text *out, double us)
{
    char number[32];
    if (!isfinite(us)) return;
    bool seconds = us >= 1e6, milli = us >= 1e3;
    text_add(out, "%s %s",
             number_text(seconds ? us * 1e-6
                         : milli ? us * 1e-3
                                 : us,
                         number),
             seconds ? "s"
             : milli ? "ms"
                     : "µs");
}

/* ---- names of cases: what all share is said once ---- */

enum {
    COLLECTIVE_TOKENS = 7,
    GEMM_TOKENS = 4
}; /* the fixed part of case_key; what follows is one token more */

static size_t split(char *key, size_t fixed, char **tokens)
{
    size_t n = 0;
    while (key && n < fixed) tokens[n++] = strsep(&key, "/");
    if (key) tokens[n++] = key;
    return n;
}

/* Bit t is set when token t is the same in all keys of the kind, and so need not be repeated. The name and
 * the size always stay. */
static unsigned shared_tokens(const struct comparison *comparison, bool gemm, struct text *shared)
{
    size_t fixed = gemm ? GEMM_TOKENS : COLLECTIVE_TOKENS;
    char *first = NULL, *tokens[8], *others[8];
    unsigned mask = 0;
    size_t count = 0;
    for (size_t i = 0; i < comparison->case_count; i++) {
        if ((comparison->cases[i].row->gemm != NULL) != gemm) continue;
        char *key = duplicate(comparison->cases[i].key);
        if (!first) {
            first = key;
            count = split(first, fixed, tokens);
            mask = ((1u << count) - 1) & ~(gemm ? 1u << 0 | 1u << 2 : 1u << 0 | 1u << 3);
            continue;
        }
        size_t n = split(key, fixed, others);
        if (n != count) mask &= (1u << fixed) - 1;
        for (size_t t = 0; t < n && t < count; t++)
            if (!same(tokens[t], others[t])) mask &= ~(1u << t);
        free(key);
    }
    for (size_t t = 0; first && t < count; t++)
        if (mask >> t & 1 && !same(tokens[t], "-"))
            text_add(shared, "%s%s", shared->length ? " " : "", tokens[t]);
    for (size_t i = 0; i < shared->length; i++)
        if (shared->data[i] == '/') shared->data[i] = ' ';
    free(first);
    return mask;
}

static void label_text(struct text *out, const struct compared_case *line, unsigned mask)
{
    bool gemm = line->row->gemm != NULL;
    char *key = duplicate(line->key), *tokens[8], size[UNIT_TEXT];
    size_t n = split(key, gemm ? GEMM_TOKENS : COLLECTIVE_TOKENS, tokens);
    for (size_t t = 0; t < n; t++) {
        if (mask >> t & 1) continue;
        bool bytes = !gemm && t == 3 && line->row->requested_bytes >= 0;
        text_add(out, "%s%s", t ? " " : "",
                 bytes ? format_size((size_t)line->row->requested_bytes, size) : tokens[t]);
    }
    free(key);
}

/* ---- the figures of a row ---- */

/* What --bandwidth shows instead of a time: TFLOP/s of a matmul, bus bandwidth of a collective, algorithm
   bandwidth of a single rank. */
static double rate_of(const struct case_row *row, double us, const char **unit)
{
    double factor = case_bus_factor(row);
    *unit = row->gemm ? "TFLOP/s" : "GB/s";
    if (row->gemm) return case_flop(row) / us * 1e-6;
    return row->bytes == ABSENT ? NAN : algbw_gbps((double)row->bytes, us) * (isfinite(factor) ? factor : 1);
}

static const char *line_figure(struct text *text, const struct compared_case *line, enum side side,
                               bool bandwidth)
{
    const char *unit;
    char number[32];
    double us = line->side[side].median_us;
    text_clear(text);
    if (!isfinite(us)) return "";
    if (!bandwidth)
        time_text(text, us);
    else if (isfinite(rate_of(line->row, us, &unit)))
        text_add(text, "%s %s", number_text(rate_of(line->row, us, &unit), number), unit);
    return text_get(text);
}

static void ratio_cells(struct table *table, const struct compared_case *line, bool bandwidth)
{
    double ratio = bandwidth ? 1 / line->ratio : line->ratio;
    double lo = bandwidth ? 1 / line->hi : line->lo, hi = bandwidth ? 1 / line->lo : line->hi;
    if (!isfinite(ratio)) {
        table_cell(table, "%s", "");
        table_cell(table, "%s", "");
        return;
    }
    table_cell(table, "%.3f", ratio);
    if (line->has_interval)
        table_cell(table, "%.3f–%.3f", lo, hi);
    else
        table_cell(table, "%s", "");
}

static void p_cell(struct table *table, double p)
{
    if (!isfinite(p))
        table_cell(table, "%s", "");
    else if (p < 0.001)
        table_cell(table, "%.1e", p);
    else
        table_cell(table, "%.3f", p);
}

static void readable_rows(const struct comparison *comparison, const unsigned masks[2], bool bandwidth,
                          struct table *table)
{
    static const char *const names[] = {"<case", "base",     "new",   "ratio", "interval",
                                        "p",     "<verdict", "<note", NULL};
    struct text text = {0};
    char verdict[64];
    for (const char *const *name = names; *name; name++)
        table_column(table, *name + (**name == '<'), **name == '<');
    for (size_t i = 0; i < comparison->case_count; i++) {
        const struct compared_case *line = &comparison->cases[i];
        text_clear(&text);
        label_text(&text, line, masks[line->row->gemm != NULL]);
        table_cell(table, "%s", text_get(&text));
        table_cell(table, "%s", line_figure(&text, line, BASE, bandwidth));
        table_cell(table, "%s", line_figure(&text, line, FRESH, bandwidth));
        ratio_cells(table, line, bandwidth);
        p_cell(table, line->adjusted_p);
        table_cell(table, "%s", line->verdict == VERDICT_INCONCLUSIVE ? "~" : verdict_text(line, verdict));
        table_cell(table, "%s", line->why ? line->why : "");
    }
    text_free(&text);
}

/* ---- text and markdown ---- */

/* What is printed, and how its lines begin: markdown has them in a list. */
struct readable {
    struct text *out;
    const char *start;
    bool markdown;
};

/* Text from records and paths is anybody's. */
static void say(const struct readable *to, const char *text, size_t most)
{
    line_text(to->out, text, most, to->markdown);
}

static void side_text(const struct comparison *comparison, enum side side, const struct readable *to)
{
    struct text *out = to->out;
    const struct launch *const *launches = (const struct launch *const *)comparison->launches[side];
    size_t n = comparison->launch_count[side], allocations = comparison->allocations[side];
    text_add(out, "%s%s", to->start, side == BASE ? "base  " : "new   ");
    say(to, comparison->paths[side], 120);
    text_add(out, "  %zu launch%s", n, n == 1 ? "" : "es");
    if (allocations)
        text_add(out, ", %zu allocation%s", allocations, allocations == 1 ? "" : "s");
    else
        text_add(out, ", allocation not recorded");
    if (n && launches[0]->header.started) {
        text_add(out, "  ");
        say(to, launches[0]->header.started, 40);
    }
    text_add(out, "\n");
}

static const char *unit_text(const struct comparison *comparison)
{
    bool pairs = false, allocations = false, launches = false;
    for (size_t i = 0; i < comparison->case_count; i++) {
        const struct compared_case *line = &comparison->cases[i];
        if (isnan(line->adjusted_p)) continue;
        *(line->paired ? &pairs : line->by_allocation ? &allocations : &launches) = true;
    }
    if (pairs + allocations + launches > 1) return "the unit differs by case";
    return pairs         ? "pairs of launches"
           : allocations ? "the unit is the allocation"
                         : "the unit is the launch";
}

static void method_text(const struct comparison *comparison, const struct output_choice *choice,
                        struct text *out)
{
    bool exact = true;
    for (size_t g = 0; comparison->unit_groups && g < comparison->group_count; g++)
        if (comparison->unit_groups[g].base && comparison->unit_groups[g].fresh)
            exact &= comparison->unit_groups[g].exact;
    text_add(out, choice->bandwidth ? "rates, higher is better; ratio below 1: new is slower"
                                    : "times per operation, lower is better; ratio above 1: new is slower");
    text_add(out,
             ". Tolerance %g %%%s, alpha %g, %s; p: new is no slower than the tolerance, and over all %zu "
             "cases no slower "
             "at all (max-T, %s relabellings); intervals at %g %%\n",
             100 * choice->delta, choice->gate ? " or the gate file's" : "", choice->alpha,
             unit_text(comparison), comparison->tested, exact ? "all" : "sampled",
             100 * (1 - 2 * choice->alpha));
}

static void shared_text(const struct comparison *comparison, unsigned masks[2], const struct readable *to)
{
    static const char *const kinds[2] = {"collectives", "matmul"};
    for (int gemm = 0; gemm < 2; gemm++) {
        struct text shared = {0};
        masks[gemm] = shared_tokens(comparison, gemm, &shared);
        if (shared.length) {
            text_add(to->out, "%sall %s: ", to->start, kinds[gemm]);
            say(to, shared.data, 300);
            text_add(to->out, "\n");
        }
        text_free(&shared);
    }
}

static void differences_text(const struct comparison *comparison, const struct readable *to)
{
    enum { SHOWN = 12 };
    for (size_t i = 0; i < comparison->difference_count && i < SHOWN; i++) {
        const struct difference *difference = &comparison->differences[i];
        text_add(to->out, "%sdiffers: ", to->start);
        say(to, difference->name, 60);
        text_add(to->out, ": ");
        say(to, difference->base, 60);
        text_add(to->out, " → ");
        say(to, difference->fresh, 60);
        text_add(to->out, "\n");
    }
    if (comparison->difference_count > SHOWN)
        text_add(to->out, "%sand %zu more differences (--format json lists all)\n", to->start,
                 comparison->difference_count - SHOWN);
}

static void summary_text(const struct comparison *comparison, const struct contract *contract, bool strict,
                         struct text *out)
{
    static const enum verdict order[] = {VERDICT_REGRESSION,    VERDICT_MISSING,     VERDICT_WRONG,
                                         VERDICT_INCONCLUSIVE,  VERDICT_IMPROVEMENT, VERDICT_SAME,
                                         VERDICT_NOT_COMPARABLE};
    const char *comma = "";
    for (size_t i = 0; i < VERDICT_COUNT; i++) {
        size_t n = comparison->counts[order[i]];
        if (!n) continue;
        bool counted = order[i] == VERDICT_REGRESSION || order[i] == VERDICT_IMPROVEMENT;
        text_add(out, "%s%zu %s%s", comma, n, verdict_names[order[i]], counted && n > 1 ? "s" : "");
        comma = ", ";
    }
    if (comparison->failure_count)
        text_add(out, "%s%zu failure%s", comma, comparison->failure_count,
                 comparison->failure_count == 1 ? "" : "s");
    if (contract) text_add(out, ", %zu of %zu limits failed", contract->failed, contract->count);
    bool bad = comparison_status(comparison, strict) || (contract && contract_status(contract));
    text_add(out, ": %s\n",
             bad                                        ? "FAIL"
             : comparison->counts[VERDICT_INCONCLUSIVE] ? "no regression shown, not all decided"
                                                        : "ok");
}

static void lines_text(const struct readable *to, const char *word, const char *const *lines, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        text_add(to->out, "%s%s", to->start, word);
        say(to, lines[i], 400);
        text_add(to->out, "\n");
    }
}

static void print_readable(const struct comparison *comparison, const struct contract *contract,
                           const struct output_choice *choice, struct text *out)
{
    bool markdown = choice->format == FORMAT_MARKDOWN;
    const struct readable to = {out, markdown ? "- " : "", markdown};
    struct table table = {0}, limits = {0};
    unsigned masks[2];
    for (int side = BASE; side <= FRESH; side++) side_text(comparison, (enum side)side, &to);
    text_add(out, "%s", to.start);
    method_text(comparison, choice, out);
    shared_text(comparison, masks, &to);
    text_add(out, "\n");
    readable_rows(comparison, masks, choice->bandwidth, &table);
    table_print(&table, markdown ? TABLE_MARKDOWN : TABLE_TEXT, out);
    text_add(out, "\n");
    if (contract) {
        contract_fill_table(contract, &limits);
        table_print(&limits, markdown ? TABLE_MARKDOWN : TABLE_TEXT, out);
        text_add(out, "\n");
    }
    lines_text(&to, "FAIL: ", comparison->failures, comparison->failure_count);
    lines_text(&to, "note: ", comparison->notes, comparison->note_count);
    differences_text(comparison, &to);
    if (markdown && (comparison->note_count || comparison->failure_count || comparison->difference_count))
        text_add(out, "\n");
    summary_text(comparison, contract, choice->strict, out);
    table_free(&table);
    table_free(&limits);
}

void comparison_print(const struct comparison *comparison, const struct contract *contract,
                      const struct output_choice *choice, struct text *out)
{
    if (choice->format == FORMAT_JSON)
        comparison_json(comparison, contract, choice, out);
    else if (choice->format == FORMAT_CSV)
        comparison_csv(comparison, out);
    else if (choice->format == FORMAT_JUNIT)
        comparison_junit(comparison, contract, choice->strict, out);
    else
        print_readable(comparison, contract, choice, out);
}
