#include "analysis/gate/gatefile.h"
#include "analysis/common/table.h"
#include "base/units.h"
#include "catalog/imbalance.h"
#include "collective/collective.h"
#include "record/fields.h"
#include "record/files.h"
#include "record/overlap.h"

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum term_kind { TERM_SIZE, TERM_NUMBER, TERM_TEXT, TERM_MEASURED, TERM_MEASURED_TEXT };

static const struct {
    const char *name;
    enum term_kind kind;
    enum quantity quantity;
} terms[] = {
    {"requested_bytes", TERM_SIZE, QUANTITY_NONE},
    {"bytes", TERM_SIZE, QUANTITY_NONE},
    {"send_bytes", TERM_SIZE, QUANTITY_NONE},
    {"recv_bytes", TERM_SIZE, QUANTITY_NONE},
    {"count", TERM_NUMBER, QUANTITY_NONE},
    {"ranks", TERM_NUMBER, QUANTITY_NONE},
    {"nodes", TERM_NUMBER, QUANTITY_NONE},
    {"domains", TERM_NUMBER, QUANTITY_NONE},
    {"root", TERM_NUMBER, QUANTITY_NONE},
    {"graph", TERM_NUMBER, QUANTITY_NONE},
    {"aggregate", TERM_NUMBER, QUANTITY_NONE},
    {"m", TERM_NUMBER, QUANTITY_NONE},
    {"n", TERM_NUMBER, QUANTITY_NONE},
    {"k", TERM_NUMBER, QUANTITY_NONE},
    {"ratio", TERM_NUMBER, QUANTITY_NONE},
    {"collective", TERM_TEXT, QUANTITY_NONE},
    {"dtype", TERM_TEXT, QUANTITY_NONE},
    {"op", TERM_TEXT, QUANTITY_NONE},
    {"placement", TERM_TEXT, QUANTITY_NONE},
    {"mode", TERM_TEXT, QUANTITY_NONE},
    {"sync", TERM_TEXT, QUANTITY_NONE},
    {"cache", TERM_TEXT, QUANTITY_NONE},
    {"memory", TERM_TEXT, QUANTITY_NONE},
    {"registration", TERM_TEXT, QUANTITY_NONE},
    {"cta", TERM_TEXT, QUANTITY_NONE},
    {"imbalance", TERM_TEXT, QUANTITY_NONE},
    {"beside", TERM_TEXT, QUANTITY_NONE},
    {"workload", TERM_TEXT, QUANTITY_NONE},
    {"progress", TERM_TEXT, QUANTITY_NONE},
    {"group", TERM_TEXT, QUANTITY_NONE},
    {"phase", TERM_TEXT, QUANTITY_NONE},
    {"layout", TERM_TEXT, QUANTITY_NONE},
    {"accumulator", TERM_TEXT, QUANTITY_NONE},
    {"scaling", TERM_TEXT, QUANTITY_NONE},
    {"median_us", TERM_MEASURED, MEDIAN_US},
    {"p95_us", TERM_MEASURED, P95_US},
    {"p99_us", TERM_MEASURED, P99_US},
    {"slowdown", TERM_MEASURED, ROW_RATIO},
    {"p99_slowdown", TERM_MEASURED, ROW_RATIO},
    {"load.share", TERM_MEASURED, ROW_RATIO},
    {"hidden_share", TERM_MEASURED, OVERLAP_RATIO},
    {"communication_slowdown", TERM_MEASURED, OVERLAP_RATIO},
    {"computation_slowdown", TERM_MEASURED, OVERLAP_RATIO},
    {"algbw_gbps", TERM_MEASURED, ALGBW_GBPS},
    {"busbw_gbps", TERM_MEASURED, BUSBW_GBPS},
    {"tflops", TERM_MEASURED, TFLOPS},
    {"bound_percent", TERM_MEASURED, BOUND_PERCENT},
    {"wrong", TERM_MEASURED, WRONG_ELEMENTS},
    {"launches", TERM_MEASURED, LAUNCHES},
    {"transport", TERM_MEASURED_TEXT, TRANSPORT},
};
enum { TERM_COUNT = sizeof terms / sizeof *terms };

static const struct {
    const char *text;
    enum relation relation;
} relations[] = {{">=", RELATION_LEAST}, {"<=", RELATION_MOST}, {"!=", RELATION_UNEQUAL},
                 {"==", RELATION_EQUAL}, {"=", RELATION_EQUAL}, {">", RELATION_ABOVE},
                 {"<", RELATION_BELOW}};

bool gate_holds(enum relation relation, double measured, double required)
{
    switch (relation) {
    case RELATION_EQUAL:
        return measured == required;
    case RELATION_UNEQUAL:
        return measured != required;
    case RELATION_LEAST:
        return measured >= required;
    case RELATION_MOST:
        return measured <= required;
    case RELATION_ABOVE:
        return measured > required;
    case RELATION_BELOW:
        return measured < required;
    }
    return false;
}

static const struct field *field_named(const struct field *fields, const char *name)
{
    for (const struct field *field = fields; field->kind; field++)
        if (same(field->key, name)) return field;
    return NULL;
}

struct place {
    const char *path;
    size_t line;
};

static enum status unknown_term(const struct place *place, const char *name)
{
    const char *names[TERM_COUNT + 2];
    for (size_t i = 0; i < TERM_COUNT; i++) names[i] = terms[i].name;
    names[TERM_COUNT] = "delta";
    names[TERM_COUNT + 1] = NULL;
    const char *near = nearest(name, names);
    return fail(STATUS_USAGE, "%s:%zu: unknown term '%s'%s%s%s", place->path, place->line, name,
                near ? "; did you mean '" : "", near ? near : "",
                near ? "'?" : " (busbar contract --help lists the names)");
}

/* "90%": a share of the reference's figure. */
static enum status set_share(const struct place *place, struct gate_term *term, const char *value)
{
    struct text digits = {0};
    bool is_share = term->quantity != BOUND_PERCENT && !gate_counts(term);
    text_add_bytes(&digits, value, strcspn(value, "%"));
    is_share = is_share && same(value + digits.length, "%") &&
               parse_real(text_get(&digits), &term->number) == STATUS_OK && term->number > 0;
    text_free(&digits);
    term->number /= 100;
    term->of_reference = true;
    return is_share ? STATUS_OK
                    : fail(STATUS_USAGE,
                           "%s:%zu: %s: '%s': a limit in per cent is of a reference run's rate or time, "
                           "above 0: busbw_gbps>=90%%",
                           place->path, place->line, term->name, value);
}

static enum status set_number(const struct place *place, struct gate_term *term, enum term_kind kind,
                              const char *value)
{
    size_t bytes;
    if (kind == TERM_SIZE && parse_size(value, &bytes) == STATUS_OK) {
        term->number = (double)bytes;
        return STATUS_OK;
    }
    if (kind != TERM_SIZE && parse_real(value, &term->number) == STATUS_OK) return STATUS_OK;
    if (kind == TERM_MEASURED && strchr(value, '%')) return set_share(place, term, value);
    return fail(STATUS_USAGE, "%s:%zu: %s: '%s' is not a %s", place->path, place->line, term->name, value,
                kind == TERM_SIZE ? "size such as 8, 64K, 1M or 2G" : "number");
}

/* A collective's name has several spellings; records have one. */
static const char *name_pattern(struct gate *gate, const char *word)
{
    const struct collective *collective = collective_find(word);
    return collective ? collective->name : arena_string(&gate->arena, word);
}

/* The same for the value of a condition. */
static const char *value_pattern(struct gate *gate, const char *name, const char *value)
{
    struct skew skew;
    char label[IMBALANCE_LABEL];
    if (same(name, "collective")) return name_pattern(gate, value);
    const bool is_imbalance = same(name, "imbalance") && imbalance_parse(value, &skew, label);
    return arena_string(&gate->arena, is_imbalance ? label : value);
}

/* Parses "name>=value" and adds it to the rule's conditions or requirements. */
static enum status add_term(struct gate *gate, struct gate_rule *rule, const struct place *place,
                            const char *word)
{
    char name[64];
    size_t length = strcspn(word, "<>=!"), relation = 0, kind = 0;
    snprintf(name, sizeof name, "%.*s", (int)(length < 63 ? length : 63), word);
    while (relation < 7 &&
           strncmp(word + length, relations[relation].text, strlen(relations[relation].text)) != 0)
        relation++;
    if (relation == 7 || !length)
        return fail(STATUS_USAGE, "%s:%zu: '%s' is not of the form name>=value (or <=, =, !=, >, <)",
                    place->path, place->line, word);
    const char *value = word + length + strlen(relations[relation].text);
    if (same(name, "delta")) {
        if (relations[relation].relation == RELATION_EQUAL && parse_share(value, &rule->delta) == STATUS_OK)
            return STATUS_OK;
        return fail(STATUS_USAGE, "%s:%zu: '%s': expected delta=5%% or delta=0.05, between 0 and 1",
                    place->path, place->line, word);
    }
    while (kind < TERM_COUNT && !same(terms[kind].name, name)) kind++;
    if (kind == TERM_COUNT) return unknown_term(place, name);
    bool text = terms[kind].kind == TERM_TEXT || terms[kind].kind == TERM_MEASURED_TEXT;
    bool measured = terms[kind].kind == TERM_MEASURED || terms[kind].kind == TERM_MEASURED_TEXT;
    size_t *count = measured ? &rule->requirement_count : &rule->condition_count;
    if (*count == GATE_TERMS)
        return fail(STATUS_USAGE, "%s:%zu: more than %d conditions or requirements in a rule", place->path,
                    place->line, GATE_TERMS);
    struct gate_term *term = &(measured ? rule->requirements : rule->conditions)[*count];
    *term = (struct gate_term){.text = arena_string(&gate->arena, word),
                               .name = terms[kind].name,
                               .quantity = terms[kind].quantity,
                               .relation = relations[relation].relation,
                               .field = field_named(case_fields, name),
                               .overlap_field = field_named(overlap_fields, name)};
    bool equality = term->relation == RELATION_EQUAL || term->relation == RELATION_UNEQUAL;
    if (text && (!equality || !*value))
        return fail(STATUS_USAGE, "%s:%zu: '%s': compare a text with = or != and a word", place->path,
                    place->line, word);
    if (measured && !text && equality)
        return fail(STATUS_USAGE, "%s:%zu: '%s': limit a measured figure with >= or <=", place->path,
                    place->line, word);
    if (text) term->pattern = value_pattern(gate, name, value);
    enum status status = term->pattern ? STATUS_OK : set_number(place, term, terms[kind].kind, value);
    if (!status) ++*count;
    return status;
}

/* Comment lines above a rule are its reason; a blank line ends them. */
static void read_comment(const char *line, struct text *reason)
{
    const char *begin = line + strspn(line, " \t#");
    size_t length = strcspn(begin, "\r\n");
    if (*(line + strspn(line, " \t\r\n")) == 0)
        text_clear(reason);
    else if (line[strspn(line, " \t")] == '#')
        text_add(reason, "%s%.*s", reason->length ? " " : "", (int)length, begin);
}

static enum status read_rule(struct gate *gate, const struct place *place, char *line, struct text *reason)
{
    struct gate_rule rule = {.line = place->line, .delta = NAN};
    struct text text = {0};
    enum status status = STATUS_OK;
    read_comment(line, reason);
    line[strcspn(line, "#")] = 0;
    for (char *word, *state = line; !status && (word = strtok_r(state, " \t\r\n", &state));) {
        text_add(&text, "%s%s", text.length ? " " : "", word);
        if (rule.pattern)
            status = add_term(gate, &rule, place, word);
        else if (word[strcspn(word, "<>=!")])
            status = fail(STATUS_USAGE,
                          "%s:%zu: a rule starts with the name of a collective, matmul, step, overlap or *, "
                          "not with '%s'",
                          place->path, place->line, word);
        else
            rule.pattern = name_pattern(gate, word);
    }
    if (!status && rule.pattern && !rule.requirement_count && isnan(rule.delta))
        status = fail(STATUS_USAGE,
                      "%s:%zu: the rule requires nothing: expected delta=5%%, busbw_gbps>=460, median_us<=25 "
                      "or the like",
                      place->path, place->line);
    bool by_domains = false;
    for (size_t i = 0; i < rule.condition_count; i++) by_domains |= same(rule.conditions[i].name, "domains");
    if (!status && rule.pattern && !isnan(rule.delta) && by_domains)
        status = fail(STATUS_USAGE, "%s:%zu: a tolerance (delta) cannot depend on domains", place->path,
                      place->line);
    if (!status && rule.pattern) {
        rule.reason = reason->length ? arena_string(&gate->arena, text_get(reason)) : NULL;
        text_clear(reason);
        rule.text = arena_string(&gate->arena, text_get(&text));
        gate->rules = reallocate(gate->rules, gate->count + 1, sizeof *gate->rules);
        gate->rules[gate->count++] = rule;
    }
    text_free(&text);
    return status;
}

enum status gate_read(struct gate *gate, const char *path)
{
    struct line_reader reader;
    struct text reason = {0};
    *gate = (struct gate){0};
    enum status status = line_reader_open(&reader, path);
    if (status) return status;
    gate->path = arena_string(&gate->arena, path);
    while (!status && line_reader_next(&reader)) {
        struct place place = {gate->path, reader.number};
        if (strlen(reader.line) != reader.length)
            status = fail(STATUS_USAGE, "%s:%zu: a zero byte: not a gate file", path, reader.number);
        else
            status = read_rule(gate, &place, reader.line, &reason);
    }
    text_free(&reason);
    enum status closed = line_reader_close(&reader);
    if (!status) status = closed;
    if (!status && !gate->count) status = fail(STATUS_USAGE, "%s: no rule in it", path);
    return status;
}

void gate_free(struct gate *gate)
{
    free(gate->rules);
    arena_free(&gate->arena);
    *gate = (struct gate){0};
}

/* A value that is absent from the case fulfils no condition, not even one with !=. */
static bool condition_holds(const struct gate_term *term, const struct case_row *row, int64_t domains)
{
    const struct field *field = row->overlap ? term->overlap_field : term->field;
    if (!term->field && !term->overlap_field)
        return domains != ABSENT && gate_holds(term->relation, (double)domains, term->number);
    if (!field) return false;
    const void *place = (row->overlap ? (const char *)row->overlap : (const char *)row) + field->offset;
    if (term->pattern) {
        const struct names *names = field->names;
        const char *value = names ? name_of(names, *(const int *)place) : *(const char *const *)place;
        return value && (fnmatch(term->pattern, value, 0) == 0) == (term->relation == RELATION_EQUAL);
    }
    if (field->kind == FIELD_REAL) {
        double real = *(const double *)place;
        return isfinite(real) && gate_holds(term->relation, real, term->number);
    }
    int64_t value = *(const int64_t *)place;
    return value != ABSENT && gate_holds(term->relation, (double)value, term->number);
}

double gate_condition(const struct gate_rule *rule, const char *name)
{
    for (size_t i = 0; i < rule->condition_count; i++)
        if (same(rule->conditions[i].name, name) && rule->conditions[i].relation == RELATION_EQUAL &&
            !rule->conditions[i].pattern)
            return rule->conditions[i].number;
    return NAN;
}

bool gate_names(const struct gate_rule *rule, const char *collective)
{
    return fnmatch(rule->pattern, collective, 0) == 0;
}

bool gate_matches(const struct gate_rule *rule, const struct case_row *row, int64_t domains)
{
    const char *name = row->gemm ? "matmul" : row->collective ? row->collective : "";
    if (fnmatch(rule->pattern, name, 0) != 0 && !(row->gemm && fnmatch(rule->pattern, row->gemm, 0) == 0))
        return false;
    for (size_t i = 0; i < rule->condition_count; i++)
        if (!condition_holds(&rule->conditions[i], row, domains)) return false;
    return true;
}

double gate_delta(const struct gate *gate, const struct case_row *row, double otherwise)
{
    for (size_t i = gate ? gate->count : 0; i-- > 0;)
        if (!isnan(gate->rules[i].delta) && gate_matches(&gate->rules[i], row, ABSENT))
            return gate->rules[i].delta;
    return otherwise;
}

bool gate_concerns(const struct gate_term *term, const struct case_row *row)
{
    return row->overlap ? term->quantity == OVERLAP_RATIO || term->quantity == TRANSPORT || gate_counts(term)
                        : term->quantity != OVERLAP_RATIO;
}

bool gate_counts(const struct gate_term *term)
{
    return term->quantity == WRONG_ELEMENTS || term->quantity == LAUNCHES;
}

bool gate_beyond(const struct gate_term *term, double limit, double bound, const char *formula,
                 struct text *why)
{
    char number[32], most[32];
    bool least = term->relation == RELATION_LEAST || term->relation == RELATION_ABOVE;
    bool is_time = term->quantity == MEDIAN_US || term->quantity == P95_US || term->quantity == P99_US;
    const char *unit = is_time                           ? "us"
                       : term->quantity == TFLOPS        ? "TFLOP/s"
                       : term->quantity == BOUND_PERCENT ? "%"
                                                         : "GB/s";
    if (term->quantity == BOUND_PERCENT) bound = 100;
    if (!isfinite(bound) || !isfinite(limit) || term->quantity == TRANSPORT || gate_counts(term) ||
        least == is_time)
        return false;
    if (is_time ? limit >= bound * (1 - 1e-9) : limit <= bound * (1 + 1e-9)) return false;
    text_add(why, "%s %s is %s the %s of %s %s%s%s%s: no machine of this kind can hold it",
             number_text(limit, number), unit, is_time ? "below" : "above",
             term->quantity == TFLOPS ? "dense peak" : "physical bound", number_text(bound, most), unit,
             formula && *formula ? " (" : "", formula ? formula : "", formula && *formula ? ")" : "");
    return true;
}
