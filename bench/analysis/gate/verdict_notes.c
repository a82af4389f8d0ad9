/* What a reader of the verdicts should know: drift, few units, unequal scatter, outliers, cases left out. */
#include "analysis/gate/comparison.h"
#include "analysis/gate/outliers.h"

#include <math.h>

static void note_unchecked_and_drift(struct comparison *comparison)
{
    size_t unchecked = 0, drifting = 0;
    const struct compared_case *worst = NULL;
    double most = 0;
    for (size_t i = 0; i < comparison->case_count; i++) {
        const struct compared_case *line = &comparison->cases[i];
        unchecked += line->side[BASE].unchecked || line->side[FRESH].unchecked;
        for (int side = BASE; side <= FRESH; side++) {
            double drift = fabs(log(line->side[side].drift));
            drifting += line->side[side].drifting;
            if (drift > most) most = drift, worst = line;
        }
    }
    if (unchecked)
        comparison_note(comparison, "%zu case%s with results that nobody verified (-c 0)", unchecked,
                        unchecked == 1 ? "" : "s");
    if (worst)
        comparison_note(comparison,
                        "drift within a launch in %zu measurement%s, at worst %+.0f %% from the first to the "
                        "last third: %s",
                        drifting, drifting == 1 ? "" : "s",
                        100 * (fabs(log(worst->side[BASE].drift)) == most ? worst->side[BASE].drift - 1
                                                                          : worst->side[FRESH].drift - 1),
                        worst->key);
}

static void note_few(struct comparison *comparison)
{
    size_t few = 0, students = 0;
    for (size_t i = 0; i < comparison->case_count; i++) {
        few += comparison->cases[i].few;
        students += comparison->cases[i].by_student;
    }
    if (few)
        comparison_note(
            comparison,
            "in %zu case%s a side has fewer than four launches (or allocations), too few to compare how "
            "much they scatter: p is Welch's there, which needs larger differences",
            few, few == 1 ? "" : "s");
    if (students)
        comparison_note(comparison,
                        "in %zu case%s there are few allocations: p is Student's there, adjusted by Holm; it "
                        "assumes that allocations scatter alike on both sides, and needs larger differences",
                        students, students == 1 ? "" : "s");
}

static void note_scatter(struct comparison *comparison)
{
    size_t unequal = 0;
    const struct compared_case *worst = NULL;
    for (size_t i = 0; i < comparison->case_count; i++) {
        const struct compared_case *line = &comparison->cases[i];
        if (isnan(line->scatter)) continue;
        unequal++;
        if (!worst || fabs(log(line->scatter)) > fabs(log(worst->scatter))) worst = line;
    }
    if (worst)
        comparison_note(
            comparison,
            "new scatters otherwise than base in %zu case%s, by up to %.2g times %s: there p is Welch's, "
            "which needs larger differences: %s",
            unequal, unequal == 1 ? "" : "s", exp(fabs(log(worst->scatter))),
            worst->scatter < 1 ? "less" : "more", worst->key);
}

struct outlier_notes {
    struct comparison *comparison;
    enum side side;
};

static void note_outlier(void *context, const char *text)
{
    const struct outlier_notes *notes = context;
    comparison_note(notes->comparison, "%s %s", notes->side == BASE ? "base" : "new", text);
}

static void note_outliers(struct comparison *comparison)
{
    for (int side = BASE; side <= FRESH; side++) {
        struct outlier_notes notes = {comparison, (enum side)side};
        describe_outliers((const struct launch *const *)comparison->launches[side],
                          comparison->launch_count[side], note_outlier, &notes);
    }
}

void note_judgement(struct comparison *comparison)
{
    note_unchecked_and_drift(comparison);
    note_few(comparison);
    note_scatter(comparison);
    note_outliers(comparison);
    if (comparison->without_figures)
        comparison_note(comparison,
                        "%zu case%s left out: neither side could run %s (unsupported, too large or skipped)",
                        comparison->without_figures, comparison->without_figures == 1 ? "" : "s",
                        comparison->without_figures == 1 ? "it" : "them");
}
