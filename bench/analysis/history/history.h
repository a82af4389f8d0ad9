/* Many nights, case by case: is a case slower than it was, since when, and is that known? What `busbar
   history` prints. A night is a run, or an allocation of a run; its value of a case is the figure of
   analysis/compare: the median over the launches. stats/changes.h decides where a series changed; README.md
   of this room has the rules and how often they err. */
#ifndef BUSBAR_HISTORY_H
#define BUSBAR_HISTORY_H

#include "analysis/compare/differences.h"
#include "analysis/compare/study.h"
#include "analysis/history/acknowledged.h"
#include "stats/changes.h"

struct night {
    const struct run_summary *run;
    const char *name;    /* the run's, and its allocation's where it has several */
    const char *started; /* of its first launch */
    bool newest;         /* it belongs to the newest run */
};

enum trend {
    TREND_REGRESSION,   /* slower than its reference by more than the tolerance, and not acknowledged */
    TREND_MISSING,      /* it had figures, and has none in the newest run */
    TREND_WRONG,        /* wrong data in the newest run */
    TREND_FOLLOWS,      /* slower with all cases: the common factor's regression, no own one */
    TREND_ACKNOWLEDGED, /* it became slower or went missing, and somebody accepted that */
    TREND_IMPROVEMENT,  /* faster than at first by more than the tolerance */
    TREND_STEADY,       /* none of these; changes within the tolerance included */
    TREND_FEW,          /* fewer than NIGHTS_FOR_CHANGE figures */
    TREND_COUNT
};
extern const char *const trend_names[TREND_COUNT];

struct case_history {
    const char *key;            /* "common": what all cases of a night share */
    const struct case_row *row; /* NULL: the common factor */
    enum statistic statistic;
    const char *rank_reduction;
    const struct case_summary **lines; /* per night; NULL: no row */
    struct change_series series;
    size_t figures, last; /* nights with a figure, and the last of them */
    enum trend trend;
    /* Times are medians over nights (the common factor has none: NAN). Reference: the level at first, or
       after the last improvement or acknowledged change. */
    double before_us, now_us, ratio; /* ratio: now / reference, also of the common factor */
    size_t since,
        steps;      /* the night on which it left the reference; so many changes since, all the same way */
    bool by_common; /* that change is the common factor's */
    bool apart;     /* its newest night is far off, up: one bad night, or the first of a lasting change */
    const struct acknowledgement *acknowledgement;
    const char *problem; /* of a missing or wrong case; may be NULL */
};

struct history_rules {
    double alpha, delta;
    struct acknowledgements *acknowledgements;
};

struct history {
    struct study study;
    struct night *nights; /* by their start */
    size_t night_count;
    struct case_history *cases; /* in reading order; behind them, at case_count, the common factor */
    size_t case_count;
    bool has_common;
    size_t counts[TREND_COUNT]; /* of cases and the common factor */
    size_t apart;               /* series whose newest night is far off */
    const char **failures;      /* whatever else fails: a launch of the newest run that died, … */
    size_t failure_count;
    const char **notes;
    size_t note_count;
    struct arena arena;
};

/* On failure one line, and nothing to free. */
enum status history_read(struct history *, char **paths, int count, const struct history_rules *);
void history_free(struct history *);
/* STATUS_GATE: an open regression, a missing or wrong case, a failure; strict: a newest night that is far
   off, too. */
enum status history_status(const struct history *, bool strict);

/* The series of the history: the cases, and the common factor where there is one. */
size_t history_series(const struct history *);
/* The level before and after a change of a series: medians of its own nights up to the next change; as a
   ratio. */
double change_ratio(const struct history *, const struct case_history *, size_t change);
/* What differs between the last night before and the first night after a change. The caller frees the
   list. */
struct difference *change_differences(struct history *, const struct case_history *, size_t night,
                                      size_t *count);
/* A night far off on its own, no part of a change: +1 slower, -1 faster, 0 no. */
int bad_night(const struct history *, const struct case_history *, const struct history_rules *,
              size_t night);

/* history_judge.c: everything of a case from `trend` on. */
void history_judge(struct history *, const struct history_rules *);

#endif
