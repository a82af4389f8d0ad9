#include "base/paths.h"

#include <string.h>
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

bool is_plain_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";
    size_t length = strlen(name);
    return length > 0 && length < 200 && *name != '.' && *name != '-' && strspn(name, letters) == length;
}
