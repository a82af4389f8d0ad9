/* Two sides, base and new, compared case by case: what `busbar compare` prints. The unit is the launch, or
   the allocation where allocations hold several launches (units.c); its values are the logarithms of the
   median and of a tail statistic of its samples; stats/decision.h holds the rule and the literature.
   README.md of this room shows what it finds and how often it errs. */
#ifndef BUSBAR_COMPARISON_H
#define BUSBAR_COMPARISON_H

#include "analysis/compare/differences.h"
#include "analysis/gate/gatefile.h"
#include "base/options.h"
#include "record/record.h"
#include "stats/decision.h"

#include <stdbool.h>
#include <stddef.h>

enum side { BASE, FRESH }; /* FRESH is what users call new */

enum verdict {
    VERDICT_SAME, /* the interval of the ratio lies within the tolerance, and no launch or tail beyond it */
    VERDICT_IMPROVEMENT,    /* faster by more than the tolerance, p < alpha */
    VERDICT_REGRESSION,     /* slower by more than the tolerance, p < alpha: by its median or by its tail */
    VERDICT_INCONCLUSIVE,   /* none of these: the launches do not decide */
    VERDICT_MISSING,        /* base has a figure, and in some launch of either side there is none */
    VERDICT_WRONG,          /* wrong data on either side: it has no speed */
    VERDICT_NOT_COMPARABLE, /* unlike statistics, or a case that base lacks: shown, never gated */
    VERDICT_COUNT
};
extern const char *const verdict_names[VERDICT_COUNT];

/* One case on one side. */
struct figures {
    double *ln_us; /* per launch of the case's group: ln of the median of its samples; NAN: no figure */
    double *ln_p95,
        *ln_mean;     /* likewise of the 95th percentile (from 20 samples on) and the mean of its samples */
    size_t count;     /* launches with a figure */
    double median_us; /* the median of the launches' medians */
    enum statistic statistic; /* median from samples; imports: their own; mixed; absent: no figure */
    const char *rank_reduction;
    const char *problem; /* what is wrong with the worst row: "timeout in launch x: …"; NULL: nothing */
    int64_t wrong;       /* elements over all launches; ABSENT: nobody checked */
    size_t unchecked;    /* launches with a figure that nobody verified */
    size_t drifting; /* launches in which the last third of the samples is off the first by more than delta */
    double drift;    /* the strongest: last third / first third */
};

/* The statistic of a launch's samples that shows its slow operations. TAIL_NONE: there are no samples. */
enum tail { TAIL_NONE, TAIL_P95, TAIL_MEAN };
const char *tail_name(enum tail); /* "95th percentile", "mean"; NULL for TAIL_NONE */

struct compared_case {
    const char *key;
    const struct case_row *row; /* the independent variables */
    size_t group;
    struct figures side[2];
    double delta;
    double ratio, lo, hi; /* of times, new / base: above 1 is slower; NAN: no figure; each end at 1 - alpha */
    bool has_interval, paired;
    bool by_import; /* one side is another tool's table, whose key says less than the measured case's */
    double p;       /* of "not slower by more than the tolerance", of the case alone; NAN where not tested */
    double adjusted_p,
        p_faster; /* what decides on a regression, and on an improvement: see stats/decision.h */
    enum tail tail;
    double tail_ratio, tail_lo, tail_hi, tail_p; /* as above; NAN without a tail */
    double
        scatter; /* of new over base, where more than chance; else NAN: then p is Welch's, stats/scatter.h */
    size_t units[2];    /* launches or allocations with a figure, a side */
    bool by_allocation; /* the unit is the allocation */
    bool confounded;    /* one allocation a side: what differs may be the allocations */
    double sigma;       /* from unit to unit, of ln: robust; NAN below two a side */
    double
        detectable; /* the slowdown (ratio) that so many units would call a regression 8 times out of 10, among as many
                          cases; INFINITY: none */
    double
        launches_needed; /* units a side with which 9 times out of 10 an unchanged case is the same, and one slower by
                               twice the tolerance a regression; NAN: unknown */
    enum verdict verdict;
    const char *why; /* a phrase, where the verdict needs one; else NULL */
};

/* Whether launches that took turns on identical hosts are compared pair by pair. Auto: from seven pairs
   on. */
enum pairing { PAIRING_ABSENT, PAIRING_AUTO, PAIRING_YES, PAIRING_NO };

struct comparison_rules {
    double alpha, delta;
    const struct gate *gate; /* NULL: delta for all */
    enum pairing pairing;
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
    struct relabelled_group *groups;        /* of launches */
    struct relabelled_group *unit_groups;   /* what was relabelled: launches or allocations */
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

/* The allocation of a launch: its id and hosts as one string of the archive's arena, so that equal ones are
   equal pointers; NULL: not recorded. */
const char *allocation_of(struct comparison *, const struct launch_header *);

/* units.c: what is relabelled in one group, and which unit each of its launches belongs to. */
struct units {
    size_t count[2];    /* a side */
    size_t *of[2];      /* per launch of the side: its unit */
    bool by_allocation; /* units are allocations; false: launches */
    bool confounded;    /* one allocation a side, not the same */
};
struct units units_of(struct comparison *, size_t group);
void units_free(struct units *);
/* The unit's value: the median of those of its launches that have one; NAN: none. Of the archive's arena. */
double *unit_values(struct comparison *, const struct units *, enum side, size_t launches,
                    const double *values);
/* Fewest allocations a side: with fewer, --strict fails, and the comparison says so. */
void check_allocations(struct comparison *, const struct comparison_rules *);

/* verdict.c: fills in everything from `delta` on. */
void judge_cases(struct comparison *, const struct comparison_rules *);

/* "regression", or where the sides are one allocation each "regression, confounded with the allocation". */
const char *verdict_text(const struct compared_case *, char text[64]);

/* Last third over first third of the samples' medians, when further apart than the share `delta` and than
   chance allows (rank-sum test, z > 4); else 1. */
double sample_drift(const struct samples *, double delta);

#endif
