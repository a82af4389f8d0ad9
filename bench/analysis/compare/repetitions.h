/* Do all launches have a figure of a case? When a time budget runs out or a run is cut, it is the slow
   launches that lose their figures, and the rest look too fast. So whoever judges, ranks or keeps a figure
   asks how many launches lack it. */
#ifndef BUSBAR_REPETITIONS_H
#define BUSBAR_REPETITIONS_H

#include "record/record.h"

#include <stdbool.h>
#include <stddef.h>

/* The time of a row: from its samples if it has some; NAN or 0: none. */
double row_time_us(const struct case_row *);
/* Published tables may have a rate and no time. The rate is then the figure, and no time is derived from
   it. */
double row_rate(const struct case_row *);
bool is_figure(double);
bool row_has_figure(const struct case_row *);

/* Launches in groups. Two launches repeat each other if they ran on equal numbers of ranks and nodes and
   have a case in common, or both repeat a third one. */
struct repetitions {
    const struct launch *const *launches;
    size_t count;
    size_t *group;            /* per launch: a number that the launches of its group share */
    struct appearance *cases; /* the rows of all launches, by key */
    size_t case_count;
};

/* The keys must be complete (launches.h). The list must outlive the result. */
struct repetitions repetitions_of(const struct launch *const *launches, size_t count);
void repetitions_free(struct repetitions *);

/* `without`: how many of the `launches` that should have a figure of a case have none: skipped, failed,
   wrong, or no row. These are the launches with a row of it, and the complete ones that repeat such a
   launch. A launch that died says so itself. */
struct turnout {
    size_t launches, without;
};
struct turnout repetitions_turnout(const struct repetitions *, const char *key);
/* Adds "no figure in 3 of 8 launches: skipped"; status: the worst of the rows. */
void turnout_words(struct text *, struct turnout, enum case_status);

#endif
