/* Prints a history: text and Markdown for people; JSON and JUnit XML for programs; a plot. */
#ifndef BUSBAR_HISTORY_OUTPUT_H
#define BUSBAR_HISTORY_OUTPUT_H

#include "analysis/common/table.h"
#include "analysis/history/history.h"
#include "analysis/plot/drawing.h"

struct history_choice {
    bool markdown, wide, strict;
};

/* Text fits 80 columns. wide: lists all cases, with full names, in lines of any length. */
void history_print(struct history *, const struct history_rules *, const struct history_choice *,
                   struct text *out);
void history_json(struct history *, const struct history_rules *, bool strict, struct text *out);
void history_junit(const struct history *, bool strict, struct text *out);

/* Adds "slower by 5.1 % since 2026-11-14 (run nightly-12), seen on 2026-11-16" and further facts about a
   case. */
void trend_text(const struct history *, const struct case_history *, struct text *out);
/* Does it fail the gate? */
bool trend_fails(const struct case_history *, bool strict);
/* "FAIL: 1 of 6 cases has become slower. 40 nights, 2026-01-01 to 2026-02-09." */
void history_sentence(const struct history *, bool strict, struct text *out);
/* Does it need attention? Only such series are listed, unless all are asked for. */
bool trend_is_listed(const struct case_history *);
/* Fills a table of the listed series (all: of all series). whole: with their keys; else with names in which
   what all have in common is left out, and added to `shared` in lines. */
void history_fill_table(const struct history *, bool all, bool whole, struct table *, struct text *shared);
/* The differences of the environments at the change, one a line, "facts.nccl.version: 2.27.7 -> 2.28.3";
   those that explain most first, at most six. */
void trend_differences(struct history *, const struct case_history *, struct text *out);

/* Adds the drawing that the next function draws. */
void history_chart(struct drawings *, const struct history *, const char *name, const char *title);
/* Draws the series that changed, and the common factor, into the folder. Returns STATUS_ENVIRONMENT after
   printing one line. */
enum status history_plot(const struct history *, const char *folder);

#endif
