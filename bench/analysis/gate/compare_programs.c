/* Prints a comparison in the formats for programs: JSON, CSV, JUnit XML. */
#include "analysis/gate/compare_output.h"
#include "analysis/common/json.h"
#include "analysis/common/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- JSON ---- */

/* What median_us is. */
static const char *figure_name(const struct compared_case *line)
{
    return line->row->overlap ? "both_percent" : "time_us";
}

static json_t *figures_json(const struct compared_case *line, enum side side)
{
    const struct figures *figures = &line->side[side];
    json_t *object = json_object();
    object_put(object, "launches", json_integer((json_int_t)figures->count));
    object_put_real(object, figure_name(line), figures->median_us);
    object_put_text(object, "statistic", statistic_name(figures->statistic));
    object_put_text(object, "rank_reduction", figures->rank_reduction);
    object_put(object, "wrong", figures->wrong == ABSENT ? json_null() : json_integer(figures->wrong));
    if (figures->drifting) {
        object_put(object, "drifting_launches", json_integer((json_int_t)figures->drifting));
        object_put_real(object, "drift", figures->drift);
    }
    return object;
}

static json_t *case_json(const struct compared_case *line)
{
    json_t *object = json_object();
    object_put_text(object, "key", line->key);
    object_put(object, "base", figures_json(line, BASE));
    object_put(object, "new", figures_json(line, FRESH));
    object_put_real(object, "ratio", line->ratio);
    if (line->has_interval) {
        object_put_real(object, "lo", line->lo);
        object_put_real(object, "hi", line->hi);
    }
    object_put_real(object, "p", line->p);
    object_put_real(object, "adjusted_p", line->adjusted_p);
    object_put_real(object, "p_faster", line->p_faster);
    if (isfinite(line->tail_ratio)) {
        object_put_text(object, "tail", tail_name(line->tail));
        object_put_real(object, "tail_ratio", line->tail_ratio);
        object_put_real(object, "tail_lo", line->tail_lo);
        object_put_real(object, "tail_hi", line->tail_hi);
        object_put_real(object, "tail_p", line->tail_p);
    }
    object_put_real(object, "scatter_ratio", line->scatter);
    object_put_real(object, "delta", line->delta);
    object_put(object, "paired", json_boolean(line->paired));
    object_put_text(object, "unit", line->paired ? "pair" : line->by_allocation ? "allocation" : "launch");
    object_put(object, "confounded_with_allocation", json_boolean(line->confounded));
    object_put_real(object, "launch_sigma", line->sigma);
    object_put_real(object, "detectable_ratio", line->detectable);
    object_put_real(object, "launches_needed", line->launches_needed);
    object_put_text(object, "verdict", verdict_names[line->verdict]);
    object_put_text(object, "note", line->why);
    return object;
}

static json_t *lines_json(const char *const *lines, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) array_add(list, clean_string(lines[i]));
    return list;
}

static json_t *side_json(const struct comparison *comparison, enum side side)
{
    json_t *object = json_object();
    object_put_text(object, "path", comparison->paths[side]);
    object_put(object, "launches", json_integer((json_int_t)comparison->launch_count[side]));
    object_put(object, "allocations",
               comparison->allocations[side] ? json_integer((json_int_t)comparison->allocations[side])
                                             : json_null());
    return object;
}

void comparison_json(const struct comparison *comparison, const struct contract *contract,
                     const struct output_choice *choice, struct text *out)
{
    json_t *object = json_object(), *cases = json_array(), *differences = json_array();
    object_put(object, "base", side_json(comparison, BASE));
    object_put(object, "new", side_json(comparison, FRESH));
    object_put(object, "alpha", json_real(choice->alpha));
    object_put(object, "delta", json_real(choice->delta));
    object_put(object, "interleaved", json_boolean(comparison->interleaved));
    bool confounded = false;
    for (size_t i = 0; i < comparison->case_count; i++) confounded |= comparison->cases[i].confounded;
    object_put(object, "confounded_with_allocation", json_boolean(confounded));
    for (size_t i = 0; i < comparison->case_count; i++) array_add(cases, case_json(&comparison->cases[i]));
    object_put(object, "cases", cases);
    size_t judged;
    object_put_real(object, "geometric_mean_ratio", comparison_mean_ratio(comparison, &judged));
    for (size_t i = 0; i < comparison->difference_count; i++) {
        json_t *difference = json_object();
        object_put_text(difference, "name", comparison->differences[i].name);
        object_put_text(difference, "base", comparison->differences[i].base);
        object_put_text(difference, "new", comparison->differences[i].fresh);
        array_add(differences, difference);
    }
    object_put(object, "differences", differences);
    object_put(object, "failures", lines_json(comparison->failures, comparison->failure_count));
    object_put(object, "notes", lines_json(comparison->notes, comparison->note_count));
    if (contract) object_put(object, "contract", contract_json(contract));
    object_put(object, "pass",
               json_boolean(!comparison_status(comparison, choice->strict) &&
                            !(contract && contract_status(contract))));
    print_json(out, object, 9);
}

/* ---- CSV ---- */

static void real_cell(struct table *table, double value)
{
    if (isfinite(value))
        table_cell(table, "%.9g", value);
    else
        table_cell(table, "%s", "");
}

void comparison_csv(const struct comparison *comparison, struct text *out)
{
    static const char *const names[] = {"key",
                                        "base_launches",
                                        "new_launches",
                                        "statistic",
                                        "base_us",
                                        "new_us",
                                        "ratio",
                                        "lo",
                                        "hi",
                                        "p",
                                        "adjusted_p",
                                        "delta",
                                        "launch_sigma",
                                        "detectable_ratio",
                                        "launches_needed",
                                        "verdict",
                                        "note",
                                        "unit",
                                        "confounded",
                                        "p_faster",
                                        "tail",
                                        "tail_ratio",
                                        "tail_p",
                                        "scatter_ratio",
                                        "base_percent",
                                        "new_percent"};
    struct table table = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) table_column(&table, names[i], true);
    for (size_t i = 0; i < comparison->case_count; i++) {
        const struct compared_case *line = &comparison->cases[i];
        table_cell(&table, "%s", line->key);
        table_cell(&table, "%zu", line->side[BASE].count);
        table_cell(&table, "%zu", line->side[FRESH].count);
        table_cell(&table, "%s",
                   line->side[FRESH].statistic ? statistic_name(line->side[FRESH].statistic) : "");
        const bool percent = line->row->overlap;
        const double base = line->side[BASE].median_us, fresh = line->side[FRESH].median_us;
        const double reals[] = {percent ? NAN : base,
                                percent ? NAN : fresh,
                                line->ratio,
                                line->has_interval ? line->lo : NAN,
                                line->has_interval ? line->hi : NAN,
                                line->p,
                                line->adjusted_p,
                                line->delta,
                                line->sigma,
                                line->detectable,
                                line->launches_needed};
        for (size_t r = 0; r < sizeof reals / sizeof *reals; r++) real_cell(&table, reals[r]);
        table_cell(&table, "%s", verdict_names[line->verdict]);
        table_cell(&table, "%s", line->why ? line->why : "");
        table_cell(&table, "%s", line->paired ? "pair" : line->by_allocation ? "allocation" : "launch");
        table_cell(&table, "%s", line->confounded ? "yes" : "no");
        real_cell(&table, line->p_faster);
        table_cell(&table, "%s", line->tail ? tail_name(line->tail) : "");
        real_cell(&table, line->tail_ratio);
        real_cell(&table, line->tail_p);
        real_cell(&table, line->scatter);
        real_cell(&table, percent ? base : NAN);
        real_cell(&table, percent ? fresh : NAN);
    }
    table_print(&table, TABLE_CSV, out);
    table_free(&table);
}

/* ---- JUnit ---- */

static bool fails(const struct compared_case *line, bool strict)
{
    return line->verdict == VERDICT_REGRESSION || line->verdict == VERDICT_MISSING ||
           line->verdict == VERDICT_WRONG || (strict && line->verdict == VERDICT_INCONCLUSIVE);
}

static bool skipped(const struct compared_case *line, bool strict)
{
    return !fails(line, strict) &&
           (line->verdict == VERDICT_INCONCLUSIVE || line->verdict == VERDICT_NOT_COMPARABLE);
}

static void junit_case(const struct compared_case *line, bool strict, struct text *out)
{
    text_add(out, "    <testcase classname=\"busbar.compare\" name=\"");
    xml_text(out, line->key);
    text_add(out, "\">\n");
    const char *element = fails(line, strict) ? "failure" : skipped(line, strict) ? "skipped" : "system-out";
    struct text what = {0};
    char verdict[64];
    text_add(&what, "%s", verdict_text(line, verdict));
    if (isfinite(line->ratio)) {
        text_add(&what, ": %.4g -> %.4g %s, ratio %.3f", line->side[BASE].median_us,
                 line->side[FRESH].median_us, line->row->overlap ? "%" : "us", line->ratio);
        if (line->has_interval) text_add(&what, " (%.3f to %.3f)", line->lo, line->hi);
        if (shows_p(line)) text_add(&what, ", p %.3g", line->adjusted_p);
    }
    if (line->why) text_add(&what, ": %s", line->why);
    if (same(element, "system-out")) {
        text_add(out, "      <system-out>");
        xml_text(out, text_get(&what));
        text_add(out, "</system-out>\n");
    } else {
        text_add(out, "      <%s message=\"", element);
        xml_text(out, text_get(&what));
        text_add(out, "\"/>\n");
    }
    text_add(out, "    </testcase>\n");
    text_free(&what);
}

void comparison_junit(const struct comparison *comparison, const struct contract *contract, bool strict,
                      struct text *out)
{
    size_t failures = comparison->failure_count, skips = 0;
    for (size_t i = 0; i < comparison->case_count; i++) {
        failures += fails(&comparison->cases[i], strict);
        skips += skipped(&comparison->cases[i], strict);
    }
    text_add(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
        "  <testsuite name=\"busbar compare\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n",
        comparison->case_count + comparison->failure_count, failures, skips);
    for (size_t i = 0; i < comparison->case_count; i++) junit_case(&comparison->cases[i], strict, out);
    for (size_t i = 0; i < comparison->failure_count; i++) {
        text_add(out,
                 "    <testcase classname=\"busbar.compare\" name=\"whole comparison %zu\">\n      <failure "
                 "message=\"",
                 i + 1);
        xml_text(out, comparison->failures[i]);
        text_add(out, "\"/>\n    </testcase>\n");
    }
    text_add(out, "    <system-out>");
    for (size_t i = 0; i < comparison->note_count; i++) {
        xml_text(out, comparison->notes[i]);
        text_add(out, "\n");
    }
    text_add(out, "</system-out>\n  </testsuite>\n");
    if (contract) contract_junit(contract, out);
    text_add(out, "</testsuites>\n");
}
