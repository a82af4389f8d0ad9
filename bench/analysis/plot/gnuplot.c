/* Runs gnuplot: one process for all plots, without any text from users on its command line. */
#include "analysis/plot/drawing.h"
#include "base/paths.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool has_style(struct text *folder, const char *first, const char *then)
{
    text_clear(folder);
    text_add(folder, "%s%s/style.gp", first, then);
    bool found = access(folder->data, R_OK) == 0;
    folder->length -= strlen("/style.gp");
    folder->data[folder->length] = 0;
    return found;
}

/* gnuplot executes commands in style.gp, so the file must be one that no other user can have written. */
static bool has_trusted_style(struct text *folder, const char *first, const char *then)
{
    struct text style = {0};
    text_add(&style, "%s%s/style.gp", first, then);
    bool trusted = has_style(folder, first, then) && is_trusted_file(style.data);
    text_free(&style);
    return trusted;
}

static bool find_style(struct text *folder)
{
    const char *share = getenv("BUSBAR_SHARE");
    char program[PATH_BYTES];
    if (share && *share) return has_style(folder, share, "/scripts/plot");
    if (!program_folder(program)) return false;
    if (is_install_folder(program))
        return has_trusted_style(folder, program, "/../share/busbar/scripts/plot");
    /* for build/ and build/sanitize/ in the source tree */
    return has_trusted_style(folder, program, "/../scripts/plot") ||
           has_trusted_style(folder, program, "/../../scripts/plot");
}

/* Finds the folder of style.gp: $BUSBAR_SHARE/scripts/plot if the variable is set; else
   ../share/busbar/scripts/plot, relative to the program's folder, for an installed program; else scripts/plot
   in the source tree that contains the build folder. Returns NULL after printing one line. */
static const char *plot_scripts(struct arena *arena)
{
    struct text folder = {0};
    char *whole = find_style(&folder) ? realpath(folder.data, NULL) : NULL;
    const char *result = whole ? arena_string(arena, whole) : NULL;
    free(whole);
    text_free(&folder);
    if (!result)
        (void)fail(STATUS_ENVIRONMENT, "the plot scripts (style.gp) are not found: set BUSBAR_SHARE to the "
                                       "folder that has scripts/plot");
    return result;
}

/* Runs in the child process; never returns. gnuplot's output goes to plots.log in the folder, to be shown if
   it fails. pictures: the name of the subfolder that gnuplot draws into. */
static void draw(const char *folder, const char *pictures, const char *scripts)
{
    char prefix[64];
    snprintf(prefix, sizeof prefix, "%s/", pictures);
    if (chdir(folder) || setenv("BUSBAR_PLOT", scripts, 1) || setenv("BUSBAR_PICTURES", prefix, 1) ||
        setenv("SOURCE_DATE_EPOCH", "0", 1) || setenv("LC_ALL", "C.UTF-8", 1))
        _exit(126);
    int log = open("plots.log", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644),
        none = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (log < 0 || none < 0 || dup2(none, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0) _exit(126);
    const char *gnuplot = getenv("BUSBAR_GNUPLOT");
    if (!gnuplot || !*gnuplot) gnuplot = "gnuplot";
    execlp(gnuplot, "gnuplot", "-d", "plots.gp", (char *)NULL);
    _exit(127);
}

static void show_log(const char *folder)
{
    struct text path = {0};
    char line[400];
    text_add(&path, "%s/plots.log", folder);
    FILE *log = fopen(path.data, "re");
    for (int i = 0; log && i < 6 && fgets(line, sizeof line, log); i++)
        fprintf(stderr, "  gnuplot: %s%s", line, strchr(line, '\n') ? "" : "\n");
    if (log) fclose(log);
    text_free(&path);
}

static enum status run_gnuplot(const char *folder, const char *pictures, const char *scripts)
{
    fflush(NULL);
    pid_t child = fork();
    int ended = 0;
    if (child == 0) draw(folder, pictures, scripts);
    if (child < 0) return fail(STATUS_ENVIRONMENT, "cannot start gnuplot: %s", strerror(errno));
    while (waitpid(child, &ended, 0) < 0)
        if (errno != EINTR) return fail(STATUS_ENVIRONMENT, "cannot wait for gnuplot: %s", strerror(errno));
    if (WIFEXITED(ended) && WEXITSTATUS(ended) == 127)
        return fail(STATUS_ENVIRONMENT,
                    "gnuplot is not found: install gnuplot-nox, or set BUSBAR_GNUPLOT to its path");
    if (WIFEXITED(ended) && !WEXITSTATUS(ended)) return STATUS_OK;
    fail(STATUS_ENVIRONMENT, "gnuplot failed on %s/plots.gp:", folder);
    show_log(folder);
    return STATUS_ENVIRONMENT;
}

/* Is a picture complete, that is, does it have the end that its format requires? On a full disk gnuplot's
   exit status is still 0. */
static bool is_whole(const char *path)
{
    static const struct {
        const char *suffix, *end;
    } formats[] = {{".svg", "</svg>"}, {".png", "IEND"}, {".pdf", "%%EOF"}};
    char tail[32] = "";
    FILE *file = fopen(path, "re");
    size_t length = file && fseek(file, -16, SEEK_END) == 0 ? fread(tail, 1, 16, file) : 0;
    if (file) fclose(file);
    const char *suffix = strrchr(path, '.');
    for (size_t i = 0; suffix && i < sizeof formats / sizeof *formats; i++)
        if (same(suffix, formats[i].suffix))
            return memmem(tail, length, formats[i].end, strlen(formats[i].end)) != NULL;
    return false;
}

/* Moves one picture from gnuplot's folder to its place; removes it after a failure. */
static enum status put_picture(const char *folder, const char *drawn, const char *name, enum status so_far)
{
    struct text from = {0}, to = {0};
    text_add(&from, "%s/%s", drawn, name);
    text_add(&to, "%s/%s", folder, name);
    if (!so_far && !is_whole(from.data))
        so_far = fail(STATUS_ENVIRONMENT,
                      "cannot write %s: gnuplot left only a part of it (is the disk full?)", to.data);
    if (!so_far && rename(from.data, to.data))
        so_far = fail(STATUS_ENVIRONMENT, "cannot write %s: %s", to.data, strerror(errno));
    if (so_far) (void)unlink(from.data);
    text_free(&from);
    text_free(&to);
    return so_far;
}

/* Moves all pictures to their places, and removes gnuplot's folder. */
static enum status put_pictures(const char *folder, const char *drawn, enum status status)
{
    struct dirent **entries;
    int count = scandir(drawn, &entries, NULL, alphasort);
    if (count < 0)
        return status ? status : fail(STATUS_ENVIRONMENT, "cannot read %s: %s", drawn, strerror(errno));
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (!same(name, ".") && !same(name, "..")) status = put_picture(folder, drawn, name, status);
        free(entries[i]);
    }
    free(entries);
    if (rmdir(drawn)) warn("cannot remove %s: %s", drawn, strerror(errno));
    return status;
}

enum status gnuplot_run(const char *folder)
{
    struct arena arena = {0};
    struct text drawn = {0};
    const char *scripts = plot_scripts(&arena);
    enum status status = scripts ? STATUS_OK : STATUS_ENVIRONMENT;
    text_add(&drawn, "%s/.pictures-XXXXXX", folder);
    if (!status && !mkdtemp(drawn.data))
        status = fail(STATUS_ENVIRONMENT, "cannot make a folder in %s: %s", folder, strerror(errno));
    if (!status)
        status = put_pictures(folder, drawn.data, run_gnuplot(folder, strrchr(drawn.data, '/') + 1, scripts));
    text_free(&drawn);
    arena_free(&arena);
    return status;
}
