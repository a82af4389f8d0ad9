/* busbar contract; also checks the absolute limits for busbar compare --gate. */
#include "analysis/gate/contract.h"
#include "analysis/gate/proposal.h"
#include "analysis/common/json.h"
#include "analysis/common/subcommand.h"
#include "base/outfile.h"
#include "base/units.h"
#include "record/fields.h"
#include "record/flags.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one requirement on one case ---- */

static double member_of(const struct gate_term *term, const struct case_row *row)
{
    return *(const double *)((const char *)row + term->field->offset);
}

static struct figure exact_count(double count)
{
    return (struct figure){count, count, count, INTERVAL_NONE};
}

/* The figure that a term limits. Rates and the median are those of the summary; percentiles are aggregated
   here over the launches' percentiles. */
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
        break;
    case TRANSPORT:
    case QUANTITY_NONE:
        return figure_absent();
    }
    double *values = allocate(line->launches, sizeof *values);
    size_t n = 0;
    for (size_t i = 0; i < line->launches; i++)
        if (isfinite(member_of(term, line->points[i].row)))
            values[n++] = member_of(term, line->points[i].row);
    struct figure figure = figure_of_launches(values, n);
    free(values);
    return figure;
}

/* NAN if the limit is zero, because there is no share of zero. */
static double margin_of(const struct gate_term *term, double measured)
{
    bool least = term->relation == RELATION_LEAST || term->relation == RELATION_ABOVE;
    double distance = least ? measured - term->number : term->number - measured;
    return term->number != 0 ? distance / fabs(term->number) : NAN;
}

static const char *text_of(struct contract *contract, const char *format, const char *a, const char *b)
{
    struct text text = {0};
    text_add(&text, format, a, b);
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
    row->refused = gate_beyond(row->term, bound_of_line(row->term, line), line->bound, &why);
    if (row->refused) row->why = arena_string(&contract->arena, text_get(&why));
    text_free(&why);
    return row->refused;
}

/* Fails closed: a transport that the records do not tell is not the one that was agreed on. */
static void judge_transport(struct contract *contract, struct contract_row row,
                            const struct case_summary *line)
{
    row.found = line->conditions.transport;
    row.pass = row.found &&
               (fnmatch(row.term->pattern, row.found, 0) == 0) == (row.term->relation == RELATION_EQUAL);
    if (!row.found) row.why = "the records do not tell the transport";
    add_row(contract, row);
}

/* A single host is in one domain. */
static int64_t domains_of(const struct case_summary *line)
{
    return line->row->nodes == 1 ? 1 : line->conditions.domains;
}

static void judge_case(struct contract *contract, struct contract_row row, const struct run_summary *run,
                       const struct case_summary *line, bool strict)
{
    const struct case_summary *impossible;
    const struct gate_term *term = row.term;
    row.measured = measured_of(term, line);
    row.row = line->row;
    row.key = line->key;
    row.launches = line->launches;
    row.margin = margin_of(term, row.measured.point);
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
        bool lo = gate_holds(term->relation, row.measured.lo, term->number),
             hi = gate_holds(term->relation, row.measured.hi, term->number);
        row.pass = gate_holds(term->relation, row.measured.point, term->number);
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
                                                             : "measured");
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

static void list_unfinished(struct contract *contract, const struct aggregate *aggregate)
{
    enum { NAMED = 5 };
    struct text names = {0};
    size_t named = 0;
    for (size_t r = 0; r < aggregate->count; r++) {
        const struct run_summary *run = &aggregate->runs[r];
        for (size_t i = 0; i < run->launch_count; i++) {
            const char *failure = launch_failure(run->launches[i]);
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

struct contract contract_of(const struct gate *gate, const struct aggregate *aggregate, bool strict)
{
    struct contract contract = {0};
    list_unfinished(&contract, aggregate);
    list_artificial(&contract, aggregate);
    for (size_t r = 0; r < gate->count; r++) {
        const struct gate_rule *rule = &gate->rules[r];
        for (size_t t = 0; t < rule->requirement_count; t++) {
            struct contract_row row = {
                .rule = rule, .term = &rule->requirements[t], .measured = figure_absent(), .margin = NAN};
            size_t before = contract.count;
            for (size_t i = 0; i < aggregate->count; i++)
                for (size_t c = 0; c < aggregate->runs[i].case_count; c++) {
                    const struct case_summary *line = &aggregate->runs[i].cases[c];
                    row.run = aggregate->runs[i].label;
                    if (gate_matches(rule, line->row, domains_of(line)))
                        judge_case(&contract, row, &aggregate->runs[i], line, strict);
                }
            row.run = NULL;
            row.why = "no case measured matches";
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

/* ---- printing ---- */

/* A short name of a case, for terminals; JSON has the whole key. */
const char *contract_case_label(const struct case_row *row, struct text *label)
{
    char size[UNIT_TEXT];
    text_clear(label);
    if (row->gemm)
        text_add(label, "%s %s %lldx%lldx%lld %s", row->gemm, row->dtype ? row->dtype : "", (long long)row->m,
                 (long long)row->n, (long long)row->k, row->phase ? phase_name(row->phase) : "");
    else
        text_add(label, "%s %s %s %s %s %s", row->collective ? row->collective : "?",
                 row->requested_bytes >= 0 ? format_size((size_t)row->requested_bytes, size) : "",
                 row->dtype ? row->dtype : "", row->op ? row->op : "",
                 row->placement ? placement_name(row->placement) : "", row->mode ? mode_name(row->mode) : "");
    return text_get(label);
}

void contract_fill_table(const struct contract *contract, struct table *table)
{
    char point[32], lo[32], hi[32];
    struct text label = {0};
    static const char *const names[] = {"<rule",    "<case",  "<required", "measured", "interval",
                                        "launches", "margin", "<result",   "<note",    NULL};
    for (const char *const *name = names; *name; name++)
        table_column(table, *name + (**name == '<'), **name == '<');
    for (size_t i = 0; i < contract->count; i++) {
        const struct contract_row *row = &contract->rows[i];
        table_cell(table, "%zu", row->rule->line);
        table_cell(table, "%s", row->row ? contract_case_label(row->row, &label) : row->rule->text);
        table_cell(table, "%s", row->term->text);
        table_cell(table, "%s", row->found ? row->found : number_text(row->measured.point, point));
        if (row->measured.kind != INTERVAL_NONE)
            table_cell(table, "%s–%s", number_text(row->measured.lo, lo), number_text(row->measured.hi, hi));
        else
            table_cell(table, "%s", "");
        if (row->key)
            table_cell(table, "%zu", row->launches);
        else
            table_cell(table, "%s", "");
        if (isfinite(row->margin))
            table_cell(table, "%+.1f %%", 100 * row->margin);
        else
            table_cell(table, "%s", "");
        table_cell(table, "%s", row->pass ? "pass" : "FAIL");
        table_cell(table, "%s", row->why ? row->why : "");
    }
    text_free(&label);
}

json_t *contract_json(const struct contract *contract)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < contract->count; i++) {
        const struct contract_row *row = &contract->rows[i];
        json_t *object = json_object();
        object_put(object, "line", json_integer((json_int_t)row->rule->line));
        object_put_text(object, "rule", row->rule->text);
        object_put_text(object, "required", row->term->text);
        object_put_text(object, "run", row->run);
        object_put_text(object, "key", row->key);
        if (figure_present(row->measured)) {
            object_put_real(object, "measured", row->measured.point);
            if (row->measured.kind != INTERVAL_NONE) {
                object_put_real(object, "lo", row->measured.lo);
                object_put_real(object, "hi", row->measured.hi);
            }
            object_put_text(object, "interval", interval_name(row->measured.kind));
        }
        object_put_text(object, "found", row->found);
        object_put_text(object, "reason", row->rule->reason);
        object_put(object, "launches", json_integer((json_int_t)row->launches));
        object_put_real(object, "margin", row->margin);
        object_put(object, "pass", json_boolean(row->pass));
        object_put_text(object, "note", row->why);
        array_add(rows, object);
    }
    return rows;
}

void contract_junit(const struct contract *contract, struct text *out)
{
    text_add(
        out,
        "  <testsuite name=\"busbar contract\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"0\">\n",
        contract->count + (contract->unfinished > 0), contract->failed + (contract->unfinished > 0));
    for (size_t i = 0; i < contract->count; i++) {
        const struct contract_row *row = &contract->rows[i];
        char number[32];
        text_add(out, "    <testcase classname=\"");
        xml_text(out, row->run ? row->run : "busbar");
        text_add(out, "\" name=\"");
        xml_text(out, row->key ? row->key : row->rule->text);
        text_add(out, " ");
        xml_text(out, row->term->text);
        text_add(out, "\">\n");
        if (!row->pass) {
            text_add(out, "      <failure message=\"required ");
            xml_text(out, row->term->text);
            text_add(out, ", measured %s",
                     figure_present(row->measured) ? number_text(row->measured.point, number) : "nothing");
            if (row->why) text_add(out, ": "), xml_text(out, row->why);
            text_add(out, "\"/>\n");
        }
        text_add(out, "    </testcase>\n");
    }
    if (contract->unfinished) {
        text_add(out, "    <testcase classname=\"busbar\" name=\"launches\">\n      <failure message=\"");
        xml_text(out, contract->unfinished_names);
        text_add(out, "\"/>\n    </testcase>\n");
    }
    text_add(out, "  </testsuite>\n");
}

/* ---- busbar contract ---- */

struct settings {
    const char *gate, *propose, *instance, *output, *allowance;
    int64_t domains;
    enum format format;
    int strict;
};

#define AT(member) offsetof(struct settings, member)

static const struct option options[] = {
    FLAG_GATE(.at = AT(gate), .group = "Contract",
              .help = "the gate file. Rules without an absolute limit are passed over"),
    FLAG_STRICT(.at = AT(strict),
                .help = "the whole interval over launches must keep the limit, not only its median"),
    {.kind = OPTION_TEXT,
     .name = "propose",
     .argument = "INSTANCE",
     .at = AT(propose),
     .group = "Before the measurement",
     .help =
         "print a gate file for this instance of clouds.tsv, with reasons: limits from bounds and from the "
         "figures of published.tsv and of RESULTS"},
    FLAG_INSTANCE(.at = AT(instance),
                  .help = "without RESULTS: check the limits of --gate against the bounds of this instance"),
    FLAG_DOMAINS(.at = AT(domains), .least = 1, .initial = "1",
                 .help = "NVLink domains (racks; hosts, where NVLink ends at the host)"),
    {.kind = OPTION_TEXT,
     .name = "allowance",
     .argument = "SHARE",
     .at = AT(allowance),
     .initial = "10%",
     .help = "how far below a published figure's share of its bound a proposed limit lies"},
    FLAG_OUTPUT(.argument = "FILE", .at = AT(output), .group = "Output", .help = "default: standard output"),
    FLAG_FORMAT("text|markdown|html|json|csv|junit", .at = AT(format), .initial = "text",
                .help = "how to print; markdown and html: a page to be signed"),
    FLAG_LETTER_GONE('g', "gate"),
    FLAG_LETTER_GONE('f', "format"),
    {.kind = OPTION_END},
};

static const struct command command = {
    .name = "busbar contract",
    .summary = "check results against the absolute limits of a gate file",
    .synopsis = "--gate FILE [flags] RESULTS... | --propose INSTANCE [flags] [RESULTS...]",
    .description =
        "A rule a line: PATTERN [CONDITION...] REQUIREMENT...; '#' starts a comment.\n"
        "PATTERN is a collective's name, matmul, or a shell pattern of them (all_*, *).\n"
        "Conditions: requested_bytes bytes send_bytes recv_bytes (sizes: 64K, 1G) count ranks nodes\n"
        "domains root graph m n k (numbers), by >= <= = != > <; dtype op placement mode sync cache memory\n"
        "registration cta group phase layout accumulator scaling (shell patterns), by = or !=.\n"
        "Requirements: busbw_gbps algbw_gbps tflops median_us p95_us p99_us bound_percent (of the physical\n"
        "bound or peak) wrong launches by >= or <=; transport by = or != (a shell pattern); delta=5% is for\n"
        "busbar compare.\n"
        "Every matching case must hold the limit, with its median over launches; margin is the distance\n"
        "to the limit. A requirement that no measurement answers fails, and so do data that were not "
        "checked,\n"
        "a transport that is not known, and a launch that died. Exit status 1 when one fails. A limit "
        "beyond\n"
        "the physical bound is refused: status 2.\n",
    .examples =
        "busbar contract --gate contract.gate results/acceptance\n    required, measured, margin, "
        "pass or FAIL\n"
        "busbar contract --propose u-p6e-gb200x72 --domains 8 --output contract.gate\n    a contract to "
        "start from\n"
        "busbar contract --gate contract.gate --instance u-p6e-gb200x72 --domains 8\n    can its limits "
        "be held at all?\n",
    .options = options,
};

static void print_contract(const struct contract *contract, const struct gate *gate,
                           const struct study *study, enum format format, struct text *out)
{
    enum { LONGEST = 1000 };
    struct table table = {0};
    if (format == FORMAT_JSON) {
        json_t *object = json_object();
        object_put(object, "contract", contract_json(contract));
        object_put(object, "launches_unfinished", json_integer((json_int_t)contract->unfinished));
        object_put_text(object, "unfinished", contract->unfinished_names);
        object_put_text(object, "not_a_measurement", contract->artificial);
        object_put(object, "pass", json_boolean(contract_status(contract) == STATUS_OK));
        print_json(out, object, 9);
        return;
    }
    if (format == FORMAT_JUNIT) {
        text_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
        contract_junit(contract, out);
        text_add(out, "</testsuites>\n");
        return;
    }
    if (format == FORMAT_HTML || format == FORMAT_MARKDOWN) {
        contract_page(contract, gate, study, format == FORMAT_HTML, out);
        return;
    }
    contract_fill_table(contract, &table);
    table_print(&table, format == FORMAT_CSV ? TABLE_CSV : TABLE_TEXT, out);
    table_free(&table);
    if (format == FORMAT_CSV) {
        if (contract->unfinished) warn("%s", contract->unfinished_names);
        return;
    }
    text_add(out, "\n");
    if (contract->unfinished) {
        text_add(out, "FAIL: ");
        line_text(out, contract->unfinished_names, LONGEST, false);
        text_add(out, "\n");
    }
    if (contract->artificial) {
        text_add(out, "not a measurement of a real machine: ");
        line_text(out, contract->artificial, LONGEST, false);
        text_add(out, "\n");
    }
    text_add(out, "%zu of %zu requirement%s failed", contract->failed, contract->count,
             contract->count == 1 ? "" : "s");
    if (contract->unfinished)
        text_add(out, ", %zu launch%s died, did not complete or are missing", contract->unfinished,
                 contract->unfinished == 1 ? "" : "es");
    text_add(out, ": %s\n", contract_status(contract) ? "FAIL" : "pass");
}

static enum status write_out(const char *path, const struct text *text)
{
    struct outfile out = {.file = stdout};
    bool is_file = path && !same(path, "-");
    enum status status = is_file ? outfile_open(&out, path, OUTFILE_REPLACE) : STATUS_OK;
    if (status) return status;
    (void)fwrite(text_get(text), 1, text->length, out.file); /* closing tells whether all was written */
    if (is_file) return outfile_close(&out, STATUS_OK);
    return all_written(stdout) ? STATUS_OK
                               : fail(STATUS_ENVIRONMENT, "cannot write the output: %s", strerror(errno));
}

/* Nothing to judge: no rule has a limit, or one has a limit that no machine could hold. */
static enum status refuse_contract(const struct contract *contract, const char *path)
{
    if (!contract->count)
        return fail(STATUS_USAGE, "%s: no rule in it has an absolute limit, such as busbw_gbps>=460", path);
    for (size_t i = 0; i < contract->count; i++)
        if (contract->rows[i].refused)
            return fail(STATUS_USAGE, "%s:%zu: %s: %s", path, contract->rows[i].rule->line,
                        contract->rows[i].term->text, contract->rows[i].why);
    return STATUS_OK;
}

static enum status check(const struct settings *settings, int count, char **paths)
{
    struct gate gate = {0};
    struct study study = {0};
    struct text out = {0};
    enum status status = gate_read(&gate, settings->gate);
    if (!status) status = study_read(&study, paths, count, NULL, STUDY_PLAIN);
    if (!status) {
        struct contract contract = contract_of(&gate, &study.aggregate, settings->strict);
        status = refuse_contract(&contract, settings->gate);
        if (!status) {
            print_contract(&contract, &gate, &study, settings->format, &out);
            status = write_out(settings->output, &out);
            if (!status) status = contract_status(&contract);
        }
        contract_free(&contract);
        study_free(&study);
    }
    text_free(&out);
    gate_free(&gate);
    return status;
}

static enum status propose(const struct settings *settings, int count, char **paths)
{
    struct proposal proposal = {.instance = settings->propose, .domains = settings->domains};
    struct study study = {0};
    struct text out = {0};
    enum status status = parse_share(settings->allowance, &proposal.allowance);
    if (status) return fail(status, "--allowance: '%s' is not a share such as 10%%", settings->allowance);
    status = study_read(&study, paths, count, NULL, STUDY_PLAIN);
    if (status) return status;
    status = contract_propose(&proposal, &study, &out);
    if (!status) status = write_out(settings->output, &out);
    study_free(&study);
    text_free(&out);
    return status;
}

static enum status check_limits(const struct settings *settings)
{
    struct gate gate = {0};
    struct catalog catalog;
    enum status status = gate_read(&gate, settings->gate);
    if (!status) status = catalog_read(&catalog, NULL);
    if (!status) {
        status = contract_check_limits(&gate, &catalog, settings->instance, settings->domains);
        catalog_free(&catalog);
    }
    if (!status) printf("%s: no limit is beyond the bounds of %s\n", settings->gate, settings->instance);
    gate_free(&gate);
    return status;
}

static enum status run(int argc, char **argv)
{
    struct settings settings = {0};
    int first;
    enum status status = options_parse(&command, argc, argv, &settings, &first);
    if (status) return status;
    if (settings.propose && settings.gate)
        return fail(STATUS_USAGE, "--propose writes a gate file, --gate reads one: give one of them");
    if (settings.propose) return propose(&settings, argc - first, argv + first);
    if (!settings.gate)
        return fail(
            STATUS_USAGE,
            "--gate FILE is needed: the file with the limits (busbar contract --help shows its form)");
    if (first == argc && settings.instance) return check_limits(&settings);
    if (first == argc) return fail(STATUS_USAGE, "which results? busbar contract --gate FILE RESULTS...");
    return check(&settings, argc - first, argv + first);
}

const struct subcommand contract_subcommand = {&command, run};
