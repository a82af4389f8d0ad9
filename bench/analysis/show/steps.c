#include "analysis/show/steps.h"
#include "analysis/common/terminal.h"
#include "analysis/compare/steps.h"

void steps_print(const struct run_summary *run, bool markdown, bool wide, struct text *out)
{
    enum { LONGEST = 1000, LONGEST_NAME = 80 };
    struct text line = {0}, shown = {0};
    for (size_t i = 0; i < run->case_count; i++) {
        const struct case_summary *step = &run->cases[i];
        if (!step->row->workload || !step->launches) continue;
        text_clear(&line);
        plain_text(&line, step->row->workload, LONGEST_NAME);
        text_add(&line, ",");
        step_settings(step, &line);
        text_add(&line, ": ");
        step_words(step, &line);
        text_clear(&shown);
        line_text(&shown, text_get(&line), LONGEST, markdown);
        text_add(out, markdown ? "\n- " : "\n");
        text_add(&shown, "\n");
        terminal_lines(text_get(&shown), markdown || wide, out);
    }
    text_free(&line);
    text_free(&shown);
}

static const char *const figures[] = {"computed_us",   "error_percent", "ideal_us", "computation_us",
                                      "exposed_share", "tokens",        "power_w"};
enum { FIGURES = sizeof figures / sizeof *figures };

void steps_json(const struct case_summary *line, json_t *object)
{
    for (size_t i = 0; line->row->workload && i < FIGURES; i++)
        put_figure(object, figures[i], step_figure(line, figures[i]));
}

size_t steps_csv_columns(const struct aggregate *aggregate, struct table *table)
{
    const size_t before = table->column_count;
    bool any = false;
    for (size_t r = 0; r < aggregate->count; r++)
        for (size_t c = 0; c < aggregate->runs[r].case_count; c++)
            any |= aggregate->runs[r].cases[c].row->workload != NULL;
    for (size_t i = 0; any && i < FIGURES; i++) {
        struct text name = {0};
        text_add(&name, "step_%s", figures[i]);
        figure_exact_columns(table, text_get(&name));
        text_free(&name);
    }
    return table->column_count - before;
}

void steps_csv_cells(const struct case_summary *line, struct table *table)
{
    for (size_t i = 0; i < FIGURES; i++)
        figure_exact_cells(table, line->row->workload ? step_figure(line, figures[i]) : figure_absent());
}
