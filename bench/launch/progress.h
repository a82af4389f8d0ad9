/* A line on stderr while measuring, where that is a terminal. Rank 0 only. */
#ifndef BUSBAR_PROGRESS_H
#define BUSBAR_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct progress_line {
    bool shown;
    double start_s, last_s;
    size_t width;
};

void progress_open(struct progress_line *, bool shown);
/* What comes next, and the time left. budget_s: no more time than that is left (0: no budget). */
void progress_show(struct progress_line *, size_t done, size_t all, double budget_s, const char *what);
void progress_clear(struct progress_line *);

#endif
