/* Completes a plan's arguments: takes settings that they leave to the drivers' defaults from records of the
   same plan. Defaults change between versions, but a baseline must be measured again with its own
   settings. */
#include "analysis/plan/plan.h"
#include "record/overlap.h"
#include "record/record.h"
#include "record/traits.h"

#include <string.h>

/* Adds the value of a setting that the launch was measured with, in the form of its flag; nothing if the
   records do not state it. */
typedef void find_value(const struct launch *, struct text *value);

/* May the word become an argument? Records can come from anyone. */
static bool is_word(const char *word)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-";
    return word && *word && *word != '-' && strspn(word, letters) == strlen(word);
}

/* Is `word` an item of the comma-separated list? */
static bool is_listed(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, word, length) == 0 && (at[length] == ',' || !at[length])) return true;
    return false;
}

static void add_word(struct text *list, const char *word)
{
    if (is_word(word) && !is_listed(text_get(list), word))
        text_add(list, "%s%s", list->length ? "," : "", word);
}

/* Lists the distinct values of a text member over the launch's cases. */
static void add_all(const struct launch *launch, size_t member, struct text *list)
{
    for (size_t i = 0; i < launch->case_count; i++)
        add_word(list, *(const char *const *)((const char *)&launch->cases[i] + member));
}
#define MEMBER(name) offsetof(struct case_row, name)

static void dtypes_of(const struct launch *launch, struct text *value)
{
    add_all(launch, MEMBER(dtype), value);
}
static void ops_of(const struct launch *launch, struct text *value)
{
    add_all(launch, MEMBER(op), value);
}
static void layouts_of(const struct launch *launch, struct text *value)
{
    add_all(launch, MEMBER(layout), value);
}
/* With a --matrix this is the hash of its file; the sweep asks for the file. */
static void imbalances_of(const struct launch *launch, struct text *value)
{
    add_all(launch, MEMBER(imbalance), value);
}
static void beside_of(const struct launch *launch, struct text *value)
{
    for (size_t i = 0; i < launch->case_count && !value->length; i++)
        add_word(value, launch->cases[i].beside);
}
/* Cases that a policy does not concern say "default" (measure/labels.h). So it was asked for only if there is
   no other policy, or if a collective of overlap, which takes a list, has another one, too. */
static bool default_was_asked(const struct launch *launch)
{
    bool others = false;
    for (size_t i = 0; i < launch->case_count; i++) others |= !same(launch->cases[i].cta, "default");
    for (size_t i = 0; i < launch->overlap_count; i++) {
        const struct overlap_row *row = &launch->overlaps[i];
        if (same(row->cta, "default")) continue;
        others = true;
        for (size_t j = 0; j < launch->overlap_count; j++)
            if (same(launch->overlaps[j].cta, "default") &&
                same(launch->overlaps[j].collective, row->collective))
                return true;
    }
    return !others;
}
static void cta_of(const struct launch *launch, struct text *value)
{
    const bool all = default_was_asked(launch);
    for (size_t i = 0; i < launch->case_count; i++)
        if (all || !same(launch->cases[i].cta, "default")) add_word(value, launch->cases[i].cta);
    for (size_t i = 0; i < launch->overlap_count; i++)
        if (all || !same(launch->overlaps[i].cta, "default")) add_word(value, launch->overlaps[i].cta);
}

/* Adds the value of an enum member that all cases have, or "both". */
static void both_of(const struct launch *launch, const struct names *names, size_t member, struct text *value)
{
    for (size_t i = 0; i < launch->case_count; i++)
        add_word(value, name_of(names, *(const int *)((const char *)&launch->cases[i] + member)));
    if (strchr(text_get(value), ',')) {
        text_clear(value);
        text_add(value, "both");
    }
}
static void placement_of(const struct launch *launch, struct text *value)
{
    both_of(launch, &placement_names, MEMBER(placement), value);
}
static void mode_of(const struct launch *launch, struct text *value)
{
    both_of(launch, &mode_names, MEMBER(mode), value);
}
static void phase_of(const struct launch *launch, struct text *value)
{
    both_of(launch, &phase_names, MEMBER(phase), value);
}

static void cache_of(const struct launch *launch, struct text *value)
{
    /* the same for all cases of a launch */
    if (launch->case_count) add_word(value, cache_name(launch->cases[0].cache));
    if (launch->overlap_count) add_word(value, cache_name(launch->overlaps[0].cache));
}

static void progress_of(const struct launch *launch, struct text *value)
{
    enum overlap_progress progress = launch->overlap_count ? launch->overlaps[0].progress
                                     : launch->case_count  ? launch->cases[0].progress
                                                           : 0;
    if (progress) add_word(value, name_of(&overlap_progress_names, (int)progress));
}

/* Window if any case has it, because pipelined cases use a barrier with any setting. Ignores the sync of
   devices. */
static void sync_of(const struct launch *launch, struct text *value)
{
    enum sync sync = SYNC_ABSENT;
    for (size_t i = 0; i < launch->case_count; i++) {
        enum sync own = launch->cases[i].sync;
        if (own == SYNC_WINDOW || (own == SYNC_BARRIER && !sync)) sync = own;
    }
    if (sync) text_add(value, "%s", sync_name(sync));
}

static void root_of(const struct launch *launch, struct text *value)
{
    for (size_t i = 0; i < launch->case_count && !value->length; i++)
        if (launch->cases[i].root >= 0) text_add(value, "%lld", (long long)launch->cases[i].root);
}

static void graph_of(const struct launch *launch, struct text *value)
{
    for (size_t i = 0; i < launch->case_count && !value->length; i++)
        if (launch->cases[i].graph >= 0) text_add(value, "%lld", (long long)launch->cases[i].graph);
}

static void aggregate_of(const struct launch *launch, struct text *value)
{
    for (size_t i = 0; i < launch->case_count && !value->length; i++)
        if (launch->cases[i].aggregate > 0) text_add(value, "%lld", (long long)launch->cases[i].aggregate);
}

static void registration_of(const struct launch *launch, struct text *value)
{
    enum registration registration = launch->case_count      ? launch->cases[0].registration
                                     : launch->overlap_count ? launch->overlaps[0].registration
                                                             : REGISTRATION_ABSENT;
    if (registration == REGISTRATION_USER_NO_NVLS) registration = REGISTRATION_USER;
    if (registration == REGISTRATION_GRAPH) registration = REGISTRATION_NONE;
    if (registration && registration <= REGISTRATION_SYMMETRIC)
        text_add(value, "%d", (int)(registration - REGISTRATION_NONE));
}

static void accumulator_of(const struct launch *launch, struct text *value)
{
    for (size_t i = 0; i < launch->case_count; i++)
        if (launch->cases[i].accumulator == ACCUMULATOR_FAST) {
            text_add(value, "%s", accumulator_name(ACCUMULATOR_FAST));
            return;
        }
    if (launch->case_count) text_add(value, "%s", accumulator_name(ACCUMULATOR_FLOAT));
}

static void shapes_of(const struct launch *launch, struct text *value)
{
    char shape[80];
    for (size_t i = 0; i < launch->case_count; i++) {
        const struct case_row *row = &launch->cases[i];
        if (row->m < 1 || row->n < 1 || row->k < 1) continue;
        snprintf(shape, sizeof shape, "%lldx%lldx%lld", (long long)row->m, (long long)row->n,
                 (long long)row->k);
        add_word(value, shape);
    }
}

/* ---- of lines of overlap ---- */

static void add_overlap_words(const struct launch *launch, size_t member, struct text *list)
{
    for (size_t i = 0; i < launch->overlap_count; i++)
        add_word(list, *(const char *const *)((const char *)&launch->overlaps[i] + member));
}
static void overlap_collectives(const struct launch *launch, struct text *value)
{
    add_overlap_words(launch, offsetof(struct overlap_row, collective), value);
}
static void overlap_dtype(const struct launch *launch, struct text *value)
{
    add_overlap_words(launch, offsetof(struct overlap_row, dtype), value);
}
static void overlap_gemm_dtype(const struct launch *launch, struct text *value)
{
    add_overlap_words(launch, offsetof(struct overlap_row, gemm_dtype), value);
}
static void overlap_sizes(const struct launch *launch, struct text *value)
{
    char size[32];
    for (size_t i = 0; i < launch->overlap_count; i++) {
        snprintf(size, sizeof size, "%lld", (long long)launch->overlaps[i].requested_bytes);
        if (launch->overlaps[i].requested_bytes > 0) add_word(value, size);
    }
}
static void overlap_shape(const struct launch *launch, struct text *value)
{
    const struct overlap_row *row = launch->overlaps; /* the same for all */
    if (launch->overlap_count && row->m > 0 && row->n > 0 && row->k > 0)
        text_add(value, "%lldx%lldx%lld", (long long)row->m, (long long)row->n, (long long)row->k);
}
static void overlap_ratios(const struct launch *launch, struct text *value)
{
    char ratio[32];
    for (size_t i = 0; i < launch->overlap_count; i++) {
        snprintf(ratio, sizeof ratio, "%.9g", launch->overlaps[i].ratio);
        if (launch->overlaps[i].ratio > 0) add_word(value, ratio);
    }
}

/* The settings that distinguish cases and have a flag. A plan always states sizes, nodes and groups. */
static const struct setting {
    const char *letter, *name;
    find_value *find;
} of_collectives[] = {{"-d", "--datatype", dtypes_of},
                      {"-o", "--op", ops_of},
                      {"-r", "--root", root_of},
                      {NULL, "--placement", placement_of},
                      {NULL, "--mode", mode_of},
                      {NULL, "--sync", sync_of},
                      {NULL, "--cache", cache_of},
                      {"-G", "--cudagraph", graph_of},
                      {"-m", "--agg_iters", aggregate_of},
                      {"-R", "--local_register", registration_of},
                      {NULL, "--cta", cta_of},
                      {NULL, "--imbalance", imbalances_of},
                      {NULL, "--beside", beside_of},
                      {0}},
  of_matmul[] = {{NULL, "--shapes", shapes_of},
                 {"-d", "--datatype", dtypes_of},
                 {NULL, "--layout", layouts_of},
                 {NULL, "--accumulator", accumulator_of},
                 {NULL, "--phase", phase_of},
                 {NULL, "--cache", cache_of},
                 {0}},
  of_overlap[] = {{NULL, "--collectives", overlap_collectives},
                  {NULL, "--sizes", overlap_sizes},
                  {"-d", "--datatype", overlap_dtype},
                  {NULL, "--gemm-datatype", overlap_gemm_dtype},
                  {NULL, "--shape", overlap_shape},
                  {NULL, "--ratio", overlap_ratios},
                  {NULL, "--progress-by", progress_of},
                  {NULL, "--cache", cache_of},
                  {"-R", "--local_register", registration_of},
                  {NULL, "--cta", cta_of},
                  {0}},
  of_step[] = {{NULL, "--progress-by", progress_of},
               {NULL, "--cache", cache_of},
               {"-R", "--local_register", registration_of},
               {NULL, "--cta", cta_of},
               {0}};

static const struct setting *settings_of(const char *driver)
{
    const int id = plan_driver(driver);
    return id == DRIVER_MATMUL    ? of_matmul
           : id == DRIVER_OVERLAP ? of_overlap
           : id == DRIVER_STEP    ? of_step
                                  : of_collectives;
}

/* Do the arguments contain the flag, as "--name", "--name=VALUE", "-x" or "-xVALUE"? */
static bool has_flag(const char *args, const struct setting *setting)
{
    size_t length = strlen(setting->name);
    for (const char *word = args; word; word = strchr(word, ' ') ? strchr(word, ' ') + 1 : NULL) {
        if (strncmp(word, setting->name, length) == 0 && strchr(" =", word[length])) return true;
        if (setting->letter && strncmp(word, setting->letter, 2) == 0) return true;
    }
    return false;
}

/* Notes the library that ran a row with this algorithm; NULL: a row without a figure. Returns false if the
   library is not known, or another than *only. */
static bool note_library(const struct launch *launch, const char *algorithm, const json_t **only)
{
    const json_t *own = algorithm ? blas_of(launch->header.facts, algorithm) : NULL;
    if (algorithm && (!own || (*only && own != *only))) return false;
    if (algorithm) *only = own;
    return true;
}

/* The library that ran all rows with a figure; NULL: not known, or different ones. */
static const json_t *only_library(const struct launch *launch)
{
    const json_t *only = NULL;
    bool one = true;
    for (size_t c = 0; one && c < launch->case_count; c++)
        one = note_library(launch, launch->cases[c].algorithm, &only);
    for (size_t c = 0; one && c < launch->overlap_count; c++)
        one = note_library(launch, launch->overlaps[c].algorithm, &only);
    return one ? only : NULL;
}

/* Appends the library's word for --blas, the first of its name: "NVPL BLAS" is called NVPL. Omits a reference
   BLAS, which is taken only if there is no other. */
static void add_library(const json_t *blas, struct text *added)
{
    const char *name = json_string_value(json_object_get(blas, "library"));
    char word[32];
    snprintf(word, sizeof word, "%.*s", name ? (int)strcspn(name, " ") : 0, name ? name : "");
    if (is_word(word) && !same(word, "reference")) text_add(added, " --blas %s", word);
}

void plan_add_blas(const struct launch *launch, const char *args, struct text *added)
{
    static const struct setting blas = {NULL, "--blas", NULL}, blas_kernel = {NULL, "--blas-kernel", NULL};
    const json_t *list = json_object_get(launch->header.facts, "blas"), *item, *other;
    bool was_choice =
        json_array_size(list) > 1 || json_object_get(json_array_get(list, 0), "libraries_tried");
    struct text kernels = {0};
    size_t i, o;
    json_array_foreach(list, i, item)
    {
        add_word(&kernels, json_string_value(json_object_get(item, "kernel")));
        /* The hosts of ranks that differed take the same kernels again. */
        json_array_foreach(json_object_get(item, "others"), o, other)
        {
            add_word(&kernels, json_string_value(json_object_get(other, "kernel")));
        }
    }
    if (was_choice && !has_flag(args, &blas)) add_library(only_library(launch), added);
    /* A host whose CPU has none of these kernels uses its fastest. */
    if (kernels.length && !has_flag(args, &blas_kernel))
        text_add(added, " --blas-kernel %s,fastest", kernels.data);
    text_free(&kernels);
}

/* Replaces "--imbalance matrix", any file, by the hash of the file that the launch had. */
static void demand_matrix(const struct launch *launch, struct text *args)
{
    struct text hash = {0}, all = {0};
    const char *word = strstr(text_get(args), "--imbalance");
    const size_t length = word ? strcspn(word, "= ") + 1 : 0;
    imbalances_of(launch, &hash);
    if (word && strncmp(word + length, "matrix", 6) == 0 && strchr(" ", word[length + 6]) &&
        strncmp(text_get(&hash), "matrix:", 7) == 0) {
        text_add_bytes(&all, args->data, (size_t)(word - args->data) + length);
        text_add(&all, "%s%s", text_get(&hash), word + length + 6);
        text_free(args);
        *args = all;
    }
    text_free(&hash);
}

static enum status complete(struct plan *plan, struct plan_row *row, const struct launch *launch)
{
    struct text args = {0}, value = {0}, refused = {0};
    text_add(&args, "%s", row->args);
    demand_matrix(launch, &args);
    for (const struct setting *s = settings_of(row->driver); s->name; s++) {
        text_clear(&value);
        if (!has_flag(row->args, s)) s->find(launch, &value);
        if (value.length) text_add(&args, "%s%s %s", args.length ? " " : "", s->name, value.data);
    }
    text_clear(&value);
    if (multiplies(row->driver)) plan_add_blas(launch, text_get(&args), &value);
    text_add(&args, "%s", text_get(&value) + (value.length && !args.length)); /* begins with a space */
    enum status status = STATUS_OK;
    if (!plan_args_measure(text_get(&args), &refused))
        status = fail(STATUS_ENVIRONMENT, "%s: a setting in it contains %s, which is not allowed in a plan",
                      launch->path, text_get(&refused));
    row->args = arena_string(&plan->arena, text_get(&args));
    text_free(&args);
    text_free(&value);
    text_free(&refused);
    return status;
}

/* The record of the row's own launch, else of another repeat of it; NULL: none. */
static const struct launch *find_launch(const struct plan *plan, const struct plan_row *row,
                                        const struct archive *archive)
{
    const struct launch *repeat = NULL;
    for (size_t i = 0; i < archive->count; i++) {
        const struct launch *launch = &archive->launches[i];
        if ((!launch->case_count && !launch->overlap_count) || !launch->header.launch) continue;
        if (same(launch->header.launch, row->launch)) return launch;
        for (size_t r = 0; r < plan->count && !repeat; r++)
            if (same(plan->rows[r].key, row->key) && same(plan->rows[r].launch, launch->header.launch))
                repeat = launch;
    }
    return repeat;
}

enum status plan_complete(struct plan *plan, const char *folder)
{
    struct archive archive = {0};
    enum status status = archive_read(&archive, folder);
    for (size_t i = 0; !status && i < plan->count; i++) {
        struct plan_row *row = &plan->rows[i];
        const struct launch *launch = row->state == LAUNCH_DONE ? NULL : find_launch(plan, row, &archive);
        if (launch) status = complete(plan, row, launch);
    }
    archive_free(&archive);
    return status;
}
