#include "matmul/open.h"
#include "backend/mpi_status.h"
#include "base/text.h"
#include "record/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a rank multiplies with; empty: not known. */
struct blas_in_use {
    char library[64], kernel[64];
};

static void copy_fact(const json_t *object, const char *key, char to[64])
{
    const char *value = json_string_value(json_object_get(object, key));
    snprintf(to, 64, "%s", value ? value : "");
}

static struct blas_in_use blas_in_use_of(const struct gemm_engine *engine, struct gemm *gemm)
{
    struct launch_header header = launch_header_absent();
    struct blas_in_use in_use;
    header.facts = json_object();
    engine->facts(gemm, &header);
    const json_t *blas = json_array_get(json_object_get(header.facts, "blas"), 0);
    copy_fact(blas, "library", in_use.library);
    copy_fact(blas, "kernel", in_use.kernel);
    json_decref(header.facts);
    return in_use;
}

/* Warns on rank 0 of the first rank that chose differently. */
static void warn_of_others(const struct world *world, const struct blas_in_use *own)
{
    struct blas_in_use *all = world->rank == 0 ? allocate((size_t)world->ranks, sizeof *all) : NULL;
    mpi_must(MPI_Gather(own, sizeof *own, MPI_BYTE, all, sizeof *own, MPI_BYTE, 0, world->comm));
    for (int r = 1; all && r < world->ranks; r++) {
        if (same(all[r].library, own->library) && same(all[r].kernel, own->kernel)) continue;
        warn("rank %d multiplies with %s %s, rank 0 with %s %s: a case has the figures of the slowest rank, "
             "whichever it used",
             r, all[r].library, all[r].kernel, own->library, own->kernel);
        break;
    }
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
    if (status || !on_host) return status;
    struct blas_in_use own = blas_in_use_of(engine, *gemm);
    warn_of_others(world, &own);
    return STATUS_OK;
}
