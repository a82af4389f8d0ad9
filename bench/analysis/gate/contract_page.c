/* A contract and its results on one page to be signed, as HTML or Markdown. */
#include "analysis/gate/contract.h"
#include "base/units.h"

#include <math.h>
#include <string.h>

enum { LONGEST = 1000 };

extern const char contract_style[]; /* contract_page.css, which the build embeds (scripts/embed) */

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
        text_add(&text, " %s", row->measured.kind == INTERVAL_EXACT ? "95 %" : "min-max");
    table_cell(table, "%s", row->found ? row->found : text.length ? text_get(&text) : "nothing");
    text_free(&text);
}

/* same_as: the number of an earlier requirement of the same rule; 0: there is none. */
static void group_row(struct table *table, const struct group *group, size_t number, size_t same_as)
{
    const struct contract_row *row = group->shown;
    struct text label = {0};
    char limit[32];
    table_cell(table, "%zu", number);
    if (same_as)
        table_cell(table, "the rule of %zu", same_as);
    else
        table_cell(table, "%s", row->rule->text);
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
    text_clear(&label);
    text_add(&label, "%s", group->passed == group->count ? "pass" : "FAIL");
    if (row->why) text_add(&label, "\n%s", row->why);
    if (group->count > 1 && group->passed < group->count)
        text_add(&label, "\n%zu of %zu fail", group->count - group->passed, group->count);
    table_cell(table, "%s", text_get(&label));
    text_free(&label);
}

static void fill(const struct contract *contract, struct table *table, size_t *requirements, size_t *failed)
{
    static const char *const names[] = {"no",       "<rule",  "<required", "<measured case",
                                        "measured", "margin", "<verdict",  NULL};
    const struct gate_rule *rule = NULL;
    size_t first_of_rule = 0;
    table_columns(table, names);
    *requirements = *failed = 0;
    for (size_t first = 0; first < contract->count;) {
        struct group group = group_at(contract, first);
        const bool again = group.shown->rule == rule;
        ++*requirements;
        if (!again) rule = group.shown->rule, first_of_rule = *requirements;
        group_row(table, &group, *requirements, again ? first_of_rule : 0);
        *failed += group.passed < group.count;
        first += group.count;
    }
}

/* The reason of each rule, under the number of its first requirement. */
static void reasons(struct text *out, bool html, const struct contract *contract)
{
    const struct gate_rule *rule = NULL;
    size_t number = 0;
    text_add(out, html ? "<h2>Why these limits</h2>\n<ol>\n" : "\n## Why these limits\n\n");
    for (size_t first = 0; first < contract->count;) {
        struct group group = group_at(contract, first);
        number++;
        first += group.count;
        if (group.shown->rule == rule) continue;
        rule = group.shown->rule;
        text_add(out, html ? "<li value=\"%zu\">" : "%zu. ", number);
        add_text(out, html, rule->reason ? rule->reason : "no reason given");
        text_add(out, html ? "</li>\n" : "\n");
    }
    text_add(out, html ? "</ol>\n" : "");
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
        text_add(&verdict, "; %zu launch%s died, did not complete, lost lines or are missing",
                 contract->unfinished, contract->unfinished == 1 ? "" : "es");
    if (html)
        text_add(
            out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
            "content=\"width=device-width, initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" "
            "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>Acceptance</title>\n<style>%s"
            "</style>\n</head>\n<body>\n<h1>Acceptance by ",
            contract_style);
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
        "fewer than six, or if some have no figure). Margin is the distance to the limit, negative where it "
        "fails. A requirement that "
        "no measurement answers fails.");
    signatures(out, html);
    reasons(out, html, contract);
    text_add(out, html ? "</body>\n</html>\n" : "");
    text_free(&verdict);
    table_free(&table);
}
