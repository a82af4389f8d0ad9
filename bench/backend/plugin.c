#include "backend/plugin.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The folder of the running program with a slash behind, "" when unknown. */
static void program_folder(char folder[4096])
{
    ssize_t length = readlink("/proc/self/exe", folder, 4095);
    folder[length > 0 ? length : 0] = 0;
    char *slash = strrchr(folder, '/');
    if (slash) slash[1] = 0;
}

void *plugin_open(const char *name, struct text *words)
{
    char folder[4096];
    program_folder(folder);
    const char *given = getenv("BUSBAR_PLUGINS");
    const struct {
        const char *a, *b;
    } places[] = {{given ? given : folder, "/"}, {folder, ""}, {folder, "../lib/busbar/"}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct text path = {0};
        text_add(&path, "%s%sbusbar_%s.so", places[i].a, places[i].b, name);
        bool there = access(path.data, F_OK) == 0;
        void *handle = there ? dlopen(path.data, RTLD_NOW | RTLD_LOCAL) : NULL;
        if (there && !handle) {
            const char *error = dlerror();
            text_clear(words);
            text_add(words, "%s", error ? error : "the loader gave no reason");
        }
        text_free(&path);
        if (handle) return handle;
    }
    if (!words->length) text_add(words, "no busbar_%s.so was built or installed", name);
    return NULL;
}
