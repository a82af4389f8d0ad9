#include "base/plugin.h"
#include "matmul/gemm.h"

#include <dlfcn.h>
#include <string.h>

const struct gemm_engine *const gemm_engines[] = {&gemm_cblas, NULL};

static bool is_complete(const struct gemm_engine *e)
{
    return e->name && e->memory && e->open && e->supports && e->free_bytes && e->prepare && e->choice &&
           e->run && e->check && e->finish && e->facts && e->device && e->close &&
           !e->watch_start == !e->watch_stop;
}

static const struct gemm_engine *find_plugin(const char *name, bool needs_device, struct text *words)
{
    void *handle = plugin_open(name, words);
    if (!handle) return NULL;
    const struct gemm_engine *engine = dlsym(handle, "busbar_gemm_engine");
    int (*device_count)(void);
    *(void **)&device_count = dlsym(handle, "busbar_device_count");
    if (!engine || !is_complete(engine))
        text_add(words, "busbar_%s.so is not a whole engine of this version", name);
    else if (needs_device && device_count && device_count() < 1)
        text_add(words, "no device was found");
    else
        return engine;
    dlclose(handle);
    return NULL;
}

enum status gemm_engine_check_name(const char *name)
{
    const char *known[sizeof gemm_engines / sizeof *gemm_engines + 2] = {"auto"};
    size_t count = 1;
    for (size_t i = 0; gemm_engines[i]; i++) known[count++] = gemm_engines[i]->name;
    known[count] = "cublaslt"; /* also where it was not built */
    return plugin_check_name(name, known);
}

const struct gemm_engine *gemm_engine_find(const char *name)
{
    struct text words = {0};
    const struct gemm_engine *found = NULL;
    if (strcmp(name, "auto") == 0) {
        found = find_plugin("cublaslt", true, &words);
        if (!found) {
            warn("backend cblas on the CPU (cublaslt: %s)", text_get(&words));
            found = &gemm_cblas;
        }
    } else {
        for (size_t i = 0; gemm_engines[i] && !found; i++)
            if (strcmp(gemm_engines[i]->name, name) == 0) found = gemm_engines[i];
        if (!found) found = find_plugin(name, false, &words);
        if (!found) fail(STATUS_ENVIRONMENT, "the %s backend cannot be had: %s", name, text_get(&words));
    }
    text_free(&words);
    return found;
}
