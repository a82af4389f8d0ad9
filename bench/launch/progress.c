#include "launch/progress.h"
#include "base/clock.h"
#include "base/units.h"

#include <stdio.h>

void progress_open(struct progress_line *p, bool shown)
{
    *p = (struct progress_line){shown, clock_s(), -1, 0};
}

void progress_show(struct progress_line *p, size_t done, size_t all, double budget_s, const char *what)
{
    double now = clock_s();
    if (!p->shown || now - p->last_s < 0.2) return;
    char left[UNIT_TEXT] = "", line[256];
    if (done) {
        double left_s = (now - p->start_s) / (double)done * (double)(all - done);
        if (budget_s > 0 && left_s > budget_s - (now - p->start_s)) left_s = budget_s - (now - p->start_s);
        format_duration(left_s > 0 ? left_s : 0, left);
    }
    int width =
        snprintf(line, sizeof line, "%3zu %%  %s%s%s", 100 * done / all, what, *left ? ", left: " : "", left);
    fprintf(stderr, "\r%s%*s", line, p->width > (size_t)width ? (int)(p->width - (size_t)width) : 0, "");
    fflush(stderr);
    p->width = (size_t)width;
    p->last_s = now;
}

void progress_clear(struct progress_line *p)
{
    if (p->shown && p->width) fprintf(stderr, "\r%*s\r", (int)p->width, "");
}
