/* Lists the files to import: those that the user names, and all files below the folders named. Each file is
   listed once, and gets a name for its records. */
#include "analysis/import/import.h"
#include "record/files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Makes a name for records from a path: "dir/all_reduce.log" becomes "all_reduce", or "dir-all_reduce" with
   its folder. The result is a plain file name for any path. */
static void stem(const char *path, bool with_folder, char name[160])
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    const char *folder = slash;
    size_t length = dot && dot > base ? (size_t)(dot - base) : strlen(base);
    if (length > 150) length = 150;
    while (folder && folder > path && folder[-1] != '/') folder--;
    size_t folder_length = with_folder && slash ? (size_t)(slash - folder) : 0;
    if (folder_length + length > 150) folder_length = 0;
    snprintf(name, 160, "%.*s%s%.*s", (int)folder_length, folder_length ? folder : "",
             folder_length ? "-" : "", (int)length, base);
    for (char *c = name; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f) *c = '_';
    if (*name == '.' || !*name) strcpy(name, "imported");
}

/* Lists a file that several paths (links) name only once. */
static void add_input(struct inputs *inputs, const char *path, bool from_folder)
{
    struct input input = {.from_folder = from_folder};
    struct stat facts;
    bool exists = stat(path, &facts) == 0; /* if not, reading it prints the reason */
    for (size_t i = 0; exists && i < inputs->count; i++)
        if (inputs->list[i].inode == facts.st_ino && inputs->list[i].device == facts.st_dev) {
            if (!from_folder) warn("%s is the same file as %s: it is read once", path, inputs->list[i].path);
            return;
        }
    if (exists) input.device = facts.st_dev, input.inode = facts.st_ino;
    input.path = duplicate(path);
    inputs->list = reallocate(inputs->list, inputs->count + 1, sizeof *inputs->list);
    inputs->list[inputs->count++] = input;
}

static int by_input_name(const void *a, const void *b)
{
    return strcmp((*(const struct input *const *)a)->name, (*(const struct input *const *)b)->name);
}

/* Files with the same name in several folders get the folder's name too. */
static void name_inputs(struct inputs *inputs)
{
    struct input **sorted = allocate(inputs->count, sizeof *sorted);
    for (size_t i = 0; i < inputs->count; i++) {
        sorted[i] = &inputs->list[i];
        stem(inputs->list[i].path, false, inputs->list[i].name);
    }
    qsort(sorted, inputs->count, sizeof(struct input *), by_input_name);
    for (size_t from = 0, to; from < inputs->count; from = to) {
        for (to = from + 1; to < inputs->count && strcmp(sorted[to]->name, sorted[from]->name) == 0;) to++;
        for (size_t i = from; to - from > 1 && i < to; i++) stem(sorted[i]->path, true, sorted[i]->name);
    }
    free(sorted);
}

enum status find_inputs(struct inputs *inputs, int count, char **operands)
{
    enum status status = STATUS_OK;
    for (int i = 0; !status && i < count; i++) {
        struct stat facts;
        struct paths paths = {0};
        bool is_folder = stat(operands[i], &facts) == 0 && S_ISDIR(facts.st_mode);
        if (is_folder) status = find_files(operands[i], "", &paths);
        for (size_t p = 0; p < paths.count; p++) add_input(inputs, paths.list[p], true);
        if (!is_folder) add_input(inputs, operands[i], false);
        paths_free(&paths);
    }
    name_inputs(inputs);
    return status;
}

void inputs_free(struct inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++) free(inputs->list[i].path);
    free(inputs->list);
}
