#include "matmul/blas.h"
#include "base/clock.h"
#include "base/paths.h"
#include "base/text.h"
#include "matmul/blaskernels.h"
#include "matmul/blasmemory.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Stores the address of a function in *pointer. ISO C has no cast from void pointers to function pointers. */
static void function(void *handle, const char *name, void *pointer)
{
    *(void **)pointer = dlsym(handle, name);
}

static void set_threads(void *handle, int threads)
{
    void (*by_int)(int);
    void (*by_long)(int64_t);
    const char *const setters[] = {"openblas_set_num_threads", "MKL_Set_Num_Threads",
                                   "nvpl_blas_set_num_threads", NULL};
    for (const char *const *name = setters; *name; name++) {
        function(handle, *name, &by_int);
        if (by_int) by_int(threads);
    }
    function(handle, "bli_thread_set_num_threads", &by_long); /* BLIS's dim_t has 64 bits by default */
    if (by_long) by_long(threads);
}

static int told_threads(void *handle)
{
    int (*by_int)(void);
    int64_t (*by_long)(void);
    const char *const getters[] = {"openblas_get_num_threads", "MKL_Get_Max_Threads",
                                   "nvpl_blas_get_max_threads", NULL};
    for (const char *const *name = getters; *name; name++) {
        function(handle, *name, &by_int);
        if (by_int) return by_int();
    }
    function(handle, "bli_thread_get_num_threads", &by_long);
    return by_long ? (int)by_long() : 0;
}

static char *told_version(void *handle)
{
    const char *(*text)(void);
    void (*into)(char *, int);
    int (*number)(void);
    char version[200] = "";
    function(handle, "openblas_get_config", &text); /* "OpenBLAS 0.3.21 NO_LAPACKE …" */
    if (text) {
        const char *config = text(), *start = strncmp(config, "OpenBLAS ", 9) == 0 ? config + 9 : config;
        snprintf(version, sizeof version, "%.*s", (int)strcspn(start, " "), start);
        return duplicate(version);
    }
    function(handle, "bli_info_get_version_str", &text);
    if (text) return duplicate(text());
    function(handle, "MKL_Get_Version_String", &into);
    if (into) {
        into(version, (int)sizeof version - 1);
        version[strcspn(version, "\r\n")] = 0;
        return duplicate(version);
    }
    function(handle, "nvpl_blas_get_version", &number);
    if (!number) return NULL;
    snprintf(version, sizeof version, "%d.%d.%d", number() / 10000, number() / 100 % 100, number() % 100);
    return duplicate(version);
}

static char *told_path(void *symbol)
{
    Dl_info info;
    return dladdr(symbol, &info) && info.dli_fname ? duplicate(info.dli_fname) : NULL;
}

/* Loads `file`; the current environment selects its kernel. Returns false if it is not a BLAS library. */
static bool open_library(const char *file, int flags, struct blas *blas)
{
    blas_end_without_destructor();
    *blas = (struct blas){.handle = dlopen(file, RTLD_NOW | RTLD_LOCAL | flags)};
    if (!blas->handle) return false;
    function(blas->handle, "dgemm_", &blas->dgemm);
    function(blas->handle, "sgemm_", &blas->sgemm);
    if (blas->dgemm && blas->sgemm) return true;
    dlclose(blas->handle);
    return false;
}

void blas_multiply(const struct blas *blas, bool wide, char trans_a, char trans_b, int m, int n, int k,
                   const void *a, int lda, const void *b, int ldb, void *c, int ldc)
{
    if (wide)
        blas->dgemm(&trans_a, &trans_b, &m, &n, &k, &(double){1}, a, &lda, b, &ldb, &(double){0}, c, &ldc, 1,
                    1);
    else
        blas->sgemm(&trans_a, &trans_b, &m, &n, &k, &(float){1}, a, &lda, b, &ldb, &(float){0}, c, &ldc, 1,
                    1);
}

enum { TRIAL = 384, TRIALS = 5 }; /* large enough to show a kernel's speed; 4 ms per call at 30 GFLOP/s */

struct trial_data {
    double a[TRIAL * TRIAL], b[TRIAL * TRIAL], c[TRIAL * TRIAL];
};

/* The time of the fastest of a few calls, s: other load can only slow down a call. */
static double best_call_s(const struct blas *blas, bool wide, struct trial_data *data)
{
    double best = INFINITY;
    for (int i = 0; i < TRIALS; i++) {
        double start = clock_s();
        blas_multiply(blas, wide, 'N', 'N', TRIAL, TRIAL, TRIAL, data->a, TRIAL, data->b, TRIAL, data->c,
                      TRIAL);
        best = fmin(best, clock_s() - start);
    }
    return best;
}

static void time_kernel(const struct blas *blas, struct trial_data *data, double *dgflops, double *sgflops)
{
    const double gflop = 2e-9 * TRIAL * TRIAL * TRIAL;
    float *a = (float *)data->a, *b = (float *)data->b;
    for (int i = 0; i < TRIAL * TRIAL; i++) data->a[i] = data->b[i] = 1 + i % 7;
    *dgflops = gflop / best_call_s(blas, true, data);
    for (int i = 0; i < TRIAL * TRIAL; i++) a[i] = b[i] = (float)(1 + i % 7);
    *sgflops = gflop / best_call_s(blas, false, data);
}

static void set_variable(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

int blas_trial(const char *file)
{
    struct blas blas;
    struct trial_data *data = allocate(1, sizeof *data);
    double dgflops, sgflops;
    if (!open_library(file, RTLD_NODELETE, &blas)) return STATUS_ENVIRONMENT;
    set_threads(blas.handle, 1);
    time_kernel(&blas, data, &dgflops, &sgflops);
    char *kernel = kernel_in_use(blas.handle);
    printf("%s %.6g %.6g\n", kernel ? kernel : "-", dgflops, sgflops);
    free(kernel);
    free(data);
    dlclose(blas.handle);
    return all_written(stdout) ? STATUS_OK : STATUS_ENVIRONMENT;
}

/* Runs blas_trial() in a separate process of this program: a kernel that this CPU or this build of the
   library does not support ends only that process. It is spawned, not forked: an initialised MPI library may
   not survive a fork. */
static bool time_apart(const char *file, char kernel[64], double *dgflops, double *sgflops)
{
    char self[PATH_BYTES], line[256] = "", *argv[] = {self, BLAS_TRIAL_FLAG, (char *)(uintptr_t)file, NULL};
    int ends[2];
    if (!program_path(self) || pipe2(ends, O_CLOEXEC)) return false;
    posix_spawn_file_actions_t actions;
    pid_t child = -1;
    bool got = false;
    if (posix_spawn_file_actions_init(&actions) == 0) {
        if (posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO) ||
            posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) ||
            posix_spawn(&child, self, &actions, NULL, argv, environ))
            child = -1;
        posix_spawn_file_actions_destroy(&actions);
    }
    close(ends[1]);
    if (child > 0) {
        struct pollfd wait = {.fd = ends[0], .events = POLLIN};
        if (poll(&wait, 1, 20000) == 1 && read(ends[0], line, sizeof line - 1) > 0)
            got = sscanf(line, "%63s %lf %lf", kernel, dgflops, sgflops) == 3 && *dgflops > 0 && *sgflops > 0;
        else
            kill(child, SIGKILL);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
    }
    close(ends[0]);
    return got;
}

/* What choose_kernel() has set, for each library that has a variable: such a value is not the user's. */
static struct {
    const char *variable;
    char *value;
} ours[4];

/* Whether choose_kernel() has set the variable to this value, for a library that was loaded before. */
static bool is_ours(const char *variable, const char *value)
{
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (ours[i].variable && same(ours[i].variable, variable) && same(ours[i].value, value)) return true;
    return false;
}

/* value NULL: unset. */
static void note_ours(const char *variable, const char *value)
{
    size_t i = 0;
    while (i + 1 < sizeof ours / sizeof *ours && ours[i].variable && !same(ours[i].variable, variable)) i++;
    free(ours[i].value);
    ours[i].variable = variable;
    ours[i].value = value ? duplicate(value) : NULL;
}

/* Times every kernel that this CPU can run, and leaves the library's variable set to the fastest, by the
   geometric mean over both types. Returns the results; NULL: no kernel could be timed. */
static json_t *choose_kernel(const char *file, const struct kernel_choice *choice)
{
    const char *given = getenv(choice->variable), *best_value = NULL;
    char *kept = given ? duplicate(given) : NULL;
    double rates[sizeof choice->kernels / sizeof *choice->kernels] = {0};
    json_t *tried = json_array();
    for (size_t i = 0; i < choice->count; i++) {
        char ran[64];
        double d, s;
        set_variable(choice->variable, choice->kernels[i].value);
        if (!time_apart(file, ran, &d, &s)) continue;
        /* OpenBLAS ignores an unknown name and uses its own choice, which has been timed already. */
        if (choice->kernels[i].name && strcasecmp(ran, choice->kernels[i].name) != 0) continue;
        json_array_append_new(
            tried, json_pack("{s:s, s:f, s:f}", "kernel", ran, "double_gflops", d, "float_gflops", s));
        rates[i] = sqrt(d * s);
    }
    size_t best = first_of_fastest(rates, choice->count);
    bool found = best < choice->count;
    if (found) best_value = choice->kernels[best].value;
    set_variable(choice->variable, found ? best_value : kept);
    if (found && kept && !same(kept, best_value) && !is_ours(choice->variable, kept))
        warn("%s=%s in the environment is overridden: %s is faster here (--blas-kernel NAME forces one)",
             choice->variable, kept, best_value ? best_value : "the library's own choice");
    if (found) note_ours(choice->variable, best_value);
    free(kept);
    if (found) return tried;
    json_decref(tried);
    warn("%s: none of its kernels could be timed; the library's own choice is used", file);
    return NULL;
}

static const char REFERENCE[] = "reference BLAS";

static bool is_reference(const struct blas *blas)
{
    return blas->library == REFERENCE;
}

static char *describe(const struct blas *blas)
{
    struct text name = {0};
    text_add(&name, "%s", blas->library);
    if (blas->version) text_add(&name, " %s", blas->version);
    if (blas->kernel) text_add(&name, " %s", blas->kernel);
    if (blas->threads) text_add(&name, ", %d thread%s", blas->threads, blas->threads == 1 ? "" : "s");
    return name.data;
}

static const struct kernel *kernel_named(const struct kernel_choice *choice, const char *name)
{
    for (size_t i = 0; i < choice->count; i++)
        if (choice->kernels[i].name && strcasecmp(choice->kernels[i].name, name) == 0)
            return &choice->kernels[i];
    return NULL;
}

/* Follows --blas-kernel: sets the library's variable for the first kernel of the list that it can run here.
   *is_timed: the list's word `fastest` comes first. in_use: the kernel that the environment selects. */
static enum status follow_list(const struct kernel_choice *choice, const char *library, const char *in_use,
                               const char *list, bool *is_timed)
{
    char *copy = duplicate(list), *rest = copy, *word;
    bool found = false;
    *is_timed = false;
    while (!found && (word = strsep(&rest, ","))) {
        const struct kernel *kernel = kernel_named(choice, word);
        bool is_set = in_use && strcasecmp(word, in_use) == 0;
        *is_timed = strcasecmp(word, "fastest") == 0;
        if (kernel && !is_set) set_variable(choice->variable, kernel->value);
        found = *is_timed || is_set || kernel;
    }
    free(copy);
    if (found) return STATUS_OK;
    struct text known = {0};
    for (size_t i = 0; i < choice->count; i++)
        if (choice->kernels[i].name) text_add(&known, " %s", choice->kernels[i].name);
    fail(STATUS_USAGE, "--blas-kernel: '%s' names no kernel of %s that this CPU can run:%s", list, library,
         known.length ? known.data : " there is no choice");
    text_free(&known);
    return STATUS_USAGE;
}

static void blas_release(struct blas *blas)
{
    dlclose(blas->handle);
    free(blas->path);
    free(blas->name);
    free(blas->version);
    free(blas->kernel);
    json_decref(blas->tried);
}

/* Loads `file` with a kernel of the list, or with its fastest. only: the family that it must be of; NULL:
   any. *loaded: whether `file` is such a library. */
static enum status load_file(const char *file, const struct blas_family *only, const char *kernels,
                             int threads, struct blas *blas, bool *loaded)
{
    struct blas first, result;
    bool is_timed = true;
    char digits[16];
    *loaded = false;
    setenv("OPENBLAS_NUM_THREADS", "1", 1); /* no thread pool while it is only inspected */
    if (!open_library(file, 0, &first)) return STATUS_OK;
    const struct blas_family *family = blas_family_of(first.handle);
    if (only && family != only) {
        dlclose(first.handle);
        return STATUS_OK;
    }
    bool reference = blas_is_reference(first.handle);
    struct kernel_choice choice = kernel_choices(first.handle);
    char *in_use = kernel_in_use(first.handle);
    dlclose(first.handle);
    enum status status = STATUS_OK;
    if (kernels) status = follow_list(&choice, family->name, in_use, kernels, &is_timed);
    json_t *tried = !status && is_timed && choice.count > 1 ? choose_kernel(file, &choice) : NULL;
    kernel_choice_free(&choice);
    free(in_use);
    if (status) return status;
    snprintf(digits, sizeof digits, "%d", threads);
    setenv("OPENBLAS_NUM_THREADS", digits, 1);
    setenv(family->threads_variable, digits, 1);
    /* RTLD_NODELETE: once it has computed, its threads still run (OpenMP's never end) and need its code. */
    if (!open_library(file, RTLD_NODELETE, &result)) {
        json_decref(tried);
        return fail(STATUS_ENVIRONMENT, "%s cannot be loaded again: %s", file, dlerror());
    }
    result.tried = tried;
    set_threads(result.handle, threads);
    result.library = reference ? REFERENCE : family->name;
    result.path = told_path(*(void **)&result.dgemm);
    result.version = told_version(result.handle);
    result.kernel = kernel_in_use(result.handle);
    result.threads = told_threads(result.handle);
    result.name = describe(&result);
    status = blas_try_memory(result.dgemm, result.library);
    if (status) {
        blas_release(&result);
        return status;
    }
    *blas = result;
    *loaded = true;
    return STATUS_OK;
}

/* The same library may have several names: libblas.so.3 is often OpenBLAS. */
static bool have_already(const struct blas_list *list, const struct blas *blas)
{
    for (size_t i = 0; i < list->count; i++)
        if (same(list->list[i].library, blas->library) || same(list->list[i].path, blas->path)) return true;
    return false;
}

static enum status load_first(const char *const *files, const struct blas_family *only, const char *kernels,
                              int threads, struct blas_list *list)
{
    for (; *files; files++) {
        bool loaded;
        struct blas blas;
        enum status status = load_file(*files, only, kernels, threads, &blas, &loaded);
        if (status) return status;
        if (!loaded) continue;
        if (have_already(list, &blas)) {
            blas_release(&blas);
            continue;
        }
        list->list = reallocate(list->list, list->count + 1, sizeof *list->list);
        list->list[list->count++] = blas;
        return STATUS_OK;
    }
    return STATUS_OK;
}

/* The unknown family comes last, so a reference BLAS can only be the last of the list. */
static void drop_reference(struct blas_list *list)
{
    if (list->count > 1 && is_reference(&list->list[list->count - 1]))
        blas_release(&list->list[--list->count]);
}

/* Is it the family's word, its name in records ("NVPL BLAS", "reference BLAS"), or the first word of that? */
static bool is_family(const struct blas_family *family, const char *wanted)
{
    size_t length = strcspn(family->name, " ");
    return strcasecmp(wanted, family->word) == 0 || strcasecmp(wanted, family->name) == 0 ||
           (strlen(wanted) == length && strncasecmp(wanted, family->name, length) == 0) ||
           (!family->sign && strcasecmp(wanted, REFERENCE) == 0);
}

/* Loads the library of a family: by the names of its files, or else as libblas.so.3, which may be any
   family's. */
static enum status load_family(const struct blas_family *family, const char *kernels, int threads,
                               struct blas_list *list)
{
    enum status status = load_first(family->files, NULL, kernels, threads, list);
    if (!status && !list->count)
        status = load_first(blas_families[BLAS_UNKNOWN].files, family, kernels, threads, list);
    return status;
}

static enum status load_every_family(const char *kernels, int threads, struct blas_list *list)
{
    enum status status = STATUS_OK;
    for (int i = 0; i < BLAS_FAMILIES && !status; i++)
        status = load_first(blas_families[i].files, NULL, kernels, threads, list);
    drop_reference(list);
    return status;
}

static enum status load_path(const char *path, const char *kernels, int threads, struct blas_list *list)
{
    enum status status = load_first((const char *const[]){path, NULL}, NULL, kernels, threads, list);
    if (status || list->count) return status;
    dlerror();
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const char *words = handle ? "it has no dgemm_ and sgemm_" : dlerror();
    status =
        fail(STATUS_ENVIRONMENT, "--blas: %s cannot be used: %s", path, words ? words : "unknown reason");
    if (handle) dlclose(handle);
    return status;
}

enum status blas_load(const char *wanted, const char *kernels, int threads, struct blas_list *list)
{
    *list = (struct blas_list){0};
    if (wanted && !*wanted) return fail(STATUS_USAGE, "--blas: expected the name or the file of a library");
    const struct blas_family *family = NULL;
    for (int i = 0; wanted && !family && i < BLAS_FAMILIES; i++)
        if (is_family(&blas_families[i], wanted)) family = &blas_families[i];
    enum status status = family   ? load_family(family, kernels, threads, list)
                         : wanted ? load_path(wanted, kernels, threads, list)
                                  : load_every_family(kernels, threads, list);
    /* On Debian, any BLAS can be installed as libblas.so.3, the file name of the reference BLAS. */
    if (!status && list->count && family && strcasecmp(wanted, REFERENCE) == 0 && !blas_only_reference(list))
        status = fail(STATUS_ENVIRONMENT, "--blas %s: %s is %s here", wanted, family->files[0],
                      list->list[0].library);
    if (!status && !list->count)
        status = fail(
            STATUS_ENVIRONMENT,
            "no BLAS library found%s%s (looked for OpenBLAS, BLIS, MKL, NVPL, Arm PL, libblas): install one, "
            "or give --blas FILE",
            wanted ? " for --blas " : "", wanted ? wanted : "");
    if (status) blas_unload(list);
    return status;
}

bool blas_only_reference(const struct blas_list *list)
{
    return list->count == 1 && is_reference(&list->list[0]);
}

void blas_keep(struct blas_list *list, size_t kept)
{
    for (size_t i = 0; i < list->count; i++)
        if (i != kept) blas_release(&list->list[i]);
    list->list[0] = list->list[kept];
    list->count = 1;
}

void blas_unload(struct blas_list *list)
{
    for (size_t i = 0; i < list->count; i++) blas_release(&list->list[i]);
    free(list->list);
    *list = (struct blas_list){0};
}
