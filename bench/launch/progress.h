/* Progress messages on rank 0's stderr during a launch. */
#ifndef BUSBAR_PROGRESS_H
#define BUSBAR_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

enum progress_kind {
    PROGRESS_NONE,
    PROGRESS_LINE, /* for a terminal: one line, overwritten */
    PROGRESS_PLAIN /* for a log, or a terminal that other processes share: a new line every few seconds */
};

struct progress_line {
    enum progress_kind kind;
    double start_s, last_s;
    size_t width; /* of the line to overwrite, in bytes */
};

/* The kind for this process: none unless its stderr, or that of its launcher, is a terminal, or `asked` is
   set. */
enum progress_kind progress_here(bool asked);

void progress_open(struct progress_line *, enum progress_kind);
/* Shows what is measured next and the estimated time left, at most what is left of budget_s (0: no
   budget). */
void progress_show(struct progress_line *, size_t done, size_t all, double budget_s, const char *what);
/* Prints a row with a first figure, before the final table. */
void progress_row(struct progress_line *, const char *row);
void progress_clear(struct progress_line *);

#endif
