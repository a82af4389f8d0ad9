#include "analysis/compare/loaded.h"

#include <math.h>
#include <stdlib.h>

/* The figure of a member of the rows, over the launches that have it. */
static struct figure figure_of_member(const struct case_summary *line, size_t member)
{
    double *values = allocate(line->launches, sizeof *values);
    size_t n = 0;
    for (size_t i = 0; i < line->launches; i++) {
        double value = *(const double *)((const char *)line->points[i].row + member);
        if (isfinite(value)) values[n++] = value;
    }
    bool whole = n == line->launches && !line->turnout.without;
    struct figure figure = whole ? figure_of_launches(values, n) : figure_of_rest(values, n);
    free(values);
    return figure;
}
#define MEMBER(name) offsetof(struct case_row, name)

static const struct case_summary *idle_of(const struct run_summary *run, const struct case_summary *loaded)
{
    struct case_row row = *loaded->row;
    row.beside = NULL;
    for (size_t i = 0; i < run->case_count; i++) {
        const struct case_summary *line = &run->cases[i];
        if (!line->row->beside && case_order(&row, line->row) == 0 &&
            conditions_order(&loaded->conditions, &line->conditions) == 0)
            return line;
    }
    return NULL;
}

bool loaded_of(const struct run_summary *run, const struct case_summary *loaded, struct loaded_summary *pair)
{
    const struct case_summary *idle = loaded->row->beside ? idle_of(run, loaded) : NULL;
    if (!idle) return false;
    *pair = (struct loaded_summary){.loaded = loaded,
                                    .idle = idle,
                                    .idle_p99_us = figure_of_member(idle, MEMBER(p99_us)),
                                    .loaded_p99_us = figure_of_member(loaded, MEMBER(p99_us)),
                                    .slowdown = figure_of_member(loaded, MEMBER(slowdown)),
                                    .p99_slowdown = figure_of_member(loaded, MEMBER(p99_slowdown)),
                                    .load = load_absent()};
    for (size_t i = 0; i < loaded->launches; i++) load_add(&pair->load, &loaded->points[i].row->load);
    return true;
}
