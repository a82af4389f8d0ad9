#include "base/paths.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool program_path(char path[PATH_BYTES])
{
    ssize_t length = readlink("/proc/self/exe", path, PATH_BYTES - 1);
    path[length > 0 ? length : 0] = 0;
    return length > 0;
}

bool program_folder(char path[PATH_BYTES])
{
    char *slash = program_path(path) ? strrchr(path, '/') : NULL;
    *(slash ? slash : path) = 0;
    return slash != NULL;
}

bool is_install_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strcmp(slash ? slash + 1 : path, "bin") == 0;
}

bool is_trusted_file(const char *path)
{
    struct stat file, program;
    if (stat(path, &file)) return false;
    return file.st_uid == 0 || file.st_uid == geteuid() ||
           (stat("/proc/self/exe", &program) == 0 && file.st_uid == program.st_uid);
}

bool is_plain_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";
    size_t length = strlen(name);
    return length > 0 && length < 200 && *name != '.' && *name != '-' && strspn(name, letters) == length;
}
