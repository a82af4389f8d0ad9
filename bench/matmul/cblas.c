/* Matrix multiplication by the CPU's BLAS libraries, in host memory. */
#include "matmul/blas.h"
#include "base/cgroup.h"
#include "base/clock.h"
#include "kernels/gaussian.h"
#include "matmul/blaskernels.h"
#include "matmul/freivalds.h"
#include "matmul/gemm.h"
#include "matmul/parallel.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct gemm {
    struct gemm_place place;
    struct gemm_options options;
    struct blas_list libraries; /* of one, the chosen library, once the engine is open */
    json_t *others;             /* of gemm_cblas_others(); NULL: all ranks use the same */
    json_t *tried; /* [{"library", "double_gflops", "float_gflops"}]; NULL: there was no choice */
    int threads;
};

static const struct blas *chosen(const struct gemm *gemm)
{
    return &gemm->libraries.list[0];
}

/* Operands of one multiplication. */
struct slot {
    void *a, *b, *c;
};

struct gemm_work {
    struct gemm *gemm;
    struct gemm_problem problem;
    void *memory;
    size_t memory_bytes, slots, next;
    struct slot *slot;
};

static enum status cblas_supports(struct gemm *gemm, const struct gemm_problem *problem, const char **reason)
{
    (void)gemm;
    if (problem->type != GEMM_DOUBLE && problem->type != GEMM_FLOAT) {
        *reason = "a CPU's BLAS multiplies double and float only";
        return STATUS_UNSUPPORTED;
    }
    if (problem->m > INT32_MAX || problem->n > INT32_MAX || problem->k > INT32_MAX) {
        *reason = "a dimension beyond 2^31-1 does not fit BLAS's integers";
        return STATUS_UNSUPPORTED;
    }
    return STATUS_OK;
}

/* This rank's share of nine tenths of the host's available memory. */
static size_t cblas_free_bytes(struct gemm *gemm)
{
    int ranks = gemm->place.local_ranks > 0 ? gemm->place.local_ranks : 1;
    return memory_available("") / 10 * 9 / (size_t)ranks;
}

static size_t whole_pages(double bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return ((size_t)bytes + page - 1) / page * page;
}

/* With --cache cold, enough slots that all operands together take twice the last-level cache: then none is
   still in it when its turn comes again. */
static size_t slots_for(const struct gemm *gemm, size_t slot_bytes, size_t limit)
{
    enum { MOST = 4096 };
    size_t slots = 1;
    if (gemm->options.cold) slots = 2 * gemm->place.last_level_bytes / slot_bytes + 1;
    if (slots > limit / slot_bytes) slots = limit / slot_bytes;
    return slots > MOST ? MOST : slots;
}

/* An operand to fill with Gaussian data. */
struct filling {
    void *data;
    int64_t count;
    uint64_t seed;
    bool wide;
};

static void fill_pairs(void *context, int64_t from, int64_t to)
{
    const struct filling *f = context;
    for (int64_t pair = from; pair < to; pair++) {
        double value[2];
        gaussian_pair(f->seed, (uint64_t)pair, &value[0], &value[1]);
        for (int64_t i = 0; i < 2 && 2 * pair + i < f->count; i++)
            if (f->wide)
                ((double *)f->data)[2 * pair + i] = value[i];
            else
                ((float *)f->data)[2 * pair + i] = (float)value[i];
    }
}

static void fill(struct gemm_work *work, size_t slot, int operand, void *data, int64_t count)
{
    struct filling f = {data, count, gaussian_seed(work->problem.seed, slot, operand),
                        work->problem.type == GEMM_DOUBLE};
    parallel_for(work->gemm->threads, (count + 1) / 2, fill_pairs, &f);
}

/* Sets all bits, which makes every element a NaN: the check then finds elements that the library did not
   write. */
static void poison(const struct gemm_work *work, void *c)
{
    memset(c, 0xff,
           (size_t)(work->problem.m * work->problem.n) * gemm_types[work->problem.type].output_bytes);
}

static enum status allocate_slots(struct gemm_work *work)
{
    const struct gemm_problem *p = &work->problem;
    size_t size = gemm_types[p->type].output_bytes, limit = cblas_free_bytes(work->gemm);
    double a = (double)p->m * (double)p->k, b = (double)p->k * (double)p->n, c = (double)p->m * (double)p->n;
    if ((a + b + c) * (double)size + 65536 * 3 > (double)limit) return STATUS_TOO_LARGE;
    size_t a_bytes = whole_pages(a * (double)size), b_bytes = whole_pages(b * (double)size),
           c_bytes = whole_pages(c * (double)size);
    size_t slot_bytes = a_bytes + b_bytes + c_bytes;
    work->slots = slots_for(work->gemm, slot_bytes, limit);
    if (work->slots < 1) return STATUS_TOO_LARGE;
    work->memory_bytes = work->slots * slot_bytes;
    work->memory = mmap(NULL, work->memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (work->memory == MAP_FAILED) {
        work->memory = NULL;
        return STATUS_TOO_LARGE;
    }
    madvise(work->memory, work->memory_bytes,
            MADV_HUGEPAGE); /* fewer TLB misses while BLAS packs; ignored on failure */
    work->slot = allocate(work->slots, sizeof *work->slot);
    for (size_t i = 0; i < work->slots; i++) {
        char *start = (char *)work->memory + i * slot_bytes;
        work->slot[i] = (struct slot){start, start + a_bytes, start + a_bytes + b_bytes};
        fill(work, i, 0, work->slot[i].a, p->m * p->k);
        fill(work, i, 1, work->slot[i].b, p->k * p->n);
        poison(work, work->slot[i].c);
    }
    return STATUS_OK;
}

static void release_slots(struct gemm_work *work)
{
    if (work->memory) munmap(work->memory, work->memory_bytes);
    free(work->slot);
}

/* Multiplies the first m x k and k x n elements of a slot's operands; the leading dimensions are the
   problem's. */
static void multiply(const struct gemm_work *work, const struct blas *blas, const struct slot *slot,
                     int64_t m, int64_t n, int64_t k)
{
    const struct gemm_problem *p = &work->problem;
    char ta = p->layout[0], tb = p->layout[1];
    int lda = (int)(ta == 'T' ? p->k : p->m), ldb = (int)(tb == 'T' ? p->n : p->k);
    blas_multiply(blas, p->type == GEMM_DOUBLE, ta, tb, (int)m, (int)n, (int)k, slot->a, lda, slot->b, ldb,
                  slot->c, (int)p->m);
}

static double time_once(struct gemm_work *work, const struct blas *blas, int64_t m, int64_t n, int64_t k)
{
    const struct slot *slot = &work->slot[work->next++ % work->slots];
    double start = clock_s();
    multiply(work, blas, slot, m, n, k);
    return clock_s() - start;
}

static int64_t at_most(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* A part of a trial's matrices that is quick to multiply. */
struct corner {
    int64_t m, n, k;
};

static struct corner corner_of(const struct gemm_problem *p, int64_t edge)
{
    return (struct corner){at_most(p->m, edge), at_most(p->n, edge), at_most(p->k, edge)};
}

/* The largest corner, with edges doubled from 256 on, for which a call should take at most limit_s. */
static struct corner trial_corner(struct gemm_work *work, const struct blas *blas, double limit_s)
{
    const struct gemm_problem *p = &work->problem;
    int64_t edge = 256, longest = p->m > p->n ? p->m : p->n;
    if (p->k > longest) longest = p->k;
    struct corner corner = corner_of(p, edge);
    time_once(work, blas, corner.m, corner.n,
              corner.k); /* the first call of a library also starts its threads */
    while (edge < longest && time_once(work, blas, corner.m, corner.n, corner.k) * 8 < limit_s)
        corner = corner_of(p, edge *= 2);
    return corner;
}

/* Sleeps until the library's threads have stopped spinning, which OpenBLAS's do for about 30 ms: they would
   disturb the next library. */
static void settle(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 60 * 1000 * 1000}, NULL);
}

/* A library that may be chosen, with its rates in GFLOP/s for double and float. */
struct candidate {
    const struct blas *blas;
    double rates[2];
};

/* Times the libraries in rounds, so that other load on the machine affects all of them, and takes the fastest
   call of each, because a disturbance can only slow down a call. */
static void time_candidates(struct gemm_work *work, struct candidate *candidates, size_t count,
                            double limit_s, int type)
{
    enum { ROUNDS = 3, CALLS = 2 };
    struct corner at = trial_corner(work, candidates[0].blas, limit_s / (double)(ROUNDS * CALLS * count));
    double flop = 2 * (double)at.m * (double)at.n * (double)at.k;
    for (size_t i = 0; i < ROUNDS * count; i++) {
        struct candidate *candidate = &candidates[i % count];
        settle();
        for (int call = 0; call < CALLS; call++) {
            double rate = 1e-9 * flop / time_once(work, candidate->blas, at.m, at.n, at.k);
            candidate->rates[type] = fmax(candidate->rates[type], rate);
        }
    }
    settle();
}

/* Times the libraries on a square matrix of each type, whose operands may stay in the cache. */
static enum status time_types(const struct gemm *gemm, struct candidate *candidates, size_t count)
{
    enum { EDGE = 2048 };
    static const enum gemm_type types[] = {GEMM_DOUBLE, GEMM_FLOAT};
    struct gemm warm = *gemm;
    enum status status = STATUS_OK;
    warm.options.cold = false;
    for (int i = 0; i < 2 && !status; i++) {
        struct gemm_work work = {.gemm = &warm, .problem = {types[i], EDGE, EDGE, EDGE, "NN", 1, false}};
        status = allocate_slots(&work);
        if (!status) time_candidates(&work, candidates, count, gemm->options.tune_s / 2, i);
        release_slots(&work);
    }
    return status;
}

/* Keeps one library for all cases of the launch: the fastest by the geometric mean over both types, or an
   earlier one of the list that is nearly as fast, so that equal libraries do not take turns from launch to
   launch. Without memory for the trial, keeps the first. */
static void choose_library(struct gemm *gemm)
{
    enum { MOST = BLAS_FAMILIES };
    struct candidate candidates[MOST] = {0};
    double rates[MOST] = {0};
    size_t count = gemm->libraries.count;
    if (count < 2) return;
    for (size_t i = 0; i < count; i++) candidates[i].blas = &gemm->libraries.list[i];
    if (time_types(gemm, candidates, count) != STATUS_OK) {
        blas_keep(&gemm->libraries, 0);
        return;
    }
    gemm->tried = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct candidate *c = &candidates[i];
        rates[i] = sqrt(c->rates[0] * c->rates[1]);
        json_array_append_new(gemm->tried,
                              json_pack("{s:s, s:f, s:f}", "library", c->blas->name, "double_gflops",
                                        c->rates[0], "float_gflops", c->rates[1]));
    }
    blas_keep(&gemm->libraries, first_of_fastest(rates, count));
}

static enum status cblas_open(const struct gemm_place *place, const struct gemm_options *options,
                              struct gemm **gemm)
{
    struct gemm *opened = allocate(1, sizeof *opened);
    *opened = (struct gemm){
        .place = *place, .options = *options, .threads = options->threads ? options->threads : place->cores};
    if (opened->threads < 1) opened->threads = 1;
    enum status status = blas_load(options->library, options->kernel, opened->threads, &opened->libraries);
    if (status) {
        free(opened);
        return status;
    }
    if (blas_only_reference(&opened->libraries) && place->local_rank == 0)
        warn("%s is a reference BLAS, many times slower than this CPU: install OpenBLAS or BLIS "
             "(scripts/setup does)",
             opened->libraries.list[0].path);
    choose_library(opened);
    *gemm = opened;
    return STATUS_OK;
}

static void cblas_finish(struct gemm_work *work)
{
    release_slots(work);
    free(work);
}

static enum status cblas_prepare(struct gemm *gemm, const struct gemm_problem *problem,
                                 struct gemm_work **prepared)
{
    struct gemm_work *work = allocate(1, sizeof *work);
    *work = (struct gemm_work){.gemm = gemm, .problem = *problem};
    enum status status = allocate_slots(work);
    if (status) {
        cblas_finish(work);
        return status;
    }
    multiply(work, chosen(gemm), &work->slot[0], problem->m, problem->n, problem->k);
    *prepared = work;
    return STATUS_OK;
}

static void cblas_choice(const struct gemm_work *work, struct gemm_choice *choice)
{
    *choice =
        (struct gemm_choice){.algorithm = chosen(work->gemm)->name, .first_us = NAN, .slots = work->slots};
}

static enum status cblas_run(struct gemm_work *work, int batch, double *elapsed_s)
{
    const struct gemm_problem *p = &work->problem;
    double start = clock_s();
    for (int i = 0; i < batch; i++)
        multiply(work, chosen(work->gemm), &work->slot[work->next++ % work->slots], p->m, p->n, p->k);
    *elapsed_s = clock_s() - start;
    return STATUS_OK;
}

/* --fault wrong: flips the sign of one element; if the element is smaller than usual, sets it to twice the
   usual size instead. */
static void damage(const struct gemm_work *work, void *c, uint64_t seed)
{
    const struct gemm_problem *p = &work->problem;
    uint64_t at = gaussian_hash(seed, 99) % (uint64_t)(p->m * p->n);
    double usual = sqrt((double)p->k);
    if (p->type == GEMM_DOUBLE)
        ((double *)c)[at] = fabs(((double *)c)[at]) < usual ? 2 * usual : -((double *)c)[at];
    else
        ((float *)c)[at] = fabsf(((float *)c)[at]) < (float)usual ? (float)(2 * usual) : -((float *)c)[at];
}

static enum status cblas_check(struct gemm_work *work, uint64_t seed, struct gemm_verdict *verdict)
{
    const struct gemm_problem *p = &work->problem;
    const struct slot *slot = &work->slot[work->next++ % work->slots];
    poison(work, slot->c);
    multiply(work, chosen(work->gemm), slot, p->m, p->n, p->k);
    if (work->gemm->options.fault) damage(work, slot->c, seed);
    freivalds_check(p, work->gemm->threads, slot->a, slot->b, slot->c, seed, verdict);
    return STATUS_OK;
}

static void set_text(json_t *object, const char *key, const char *text)
{
    json_t *value = text ? json_string(text) : NULL;
    if (value) json_object_set_new(object, key, value);
}

/* facts.blas: a list of one, the library that runs all cases. Older records may list several; each row's
   `algorithm` then names the one that ran. */
static void cblas_facts(struct gemm *gemm, struct launch_header *header)
{
    const struct blas *blas = chosen(gemm);
    json_t *list = json_array(), *object = json_object();
    set_text(object, "library", blas->library);
    set_text(object, "version", blas->version);
    set_text(object, "kernel", blas->kernel);
    set_text(object, "path", blas->path);
    if (blas->threads) json_object_set_new(object, "threads", json_integer(blas->threads));
    if (blas->tried) json_object_set(object, "kernels_tried", blas->tried);
    if (gemm->tried) json_object_set(object, "libraries_tried", gemm->tried);
    if (gemm->others) json_object_set(object, "others", gemm->others);
    json_array_append_new(list, object);
    json_object_set_new(header->facts, "blas", list);
}

void gemm_cblas_others(struct gemm *gemm, json_t *others)
{
    struct blas *blas = &gemm->libraries.list[0];
    struct text name = {0};
    const json_t *other;
    size_t i;
    if (!json_array_size(others)) return;
    gemm->others = json_incref(others);
    text_add(&name, "%s", blas->name);
    json_array_foreach(others, i, other)
    {
        const char *kernel = json_string_value(json_object_get(other, "kernel"));
        const json_int_t ranks = json_integer_value(json_object_get(other, "ranks")),
                         threads = json_integer_value(json_object_get(other, "threads"));
        text_add(&name, "; %lld other rank%s: %s", (long long)ranks, ranks == 1 ? "" : "s",
                 json_string_value(json_object_get(other, "library")));
        if (kernel) text_add(&name, " %s", kernel);
        if (threads) text_add(&name, ", %lld thread%s", (long long)threads, threads == 1 ? "" : "s");
    }
    free(blas->name);
    blas->name = name.data;
}

static const char *cblas_device(struct gemm *gemm)
{
    (void)gemm;
    return NULL;
}

static void cblas_close(struct gemm *gemm)
{
    blas_unload(&gemm->libraries);
    json_decref(gemm->tried);
    json_decref(gemm->others);
    free(gemm);
}

const struct gemm_engine gemm_cblas = {
    .name = "cblas",
    .about = "the CPU's BLAS libraries, in host memory",
    .memory = MEMORY_HOST,
    .open = cblas_open,
    .supports = cblas_supports,
    .free_bytes = cblas_free_bytes,
    .prepare = cblas_prepare,
    .choice = cblas_choice,
    .run = cblas_run,
    .check = cblas_check,
    .finish = cblas_finish,
    .facts = cblas_facts,
    .device = cblas_device,
    .close = cblas_close,
};
