/* Judges results by the absolute limits of a gate file, for busbar contract and busbar compare --gate. */
#include "analysis/gate/contract.h"
#include "record/fields.h"
#include "record/overlap.h"

#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one requirement on one case ---- */

static double member_of(const struct gate_term *term, const struct case_row *row)
{
    if (term->quantity == OVERLAP_RATIO)
        return *(const double *)((const char *)row->overlap + term->overlap_field->offset);
    return *(const double *)((const char *)row + term->field->offset);
}

static struct figure exact_count(double count)
{
    return (struct figure){count, count, count, INTERVAL_NONE};
}

/* The figure that a term limits. Rates and the median are those of the summary; percentiles are aggregated
   here over the launches' percentiles, which all must have: a slow launch takes too few samples for one. */
static struct figure measured_of(const struct gate_term *term, const struct case_summary *line)
{
    switch (term->quantity) {
    case BUSBW_GBPS:
        return line->busbw_gbps;
    case ALGBW_GBPS:
        return line->algbw_gbps;
    case TFLOPS:
        return line->tflops;
    case BOUND_PERCENT:
        return line->bound_percent;
    case WRONG_ELEMENTS:
        if (line->wrong == ABSENT || line->unchecked || !line->launches) return figure_absent();
        return exact_count((double)line->wrong);
    case LAUNCHES:
        return line->launches ? exact_count((double)line->launches) : figure_absent();
    case MEDIAN_US:
        return line->statistic == STATISTIC_MEDIAN ? line->time_us : figure_absent();
    case P95_US:
    case P99_US:
    case ROW_RATIO:
    case OVERLAP_RATIO:
        break;
    case TRANSPORT:
    case QUANTITY_NONE:
        return figure_absent();
    }
    double *values = allocate(line->launches, sizeof *values);
    for (size_t i = 0; i < line->launches; i++) values[i] = member_of(term, line->points[i].row);
    struct figure figure = case_figure(line, values);
    free(values);
    return figure;
}

/* NAN if the limit is zero, because there is no share of zero. */
static double margin_of(const struct gate_term *term, double limit, double measured)
{
    bool least = term->relation == RELATION_LEAST || term->relation == RELATION_ABOVE;
    double distance = least ? measured - limit : limit - measured;
    return limit != 0 ? distance / fabs(limit) : NAN;
}

static const char *text_of(struct contract *contract, const char *format, const char *a, const char *b)
{
    struct text text = {0};
    text_add(&text, format, a, b);
    const char *kept = arena_string(&contract->arena, text_get(&text));
    text_free(&text);
    return kept;
}

/* Why a case with a figure fails all the same: launches without one may be the slow ones. NULL: all have
   it. */
static const char *lacking(struct contract *contract, const struct case_summary *line)
{
    if (!line->launches || !line->turnout.without) return NULL;
    struct text text = {0};
    turnout_words(&text, line->turnout, line->status);
    const char *kept = arena_string(&contract->arena, text_get(&text));
    text_free(&text);
    return kept;
}

static void add_row(struct contract *contract, struct contract_row row)
{
    contract->rows = reallocate(contract->rows, contract->count + 1, sizeof *contract->rows);
    contract->rows[contract->count++] = row;
    contract->failed += !row.pass;
}

/* The bound of what a term limits, in its unit; NAN: not known, or nothing bounds it. */
static double bound_of_line(const struct gate_term *term, const struct case_summary *line)
{
    const struct case_row *row = line->row;
    switch (term->quantity) {
    case BUSBW_GBPS:
        return busbw_gbps(row->collective ? collective_find(row->collective) : NULL, row->ranks,
                          (double)row->bytes, line->bound_us);
    case ALGBW_GBPS:
        return algbw_gbps((double)row->bytes, line->bound_us);
    case TFLOPS:
        return line->peak_tflops;
    case MEDIAN_US:
    case P95_US:
    case P99_US:
        return row->gemm ? NAN : line->bound_us;
    default:
        return NAN;
    }
}

static bool refuse_limit(struct contract *contract, struct contract_row *row, const struct case_summary *line)
{
    struct text why = {0};
    row->refused = gate_beyond(row->term, row->limit, bound_of_line(row->term, line), line->bound, &why);
    if (row->refused) row->why = arena_string(&contract->arena, text_get(&why));
    text_free(&why);
    return row->refused;
}

/* ---- limits in per cent of a reference run ---- */

/* Why a line of the reference is no base for a limit on `line`; NULL: it is one. */
static const char *unlike(const struct gate_term *term, const struct run_summary *run,
                          const struct case_summary *line, const struct run_summary *other,
                          const struct case_summary *base)
{
    const char *artificial = artificial_provenance(&base->launch->header);
    if (base->status == CASE_WRONG || base->wrong > 0) return "the reference has wrong data in this case";
    if (!figure_present(measured_of(term, base))) return "the reference has no figure of this case";
    if (base->turnout.without) return "some launches of the reference have no figure of this case";
    if (impossible_in_world(other, base)) return "the reference is above its bound: impossible";
    if (!same(run->gpu, other->gpu) || !same(run->instance, other->instance))
        return "the reference ran on another GPU or instance, or one of them does not say on which";
    if (line->statistic != base->statistic || !same(line->rank_reduction, base->rank_reduction))
        return "the reference has another statistic";
    return same(artificial, artificial_provenance(&line->launch->header))
               ? NULL
               : "one of run and reference is no measurement of a real machine";
}

/* Sets the limit of a term in per cent. Returns why there is none; NULL: there is one. Fails closed: exactly
   one run of the reference must have the same case. */
static const char *resolve_limit(struct contract_row *row, const struct aggregate *reference,
                                 const struct run_summary *run, const struct case_summary *line)
{
    const char *why = "the reference does not have this case";
    size_t found = 0;
    row->limit = NAN;
    if (!reference) return "no reference: give the run that the per cent are of by --reference";
    for (size_t r = 0; r < reference->count; r++)
        for (size_t c = 0; c < reference->runs[r].case_count; c++) {
            const struct case_summary *base = &reference->runs[r].cases[c];
            if (!same(base->key, line->key)) continue;
            why = unlike(row->term, run, line, &reference->runs[r], base);
            row->limit = row->term->number * measured_of(row->term, base).point;
            found++;
        }
    if (found > 1) why = "several runs of the reference have this case";
    if (why) row->limit = NAN;
    return why;
}

/* Fails closed: if the records do not have the transport, it does not count as the agreed one. */
static void judge_transport(struct contract *contract, struct contract_row row,
                            const struct case_summary *line)
{
    row.found = line->conditions.transport;
    row.pass = row.found &&
               (fnmatch(row.term->pattern, row.found, 0) == 0) == (row.term->relation == RELATION_EQUAL);
    row.why = row.found ? lacking(contract, line) : "the records do not tell the transport";
    row.pass &= !row.why;
    add_row(contract, row);
}

/* A single host is in one domain. */
static int64_t domains_of(const struct case_summary *line)
{
    return line->row->nodes == 1 ? 1 : line->conditions.domains;
}

static void judge_case(struct contract *contract, struct contract_row row, const struct aggregate *reference,
                       const struct run_summary *run, const struct case_summary *line, bool strict)
{
    const struct case_summary *impossible;
    const struct gate_term *term = row.term;
    const char *no_limit = NULL, *incomplete;
    row.measured = measured_of(term, line);
    row.row = line->row;
    row.key = line->key;
    row.launches = line->launches;
    row.limit = term->number;
    if (term->of_reference) no_limit = resolve_limit(&row, reference, run, line);
    row.margin = margin_of(term, row.limit, row.measured.point);
    if (refuse_limit(contract, &row, line)) {
        add_row(contract, row);
        return;
    }
    if (term->quantity == TRANSPORT) {
        judge_transport(contract, row, line);
        return;
    }
    bool bad_status =
        line->status == CASE_WRONG || line->status == CASE_ERROR || line->status == CASE_TIMEOUT;
    bool present = figure_present(row.measured), inside = true;
    if (present) {
        bool lo = gate_holds(term->relation, row.measured.lo, row.limit),
             hi = gate_holds(term->relation, row.measured.hi, row.limit);
        row.pass = !no_limit && gate_holds(term->relation, row.measured.point, row.limit);
        inside = row.measured.kind == INTERVAL_NONE || (lo && hi);
    }
    if (bad_status || line->wrong > 0) {
        row.pass = false;
        row.why = text_of(contract, "%s%s", line->wrong > 0 ? "wrong data" : case_status_name(line->status),
                          line->error ? ": see its row" : "");
    } else if ((impossible = impossible_in_world(run, line))) {
        char percent[32];
        snprintf(percent, sizeof percent, "%.0f", impossible->bound_percent.point);
        row.pass = false;
        row.why =
            text_of(contract, "impossible: %s %% of its %s", percent, line->row->gemm ? "peak" : "bound");
    } else if (!present) {
        row.pass = false;
        row.why = text_of(contract, line->status == CASE_OK ? "%s was not %s" : "no figure: %s%s",
                          line->status == CASE_OK ? term->name : case_status_name(line->status),
                          line->status != CASE_OK            ? ""
                          : term->quantity == WRONG_ELEMENTS ? "checked in every launch"
                          : term->quantity == BOUND_PERCENT  ? "computed: the bound is not known"
                          : line->launches > 1               ? "measured in every launch"
                                                             : "measured");
    } else if ((incomplete = lacking(contract, line))) {
        row.pass = false;
        row.why = incomplete;
    } else if (no_limit) {
        row.why = no_limit;
    } else if (gate_counts(term)) {
        ; /* counts have no interval and no statistic */
    } else if (row.pass && (!inside || (strict && row.measured.kind == INTERVAL_NONE))) {
        row.pass = !strict;
        row.why = inside ? "one launch: no interval" : "the interval reaches beyond the limit";
    } else if (line->statistic != STATISTIC_MEDIAN) {
        row.why = text_of(contract, "a %s by its source%s",
                          line->statistic ? statistic_name(line->statistic) : "figure", "");
    }
    add_row(contract, row);
}

/* Wrong data in a line of overlap must not pass, even if no rule reads it. */
static bool has_wrong_overlap(const struct launch *launch)
{
    for (size_t i = 0; i < launch->overlap_count; i++)
        if (overlap_is_wrong(&launch->overlaps[i])) return true;
    return false;
}

static void list_unfinished(struct contract *contract, const struct aggregate *aggregate)
{
    enum { NAMED = 5 };
    struct text names = {0};
    size_t named = 0;
    for (size_t r = 0; r < aggregate->count; r++) {
        const struct run_summary *run = &aggregate->runs[r];
        for (size_t i = 0; i < run->launch_count; i++) {
            const char *failure = launch_failure(run->launches[i]);
            if (!failure && has_wrong_overlap(run->launches[i])) failure = "has wrong data (overlap)";
            if (!failure && run->launches[i]->broken_lines) failure = "has broken lines";
            if (!failure) continue;
            contract->unfinished++;
            if (named++ < NAMED)
                text_add(&names, "%s%s %s", names.length ? ", " : "", run->launches[i]->path, failure);
        }
    }
    if (named > NAMED) text_add(&names, " and %zu more", named - NAMED);
    for (size_t r = 0; r < aggregate->count; r++) {
        const struct shortfall *shortfall = &aggregate->runs[r].shortfall;
        contract->unfinished += shortfall->missing + (shortfall->unknown != NULL);
        if (shortfall->missing)
            text_add(&names, "%s%zu of %zu planned launches are missing (%s)", names.length ? ", " : "",
                     shortfall->missing, shortfall->planned, shortfall->names);
        if (shortfall->unknown)
            text_add(&names, "%s%s cannot be read", names.length ? ", " : "", shortfall->unknown);
    }
    if (names.length) contract->unfinished_names = arena_string(&contract->arena, text_get(&names));
    text_free(&names);
}

/* Lists the runs that were not measured on an unmodified real machine, to be printed with the verdict. */
static void list_artificial(struct contract *contract, const struct aggregate *aggregate)
{
    struct text words = {0};
    for (size_t r = 0; r < aggregate->count; r++) {
        const struct run_summary *run = &aggregate->runs[r];
        if (run->launch_count && artificial_provenance(&run->launches[0]->header))
            text_add(&words, "%s%s is %s", words.length ? ", " : "", run->label, run->provenance);
    }
    if (words.length) contract->artificial = arena_string(&contract->arena, text_get(&words));
    text_free(&words);
}

struct contract contract_of(const struct gate *gate, const struct aggregate *aggregate,
                            const struct aggregate *reference, bool strict)
{
    struct contract contract = {0};
    list_unfinished(&contract, aggregate);
    list_artificial(&contract, aggregate);
    for (size_t r = 0; r < gate->count; r++) {
        const struct gate_rule *rule = &gate->rules[r];
        for (size_t t = 0; t < rule->requirement_count; t++) {
            struct contract_row row = {.rule = rule,
                                       .term = &rule->requirements[t],
                                       .measured = figure_absent(),
                                       .limit = NAN,
                                       .margin = NAN};
            const size_t before = contract.count;
            bool matched = false;
            for (size_t i = 0; i < aggregate->count; i++)
                for (size_t c = 0; c < aggregate->runs[i].case_count; c++) {
                    const struct case_summary *line = &aggregate->runs[i].cases[c];
                    row.run = aggregate->runs[i].label;
                    if (!gate_matches(rule, line->row, domains_of(line))) continue;
                    matched = true;
                    if (gate_concerns(row.term, line->row))
                        judge_case(&contract, row, reference, &aggregate->runs[i], line, strict);
                }
            row.run = NULL;
            row.why = matched ? "the cases that match have no such figure" : "no case measured matches";
            if (contract.count == before) add_row(&contract, row);
        }
    }
    return contract;
}

enum status contract_status(const struct contract *contract)
{
    return contract->failed || contract->unfinished ? STATUS_GATE : STATUS_OK;
}

void contract_free(struct contract *contract)
{
    free(contract->rows);
    arena_free(&contract->arena);
    *contract = (struct contract){0};
}
