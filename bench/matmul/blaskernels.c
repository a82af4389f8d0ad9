#include "matmul/blaskernels.h"
#include "base/status.h"
#include "base/text.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A kernel and the CPU features that its code uses, as words of the "flags" or "Features" line of
   /proc/cpuinfo. */
struct row {
    const char *name;
    const char *features;
};

static const struct row openblas_rows[] = {
    {"SapphireRapids", "avx512f avx512dq avx512bw avx512vl avx512_bf16 amx_bf16"},
    {"Cooperlake", "avx512f avx512dq avx512bw avx512vl avx512_bf16"},
    {"SkylakeX", "avx512f avx512dq avx512bw avx512vl"},
    {"Zen", "avx2 fma"},
    {"Haswell", "avx2 fma"},
    {"Sandybridge", "avx"},
    {"neoversev1", "asimd sve"},
    {"neoversen2", "asimd sve sve2"},
    {"armv8sve", "asimd sve"},
    {"neoversen1", "asimd"},
    {NULL, NULL},
};

static const struct row blis_rows[] = {
    {"skx", "avx512f avx512dq avx512bw avx512vl"},
    {"zen3", "avx2 fma"},
    {"zen2", "avx2 fma"},
    {"haswell", "avx2 fma"},
    {"sandybridge", "avx"},
    {NULL, NULL},
};

/* The line of features, with a space at each end; "" if there is none. */
static void cpu_features(struct text *features)
{
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[8192];
    while (file && !features->length && fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (colon && (strncmp(line, "flags", 5) == 0 || strncmp(line, "Features", 8) == 0)) {
            line[strcspn(line, "\n")] = 0;
            text_add(features, " %s ", colon + 1);
        }
    }
    if (file) fclose(file);
}

static bool has_all(const char *features, const char *wanted)
{
    char copy[256], word[256], *rest = copy;
    snprintf(copy, sizeof copy, "%s", wanted);
    for (char *one; (one = strsep(&rest, " "));) {
        snprintf(word, sizeof word, " %.250s ", one);
        if (!strstr(features, word)) return false;
    }
    return true;
}

/* The number of an architecture for BLIS_ARCH_TYPE; -1: the library does not have it. The numbers differ
   between versions of BLIS, so this searches the library's own names, of which "generic" is the last. */
static int blis_number(void *handle, const char *name)
{
    const char *(*string_of)(int);
    *(void **)&string_of = dlsym(handle, "bli_arch_string");
    for (int id = 0; string_of && id < 100; id++) {
        const char *known = string_of(id);
        if (!known || strcmp(known, "generic") == 0) break;
        if (strcmp(known, name) == 0) return id;
    }
    return -1;
}

static void add(struct kernel_choice *choice, const char *name, const char *value)
{
    for (size_t i = 0; i < choice->count; i++)
        if (same(choice->kernels[i].value, value)) return;
    if (choice->count < sizeof choice->kernels / sizeof *choice->kernels)
        choice->kernels[choice->count++] = (struct kernel){name, value ? duplicate(value) : NULL};
}

struct kernel_choice kernel_choices(void *handle)
{
    struct kernel_choice choice = {0};
    bool openblas = dlsym(handle, "openblas_get_corename") != NULL,
         blis = dlsym(handle, "bli_arch_query_id") != NULL;
    if (!openblas && !blis) return choice;
    struct text features = {0};
    char digits[16];
    cpu_features(&features);
    choice.variable = openblas ? "OPENBLAS_CORETYPE" : "BLIS_ARCH_TYPE";
    add(&choice, NULL, NULL);
    for (const struct row *row = openblas ? openblas_rows : blis_rows; row->name; row++) {
        if (!has_all(text_get(&features), row->features)) continue;
        int number = blis ? blis_number(handle, row->name) : 0;
        snprintf(digits, sizeof digits, "%d", number);
        if (number >= 0) add(&choice, row->name, blis ? digits : row->name);
    }
    text_free(&features);
    return choice;
}

void kernel_choice_free(struct kernel_choice *choice)
{
    for (size_t i = 0; i < choice->count; i++) free(choice->kernels[i].value);
    *choice = (struct kernel_choice){0};
}

size_t first_of_fastest(const double *rates, size_t count)
{
    static const double ALIKE = 0.95;
    double highest = 0;
    for (size_t i = 0; i < count; i++)
        if (rates[i] > highest) highest = rates[i];
    for (size_t i = 0; i < count; i++)
        if (rates[i] > 0 && rates[i] >= ALIKE * highest) return i;
    return count;
}

char *kernel_in_use(void *handle)
{
    const char *(*corename)(void), *(*string_of)(int);
    int (*query)(void);
    *(void **)&corename = dlsym(handle, "openblas_get_corename");
    *(void **)&query = dlsym(handle, "bli_arch_query_id");
    *(void **)&string_of = dlsym(handle, "bli_arch_string");
    const char *name = corename ? corename() : query && string_of ? string_of(query()) : NULL;
    return name ? duplicate(name) : NULL;
}
