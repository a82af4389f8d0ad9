#include "base/outfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status cannot_write(const char *path, int error)
{
    return fail(STATUS_ENVIRONMENT, "cannot write %s: %s", path, strerror(error));
}

/* Gives the file the permissions of the old one, or those that fopen() gives a new one. mkstemp() makes a
   file that only its owner can read; if the change fails, it stays so. */
static void set_permissions(int fd, const struct stat *old)
{
    mode_t mask = umask(0);
    (void)umask(mask);
    (void)fchmod(fd, old ? old->st_mode & 0777 : 0666 & ~mask);
}

enum status outfile_open(struct outfile *out, const char *path, enum outfile_mode mode)
{
    struct stat facts;
    *out = (struct outfile){.mode = mode};
    bool exists = stat(path, &facts) == 0;
    if (exists && mode == OUTFILE_NEW) return cannot_write(path, EEXIST);
    if (exists && !S_ISREG(facts.st_mode)) {
        out->file = fopen(path, "we");
        if (!out->file) return cannot_write(path, errno);
        out->path = duplicate(path);
        return STATUS_OK;
    }
    /* If the target is a symbolic link, replace the file that it points to, not the link. */
    char *real = exists ? realpath(path, NULL) : NULL;
    struct text temporary = {0};
    text_add(&temporary, "%s.XXXXXX", real ? real : path);
    int fd = mkstemp(temporary.data), error = errno;
    out->file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!out->file) {
        if (fd >= 0) error = errno, close(fd), unlink(temporary.data);
        text_free(&temporary);
        free(real);
        return cannot_write(path, error);
    }
    set_permissions(fd, exists ? &facts : NULL);
    out->path = real ? real : duplicate(path);
    out->temporary = temporary.data;
    return STATUS_OK;
}

enum status outfile_close(struct outfile *out, enum status so_far)
{
    int error = 0;
    if (!all_written(out->file)) error = errno ? errno : EIO;
    if (fclose(out->file) && !error) error = errno;
    bool put = out->temporary && !so_far && !error;
    if (put && out->mode == OUTFILE_REPLACE && rename(out->temporary, out->path)) error = errno;
    if (put && out->mode == OUTFILE_NEW && link(out->temporary, out->path)) error = errno;
    if (out->temporary && !(put && !error && out->mode == OUTFILE_REPLACE)) (void)unlink(out->temporary);
    if (error && !so_far) so_far = cannot_write(out->path, error);
    free(out->path);
    free(out->temporary);
    *out = (struct outfile){0};
    return so_far;
}

enum status outfile_put(const char *path, const struct text *text)
{
    struct outfile out = {.file = stdout};
    bool is_file = path && !same(path, "-");
    enum status status = is_file ? outfile_open(&out, path, OUTFILE_REPLACE) : STATUS_OK;
    if (status) return status;
    (void)fwrite(text_get(text), 1, text->length, out.file); /* closing the file reports errors */
    if (is_file) return outfile_close(&out, STATUS_OK);
    return all_written(stdout) ? STATUS_OK
                               : fail(STATUS_ENVIRONMENT, "cannot write the output: %s", strerror(errno));
}
