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
    struct figure figure = case_figure(line, values);
    free(values);
    return figure;
}

bool is_step_of(const struct case_summary *line, const char *workload)
{
    const size_t length = strlen(workload);
    return line->row->workload && strncmp(line->row->workload, workload, length) == 0 &&
           line->row->workload[length] == '@';
}

void step_settings(const struct case_summary *line, struct text *out)
{
    enum { LONGEST_WORD = 40 };
    const struct case_row *row = line->row;
    const char *const words[][2] = {
        {"progress", row->progress ? name_of(&overlap_progress_names, (int)row->progress) : NULL},
        {"cache", row->cache ? cache_name(row->cache) : NULL},
        {"memory", row->memory == MEMORY_DEVICE ? NULL : memory_name(row->memory)},
        {"registration",
         row->registration == REGISTRATION_NONE ? NULL : registration_name(row->registration)},
        {"cta", same(row->cta, "default") ? NULL : row->cta}};
    if (row->ranks != ABSENT)
        text_add(out, " %lld rank%s", (long long)row->ranks, row->ranks == 1 ? "" : "s");
    if (row->nodes != ABSENT)
        text_add(out, " on %lld node%s", (long long)row->nodes, row->nodes == 1 ? "" : "s");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!words[i][1]) continue;
        text_add(out, ", %s ", words[i][0]);
        plain_text(out, words[i][1], LONGEST_WORD);
    }
    conditions_words(&line->conditions, out);
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
