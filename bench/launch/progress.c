#include "launch/progress.h"
#include "base/clock.h"
#include "base/units.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const double LINE_EVERY_S = 0.2, PLAIN_EVERY_S = 5;

/* Whether the parent's stderr is a terminal: mpirun reads its processes' stderr through a pipe and copies it
   to its own. */
static bool launcher_has_terminal(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/fd/2", (long)getppid());
    int fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return false;
    bool terminal = isatty(fd);
    close(fd);
    return terminal;
}

enum progress_kind progress_here(bool asked)
{
    if (isatty(STDERR_FILENO)) return PROGRESS_LINE;
    struct stat stream;
    bool piped = fstat(STDERR_FILENO, &stream) == 0 && S_ISFIFO(stream.st_mode);
    return asked || (piped && launcher_has_terminal()) ? PROGRESS_PLAIN : PROGRESS_NONE;
}

void progress_open(struct progress_line *p, enum progress_kind kind)
{
    double now = clock_s();
    *p = (struct progress_line){kind, now, kind == PROGRESS_LINE ? -1 : now, 0};
}

void progress_show(struct progress_line *p, size_t done, size_t all, double budget_s, const char *what)
{
    double now = clock_s();
    if (!p->kind || now - p->last_s < (p->kind == PROGRESS_LINE ? LINE_EVERY_S : PLAIN_EVERY_S)) return;
    char left[UNIT_TEXT] = "", line[256];
    if (done) {
        double left_s = (now - p->start_s) / (double)done * (double)(all - done);
        if (budget_s > 0 && left_s > budget_s - (now - p->start_s)) left_s = budget_s - (now - p->start_s);
        format_duration(left_s > 0 ? left_s : 0, left);
    }
    int width =
        snprintf(line, sizeof line, "%3zu %%  %s%s%s", 100 * done / all, what, *left ? ", left: " : "", left);
    p->last_s = now;
    if (p->kind == PROGRESS_PLAIN) {
        fprintf(stderr, "%s\n", line);
        return;
    }
    fprintf(stderr, "\r%s%*s", line, p->width > (size_t)width ? (int)(p->width - (size_t)width) : 0, "");
    fflush(stderr);
    p->width = (size_t)width;
}

void progress_row(struct progress_line *p, const char *row)
{
    if (!p->kind) return;
    progress_clear(p);
    fprintf(stderr, "%s\n", row);
}

void progress_clear(struct progress_line *p)
{
    if (p->kind == PROGRESS_LINE && p->width) fprintf(stderr, "\r%*s\r", (int)p->width, "");
    p->width = 0;
}
