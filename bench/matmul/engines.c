#include "matmul/gemm_plugin.h"

#include <string.h>

/* Those compiled in. */
static const struct gemm_engine *const gemm_engines[] = {&gemm_cblas, NULL};

enum status gemm_engine_check_name(const char *name)
{
    const char *known[sizeof gemm_engines / sizeof *gemm_engines + 2] = {"auto"};
    size_t count = 1;
    for (size_t i = 0; gemm_engines[i]; i++) known[count++] = gemm_engines[i]->name;
    known[count] = "cublaslt"; /* even if its plug-in was not built */
    return plugin_check_name(name, known);
}

int gemm_engine_devices(const char *name, int local_rank)
{
    bool may = strcmp(name, "auto") == 0 || strcmp(name, "cublaslt") == 0;
    return may ? plugin_devices("cublaslt", &gemm_plugin, local_rank) : 0;
}

const struct gemm_engine *gemm_engine_find(const char *name)
{
    struct text words = {0};
    const struct gemm_engine *found = NULL;
    if (strcmp(name, "auto") == 0) {
        found = plugin_load("cublaslt", &gemm_plugin, true, &words);
        if (!found) {
            warn("backend cblas on the CPU (cublaslt: %s)", text_get(&words));
            found = &gemm_cblas;
        }
    } else {
        for (size_t i = 0; gemm_engines[i] && !found; i++)
            if (strcmp(gemm_engines[i]->name, name) == 0) found = gemm_engines[i];
        if (!found) found = plugin_load(name, &gemm_plugin, false, &words);
        if (!found) fail(STATUS_ENVIRONMENT, "the %s backend is not available: %s", name, text_get(&words));
    }
    text_free(&words);
    return found;
}
