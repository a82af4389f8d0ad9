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

/* ---- in words (history_words.c) ---- */

enum { NIGHT_DATE = 11 };
/* "2026-11-14". Valid until `date` changes. */
const char *night_date(const struct history *, size_t night, char date[NIGHT_DATE]);
/* Adds "+5.1 %". */
void percent_text(struct text *, double ratio);
/* Finds the parts of the names that all series have in common. shared: one line for collectives, one for
   matmul; NULL: not wanted. */
void history_masks(const struct history *, unsigned masks[2], struct text *shared);
/* Adds the name without these parts. */
void series_name(const struct case_history *, const unsigned masks[2], struct text *);
/* Adds "slower by 5.1 % since 2026-11-14 (run nightly-12), seen on 2026-11-16" and further facts about a
   case. */
void trend_text(const struct history *, const struct case_history *, struct text *out);
/* Does it fail the gate? */
bool trend_fails(const struct case_history *, bool strict);
/* "FAIL: 1 of 6 cases has become slower. 40 nights, 2026-01-01 to 2026-02-09." "watch: …" if only the newest
   night is far off. */
void history_sentence(const struct history *, bool strict, struct text *out);
/* Whether the series needs attention. Outputs list only such series, unless they list all. */
bool trend_is_listed(const struct case_history *);

/* ---- tables and details (history_output.c) ---- */

/* Fills a table with the listed series (all: with every series). Leaves out of the names what all series have
   in common, and adds that to `shared` (history_masks()). wraps: the reader breaks long cells at blanks, so
   that names need not be cut. */
void history_fill_table(const struct history *, bool all, bool wraps, struct table *table,
                        struct text *shared);
/* Adds the differences between the environments before and after the change, one per line:
   "facts.nccl.version: 2.27.7 -> 2.28.3". Kinds that usually explain a change come first; at most six. */
void trend_differences(struct history *, const struct case_history *, struct text *out);

/* Adds the drawing of history_plot() to `drawings`. */
void history_chart(struct drawings *, const struct history *, const char *name, const char *title);
/* Draws the series that changed, and the common factor, into the folder. Returns STATUS_ENVIRONMENT after
   printing one line. */
enum status history_plot(const struct history *, const char *folder);

#endif
