#include "overlap/sides.h"
#include "base/fault_text.h"
#include "base/text.h"

#include <mpi.h>
#include <stdlib.h>
#include <string.h>

enum status sides_fault_read(const char *text, struct sides_fault *fault)
{
    static const char *const kinds[] = {"delay", NULL};
    const struct fault_number numbers[] = {{"rank", &fault->rank}, {"us", &fault->us}, {NULL, NULL}};
    int kind;
    *fault = (struct sides_fault){.backend = text};
    if (!text || strncmp(text, kinds[0], strlen(kinds[0])) != 0) return STATUS_OK;
    *fault = (struct sides_fault){.delays = true, .us = 1000};
    return fault_parse(text, kinds, &kind, numbers);
}

double sides_delay_s(const struct sides_fault *fault, int rank)
{
    return fault->delays && fault->rank == rank ? 1e-6 * (double)fault->us : 0;
}

enum status sides_check(const struct driver *d, const struct backend *backend, struct sides_flags *f)
{
    const bool device = backend->capabilities & CAN_DEVICE_MEMORY,
               threads = d->thread_level >= MPI_THREAD_SERIALIZED;
    if (f->progress == OVERLAP_AUTO)
        f->progress = device ? OVERLAP_STREAMS : threads ? OVERLAP_THREAD : OVERLAP_NONBLOCKING;
    if (device && f->progress != OVERLAP_STREAMS && f->progress != OVERLAP_NONE)
        return fail(STATUS_USAGE, "--progress-by: the %s backend supports only streams and none",
                    backend->name);
    if (!device && f->progress == OVERLAP_STREAMS)
        return fail(STATUS_USAGE, "--progress-by streams: the %s backend has no streams", backend->name);
    if (f->progress == OVERLAP_THREAD && !threads)
        return fail(STATUS_ENVIRONMENT,
                    "--progress-by thread: this MPI library allows no calls from a second "
                    "thread (MPI_THREAD_SERIALIZED); use --progress-by nonblocking");
    if (f->progress == OVERLAP_NONBLOCKING && !backend->begin)
        return fail(STATUS_USAGE, "--progress-by nonblocking: the %s backend has no non-blocking calls",
                    backend->name);
    if (f->cta && !device)
        return fail(STATUS_USAGE, "--cta: the %s backend has no thread blocks; use --backend nccl",
                    backend->name);
    if (f->registration && !device)
        return fail(STATUS_USAGE, "-R: the %s backend registers no buffers; use --backend nccl",
                    backend->name);
    return STATUS_OK;
}

enum status sides_open_engine(const struct driver *d, const struct backend *backend,
                              const struct sides_flags *f, double tune_s, const struct gemm_engine **engine,
                              struct gemm **gemm)
{
    *engine = gemm_engine_find(backend->capabilities & CAN_DEVICE_MEMORY ? "cublaslt" : "cblas");
    if (!*engine) return STATUS_ENVIRONMENT;
    const int cores = d->machine.bound_cores / d->crowding.alike;
    const struct gemm_place place = {d->world.local_rank, d->world.local_ranks, cores < 1 ? 1 : cores,
                                     d->machine.last_level_bytes};
    const struct gemm_options options = {.library = f->library,
                                         .kernel = f->kernel,
                                         .threads = (int)f->threads,
                                         .cold = f->cache == CACHE_COLD,
                                         .tune_s = tune_s};
    return (*engine)->open(&place, &options, gemm);
}

void sides_warn_of_sharing(const struct driver *d, const struct sides_flags *f)
{
    int processors = d->machine.bound_pus / d->crowding.alike;
    int threads = f->threads ? (int)f->threads : d->machine.bound_cores / d->crowding.alike;
    if (threads < 1) threads = 1;
    if (d->world.rank == 0 && f->progress == OVERLAP_THREAD && threads >= processors)
        warn("each rank has %d processor%s for %d thread%s of the matmul and the collective's thread: they "
             "take turns; use fewer --threads or fewer ranks",
             processors, processors == 1 ? "" : "s", threads, threads == 1 ? "" : "s");
}
