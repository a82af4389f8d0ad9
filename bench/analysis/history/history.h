/* Compares many nights, case by case, for `busbar history`: has a case become slower, since when, and is that
   known? A night is a run, or one allocation of a run. Its value for a case is the figure of
   analysis/compare: the median over the launches. stats/changes.h decides where a series changed. See
   README.md in this folder for the rules and their error rates. */
#ifndef BUSBAR_HISTORY_H
#define BUSBAR_HISTORY_H

#include "analysis/compare/differences.h"
#include "analysis/compare/study.h"
#include "analysis/history/acknowledged.h"
#include "stats/changes.h"

struct night {
    const struct run_summary *run;
    const char *name;    /* the name of the run and, if that has several, of the allocation */
    const char *started; /* start time of its first launch */
    bool newest;         /* does it belong to the newest run? */
};

enum trend {
    TREND_REGRESSION,   /* slower than its reference by more than the tolerance, and not acknowledged */
    TREND_MISSING,      /* it had figures, but some launches of the newest run, or all, have none */
    TREND_WRONG,        /* wrong data in the newest run */
    TREND_FOLLOWS,      /* slower only because all cases are: a regression of the common factor */
    TREND_ACKNOWLEDGED, /* it became slower or went missing, which is acknowledged */
    TREND_IMPROVEMENT,  /* faster than the first level by more than the tolerance */
    TREND_STEADY,       /* none of these; perhaps changes within the tolerance */
    TREND_FEW,          /* fewer than NIGHTS_FOR_CHANGE figures */
    TREND_UNLIKE,       /* as TREND_MISSING, but the newest run has it by another BLAS, which it chose */
    TREND_COUNT
};
extern const char *const trend_names[TREND_COUNT];

struct case_history {
    const char *key;            /* "common": the common factor of all cases */
    const struct case_row *row; /* NULL: the common factor */
    enum statistic statistic;
    const char *rank_reduction;
    const struct case_summary **lines; /* per night; NULL: no row */
    struct change_series series;
    size_t figures, last; /* nights with a figure, and the last of them */
    enum trend trend;
    /* Percents for overlap (analysis/compare/overlap_cases.h), NAN for the common factor. Levels are
       medians over nights. before: the first level, or that after the last lasting improvement or
       acknowledged change; of an acknowledged change the level that it left; if only the newest night is
       far off, that of the other nights. */
    double before_us, level_us;
    double now_us;       /* the figure of the newest run, of its slowest night; NAN: none */
    double ratio;        /* level / before, also for the common factor */
    size_t apart_since;  /* apart: the first of the nights in a row, up to the newest, that are far off */
    double newest_ratio; /* apart: the newest night / the level of the others; else NAN */
    size_t since, steps; /* the night on which it left the reference; the number of slowdowns since then */
    bool missing;        /* launches of the newest run lack it; the trend is missing or acknowledged */
    bool by_common;      /* all of these are changes of the common factor */
    bool apart; /* its newest night is much slower: a single bad night, or the first of a lasting change */
    const struct acknowledgement *acknowledgement;
    const char *problem; /* the error of a missing or wrong case; may be NULL */
    const char *gap;     /* "no figure in 2 of 3 launches: skipped", of the newest run; NULL: all have one */
    const char *instead; /* TREND_UNLIKE: the key of the case that the newest run has; else NULL */
};

struct history_rules {
    double alpha, delta;
    struct acknowledgements *acknowledgements;
};

struct history {
    struct study study;
    struct night *nights; /* by start time */
    size_t night_count;
    struct case_history *cases; /* in reading order; cases[case_count] is the common factor */
    size_t case_count;
    bool has_common;
    size_t counts[TREND_COUNT]; /* of cases and the common factor */
    size_t apart;               /* number of series whose newest night is an outlier */
    const char **failures;      /* other failures: a launch of the newest run that died, … */
    size_t failure_count;
    const char **notes;
    size_t note_count;
    struct arena arena;
};

/* Reads and judges the runs at `paths`. On failure prints one line, and leaves nothing to free. */
enum status history_read(struct history *, char **paths, int count, const struct history_rules *);
/* The same for launches that were already read and made comparable. All must have a start time and be of
   one machine. The archive must outlive the history. Succeeds even if no case has a figure. */
enum status history_of(struct history *, const struct archive *, const char *catalog,
                       const struct history_rules *);
void history_free(struct history *);
/* Returns STATUS_GATE if there is a regression that is not acknowledged, a missing or wrong case, or a
   failure; with strict also if the newest night of a series is an outlier. */
enum status history_status(const struct history *, bool strict);

/* The number of series: the cases, and the common factor if there is one. */
size_t history_series(const struct history *);
/* The ratio of the levels after and before a change. A level is the median of the series' nights between two
   changes. */
double change_ratio(const struct history *, const struct case_history *, size_t change);
/* Lists how the environments of the last night before and the first night after a change differ. The caller
   frees the list. */
struct difference *change_differences(struct history *, const struct case_history *, size_t night,
                                      size_t *count);
/* Is a night an outlier that is not part of a change? 1: slower, -1: faster, 0: no. */
int bad_night(const struct history *, const struct case_history *, const struct history_rules *,
              size_t night);

void history_failure(struct history *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void history_note(struct history *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* empty_nights.c: adds a failure for every folder below the paths that should hold a night after the
   newest one, but has no records. Earlier ones become notes. */
void check_empty_nights(struct history *, char **paths, int count);

/* The ratio of a night and the level of the others between two changes; NAN: the night belongs to a
   change. */
double night_ratio(const struct history *, const struct case_history *, size_t night);
/* Steady, or too few nights to tell: no lasting change is found. */
bool trend_is_open(const struct case_history *);

/* history_judge.c: fills in the members of struct case_history from `trend` on. */
void history_judge(struct history *, const struct history_rules *);

#endif
