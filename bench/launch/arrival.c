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
    *a = (struct arrival){.rank = early_rank(), .ranks = early_ranks(&variable)};
    if (!job || a->ranks < 2) return;
    int length = snprintf(a->folder, sizeof a->folder, "%s/.waiting-%s-%s", folder, slurm ? slurm : "", job);
    if (length < 0 || (size_t)length >= sizeof a->folder) {
        a->folder[0] = 0; /* a path as long as that: no notes */
        return;
    }
    for (char *c = a->folder + strlen(folder) + 1; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '.') *c = '-';
}

static void note_path(const struct arrival *a, int rank, char path[600])
{
    snprintf(path, 600, "%s/%d", a->folder, rank);
}

void arrival_note(struct arrival *a)
{
    char path[600], host[256] = "?";
    if (!*a->folder || a->noted) return;
    gethostname(host, sizeof host - 1);
    char *slash = strrchr(a->folder, '/');
    *slash = 0;
    mkdir(a->folder, 0777); /* the results' folder may not be there yet; an error shows below */
    *slash = '/';
    if (mkdir(a->folder, 0777) == 0 || access(a->folder, W_OK) == 0) {
        note_path(a, a->rank, path);
        FILE *file = fopen(path, "we");
        if (!file) return;
        a->noted = fprintf(file, "%s\n", host) > 0;
        if (fclose(file)) a->noted = false;
    }
}

void arrival_forget(struct arrival *a)
{
    char path[600];
    if (!a->noted) return;
    note_path(a, a->rank, path);
    unlink(path);
    rmdir(a->folder); /* the last one succeeds */
    a->noted = false;
}

bool arrival_tell(const struct arrival *a, struct text *words)
{
    enum { MOST_NAMED = 8 };
    int came = 0, missing = 0, first = -1;
    struct text names = {0}, lost = {0};
    for (int rank = 0; rank < a->ranks && a->noted; rank++) {
        char path[600], host[256] = "?";
        note_path(a, rank, path);
        FILE *file = fopen(path, "re");
        if (file) {
            if (!fgets(host, sizeof host, file)) strcpy(host, "?");
            fclose(file);
            host[strcspn(host, "\n")] = 0;
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
