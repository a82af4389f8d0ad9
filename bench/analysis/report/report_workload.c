/* The ranking for a workload. Ranks only comparable steps; lists the others with the reason. */
#include "analysis/compare/steps.h"
#include "analysis/report/report_figures.h"
#include "analysis/report/report_step_cost.h"
#include "base/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void seconds_cell(struct table *table, struct figure figure)
{
    struct text text = {0};
    figure_words(&text, figure, "\n");
    table_cell(table, "%s", text_get(&text));
    text_free(&text);
}

/* The range from max(computation, communication) to their sum, because their overlap is not measured; in
   seconds times `factor`. Empty if either is not known. */
static void range_cell(struct table *table, const struct step *step, double factor)
{
    char least[32], most[32];
    if (!figure_present(step->serial) || !isfinite(factor))
        table_cell(table, "%s", "");
    else
        table_cell(table, "%s to %s", number_text(step->overlapped.point * factor, least),
                   number_text(step->serial.point * factor, most));
}

/* Compares a step with the first of its table, not with its neighbour: otherwise ties could chain from the
   fastest to the slowest. */
static void order_cell(struct table *table, const struct step *step, const struct step *leader, bool fastest)
{
    struct figure ratio;
    char point[32], lo[32], hi[32];
    if (step == leader) {
        table_cell(table, "%s", fastest ? "fastest here" : "shortest here");
        return;
    }
    (void)steps_order(leader, step, &ratio);
    if (ratio.kind != INTERVAL_EXACT)
        table_cell(table, "not told apart\nratio %s; no interval", number_text(1 / ratio.point, point));
    else
        table_cell(table, "%s\nratio %s [%s–%s]", step->slower_than_first ? "slower" : "not told apart",
                   number_text(1 / ratio.point, point), number_text(1 / ratio.hi, lo),
                   number_text(1 / ratio.lo, hi));
}

static void step_row(struct table *table, const struct report *report, const struct step *step,
                     const struct step *leader, bool fastest)
{
    const struct run_summary *run = &report->study->aggregate.runs[step->run];
    char joule[32];
    if (step->place)
        table_cell(table, "%zu", step->place);
    else
        table_cell(table, "%s", ""); /* no place without an interval */
    table_cell(table, "%s%s\n%s", run->label, step->world, run->provenance);
    seconds_cell(table, step->communication);
    seconds_cell(table, step->computation);
    range_cell(table, step, 1);
    step_price_cell(table, report, step);
    range_cell(table, step, step_token_cost_factor(report, step));
    table_cell(table, "%s", number_text(step_token_joule(report, step), joule));
    order_cell(table, step, leader, fastest);
}

static void group_table(struct page *page, const struct report *report, const struct step *steps, size_t n)
{
    static const char *const names[] = {"place",
                                        "<cloud",
                                        "communication, s",
                                        "computation, s",
                                        "step, s",
                                        "US$ per step",
                                        "US$ per million tokens",
                                        "J per token",
                                        "<against the first",
                                        NULL};
    struct table table = {0};
    struct text heading = {0};
    bool whole = figure_present(steps[0].computation), alone = true;
    text_add(&heading, "%s: ", scope_names[steps[0].basis.scope]);
    basis_words(&steps[0].basis, &heading);
    if (!whole) text_add(&heading, ": communication alone");
    page_heading(page, 4, NULL, text_get(&heading));
    table_columns(&table, names);
    for (size_t i = 1; i < n; i++) alone &= steps[i].slower_than_first;
    for (size_t i = 0; i < n; i++) step_row(&table, report, &steps[i], &steps[0], alone);
    table_drop_empty(&table);
    page_table(page, &table, whole ? NULL : "This orders the communication of a step, not the step.");
    table_free(&table);
    text_free(&heading);
}

/* Why a step is in no table. */
static const char *reason_of(const struct step *step)
{
    if (step->missing) return step->missing;
    return step->no_computation
               ? "no other run of that extent with as many GPUs, the same mode, cache and statistic, and no "
                 "sustained matmul at that number of GPUs"
               : "no other run of that extent with as many GPUs, the same mode, cache and statistic";
}

static void who_text(struct text *out, const struct report *report, const struct step *step,
                     const struct step *before)
{
    char least[32], most[32];
    bool same_run = before && before->run == step->run;
    text_add(out, "%s%s", before ? ", " : "", same_run ? "" : report->study->aggregate.runs[step->run].label);
    if (step->ranks != ABSENT)
        text_add(out, "%s×%lld%s", same_run ? "" : " ", (long long)step->ranks, step->world);
    if (step->missing) return;
    if (figure_present(step->serial))
        text_add(out, " (%s to %s s per step)", number_text(step->overlapped.point, least),
                 number_text(step->serial.point, most));
    else
        text_add(out, " (communication %s s)", number_text(step->communication.point, least));
}

/* Writes one item per reason, with the names of the runs it applies to. */
static void alone_items(struct page *page, const struct report *report, const struct step *steps,
                        const bool *ranked, size_t count)
{
    struct text text = {0};
    for (size_t i = 0; i < count; i++) {
        bool said = ranked[i];
        for (size_t j = 0; j < i && !said; j++)
            said = !ranked[j] && same(reason_of(&steps[j]), reason_of(&steps[i]));
        if (said) continue;
        const struct step *before = NULL;
        text_clear(&text);
        text_add(&text, "%s: ", reason_of(&steps[i]));
        for (size_t j = i; j < count; j++) {
            if (ranked[j] || !same(reason_of(&steps[j]), reason_of(&steps[i]))) continue;
            who_text(&text, report, &steps[j], before);
            before = &steps[j];
        }
        page_item(page, "not comparable", text_get(&text));
    }
    text_free(&text);
}

/* Adds the shortest measured step of each run. A measurement comes before computed figures. Returns whether
   there is one. */
static bool add_measured(struct text *text, const struct report *report)
{
    bool any = false;
    for (size_t r = 0; r < report->study->aggregate.count; r++) {
        const struct run_summary *run = &report->study->aggregate.runs[r];
        const struct case_summary *best = NULL;
        size_t steps = 0;
        for (size_t c = 0; c < run->case_count; c++) {
            if (!run->cases[c].launches || !is_step_of(&run->cases[c], report->workload->name)) continue;
            steps++;
            if (!best || run->cases[c].time_us.point < best->time_us.point) best = &run->cases[c];
        }
        if (!best) continue;
        text_add(text, "measured on %s%s%s%s: ", run->label, same(run->provenance, "measured") ? "" : " (",
                 same(run->provenance, "measured") ? "" : run->provenance,
                 same(run->provenance, "measured") ? "" : ")");
        figure_words(text, figure_scaled(best->time_us, 1e-6), " ");
        text_add(text, " s with");
        step_settings(best, text);
        if (steps > 1) text_add(text, ", the shortest of %zu steps", steps);
        measured_cost_words(text, report, r, best);
        text_add(text, ". ");
        any = true;
    }
    return any;
}

/* The largest group of whole steps, in a sentence. */
void report_workload_answer(struct page *page, const struct report *report)
{
    struct arena arena = {0};
    struct text text = {0};
    size_t count = 0, most = 0, at = 0;
    char least[32], longest[32];
    if (!report->workload) return;
    struct step *steps = workload_steps(report->study, report->workload, &count, &arena);
    for (size_t first = 0, last; first < count; first = last) {
        for (last = first + 1; last < count && steps_comparable(&steps[first], &steps[last]);) last++;
        if (figure_present(steps[first].serial) && last - first > most) most = last - first, at = first;
    }
    text_add(&text, "a step of %s: ", report->workload->name);
    const bool measured = add_measured(&text, report);
    if (!most) {
        text_add(&text, "%s", measured ? "From its parts, " : "");
        text_add(&text,
                 isfinite(report->workload->flops)
                     ? "seconds and dollars are not known, since no run here has both its collectives and "
                       "sustained matrix multiplication at one number of GPUs."
                     : "it is not known, since no run here has all its collectives.");
    } else {
        const struct step *best = &steps[at];
        bool sure = best->place == 1;
        for (size_t i = at + 1; i < at + most; i++) sure &= steps[i].slower_than_first;
        text_add(&text, "%s%s takes the least of %zu, %s to %s s, on ",
                 report->study->aggregate.runs[best->run].label, best->world, most,
                 number_text(best->overlapped.point, least), number_text(best->serial.point, longest));
        basis_words(&best->basis, &text);
        text_add(&text, most == 1 ? "; nothing to rank it against."
                        : sure    ? ". Sure: its whole interval is better than all others'."
                                  : ". Not sure: the intervals do not tell it from all others.");
        cheapest_step(&text, report, best, most);
    }
    page_item(page, "workload", text_get(&text));
    text_free(&text);
    free(steps);
    arena_free(&arena);
}

static void describe(struct page *page, const struct workload *workload)
{
    struct text text = {0};
    char size[UNIT_TEXT];
    for (size_t p = 0; p < workload->part_count; p++) {
        const struct workload_part *part = &workload->parts[p];
        text_clear(&text);
        text_add(&text, "%g calls of %s, %s: %s", part->count, format_size((size_t)part->bytes, size),
                 part->dtype, part->note);
        page_item(page, part->name, text_get(&text));
    }
    if (isfinite(workload->flops)) {
        text_clear(&text);
        text_add(&text, "%.4g FLOPs per GPU in %s: %s", workload->flops, workload->dtype, workload->note);
        if (isfinite(workload->tokens)) text_add(&text, "; %.0f tokens per GPU", workload->tokens);
        page_item(page, "matmul", text_get(&text));
    }
    text_free(&text);
}

/* The step that follows from the parts of the same run, on as many ranks and in the same memory, if possible
   with the same cache; NULL: none. */
static const struct step *computed_beside(const struct step *steps, size_t count, size_t run,
                                          const struct case_row *row)
{
    const struct step *found = NULL;
    for (size_t i = 0; i < count; i++) {
        if (steps[i].run != run || steps[i].ranks != row->ranks || !figure_present(steps[i].serial) ||
            steps[i].basis.memory != row->memory)
            continue;
        if (!found || (found->basis.cache != row->cache && steps[i].basis.cache == row->cache))
            found = &steps[i];
    }
    return found;
}

/* Writes an item for each step that build/step measured, beside the range that follows from the same run's
   collectives and matmul. Measured steps are not in the ranking, because they are not comparable with
   computed ones. Returns their number. */
static size_t measured_items(struct page *page, const struct report *report, const struct step *steps,
                             size_t count)
{
    enum { LONGEST = 80 };
    struct text text = {0};
    size_t found = 0;
    for (size_t r = 0; r < report->study->aggregate.count; r++) {
        const struct run_summary *run = &report->study->aggregate.runs[r];
        for (size_t c = 0; c < run->case_count; c++) {
            const struct case_summary *line = &run->cases[c];
            if (!line->launches || !is_step_of(line, report->workload->name)) continue;
            char least[32], most[32];
            const struct step *computed = computed_beside(steps, count, r, line->row);
            text_clear(&text);
            text_add(&text, "%s (%s), ", run->label, run->provenance);
            plain_text(&text, line->row->workload, LONGEST);
            text_add(&text, ",");
            step_settings(line, &text);
            text_add(&text, ": ");
            step_words(line, &text);
            measured_cost_words(&text, report, r, line);
            if (computed)
                text_add(&text, "; range computed from this run's collectives%s%s and matmul: %s to %s s",
                         computed->basis.cache == line->row->cache || !computed->basis.cache ? ""
                                                                                             : ", cache ",
                         computed->basis.cache == line->row->cache || !computed->basis.cache
                             ? ""
                             : cache_name(computed->basis.cache),
                         number_text(computed->overlapped.point, least),
                         number_text(computed->serial.point, most));
            page_item(page, "measured step", text_get(&text));
            found++;
        }
    }
    text_free(&text);
    return found;
}

void report_workload(struct page *page, const struct report *report)
{
    struct arena arena = {0};
    struct text heading = {0};
    size_t count = 0;
    if (!report->workload) return;
    text_add(&heading, "A step of %s", report->workload->name);
    page_heading(page, 3, "workload", text_get(&heading));
    describe(page, report->workload);
    struct step *steps = workload_steps(report->study, report->workload, &count, &arena);
    if (measured_items(page, report, steps, count))
        page_paragraph(
            page,
            "build/step replays a step with its order, groups and overlaps, and measures it. If a run has a "
            "measured step, trust it more than the tables below, which are computed from parts and do not "
            "rank measured steps.");
    bool *ranked = allocate(count, sizeof *ranked), any = false, whole = false;
    for (size_t i = 0; i < count; i++) whole |= figure_present(steps[i].computation);
    if (isfinite(report->workload->flops) && !whole)
        page_paragraph(
            page,
            "No run here has both these collectives and sustained matrix multiplication in %s: how "
            "long a step takes and what it costs is not known. What follows compares the communication of a "
            "step alone: it does not rank clouds.",
            report->workload->dtype);
    for (size_t first = 0, last; first < count; first = last) {
        for (last = first + 1; last < count && steps_comparable(&steps[first], &steps[last]);) last++;
        if (steps[first].missing || last - first < 2) continue;
        group_table(page, report, &steps[first], last - first);
        for (size_t i = first; i < last; i++) ranked[i] = any = true;
    }
    if (any)
        page_paragraph(
            page,
            "A place is 1 + the number of steps that are faster by the interval of their ratio, whatever the "
            "overlap, with intervals that hold for all pairs of the table at once (95 %%). A step takes from "
            "max(computation, communication), when all of the smaller is hidden, to their sum, when nothing "
            "is: "
            "the overlap is not in these figures. Computation is that of matmul on as many GPUs.");
    if (!any) page_paragraph(page, "No two runs are comparable for this workload: nothing is ranked.");
    alone_items(page, report, steps, ranked, count);
    text_clear(&heading);
    for (size_t i = 0; i < report->workloads->count; i++)
        text_add(&heading, "%s%s", i ? ", " : "", report->workloads->list[i].name);
    page_paragraph(
        page, "Other workloads (--workload): %s. They are rows of workloads.tsv, to be edited or added to.",
        text_get(&heading));
    free(ranked);
    free(steps);
    text_free(&heading);
    arena_free(&arena);
}

/* ---- rows for CSV and JSON ---- */

static void step_rows(struct table *table, const struct report *report, const struct step *step)
{
    const double cost = step_cost_factor(report, step), per_token = step_token_cost_factor(report, step),
                 joule = step_token_joule(report, step);
    const struct {
        const char *what, *unit;
        struct figure value;
    } figures[] = {
        {"communication", "s", step->communication},
        {"computation", "s", step->computation},
        {"with full overlap", "s", step->overlapped},
        {"without overlap", "s", step->serial},
        {"with full overlap", "US$", figure_scaled(step->overlapped, cost)},
        {"without overlap", "US$", figure_scaled(step->serial, cost)},
        {"with full overlap", "US$ per million tokens", figure_scaled(step->overlapped, per_token)},
        {"without overlap", "US$ per million tokens", figure_scaled(step->serial, per_token)},
        {"without overlap", "J per token", {joule, joule, joule, INTERVAL_NONE}},
    };
    const struct run_summary *run = &report->study->aggregate.runs[step->run];
    struct text what = {0};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        struct report_row row = {.run = run->run, .cloud = run->label};
        if (!step->missing) row = report_row_of(report, step->run, step->basis.scope, step->parts[0]);
        text_clear(&what);
        text_add(&what, "step of %s%s, %s", report->workload->name, step->world, figures[i].what);
        row.figure = text_get(&what);
        row.unit = figures[i].unit;
        row.value = figures[i].value;
        row.bytes = 0;
        row.bound_percent = 0;
        row.place = step->place;
        report_row_add(table, report, &row);
    }
    text_free(&what);
}

static void measured_rows(struct table *table, const struct report *report)
{
    struct text what = {0};
    for (size_t r = 0; r < report->study->aggregate.count; r++) {
        const struct run_summary *run = &report->study->aggregate.runs[r];
        for (size_t c = 0; c < run->case_count; c++) {
            const struct case_summary *line = &run->cases[c];
            if (!line->launches || !is_step_of(line, report->workload->name)) continue;
            const struct {
                const char *what, *unit;
                struct figure value;
            } figures[] = {
                {"measured", "s", figure_scaled(line->time_us, 1e-6)},
                {"measured", "US$ per million tokens", measured_token_cost(report, r, line)},
                {"computed from its parts", "s", figure_scaled(step_figure(line, "computed_us"), 1e-6)},
                {"error of the computed one", "%", step_figure(line, "error_percent")},
                {"exposed communication", "%", figure_scaled(step_figure(line, "exposed_share"), 100)}};
            for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
                struct report_row row =
                    report_row_of(report, r, site_scope(&report->study->sites[r], line), line);
                text_clear(&what);
                text_add(&what, "step of %s, %s", report->workload->name, figures[i].what);
                row.figure = text_get(&what);
                row.unit = figures[i].unit;
                row.value = figures[i].value;
                row.bytes = 0;
                row.bound_percent = 0;
                report_row_add(table, report, &row);
            }
        }
    }
    text_free(&what);
}

void report_workload_rows(struct table *table, const struct report *report)
{
    struct arena arena = {0};
    size_t count = 0;
    if (!report->workload) return;
    struct step *steps = workload_steps(report->study, report->workload, &count, &arena);
    measured_rows(table, report);
    for (size_t i = 0; i < count; i++) step_rows(table, report, &steps[i]);
    free(steps);
    arena_free(&arena);
}
