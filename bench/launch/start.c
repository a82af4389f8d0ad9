#include "launch/start.h"
#include "base/paths.h"
#include "base/text.h"
#include "launch/launcher.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef BUSBAR_MPIRUN
#define BUSBAR_MPIRUN "" /* set by the build: the mpirun of its MPI library */
#endif

enum { MOST_RANKS = 4096 };

extern const char mpirun_script[]; /* scripts/launchers/mpirun */

static void set_number(const char *name, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    setenv(name, text, 1);
}

/* Sets the variables that the script reads (scripts/launchers/README.md). Unsets those that a sweep around
   this process may have set for its own launcher. */
static void tell_script(int64_t ranks, int visible)
{
    static const char *const others[] = {"SWEEP_HOSTS",         "SWEEP_REMOTE",  "SWEEP_RANKS_PER_NODE",
                                         "SWEEP_LAUNCHER_ARGS", "SWEEP_DRY_RUN", NULL};
    for (size_t i = 0; others[i]; i++) unsetenv(others[i]);
    set_number("SWEEP_RANKS", ranks);
    set_number("SWEEP_GPUS", visible);
    setenv("SWEEP_ECHO", "1", 1);
    if (*BUSBAR_MPIRUN) setenv("MPIRUN", BUSBAR_MPIRUN, 0);
}

static enum status replace_process(int argc, char **argv, int64_t ranks, int visible)
{
    char path[PATH_BYTES];
    if (!program_path(path))
        return fail(STATUS_ENVIRONMENT, "-g: cannot find this program's own file (/proc/self/exe)");
    const char **words = allocate((size_t)argc + 5, sizeof *words);
    size_t n = 0;
    words[n++] = "bash";
    words[n++] = "-c";
    words[n++] = mpirun_script;
    words[n++] = "mpirun";
    words[n++] = path;
    for (int i = 1; i < argc; i++) words[n++] = argv[i];
    tell_script(ranks, visible);
    fflush(NULL);
    execvp(words[0], (char *const *)words);
    free(words);
    return fail(STATUS_ENVIRONMENT, "-g: cannot start bash: %s", strerror(errno));
}

/* A launcher has already started ranks: prints the command, without -t and -g, that starts as many as these
   ask for. */
static enum status refuse(const struct command *command, int argc, char **argv, int started, int64_t ranks,
                          const char *variable)
{
    struct text line = {0};
    text_add(&line, "%s %lld", launcher_command(variable), (long long)(started * ranks));
    argc = options_remove(command, argc, argv, "ngpus");
    argc = options_remove(command, argc, argv, "nthreads");
    for (int i = 0; i < argc; i++) text_add_word(&line, argv[i]);
    enum status status =
        fail(STATUS_USAGE, "-t and -g start ranks, but a launcher has already started %d (%s); type: %s",
             started, variable, text_get(&line));
    text_free(&line);
    return status;
}

enum status start_ranks(const struct command *command, int argc, char **argv, const struct start_settings *s,
                        int visible)
{
    const char *variable = NULL;
    int started = early_ranks(&variable);
    /* The shell of an interactive Slurm job is a step with one task, but no launcher has started this
       program. */
    if (started == 1 && strncmp(variable, "SLURM_", 6) == 0) started = 0;
    const int64_t gpus = s->gpus == START_NOT_ASKED ? 1 : s->gpus ? s->gpus : visible;
    const int64_t ranks = s->threads * gpus;
    if (started && (ranks != 1 || s->gpus == 0))
        return refuse(command, argc, argv, started, s->gpus == 0 ? s->threads : ranks, variable);
    if (s->gpus == 0 && !visible)
        return fail(STATUS_ENVIRONMENT, "-g 0: no GPU is visible; -g N starts N ranks");
    if (ranks > MOST_RANKS)
        return fail(STATUS_USAGE, "-t %lld -g %lld: at most %d ranks can be started on one machine",
                    (long long)s->threads, (long long)gpus, MOST_RANKS);
    if (ranks == 1) return STATUS_OK;
    argc = options_remove(command, argc, argv, "ngpus");
    argc = options_remove(command, argc, argv, "nthreads");
    return replace_process(argc, argv, ranks, visible);
}
