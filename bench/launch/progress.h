/* What a person sees while a launch measures: on stderr of rank 0. */
#ifndef BUSBAR_PROGRESS_H
#define BUSBAR_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

enum progress_kind {
    PROGRESS_NONE,
    PROGRESS_LINE, /* a terminal: one line that changes */
    PROGRESS_PLAIN /* a log, or the launcher's terminal, to which others write too: a line every few seconds */
};

struct progress_line {
    enum progress_kind kind;
    double start_s, last_s;
    size_t width; /* of the line that is to be overwritten */
};

/* Where stderr is a terminal, or that of the launcher that started this process is; `asked`: anywhere. */
enum progress_kind progress_here(bool asked);

void progress_open(struct progress_line *, enum progress_kind);
/* What comes next, and the time left. budget_s: no more time than that is left (0: no budget). */
void progress_show(struct progress_line *, size_t done, size_t all, double budget_s, const char *what);
/* A first figure, before the final table has it. */
void progress_row(struct progress_line *, const char *row);
void progress_clear(struct progress_line *);

#endif
