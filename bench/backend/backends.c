#include "backend/backend.h"
#include "base/text.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct backend *const backends[] = {&backend_mpi, NULL};

static bool is_complete(const struct backend *b)
{
    return b->name && b->open && b->supports && b->free_bytes && b->alloc && b->free && b->fill && b->check && b->run &&
           b->facts && b->close;
}

/* The folder of the running program with a slash behind, "" when unknown. */
static void program_folder(char folder[4096])
{
    ssize_t length = readlink("/proc/self/exe", folder, 4095);
    folder[length > 0 ? length : 0] = 0;
    char *slash = strrchr(folder, '/');
    if (slash) slash[1] = 0;
}

/* The loader's handle of <name>.so; NULL with the loader's words for the last place that has such a file in `words`. */
static void *open_plugin(const char *name, struct text *words)
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

static const struct backend *find_plugin(const char *name, bool needs_device, struct text *words)
{
    void *handle = open_plugin(name, words);
    if (!handle) return NULL;
    const struct backend *backend = dlsym(handle, "busbar_backend");
    int (*device_count)(void);
    *(void **)&device_count = dlsym(handle, "busbar_device_count");
    if (!backend || !is_complete(backend))
        text_add(words, "busbar_%s.so is not a whole backend of this version", name);
    else if (needs_device && device_count && device_count() < 1)
        text_add(words, "no device was found");
    else
        return backend;
    dlclose(handle);
    return NULL;
}

const struct backend *backend_find(const char *name)
{
    struct text words = {0};
    const struct backend *found = NULL;
    if (strcmp(name, "auto") == 0) {
        found = find_plugin("nccl", true, &words);
        if (!found) {
            warn("backend mpi on host memory (nccl: %s)", text_get(&words));
            found = &backend_mpi;
        }
    } else {
        for (size_t i = 0; backends[i] && !found; i++)
            if (strcmp(backends[i]->name, name) == 0) found = backends[i];
        if (!found) found = find_plugin(name, false, &words);
        if (!found) fail(STATUS_ENVIRONMENT, "the %s backend cannot be had: %s", name, text_get(&words));
    }
    text_free(&words);
    return found;
}
