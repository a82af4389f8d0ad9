#include "analysis/gate/compare_output.h"
#include "analysis/common/table.h"
#include "analysis/common/terminal.h"
#include "analysis/compare/names.h"
#include "base/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "1.5 GiB", "12.3 µs", "4.56 ms", … */
static void time_text(struct text *out, double us)
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

/* ---- the figures of a row ---- */

/* --show bandwidth shows this in place of a time: TFLOP/s for a matmul, bus bandwidth for a collective,
   algorithm bandwidth if the bus factor is unknown; NAN: the case has no rate. */
static double rate_of(const struct case_row *row, double us, const char **unit)
{
    double factor = case_bus_factor(row);
    *unit = row->gemm ? "TFLOP/s" : "GB/s";
    if (row->gemm) return case_flop(row) / us * 1e-6;
    return case_algbw(row, us) * (isfinite(factor) ? factor : 1);
}

static const char *line_figure(struct text *text, const struct compared_case *line, enum side side,
                               bool bandwidth)
{
    const char *unit;
    char number[32];
    double us = line->side[side].median_us;
    text_clear(text);
    if (!isfinite(us)) return "";
    if (line->row->overlap)
        text_add(text, "%s %%", number_text(us, number));
    else if (!bandwidth)
        time_text(text, us);
    else if (isfinite(rate_of(line->row, us, &unit)))
        text_add(text, "%s %s", number_text(rate_of(line->row, us, &unit), number), unit);
    return text_get(text);
}

static void ratio_cells(struct table *table, const struct compared_case *line, bool bandwidth)
{
    bandwidth &= !line->row->overlap;
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

bool shows_p(const struct compared_case *line)
{
    return line->has_interval && !line->confounded;
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

/* In markdown, blanks separate the parts of a name, so that a long one can break across lines. */
static void name_cell(struct table *table, const struct compared_case *line, const unsigned masks[2],
                      bool markdown)
{
    struct text text = {0};
    short_name(&text, &(struct case_name){line->key, line->row}, masks[line->row->gemm != NULL]);
    for (size_t i = 0; markdown && i < text.length; i++)
        if (text.data[i] == '/') text.data[i] = ' ';
    table_cell(table, "%s", text_get(&text));
    text_free(&text);
}

enum rows { ALL_ROWS, FAILING_ROWS, OTHER_ROWS };

static bool is_failing(const struct compared_case *line)
{
    return line->verdict == VERDICT_REGRESSION || line->verdict == VERDICT_MISSING ||
           line->verdict == VERDICT_WRONG;
}

static void readable_rows(const struct comparison *comparison, const unsigned masks[2], bool bandwidth,
                          bool markdown, enum rows rows, struct table *table)
{
    static const char *const names[] = {"=<case", "base",     "new",    "ratio", "interval",
                                        "~p",     "<verdict", "+<note", NULL};
    struct text text = {0};
    char verdict[64];
    table_columns(table, names);
    for (size_t i = 0; i < comparison->case_count; i++) {
        const struct compared_case *line = &comparison->cases[i];
        if (rows != ALL_ROWS && is_failing(line) != (rows == FAILING_ROWS)) continue;
        name_cell(table, line, masks, markdown);
        table_cell(table, "%s", line_figure(&text, line, BASE, bandwidth));
        table_cell(table, "%s", line_figure(&text, line, FRESH, bandwidth));
        ratio_cells(table, line, bandwidth);
        p_cell(table, shows_p(line) ? line->adjusted_p : NAN);
        table_cell(table, "%s", line->verdict == VERDICT_INCONCLUSIVE ? "~" : verdict_text(line, verdict));
        table_cell(table, "%s", line->why ? line->why : "");
    }
    text_free(&text);
}

/* ---- text and markdown ---- */

/* Where text goes, and how its lines begin: in markdown they are items of a list. */
struct readable {
    struct text *out;
    const char *start;
    bool markdown;
};

/* Adds text from records and paths. It is untrusted, so line_text() cleans it. */
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

/* The test behind the adjusted p. */
static const char *test_text(const struct comparison *comparison, bool exact)
{
    size_t tested = 0, students = 0;
    for (size_t i = 0; i < comparison->case_count; i++) {
        const struct compared_case *line = &comparison->cases[i];
        tested += !isnan(line->adjusted_p);
        students += line->by_student;
    }
    if (tested && students == tested) return "Student's t, Holm's adjustment";
    return exact ? "max-T, all relabellings" : "max-T, sampled relabellings";
}

static void method_text(const struct comparison *comparison, const struct output_choice *choice,
                        struct text *out)
{
    bool exact = true, overlaps = false;
    for (size_t i = 0; i < comparison->case_count; i++) overlaps |= comparison->cases[i].row->overlap != NULL;
    for (size_t g = 0; comparison->unit_groups && g < comparison->group_count; g++)
        if (comparison->unit_groups[g].base && comparison->unit_groups[g].fresh)
            exact &= comparison->unit_groups[g].exact;
    text_add(out, choice->bandwidth ? "rates, higher is better; ratio below 1: new is slower"
                                    : "times per operation, lower is better; ratio above 1: new is slower");
    if (overlaps)
        text_add(out, "; of overlap: the time of both sides at once, in %% of their times one after the "
                      "other; lower is better");
    text_add(out,
             ". Tolerance %g %%%s, alpha %g, %s; p: new is no slower than the tolerance, and over all %zu "
             "cases no slower "
             "at all (%s); intervals at %g %%\n",
             100 * choice->delta, choice->gate ? " or the gate file's" : "", choice->alpha,
             unit_text(comparison), comparison->tested, test_text(comparison, exact),
             100 * (1 - 2 * choice->alpha));
}

static void shared_text(const struct comparison *comparison, unsigned masks[2], const struct readable *to)
{
    static const char *const kinds[2] = {"collectives", "matmul"};
    struct case_name *names = allocate(comparison->case_count, sizeof *names);
    for (size_t i = 0; i < comparison->case_count; i++)
        names[i] = (struct case_name){comparison->cases[i].key, comparison->cases[i].row};
    for (int gemm = 0; gemm < 2; gemm++) {
        struct text shared = {0};
        masks[gemm] = shared_tokens(names, comparison->case_count, gemm, &shared);
        if (shared.length) {
            text_add(to->out, "%sall %s: ", to->start, kinds[gemm]);
            say(to, shared.data, 300);
            text_add(to->out, "\n");
        }
        text_free(&shared);
    }
    free(names);
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

double comparison_mean_ratio(const struct comparison *comparison, size_t *count)
{
    double sum = 0;
    *count = 0;
    for (size_t i = 0; i < comparison->case_count; i++) {
        const struct compared_case *line = &comparison->cases[i];
        bool judged = line->verdict <= VERDICT_INCONCLUSIVE;
        if (judged && isfinite(line->ratio)) sum += log(line->ratio), ++*count;
    }
    return *count ? exp(sum / (double)*count) : NAN;
}

static void counts_text(const struct comparison *comparison, const struct contract *contract,
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
}

static const char *result_text(const struct comparison *comparison, const struct contract *contract,
                               bool strict)
{
    bool bad = comparison_status(comparison, strict) || (contract && contract_status(contract));
    return bad                                        ? "FAIL"
           : comparison->counts[VERDICT_INCONCLUSIVE] ? "no regression shown, not all decided"
                                                      : "ok";
}

static void mean_text(const struct comparison *comparison, bool bandwidth, struct text *out)
{
    size_t count;
    double ratio = comparison_mean_ratio(comparison, &count);
    if (count)
        text_add(out, "geometric mean of the ratios %.3f over %zu case%s", bandwidth ? 1 / ratio : ratio,
                 count, count == 1 ? "" : "s");
}

static void lines_text(const struct readable *to, const char *word, const char *const *lines, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        text_add(to->out, "%s%s", to->start, word);
        say(to, lines[i], 400);
        text_add(to->out, "\n");
    }
}

static void print_table(const struct table *table, const struct output_choice *choice, struct text *out)
{
    readable_table(table, choice->format == FORMAT_MARKDOWN, choice->wide, out);
    text_add(out, "\n");
}

static void limits_text(const struct contract *contract, const struct output_choice *choice, struct text *out)
{
    struct table limits = {0};
    if (!contract) return;
    contract_fill_table(contract, &limits);
    print_table(&limits, choice, out);
    table_free(&limits);
}

static void cases_text(const struct comparison *comparison, const unsigned masks[2],
                       const struct output_choice *choice, enum rows rows, struct text *out)
{
    struct table table = {0};
    bool markdown = choice->format == FORMAT_MARKDOWN;
    readable_rows(comparison, masks, choice->bandwidth, markdown, rows, &table);
    if (rows == ALL_ROWS || table_rows(&table)) print_table(&table, choice, out);
    table_free(&table);
}

static void heading_text(const struct comparison *comparison, const struct output_choice *choice,
                         unsigned masks[2], const struct readable *to)
{
    for (int side = BASE; side <= FRESH; side++) side_text(comparison, (enum side)side, to);
    text_add(to->out, "%s", to->start);
    method_text(comparison, choice, to->out);
    shared_text(comparison, masks, to);
    text_add(to->out, "\n");
}

static void print_text(const struct comparison *comparison, const struct contract *contract,
                       const struct output_choice *choice, struct text *out)
{
    struct text lines = {0};
    const struct readable to = {&lines, "", false};
    unsigned masks[2];
    heading_text(comparison, choice, masks, &to);
    terminal_lines(text_get(&lines), choice->wide, out);
    cases_text(comparison, masks, choice, ALL_ROWS, out);
    limits_text(contract, choice, out);
    text_clear(&lines);
    lines_text(&to, "FAIL: ", comparison->failures, comparison->failure_count);
    lines_text(&to, "note: ", comparison->notes, comparison->note_count);
    differences_text(comparison, &to);
    mean_text(comparison, choice->bandwidth, &lines);
    text_add(&lines, "\n");
    counts_text(comparison, contract, &lines);
    text_add(&lines, ": %s\n", result_text(comparison, contract, choice->strict));
    terminal_lines(text_get(&lines), choice->wide, out);
    text_free(&lines);
}

/* Prints a comment for a pull request: the verdict in one line, the failures, and the rest in a folded
   section. */
static void print_markdown(const struct comparison *comparison, const struct contract *contract,
                           const struct output_choice *choice, struct text *out)
{
    struct text heading = {0};
    const struct readable to = {out, "- ", true}, into_heading = {&heading, "- ", true};
    unsigned masks[2];
    heading_text(comparison, choice, masks, &into_heading);
    text_add(out, "**busbar: %s** (", result_text(comparison, contract, choice->strict));
    counts_text(comparison, contract, out);
    text_add(out, "); ");
    mean_text(comparison, choice->bandwidth, out);
    text_add(out, "\n\n");
    cases_text(comparison, masks, choice, FAILING_ROWS, out);
    lines_text(&to, "FAIL: ", comparison->failures, comparison->failure_count);
    if (comparison->failure_count) text_add(out, "\n");
    limits_text(contract, choice, out);
    text_add(out, "<details><summary>The other cases, and how they were compared</summary>\n\n%s",
             text_get(&heading));
    cases_text(comparison, masks, choice, OTHER_ROWS, out);
    lines_text(&to, "note: ", comparison->notes, comparison->note_count);
    differences_text(comparison, &to);
    text_add(out, "\n</details>\n");
    text_free(&heading);
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
    else if (choice->format == FORMAT_MARKDOWN)
        print_markdown(comparison, contract, choice, out);
    else
        print_text(comparison, contract, choice, out);
}
