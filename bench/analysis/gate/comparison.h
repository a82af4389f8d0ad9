/* Two sides, base and new, compared case by case: what `busbar compare` prints. measurement.md's "Comparing
   two runs" in code: the unit is the launch, y = ln(median of its samples), step-down max-T over the cases,
   Hodges-Lehmann ratios. */
#ifndef BUSBAR_COMPARISON_H
#define BUSBAR_COMPARISON_H

#include "analysis/gate/gatefile.h"
#include "base/options.h"
#include "record/record.h"
#include "stats/maxt.h"

#include <stdbool.h>
#include <stddef.h>

enum side { BASE, FRESH }; /* FRESH is what users call new */

enum verdict {
    VERDICT_SAME,           /* the interval of the ratio lies wholly within the tolerance */
    VERDICT_IMPROVEMENT,    /* adjusted p < alpha and the interval wholly below it */
    VERDICT_REGRESSION,     /* adjusted p < alpha and the interval wholly beyond it: slower */
    VERDICT_INCONCLUSIVE,   /* none of these: the launches do not decide */
    VERDICT_MISSING,        /* base has a figure, new has none (or some launch failed on it) */
    VERDICT_WRONG,          /* wrong data on either side: it has no speed */
    VERDICT_NOT_COMPARABLE, /* unlike statistics, or a case that base lacks: shown, never gated */
    VERDICT_COUNT
};
extern const char *const verdict_names[VERDICT_COUNT];

/* One case on one side. */
struct figures {
    double *ln_us;    /* per launch of the case's group: ln of the median of its samples; NAN: no figure */
    size_t count;     /* launches with a figure */
    double median_us; /* the median of the launches' medians */
    const char *statistic; /* "median" from samples; imports: "mean", …; "mixed"; NULL: no figure */
    const char *rank_reduction;
    const char *problem; /* what is wrong with the worst row: "timeout in launch x: …"; NULL: nothing */
    int64_t wrong;       /* elements over all launches; ABSENT: nobody checked */
    size_t unchecked;    /* launches with a figure that nobody verified */
    size_t drifting; /* launches in which the last third of the samples is off the first by more than delta */
    double drift;    /* the strongest: last third / first third */
};

struct compared_case {
    const char *key;
    const struct case_row *row; /* the independent variables */
    size_t group;
    struct figures side[2];
    double delta;
    double ratio, lo, hi; /* of times, new / base: above 1 is slower; NAN: no figure */
    bool has_interval, paired;
    double p, adjusted_p; /* NAN where not tested */
    double sigma;         /* from launch to launch, of ln: robust; NAN below two launches a side */
    double detectable; /* the slowdown (ratio) that these launches would call a regression 8 times out of 10;
                          INFINITY: none */
    double launches_needed; /* a side, to decide on delta 9 times out of 10; NAN: unknown */
    enum verdict verdict;
    const char *why; /* a phrase, where the verdict needs one; else NULL */
};

/* A difference between the sides' environments. */
struct difference {
    const char *name, *base, *fresh;
};

struct comparison_rules {
    double alpha, delta;
    const struct gate *gate; /* NULL: delta for all */
    const char *paired;      /* auto | yes | no */
    bool strict, allow_different;
};

struct comparison {
    struct archive archive;                 /* base launches first */
    size_t common;                          /* launches that stand on both sides */
    size_t first_fresh;                     /* index of the first new launch */
    const struct launch **launches[2];      /* each side's, by start */
    size_t launch_count[2], allocations[2]; /* allocations: distinct, 0: not recorded */
    const char *paths[2];                   /* what was asked for, for the heading */
    size_t *group_of[2], *place_of[2];      /* per launch: its group, and its place in it */
    struct relabelled_group *groups;
    size_t group_count;
    struct compared_case *cases;                /* in reading order */
    size_t case_count, tested, without_figures; /* the last: cases that neither side could run, left out */
    size_t counts[VERDICT_COUNT];
    struct difference *differences;
    size_t difference_count;
    bool interleaved;    /* on identical hosts, base and new took turns in every group */
    bool one_allocation; /* a side: the difference is confounded */
    const char *
        *failures; /* each fails the gate: a launch that died, too few allocations under --strict, … */
    size_t failure_count;
    const char **notes;
    size_t note_count;
};

/* Reads both sides, checks that they may be compared, and judges every case. STATUS_OK also when regressions
   are found; see comparison_status. STATUS_USAGE: another GPU or instance, the same launch twice, launches
   not interleaved (all with one line). */
enum status compare_runs(struct comparison *, const struct option_list *base, const struct option_list *fresh,
                         const struct comparison_rules *);
void comparison_free(struct comparison *);

/* STATUS_GATE when a case regressed, is missing or wrong, a launch failed, or (strict) a case is
 * inconclusive. */
enum status comparison_status(const struct comparison *, bool strict);

/* ---- its parts ---- */

void comparison_note(struct comparison *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void comparison_failure(struct comparison *, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *comparison_text(struct comparison *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* environment.c: differences, allocations, taking turns, and what forbids a comparison. */
enum status compare_environments(struct comparison *, const struct comparison_rules *);

/* verdict.c: fills in everything from `delta` on. */
void judge_cases(struct comparison *, const struct comparison_rules *);

/* Last third over first third of the samples' medians, when further apart than the share `delta` and than
   chance allows (rank-sum test, z > 4); else 1. */
double sample_drift(const struct samples *, double delta);

#endif
