#include "analysis/show/steps.h"
#include "analysis/common/table.h"
#include "analysis/common/terminal.h"
#include "analysis/compare/steps.h"

void steps_print(const struct run_summary *run, bool markdown, bool wide, struct text *out)
{
    enum { LONGEST = 500, LONGEST_NAME = 80 };
    struct text line = {0}, shown = {0};
    for (size_t i = 0; i < run->case_count; i++) {
        const struct case_summary *step = &run->cases[i];
        if (!step->row->workload || !step->launches) continue;
        text_clear(&line);
        plain_text(&line, step->row->workload, LONGEST_NAME);
        if (step->row->ranks != ABSENT) text_add(&line, ", %lld ranks", (long long)step->row->ranks);
        text_add(&line, ", ");
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
