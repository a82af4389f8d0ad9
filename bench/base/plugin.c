#include "base/plugin.h"
#include "base/paths.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The files that may be it, one after the other; false after the last. */
static bool candidate(const char *name, size_t i, struct text *path)
{
    char folder[PATH_BYTES];
    program_folder(folder);
    const char *given = getenv("BUSBAR_PLUGINS");
    const struct {
        const char *a, *b;
    } places[] = {{given ? given : folder, "/"}, {folder, "/"}, {folder, "/../lib/busbar/"}};
    if (i == sizeof places / sizeof *places) return false;
    text_clear(path);
    text_add(path, "%s%sbusbar_%s.so", places[i].a, places[i].b, name);
    return true;
}

void *plugin_open(const char *name, struct text *words)
{
    struct text path = {0};
    void *handle = NULL;
    for (size_t i = 0; !handle && candidate(name, i, &path); i++) {
        if (access(path.data, F_OK)) continue;
        handle = dlopen(path.data, RTLD_NOW | RTLD_LOCAL);
        if (handle) continue;
        const char *error = dlerror();
        text_clear(words);
        text_add(words, "%s", error ? error : "the loader gave no reason");
    }
    text_free(&path);
    if (!handle && !words->length) text_add(words, "no busbar_%s.so was built or installed", name);
    return handle;
}

enum status plugin_check_name(const char *name, const char *const *known)
{
    struct text text = {0};
    bool there = false;
    for (size_t i = 0; known[i]; i++) there = there || strcmp(known[i], name) == 0;
    for (size_t i = 0; !there && candidate(name, i, &text); i++) there = access(text.data, F_OK) == 0;
    const char *near = nearest(name, known);
    text_clear(&text);
    if (near)
        text_add(&text, "; did you mean '%s'?", near);
    else
        for (size_t i = 0; known[i]; i++) text_add(&text, "%s%s", i ? ", " : "; expected ", known[i]);
    if (!there) fail(STATUS_USAGE, "--backend: unknown '%s'%s", name, text_get(&text));
    text_free(&text);
    return there ? STATUS_OK : STATUS_USAGE;
}
