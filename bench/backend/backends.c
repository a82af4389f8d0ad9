#include "backend/backend_plugin.h"
#include "backend/device_memory.h"
#include "base/text.h"

#include <string.h>

const struct backend *const backends[] = {&backend_mpi, NULL};

enum status backend_check_name(const char *name)
{
    const char *known[sizeof backends / sizeof *backends + 2] = {"auto"};
    size_t count = 1;
    for (size_t i = 0; backends[i]; i++) known[count++] = backends[i]->name;
    known[count] = "nccl"; /* even if its plug-in was not built */
    return plugin_check_name(name, known);
}

int backend_devices(const char *name, enum memory memory, int local_rank)
{
    if (same(name, "nccl") || (same(name, "auto") && memory != MEMORY_HOST))
        return plugin_devices("nccl", &backend_plugin, local_rank);
    return memory == MEMORY_DEVICE ? plugin_devices("device", &device_memory_plugin, local_rank) : 0;
}

const struct backend *backend_find(const char *name)
{
    struct text words = {0};
    const struct backend *found = NULL;
    if (strcmp(name, "auto") == 0) {
        found = plugin_load("nccl", &backend_plugin, true, &words);
        if (!found) {
            warn("backend mpi on host memory (nccl: %s)", text_get(&words));
            found = &backend_mpi;
        }
    } else {
        for (size_t i = 0; backends[i] && !found; i++)
            if (strcmp(backends[i]->name, name) == 0) found = backends[i];
        if (!found) found = plugin_load(name, &backend_plugin, false, &words);
        if (!found) fail(STATUS_ENVIRONMENT, "the %s backend is not available: %s", name, text_get(&words));
    }
    text_free(&words);
    return found;
}
