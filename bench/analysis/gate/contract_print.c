/* A judged contract as text, CSV, JSON and JUnit. The page to sign is in contract_page.c. */
#include "analysis/gate/contract.h"
#include "analysis/common/json.h"
#include "analysis/common/terminal.h"
#include "base/units.h"
#include "record/fields.h"
#include "record/overlap.h"

#include <math.h>

static void add_word(struct text *label, const char *word)
{
    if (word && *word) text_add(label, "%s%s", label->length ? " " : "", word);
}

static const char *overlap_label(const struct overlap_row *row, struct text *label)
{
    char words[UNIT_TEXT];
    add_word(label, "overlap");
    add_word(label, row->collective);
    if (row->requested_bytes >= 0) add_word(label, format_size((size_t)row->requested_bytes, words));
    if (row->ranks != ABSENT) text_add(label, " ×%lld", (long long)row->ranks);
    add_word(label, row->dtype);
    text_add(label, ", %lldx%lldx%lld", (long long)row->m, (long long)row->n, (long long)row->k);
    add_word(label, row->gemm_dtype);
    text_add(label, ", ratio %g", row->ratio);
    add_word(label, row->progress ? name_of(&overlap_progress_names, (int)row->progress) : NULL);
    if (row->cta && !same(row->cta, "default")) text_add(label, " cta"), add_word(label, row->cta);
    return text_get(label);
}

/* "all_reduce 16 GiB ×72 float sum out_of_place pipelined" */
const char *contract_case_label(const struct case_row *row, struct text *label)
{
    char words[UNIT_TEXT];
    text_clear(label);
    if (row->overlap) return overlap_label(row->overlap, label);
    add_word(label, row->gemm ? row->gemm : row->collective ? row->collective : "?");
    if (row->gemm) {
        add_word(label, row->dtype);
        text_add(label, " %lldx%lldx%lld", (long long)row->m, (long long)row->n, (long long)row->k);
        add_word(label, row->phase ? phase_name(row->phase) : NULL);
        return text_get(label);
    }
    if (row->workload)
        add_word(label, row->workload);
    else if (row->requested_bytes >= 0)
        add_word(label, format_size((size_t)row->requested_bytes, words));
    if (row->ranks != ABSENT) text_add(label, " ×%lld", (long long)row->ranks);
    add_word(label, row->dtype);
    add_word(label, row->op);
    add_word(label, row->placement ? placement_name(row->placement) : NULL);
    add_word(label, row->mode ? mode_name(row->mode) : NULL);
    return text_get(label);
}

/* "busbw_gbps>=90%, 418.5": the requirement and, if it is a share, the limit that follows. Valid until `text`
   changes. */
static const char *contract_required(const struct contract_row *row, struct text *text)
{
    char limit[32];
    text_clear(text);
    text_add(text, "%s", row->term->text);
    if (row->term->of_reference && isfinite(row->limit))
        text_add(text, ", %s", number_text(row->limit, limit));
    return text_get(text);
}

void contract_fill_table(const struct contract *contract, struct table *table)
{
    struct text label = {0};
    static const char *const names[] = {"<rule",     "=<case", "<required", "measured", "interval",
                                        "~launches", "margin", "<result",   "+<note",   NULL};
    table_columns(table, names);
    for (size_t i = 0; i < contract->count; i++) {
        const struct contract_row *row = &contract->rows[i];
        table_cell(table, "%zu", row->rule->line);
        table_cell(table, "%s", row->row ? contract_case_label(row->row, &label) : row->rule->text);
        table_cell(table, "%s", contract_required(row, &label));
        if (row->found) {
            table_cell(table, "%s", row->found);
            table_cell(table, "%s", "");
        } else
            figure_cells(table, row->measured);
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
        if (row->term->of_reference) object_put_real(object, "limit", row->limit);
        object_put_text(object, "run", row->run);
        object_put_text(object, "key", row->key);
        put_figure_members(object, "measured", row->measured);
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
        struct text required = {0};
        text_add(out, "    <testcase classname=\"");
        xml_text(out, row->run ? row->run : "busbar");
        text_add(out, "\" name=\"");
        xml_text(out, row->key ? row->key : row->rule->text);
        text_add(out, " ");
        xml_text(out, row->term->text);
        text_add(out, "\">\n");
        if (!row->pass) {
            text_add(out, "      <failure message=\"required ");
            xml_text(out, contract_required(row, &required));
            text_add(out, ", measured %s",
                     figure_present(row->measured) ? number_text(row->measured.point, number) : "nothing");
            if (row->why) text_add(out, ": "), xml_text(out, row->why);
            text_add(out, "\"/>\n");
        }
        text_add(out, "    </testcase>\n");
        text_free(&required);
    }
    if (contract->unfinished) {
        text_add(out, "    <testcase classname=\"busbar\" name=\"launches\">\n      <failure message=\"");
        xml_text(out, contract->unfinished_names);
        text_add(out, "\"/>\n    </testcase>\n");
    }
    text_add(out, "  </testsuite>\n");
}

/* The verdict, and what is wrong with the launches. */
static void contract_verdict(const struct contract *contract, struct text *out)
{
    enum { LONGEST = 1000 };
    text_add(out, "\n");
    if (contract->unfinished) {
        text_add(out, "FAIL: ");
        plain_text(out, contract->unfinished_names, LONGEST);
        text_add(out, "\n");
    }
    if (contract->artificial) {
        text_add(out, "not a measurement of a real machine: ");
        plain_text(out, contract->artificial, LONGEST);
        text_add(out, "\n");
    }
    text_add(out, "%zu of %zu requirement%s failed", contract->failed, contract->count,
             contract->count == 1 ? "" : "s");
    if (contract->unfinished)
        text_add(out, ", %zu launch%s died, did not complete, lost lines or are missing",
                 contract->unfinished, contract->unfinished == 1 ? "" : "es");
    text_add(out, ": %s\n", contract_status(contract) ? "FAIL" : "pass");
}

void contract_print(const struct contract *contract, const struct gate *gate, const struct study *study,
                    const struct study *reference, enum format format, bool wide, struct text *out)
{
    struct table table = {0};
    struct text verdict = {0};
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
        contract_page(contract, gate, study, reference, format == FORMAT_HTML, out);
        return;
    }
    contract_fill_table(contract, &table);
    if (format == FORMAT_CSV) {
        table_print(&table, TABLE_CSV, out);
        if (contract->unfinished) warn("%s", contract->unfinished_names);
    } else {
        terminal_table(&table, wide, out);
        contract_verdict(contract, &verdict);
        terminal_lines(text_get(&verdict), wide, out);
    }
    text_free(&verdict);
    table_free(&table);
}
