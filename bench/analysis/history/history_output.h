/* Prints a history: text and Markdown for people; JSON and JUnit XML for programs; a plot. */
#ifndef BUSBAR_HISTORY_OUTPUT_H
#define BUSBAR_HISTORY_OUTPUT_H

#include "analysis/history/history.h"

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

/* Draws the series that changed, and the common factor, into the folder. Returns STATUS_ENVIRONMENT after
   printing one line. */
enum status history_plot(const struct history *, const char *folder);

#endif
