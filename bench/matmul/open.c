#include "matmul/open.h"
#include "backend/mpi_status.h"
#include "base/text.h"
#include "record/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a rank multiplies with; empty, 0: not known. */
struct blas_in_use {
    char library[64], kernel[64];
    int threads;
};

static void copy_fact(const json_t *object, const char *key, char to[64])
{
    const char *value = json_string_value(json_object_get(object, key));
    snprintf(to, 64, "%s", value ? value : "");
}

static struct blas_in_use blas_in_use_of(const struct gemm_engine *engine, struct gemm *gemm)
{
    struct launch_header header = launch_header_absent();
    struct blas_in_use in_use = {0};
    header.facts = json_object();
    engine->facts(gemm, &header);
    const json_t *blas = json_array_get(json_object_get(header.facts, "blas"), 0);
    copy_fact(blas, "library", in_use.library);
    copy_fact(blas, "kernel", in_use.kernel);
    in_use.threads = (int)json_integer_value(json_object_get(blas, "threads"));
    json_decref(header.facts);
    return in_use;
}

static bool are_equal(const struct blas_in_use *a, const struct blas_in_use *b)
{
    return same(a->library, b->library) && same(a->kernel, b->kernel) && a->threads == b->threads;
}

/* Does an earlier rank multiply with the same? */
static bool is_known(const struct blas_in_use *all, int rank)
{
    for (int r = 0; r < rank; r++)
        if (are_equal(&all[r], &all[rank])) return true;
    return false;
}

static json_t *other_blas(const struct blas_in_use *all, int ranks, int first)
{
    const struct blas_in_use *one = &all[first];
    json_t *object = json_pack("{ss}", "library", one->library);
    json_int_t count = 0;
    for (int r = first; r < ranks; r++) count += are_equal(&all[r], one);
    if (*one->kernel) json_object_set_new(object, "kernel", json_string(one->kernel));
    if (one->threads) json_object_set_new(object, "threads", json_integer(one->threads));
    json_object_set_new(object, "first_rank", json_integer(first));
    json_object_set_new(object, "ranks", json_integer(count));
    return object;
}

/* Rank 0 notes what the ranks that differ from it multiply with, for the record, and warns of the first one
   with another library or kernel. */
static void note_others(const struct world *world, const struct blas_in_use *own, struct gemm *gemm)
{
    struct blas_in_use *all = world->rank == 0 ? allocate((size_t)world->ranks, sizeof *all) : NULL;
    json_t *others = json_array();
    bool warned = false;
    mpi_must(MPI_Gather(own, sizeof *own, MPI_BYTE, all, sizeof *own, MPI_BYTE, 0, world->comm));
    for (int r = 1; all && r < world->ranks; r++) {
        if (is_known(all, r)) continue;
        json_array_append_new(others, other_blas(all, world->ranks, r));
        if (warned || (same(all[r].library, own->library) && same(all[r].kernel, own->kernel))) continue;
        warned = true;
        warn("rank %d multiplies with %s %s, rank 0 with %s %s: a case has the figures of the slowest rank, "
             "whichever it used",
             r, all[r].library, all[r].kernel, own->library, own->kernel);
    }
    gemm_cblas_others(gemm, others);
    json_decref(others);
    free(all);
}

enum status gemm_open(const struct world *world, const struct gemm_engine *engine,
                      const struct gemm_place *place, const struct gemm_options *options, struct gemm **gemm)
{
    struct gemm_options alike = *options;
    struct blas_in_use first = {0};
    char kernels[80];
    bool on_host = engine->memory == MEMORY_HOST;
    enum status status = STATUS_OK;
    *gemm = NULL;
    if (on_host) {
        if (world->rank == 0) status = engine->open(place, options, gemm);
        if (world->rank == 0 && !status) first = blas_in_use_of(engine, *gemm);
        status = agree_over(world->comm, status);
        mpi_must(MPI_Bcast(&first, sizeof first, MPI_BYTE, 0, world->comm));
        if (!alike.library && *first.library) alike.library = first.library;
        snprintf(kernels, sizeof kernels, "%s,fastest", first.kernel);
        if (!alike.kernel && *first.kernel) alike.kernel = kernels;
    }
    if (!status && !*gemm) {
        status = engine->open(place, &alike, gemm);
        if (status == STATUS_ENVIRONMENT && alike.library != options->library)
            fail(
                status,
                "rank %d cannot load %s, the library that rank 0 chose: --blas names one that all hosts have",
                world->rank, first.library);
    }
    status = agree_over(world->comm, status);
    if (status || engine != &gemm_cblas) return status;
    struct blas_in_use own = blas_in_use_of(engine, *gemm);
    note_others(world, &own, *gemm);
    return STATUS_OK;
}
