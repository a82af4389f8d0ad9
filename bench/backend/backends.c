#include "backend/backend.h"
#include "base/plugin.h"
#include "base/text.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

const struct backend *const backends[] = {&backend_mpi, NULL};

static bool is_complete(const struct backend *b)
{
    return b->name && b->open && b->supports && b->free_bytes && b->alloc && b->free && b->fill && b->check &&
           b->run && b->facts && b->close;
}

static const struct backend *find_plugin(const char *name, bool needs_device, struct text *words)
{
    void *handle = plugin_open(name, words);
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

enum status backend_check_name(const char *name)
{
    const char *known[sizeof backends / sizeof *backends + 2] = {"auto"};
    size_t count = 1;
    for (size_t i = 0; backends[i]; i++) known[count++] = backends[i]->name;
    known[count] = "nccl"; /* also where it was not built */
    return plugin_check_name(name, known);
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
