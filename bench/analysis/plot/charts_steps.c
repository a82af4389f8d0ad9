/* Plots of measured steps: seconds per step beside the time that is computed from its parts. */
#include "analysis/common/table.h"
#include "analysis/compare/steps.h"
#include "analysis/plot/charts.h"

#include <math.h>
#include <string.h>

enum { MOST_BARS = 32, LONGEST_TITLE = 40 };

static bool is_step(const struct case_summary *line)
{
    return line->row->workload && line->launches && figure_present(line->time_us);
}

struct unit {
    const char *name;
    double per_us;
};

/* The measured steps of one workload. */
struct steps {
    const char *workload;
    const struct case_summary *first;
    double longest_us;
    bool conditions_differ, memories_differ;
};

static struct steps steps_of(const struct study *study, const char *workload)
{
    struct steps steps = {.workload = workload};
    for (size_t r = 0; r < study->aggregate.count; r++)
        for (size_t c = 0; c < study->aggregate.runs[r].case_count; c++) {
            const struct case_summary *line = &study->aggregate.runs[r].cases[c];
            if (!is_step(line) || !same(line->row->workload, workload)) continue;
            if (!steps.first) steps.first = line;
            steps.longest_us = fmax(steps.longest_us, line->time_us.point);
            steps.conditions_differ |= conditions_order(&line->conditions, &steps.first->conditions) != 0;
            steps.memories_differ |= line->row->memory != steps.first->row->memory;
        }
    return steps;
}

static struct unit unit_of(const struct steps *steps)
{
    static const struct unit units[] = {{"seconds", 1e-6}, {"milliseconds", 1e-3}, {"microseconds", 1}};
    return units[steps->longest_us >= 1e6 ? 0 : steps->longest_us >= 1e3 ? 1 : 2];
}

static struct drawing *step_drawing(struct drawings *drawings, const struct steps *steps,
                                    const struct unit *unit)
{
    struct text name = {0}, title = {0}, label = {0};
    const char *workload = steps->workload;
    text_add(&name, "step-%.*s", (int)strcspn(workload, "@"), workload);
    text_add(&title, "a step of ");
    plain_text(&title, workload, LONGEST_TITLE);
    struct drawing *drawing = drawing_add(drawings, text_get(&name), text_get(&title));
    text_add(&label, "%s per step", unit->name);
    drawing->x_label = arena_string(&drawings->arena, text_get(&label));
    text_free(&name);
    text_free(&title);
    text_free(&label);
    return drawing;
}

static const char *step_caption(struct drawings *drawings, const struct study *study, size_t left_out)
{
    struct text caption = {0};
    text_add(&caption,
             "Full: measured by build/step; pale: computed from its parts in the same launches. The mark is "
             "the time of the step's matmuls alone: what lies beyond it is exposed communication. Thin "
             "lines: the interval over launches, from six launches on at 95 %%, with two to five their "
             "minimum and maximum; none with one launch.");
    if (left_out)
        text_add(&caption, " %zu more step%s not drawn.", left_out, left_out == 1 ? " is" : "s are");
    const char *result = caption_with_provenance(drawings, study, text_get(&caption));
    text_free(&caption);
    return result;
}

static void add_bar(struct drawings *drawings, struct drawing *drawing, const struct case_summary *line,
                    const char *group, size_t run, bool computed, const struct unit *unit)
{
    const struct figure computed_us = step_figure(line, "computed_us"),
                        error = step_figure(line, "error_percent"),
                        exposed = step_figure(line, "exposed_share"),
                        matmuls = step_figure(line, "computation_us");
    char number[32];
    struct text note = {0};
    if (computed && !figure_present(computed_us)) return;
    struct bar *bar = drawing_bar(drawing);
    bar_figure(bar, figure_scaled(computed ? computed_us : line->time_us, unit->per_us));
    bar->group = group;
    bar->colour = bar_colour(run);
    bar->light = computed;
    if (!computed && figure_present(matmuls)) bar->top = matmuls.point * unit->per_us;
    number_text(bar->value, number);
    if (computed)
        text_add(&note, "computed %s", number);
    else
        text_add(&note, figure_present(exposed) ? "%s" : "measured %s", number);
    if (computed && figure_present(error)) text_add(&note, " (%+.0f %%)", error.point);
    if (!computed && figure_present(exposed)) text_add(&note, ", %.0f %% exposed", 100 * exposed.point);
    bar->note = arena_string(&drawings->arena, text_get(&note));
    text_free(&note);
}

static void add_step(struct drawings *drawings, struct drawing *drawing, const struct run_summary *run,
                     size_t r, const struct case_summary *line, const struct steps *steps,
                     const struct unit *unit)
{
    const struct case_row *row = line->row;
    struct text group = {0};
    text_add(&group, "%s", run->label);
    if (row->ranks != ABSENT) text_add(&group, " ×%lld", (long long)row->ranks);
    if (row->nodes > 1) text_add(&group, " on %lld nodes", (long long)row->nodes);
    if (row->progress) text_add(&group, ", %s", name_of(&overlap_progress_names, (int)row->progress));
    if (row->cache) text_add(&group, ", %s", cache_name(row->cache));
    if (row->registration && row->registration != REGISTRATION_NONE)
        text_add(&group, ", registration %s", registration_name(row->registration));
    if (row->cta && !same(row->cta, "default")) text_add(&group, ", cta %s", row->cta);
    if (steps->memories_differ && row->memory) text_add(&group, ", %s memory", memory_name(row->memory));
    if (steps->conditions_differ) conditions_words(&line->conditions, &group);
    const char *name = arena_string(&drawings->arena, text_get(&group));
    for (int computed = 0; computed < 2; computed++)
        add_bar(drawings, drawing, line, name, r, computed, unit);
    text_free(&group);
}

/* One plot for a workload, with all runs that measured its step. */
static void plot_workload(struct drawings *drawings, const struct study *study, const char *workload)
{
    const struct steps steps = steps_of(study, workload);
    const struct unit unit = unit_of(&steps);
    struct drawing *drawing = step_drawing(drawings, &steps, &unit);
    size_t left_out = 0;
    for (size_t r = 0; r < study->aggregate.count; r++) {
        const struct run_summary *run = &study->aggregate.runs[r];
        for (size_t c = 0; c < run->case_count; c++) {
            if (!is_step(&run->cases[c]) || !same(run->cases[c].row->workload, workload)) continue;
            if (drawing->bar_count + 2 <= MOST_BARS)
                add_step(drawings, drawing, run, r, &run->cases[c], &steps, &unit);
            else
                left_out++;
        }
    }
    drawing->caption = step_caption(drawings, study, left_out);
}

static bool plotted_before(const struct study *study, size_t run, size_t at)
{
    const char *workload = study->aggregate.runs[run].cases[at].row->workload;
    for (size_t r = 0; r <= run; r++)
        for (size_t c = 0; c < (r < run ? study->aggregate.runs[r].case_count : at); c++) {
            const struct case_summary *line = &study->aggregate.runs[r].cases[c];
            if (is_step(line) && same(line->row->workload, workload)) return true;
        }
    return false;
}

void chart_steps(struct drawings *drawings, const struct study *study)
{
    for (size_t r = 0; r < study->aggregate.count; r++)
        for (size_t c = 0; c < study->aggregate.runs[r].case_count; c++) {
            const struct case_summary *line = &study->aggregate.runs[r].cases[c];
            if (is_step(line) && !plotted_before(study, r, c))
                plot_workload(drawings, study, line->row->workload);
        }
}
