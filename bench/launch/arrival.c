#include "launch/arrival.h"
#include "base/status.h"
#include "launch/launcher.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *first_of(const char *const *names)
{
    for (; *names; names++)
        if (getenv(*names) && *getenv(*names)) return getenv(*names);
    return NULL;
}

void arrival_find(struct arrival *a, const char *folder)
{
    static const char *const jobs[] = {"PMIX_NAMESPACE", "SLURM_STEP_ID", "PMI_JOBID", "HYDRA_JOBID", NULL};
    const char *job = first_of(jobs), *slurm = getenv("SLURM_JOB_ID"), *variable;
    *a = (struct arrival){.rank = early_rank(), .ranks = early_ranks(&variable), .fd = -1};
    if (!job || a->ranks < 2) return;
    struct text path = {0};
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (folder)
        text_add(&path, "%s", folder);
    else if (runtime && *runtime == '/')
        text_add(&path, "%s", runtime);
    else
        text_add(&path, "/tmp/busbar-%ld", (long)geteuid()), a->makes_parent = true;
    size_t name = path.length + 1;
    text_add(&path, "/.waiting-%s-%s", slurm ? slurm : "", job);
    for (char *c = path.data + name; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '.') *c = '-';
    if (path.length < sizeof a->folder) memcpy(a->folder, path.data, path.length + 1); /* else: no notes */
    text_free(&path);
}

/* Makes, if necessary, and opens a folder that only this user can write to, so that nobody else can have put
   notes or symbolic links into it. Returns its descriptor, or -1. */
static int own_folder(const char *path)
{
    struct stat facts;
    (void)mkdir(path, 0700); /* it may exist already; fstat() below checks what it is */
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return -1;
    if (fstat(fd, &facts) == 0 && facts.st_uid == geteuid() && !(facts.st_mode & (S_IWGRP | S_IWOTH)))
        return fd;
    close(fd);
    return -1;
}

/* Makes the parent folder, which may be missing too: the results folder, or this user's folder in /tmp. */
static void make_parent(struct arrival *a)
{
    char *folder = a->folder, *slash = strrchr(folder, '/');
    if (!slash || slash == folder) return;
    *slash = 0;
    if (a->makes_parent) {
        int fd = own_folder(folder);
        if (fd >= 0) close(fd);
    } else {
        (void)mkdir(folder, 0777);
    }
    *slash = '/';
}

void arrival_note(struct arrival *a)
{
    char name[16], host[256] = "?";
    if (!*a->folder || a->noted) return;
    gethostname(host, sizeof host - 1);
    make_parent(a);
    if (a->fd < 0) a->fd = own_folder(a->folder);
    if (a->fd < 0) return;
    snprintf(name, sizeof name, "%d", a->rank);
    int fd = openat(a->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return;
    a->noted = dprintf(fd, "%s\n", host) > 0;
    if (close(fd)) a->noted = false;
}

void arrival_forget(struct arrival *a)
{
    char name[16];
    snprintf(name, sizeof name, "%d", a->rank);
    if (a->noted) unlinkat(a->fd, name, 0);
    if (a->fd >= 0) {
        close(a->fd);
        rmdir(a->folder); /* succeeds once it is empty: for the last process */
        char *slash = strrchr(a->folder, '/');
        *slash = 0;
        if (a->makes_parent) rmdir(a->folder);
        *slash = '/';
    }
    a->fd = -1;
    a->noted = false;
}

/* Returns whether this rank has left a note, and the name of its host. */
static bool read_note(const struct arrival *a, int rank, char host[256])
{
    char name[16];
    snprintf(name, sizeof name, "%d", rank);
    int fd = openat(a->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t length = read(fd, host, 255);
    close(fd);
    host[length > 0 ? length : 0] = 0;
    host[strcspn(host, "\n")] = 0;
    if (!*host) strcpy(host, "?");
    return true;
}

bool arrival_tell(const struct arrival *a, struct text *words)
{
    enum { MOST_NAMED = 8 };
    int came = 0, missing = 0, first = -1;
    struct text names = {0}, lost = {0};
    for (int rank = 0; rank < a->ranks && a->noted; rank++) {
        char host[256];
        if (read_note(a, rank, host)) {
            if (first < 0) first = rank;
            if (came++ < MOST_NAMED) text_add(&names, "%s rank %d on %s", came > 1 ? "," : "", rank, host);
        } else if (missing++ < MOST_NAMED) {
            text_add(&lost, "%s %d", missing > 1 ? "," : "", rank);
        }
    }
    if (!a->noted) {
        text_add(words, "this is process %d of %d", a->rank, a->ranks);
    } else if (missing) {
        text_add(words, "rank%s%s%s never came (of %d; waiting:%s%s)", missing > 1 ? "s" : "",
                 text_get(&lost), missing > MOST_NAMED ? " and more" : "", a->ranks, text_get(&names),
                 came > MOST_NAMED ? " and more" : "");
    } else {
        text_add(words, "all %d processes are there:%s%s", a->ranks, text_get(&names),
                 came > MOST_NAMED ? " and more" : "");
    }
    text_free(&names);
    text_free(&lost);
    return !a->noted || first == a->rank;
}
