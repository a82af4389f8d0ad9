/* A contract and its results on one page to be signed, as HTML or Markdown. */
#include "analysis/gate/contract.h"
#include "base/units.h"

#include <math.h>
#include <string.h>

enum { LONGEST = 1000 };

static const char style[] =
    "body{font:14px/1.45 system-ui,'Segoe UI',Arial,sans-serif;color:#222;background:#fff;max-width:1000px;"
    "margin:24px auto;padding:0 "
    "16px}h1{font-size:1.5rem}table{border-collapse:collapse;width:100%;font-size:.86rem}"
    "th,td{padding:.3em .45em;text-align:left;vertical-align:top;border-bottom:1px solid "
    "#ccc;overflow-wrap:break-word}td:nth-child(2){min-width:19em}td:nth-child(6){min-width:5em}"
    "td small{display:block;color:#555}.n{text-align:right}.n small{white-space:nowrap}.scroll{overflow-x:"
    "auto}"
    ".verdict{font-size:1.2rem;font-weight:700;border:2px solid;padding:.5em "
    ".7em}.fail{color:#9b1c1c}.pass{color:#176b3a}"
    ".sign{display:flex;gap:3em;margin-top:3.5em}.sign div{flex:1;border-top:1px solid #222;padding-top:.3em}"
    "@media print{@page{size:A4;margin:14mm "
    "12mm}body{font-size:9.5pt;margin:0;max-width:none}table{font-size:8pt}"
    "tr{break-inside:avoid}thead{display:table-header-group}.sign{break-inside:avoid}}";

static void add_text(struct text *out, bool html, const char *text)
{
    if (html)
        html_text(out, text);
    else
        markdown_text(out, text);
}

static void paragraph(struct text *out, bool html, const char *before, const char *text)
{
    text_add(out, html ? "<p>" : "");
    add_text(out, html, before);
    add_text(out, html, text);
    text_add(out, html ? "</p>\n" : "\n\n");
}

/* The rows of one requirement of one rule. `shown` is the worst of them: a failed one, else the one with the
   least margin. */
struct group {
    size_t count, passed;
    const struct contract_row *shown;
};

static bool is_worse(const struct contract_row *a, const struct contract_row *b)
{
    if (a->pass != b->pass) return !a->pass;
    return a->margin < b->margin || (isnan(b->margin) && !isnan(a->margin));
}

static struct group group_at(const struct contract *contract, size_t first)
{
    struct group group = {.shown = &contract->rows[first]};
    for (size_t i = first; i < contract->count; i++) {
        const struct contract_row *row = &contract->rows[i];
        if (row->rule != group.shown->rule || row->term != group.shown->term) break;
        group.count++;
        group.passed += row->pass;
        if (is_worse(row, group.shown)) group.shown = row;
    }
    return group;
}

static void measured_cell(struct table *table, const struct contract_row *row)
{
    struct text text = {0};
    figure_words(&text, row->measured, "\n");
    if (text.length && row->measured.kind != INTERVAL_NONE)
        text_add(&text, "\n%s", row->measured.kind == INTERVAL_EXACT ? "95 %" : "min-max");
    table_cell(table, "%s", row->found ? row->found : text.length ? text_get(&text) : "nothing");
    text_free(&text);
}

static void group_row(struct table *table, const struct group *group, size_t number)
{
    const struct contract_row *row = group->shown;
    struct text label = {0};
    char limit[32];
    table_cell(table, "%zu", number);
    table_cell(table, "%s\n%s", row->rule->text, row->rule->reason ? row->rule->reason : "no reason given");
    if (row->term->of_reference && isfinite(row->limit))
        table_cell(table, "%s\nof the reference: %s", row->term->text, number_text(row->limit, limit));
    else
        table_cell(table, "%s", row->term->text);
    if (group->count > 1)
        table_cell(table, "%s\nthe worst of %zu cases", row->row ? contract_case_label(row->row, &label) : "",
                   group->count);
    else
        table_cell(table, "%s", row->row ? contract_case_label(row->row, &label) : "");
    measured_cell(table, row);
    if (isfinite(row->margin))
        table_cell(table, "%+.1f %%", 100 * row->margin);
    else
        table_cell(table, "%s", "");
    if (group->passed == group->count)
        table_cell(table, "pass%s%s", row->why ? "\n" : "", row->why ? row->why : "");
    else
        table_cell(table, "FAIL%s%s\n%zu of %zu fail", row->why ? "\n" : "", row->why ? row->why : "",
                   group->count - group->passed, group->count);
    text_free(&label);
}

static void fill(const struct contract *contract, struct table *table, size_t *requirements, size_t *failed)
{
    static const char *const names[] = {"no",       "<rule and reason", "<required", "<measured case",
                                        "measured", "margin",           "<verdict",  NULL};
    table_columns(table, names);
    *requirements = *failed = 0;
    for (size_t first = 0; first < contract->count;) {
        struct group group = group_at(contract, first);
        group_row(table, &group, ++*requirements);
        *failed += group.passed < group.count;
        first += group.count;
    }
}

/* What was measured: instances, GPUs, hosts and the times of the launches. */
static void about(struct text *out, bool html, const struct study *study, const char *before)
{
    for (size_t r = 0; r < study->aggregate.count; r++) {
        const struct run_summary *run = &study->aggregate.runs[r];
        const struct launch_header *first = &run->launches[0]->header,
                                   *last = &run->launches[run->launch_count - 1]->header;
        struct text text = {0};
        text_add(&text, "%s: %zu launch%s, %s", run->label, run->launch_count,
                 run->launch_count == 1 ? "" : "es", run->provenance);
        if (run->instance) text_add(&text, ", instance %s", run->instance);
        if (run->gpu) text_add(&text, ", GPU %s", run->gpu);
        if (first->ranks != ABSENT) text_add(&text, ", %lld ranks", (long long)first->ranks);
        if (first->started && last->started) text_add(&text, ", %s to %s", first->started, last->started);
        text_add(&text, ".");
        paragraph(out, html, before, text_get(&text));
        text_free(&text);
    }
}

static void signatures(struct text *out, bool html)
{
    static const char *const who[] = {"For the supplier: name, date, signature",
                                      "For the customer: name, date, signature"};
    text_add(out, html ? "<div class=\"sign\">" : "\n");
    for (int i = 0; i < 2; i++)
        text_add(out, html ? "<div>%s</div>" : "\n%s: ______________________________\n", who[i]);
    text_add(out, html ? "</div>\n" : "");
}

void contract_page(const struct contract *contract, const struct gate *gate, const struct study *study,
                   const struct study *reference, bool html, struct text *out)
{
    struct table table = {0};
    struct text verdict = {0};
    size_t requirements, failed;
    bool fails = contract_status(contract) != STATUS_OK;
    fill(contract, &table, &requirements, &failed);
    /* A page about a simulation must never look like an acceptance. */
    if (contract->artificial) text_add(&verdict, "NOT A MEASUREMENT OF A REAL MACHINE, SO NO ACCEPTANCE: ");
    text_add(&verdict, "%s%zu of %zu requirements failed",
             contract->artificial ? ""
             : fails              ? "NOT ACCEPTED: "
                                  : "ACCEPTED: ",
             failed, requirements);
    if (contract->unfinished)
        text_add(&verdict, "; %zu launch%s died, did not complete or are missing", contract->unfinished,
                 contract->unfinished == 1 ? "" : "es");
    if (html)
        text_add(
            out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
            "content=\"width=device-width, initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" "
            "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>Acceptance</title>\n<style>%s"
            "</style>\n</head>\n<body>\n<h1>Acceptance by ",
            style);
    else
        text_add(out, "# Acceptance by ");
    add_text(out, html, gate->path);
    text_add(out, html ? "</h1>\n<p class=\"verdict %s\">" : "\n\n**",
             fails || contract->artificial ? "fail" : "pass");
    add_text(out, html, text_get(&verdict));
    text_add(out, html ? "</p>\n" : "**\n\n");
    if (contract->unfinished) {
        struct text names = {0};
        plain_text(&names, contract->unfinished_names, LONGEST);
        paragraph(out, html, "FAIL: ", text_get(&names));
        text_free(&names);
    }
    if (contract->artificial)
        paragraph(out, html, "Not a measurement of a real machine: ", contract->artificial);
    about(out, html, study, "Measured: ");
    if (reference) about(out, html, reference, "Reference, which limits in per cent are of: ");
    table_print(&table, html ? TABLE_HTML : TABLE_MARKDOWN, out);
    paragraph(
        out, html, "",
        "Measured is the median over launches, in brackets its 95 % interval over launches (min-max with "
        "fewer than six). Margin is the distance to the limit, negative where it fails. A requirement that "
        "no measurement answers fails.");
    signatures(out, html);
    text_add(out, html ? "</body>\n</html>\n" : "");
    text_free(&verdict);
    table_free(&table);
}
