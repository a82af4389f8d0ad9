/* Compares two sides, base and new, case by case, for `busbar compare`. The statistical unit is the launch,
   or the allocation if allocations contain several launches (units.c). Its values are the logarithms of the
   median and of a tail statistic of its samples. See stats/decision.h for the rule and the literature, and
   README.md in this folder for its power and error rates. */
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
    VERDICT_SAME, /* the interval of the ratio is within the tolerance, and no launch or tail is beyond it */
    VERDICT_IMPROVEMENT,  /* faster by more than the tolerance, p < alpha */
    VERDICT_REGRESSION,   /* slower by more than the tolerance, p < alpha: by its median or by its tail */
    VERDICT_INCONCLUSIVE, /* none of these: too few launches, or too much scatter */
    VERDICT_MISSING,      /* a launch of either side has no figure, although base has the case */
    VERDICT_WRONG,        /* wrong data on either side, so that the time means nothing */
    /* The statistics differ, base lacks the case, or the launches chose another BLAS; no failure. */
    VERDICT_NOT_COMPARABLE,
    VERDICT_COUNT
};
extern const char *const verdict_names[VERDICT_COUNT];

/* One case on one side. */
struct figures {
    double *ln_us; /* per launch of the case's group: ln of the median of its samples; NAN: no figure */
    /* likewise for the 95th percentile (NAN below 20 samples) and the mean of its samples */
    double *ln_p95, *ln_mean;
    size_t count;     /* launches with a figure */
    double median_us; /* the median of the launches' medians */
    /* median if there are samples, else that of the import; mixed; absent: no figure */
    enum statistic statistic;
    const char *rank_reduction;
    const char *problem; /* the most serious error of a row: "timeout in launch x: …"; NULL: none */
    int64_t wrong;       /* wrong elements over all launches; ABSENT: no launch verified its results */
    size_t unchecked;    /* launches with a figure whose results were not verified */
    size_t drifting;     /* launches with a drift by more than delta: see sample_drift() */
    double drift; /* the strongest one: median of the last third / median of the first third; 1: none */
};

/* The statistic of a launch's samples that reacts to slow operations. TAIL_NONE: there are no samples. */
enum tail { TAIL_NONE, TAIL_P95, TAIL_MEAN };
const char *tail_name(enum tail); /* "95th percentile", "mean"; NULL for TAIL_NONE */

struct compared_case {
    const char *key;
    const struct case_row *row; /* the independent variables */
    size_t group;
    struct figures side[2];
    double delta;
    /* of times, new / base: above 1 is slower; NAN: no figure; each bound at 1 - alpha */
    double ratio, lo, hi;
    bool has_interval, paired;
    bool by_import; /* one side is another tool's table, whose key says less than the measured case's */
    double p;       /* for "not slower by more than the tolerance", of this case alone; NAN: not tested */
    /* decide on a regression and on an improvement, adjusted for all cases: see stats/decision.h */
    double adjusted_p, p_faster;
    enum tail tail;
    double tail_ratio, tail_lo, tail_hi, tail_p; /* as above; NAN without a tail */
    /* Scatter of new / scatter of base if they differ by more than chance; p is then Welch's, see
       stats/scatter.h. Else NAN. */
    double scatter;
    bool few;           /* a side has two or three units, too few to compare the scatters: p is Welch's */
    bool by_student;    /* too few allocations for that, too: p is Student's */
    size_t units[2];    /* number of units on each side */
    bool by_allocation; /* the unit is the allocation, not the launch */
    bool confounded;    /* one allocation on each side: the difference may come from the allocations */
    double sigma;       /* robust standard deviation of ln from unit to unit; NAN: fewer than two on a side */
    /* The slowdown (a ratio) that this number of units and cases finds with a probability of 80 %; INFINITY:
       none. */
    double detectable;
    /* Units per side with which, with a probability of 90 % each, an unchanged case is called the same and a
       case slower by twice the tolerance a regression; NAN: unknown. */
    double launches_needed;
    enum verdict verdict;
    const char *why; /* explains the verdict; NULL: needs no explanation */
};

/* Whether to compare launches that took turns on identical hosts pair by pair. Auto: if there are enough
   pairs, at the default alpha seven. */
enum pairing { PAIRING_ABSENT, PAIRING_AUTO, PAIRING_YES, PAIRING_NO };

struct comparison_rules {
    double alpha, delta;
    const struct gate *gate; /* its rules may override delta; NULL: delta applies to all cases */
    enum pairing pairing;
    bool strict, allow_different;
};

struct comparison {
    struct archive archive;                 /* base launches first */
    size_t common;                          /* launches that are on both sides */
    size_t first_fresh;                     /* index of the first new launch */
    const struct launch **launches[2];      /* of each side, by start time */
    size_t launch_count[2], allocations[2]; /* allocations: of the group that has fewest; 0: not recorded */
    const char *paths[2];                   /* as the user gave them, for the heading */
    size_t *group_of[2], *place_of[2];      /* per launch: its group, and its index in that */
    struct relabelled_group *groups;        /* groups of launches that have cases in common */
    struct relabelled_group *unit_groups;   /* the same groups in units: launches or allocations */
    size_t group_count;
    struct compared_case *cases; /* in reading order */
    /* the last: cases left out since neither side could run them */
    size_t case_count, tested, without_figures;
    size_t counts[VERDICT_COUNT];
    struct difference *differences;
    size_t difference_count;
    bool interleaved; /* base and new took turns on identical hosts in every group */
    /* each of these fails the gate: a launch that died, too few allocations with --strict, … */
    const char **failures;
    size_t failure_count;
    const char **notes;
    size_t note_count;
};

/* Reads both sides, checks that they may be compared, and judges every case. Returns STATUS_OK even if it
   finds regressions; see comparison_status(). Returns STATUS_USAGE after printing one line if the sides ran
   on different GPUs or instances, if one side has the same launch twice, or if pairs are required but
   launches did not take turns. */
enum status compare_runs(struct comparison *, const struct option_list *base, const struct option_list *fresh,
                         const struct comparison_rules *);
void comparison_free(struct comparison *);

/* Returns STATUS_GATE if a case regressed, is missing or wrong, if there is any failure, or (strict) if a
   case is inconclusive. */
enum status comparison_status(const struct comparison *, bool strict);

/* ---- its parts ---- */

void comparison_note(struct comparison *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void comparison_failure(struct comparison *, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *comparison_text(struct comparison *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* environment.c: finds differences, allocations and interleaving. Returns STATUS_USAGE after printing one
   line if the sides must not be compared. */
enum status compare_environments(struct comparison *, const struct comparison_rules *);

/* units.c: the statistical units of one group, which the permutation test relabels. */
struct units {
    size_t count[2];    /* number of units on each side */
    size_t *of[2];      /* per launch of each side: the unit that it belongs to */
    bool by_allocation; /* units are allocations; false: launches */
    bool confounded;    /* each side has a single allocation, and these differ */
};
struct units units_of(struct comparison *, size_t group);
void units_free(struct units *);
/* The value of each unit: the median of its launches' values, without NAN; NAN if all are. `values` has one
   per launch of the side. The archive's arena owns the result. */
double *unit_values(struct comparison *, const struct units *, enum side, size_t launches,
                    const double *values);
/* With --strict, adds a failure unless the launches are interleaved or each side has at least four
   allocations. */
void check_allocations(struct comparison *, const struct comparison_rules *);

/* verdict.c: judges all cases; fills in the members of struct compared_case after `delta`. */
void judge_cases(struct comparison *, const struct comparison_rules *);
/* verdict_notes.c: adds notes on the judged cases. */
void note_judgement(struct comparison *);

/* "regression", or if the case is confounded "regression, confounded with the allocation". */
const char *verdict_text(const struct compared_case *, char text[64]);

/* Drift within a launch: the median of the last third of the samples divided by that of the first third.
   Returns 1 if they differ by less than the share `delta`, or by no more than chance (rank-sum test, |z| <=
   4). */
double sample_drift(const struct samples *, double delta);

#endif
