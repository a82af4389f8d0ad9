#include "analysis/compare/steps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct figure step_figure(const struct case_summary *line, const char *key)
{
    double *values = allocate(line->launches, sizeof *values);
    for (size_t i = 0; i < line->launches; i++) {
        const json_t *value = json_object_get(line->points[i].row->step, key);
        values[i] = json_is_number(value) ? json_number_value(value) : NAN;
    }
    struct figure figure = figure_of_all(values, line->launches);
    free(values);
    return figure;
}

bool is_step_of(const struct case_summary *line, const char *workload)
{
    const size_t length = strlen(workload);
    return line->row->workload && strncmp(line->row->workload, workload, length) == 0 &&
           line->row->workload[length] == '@';
}

static void add(struct text *out, const char *before, struct figure figure, const char *after)
{
    if (!figure_present(figure)) return;
    text_add(out, "%s%s", out->length ? "; " : "", before);
    figure_words(out, figure, " ");
    text_add(out, "%s", after);
}

void step_words(const struct case_summary *line, struct text *out)
{
    const struct figure tokens = step_figure(line, "tokens");
    struct text words = {0};
    add(&words, "step ", figure_scaled(line->time_us, 1e-6), " s");
    add(&words, "computed from its parts ", figure_scaled(step_figure(line, "computed_us"), 1e-6), " s");
    add(&words, "error ", step_figure(line, "error_percent"), " %");
    add(&words, "its matmuls alone ", figure_scaled(step_figure(line, "computation_us"), 1e-6), " s");
    add(&words, "exposed communication ", figure_scaled(step_figure(line, "exposed_share"), 100),
        " % of the step");
    if (figure_present(tokens) && line->row->ranks > 0)
        add(&words, "tokens per second ",
            figure_inverse(tokens.point * (double)line->row->ranks * 1e6, line->time_us), "");
    if (figure_present(tokens))
        add(&words, "J per token ",
            figure_scaled(line->time_us, step_figure(line, "power_w").point * 1e-6 / tokens.point), "");
    text_add(out, "%s", text_get(&words));
    text_free(&words);
}
