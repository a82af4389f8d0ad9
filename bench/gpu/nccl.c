/* The NCCL backend: one process per GPU and a blocking communicator; the watchdog ends hangs. (With a
   non-blocking communicator, calls return before their kernels are enqueued, so events recorded next would
   measure nothing.) */
#include "gpu/nccl.h"
#include "backend/cta.h"
#include "backend/backend_plugin.h"
#include "backend/mpi_status.h"
#include "base/text.h"
#include "base/version.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { HELD_OPERATIONS = 32, UUID_TEXT = 48, ABORT_S = 5 };

const char *nccl_words(void)
{
    const char *words = ncclGetLastError(NULL); /* NCCL has one message per process, not per communicator */
    return words ? words : "";
}

enum status nccl_status(struct comm *c, ncclResult_t result, const char *call)
{
    if (result == ncclSuccess) return STATUS_OK;
    if (atomic_load(&c->aborted)) return STATUS_TIMEOUT;
    cudaGetLastError();
    const char *words = nccl_words();
    return fail(STATUS_ENVIRONMENT, "%s on rank %d (%s): %s%s%s", call, c->world->rank, c->world->host,
                ncclGetErrorString(result), *words ? ": " : "", words);
}

enum status nccl_agree(const struct comm *c, enum status own)
{
    if (c->options.steps) atomic_fetch_add(c->options.steps, 1); /* ranks with fewer steps have not arrived */
    int mine[2] = {(int)own, own ? c->world->ranks - c->world->rank : 0}, worst[2];
    mpi_must(MPI_Allreduce(mine, worst, 2, MPI_INT, MPI_MAX, c->world->comm));
    if (own && mine[1] == worst[1]) say_silenced(); /* the first rank that failed prints its error */
    return (enum status)worst[0];
}

/* ---- devices ---- */

/* Counts the ranks that share this rank's device. Refuses more than one unless the user allows it by
   NCCL_MULTI_RANK_GPU_ENABLE=1 (NCCL 2.30). */
static enum status refuse_shared(struct comm *c)
{
    const struct world *w = c->world;
    char *uuids = allocate((size_t)w->ranks, UUID_TEXT);
    enum status status = STATUS_OK;
    mpi_must(MPI_Allgather(c->device.uuid, UUID_TEXT, MPI_CHAR, uuids, UUID_TEXT, MPI_CHAR, w->comm));
    const char *own = uuids + (size_t)w->rank * UUID_TEXT, *shared = getenv("NCCL_MULTI_RANK_GPU_ENABLE");
    bool allowed = shared && strcmp(shared, "1") == 0 && c->version >= 23000;
    c->sharers = 0;
    for (int r = 0; r < w->ranks && !status; r++) {
        if (strcmp(uuids + (size_t)r * UUID_TEXT, own) != 0) continue;
        c->sharers++;
        if (r < w->rank && !allowed)
            status = fail(STATUS_ENVIRONMENT,
                          "ranks %d and %d (%s) have the same GPU %s: start one rank for each GPU (%d "
                          "visible), or with NCCL 2.30 "
                          "and later set NCCL_MULTI_RANK_GPU_ENABLE=1",
                          r, w->rank, w->host, own, c->device.visible);
    }
    free(uuids);
    return nccl_agree(c, status);
}

/* ---- the communicator ---- */

static enum status set_cta(const struct comm *c, ncclConfig_t *config)
{
    struct cta cta;
    enum status status = cta_read(c->options.cta, &cta);
    if (status) return status;
    if (cta.kind == CTA_LIMITS) config->minCTAs = cta.least, config->maxCTAs = cta.most;
    if (cta.kind == CTA_DEFAULT || cta.kind == CTA_LIMITS) return STATUS_OK;
    int least = cta.kind == CTA_EFFICIENCY ? NCCL_VERSION(2, 27, 0) : NCCL_VERSION(2, 28, 0);
#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 27, 0)
    config->CTAPolicy = cta.kind == CTA_EFFICIENCY ? 1 : 2; /* NCCL_CTA_POLICY_EFFICIENCY, _ZERO */
    if (c->version >= least) return STATUS_OK;
#endif
    return fail(STATUS_UNSUPPORTED, "--cta %s needs NCCL %d.%d, not %d.%d", c->options.cta, least / 10000,
                least / 100 % 100, c->version / 10000, c->version / 100 % 100);
}

static enum status connect_ranks(struct comm *c)
{
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    ncclUniqueId id = {{0}};
    config.blocking = 1;
    enum status status = set_cta(c, &config);
    if (!status && c->world->rank == 0) status = nccl_status(c, ncclGetUniqueId(&id), "ncclGetUniqueId");
    status = nccl_agree(c, status);
    if (status) return status;
    mpi_must(MPI_Bcast(&id, sizeof id, MPI_BYTE, 0, c->world->comm));
    status = nccl_status(c, ncclCommInitRankConfig(&c->nccl, c->world->ranks, id, c->world->rank, &config),
                         "ncclCommInitRankConfig");
    return nccl_agree(c, status);
}

static enum status make_tools(struct comm *c)
{
    enum status status = cuda_status(cudaStreamCreateWithFlags(&c->stream, cudaStreamNonBlocking),
                                     "cudaStreamCreateWithFlags");
    if (!status) status = cuda_status(cudaEventCreate(&c->start), "cudaEventCreate");
    if (!status) status = cuda_status(cudaEventCreate(&c->stop), "cudaEventCreate");
    if (!status) status = hold_make(&c->hold, HELD_OPERATIONS);
    if (!status)
        status = cuda_status(cudaHostAlloc((void **)&c->verdict, sizeof *c->verdict, cudaHostAllocDefault),
                             "cudaHostAlloc");
    if (!status)
        status =
            cuda_status(cudaMalloc((void **)&c->device_verdict, sizeof *c->device_verdict), "cudaMalloc");
    if (!status) status = cuda_status(cudaMalloc((void **)&c->period, sizeof *c->period), "cudaMalloc");
    if (!status) status = cuda_status(cudaMalloc((void **)&c->aligner, sizeof *c->aligner), "cudaMalloc");
    if (!status)
        status =
            cuda_status(cudaMemsetAsync(c->aligner, 0, sizeof *c->aligner, c->stream), "cudaMemsetAsync");
    return nccl_agree(c, status);
}

/* ---- the descriptor's members ---- */

static void close_comm(struct comm *c)
{
    bool whole = !atomic_load(&c->aborted);
    if (whole && c->nccl) {
        for (int type = 0; type < DTYPE_COUNT; type++)
            if (c->has_premul[type]) ncclRedOpDestroy(c->premul[type], c->nccl);
        nccl_block_free(c);
        ncclCommFinalize(c->nccl);
        ncclCommDestroy(c->nccl);
    }
    if (whole) {
        cudaFree(c->aligner);
        cudaFree(c->period);
        cudaFree(c->device_verdict);
        if (c->verdict) cudaFreeHost(c->verdict);
        hold_free(&c->hold);
        if (c->stop) cudaEventDestroy(c->stop);
        if (c->start) cudaEventDestroy(c->start);
        if (c->stream) cudaStreamDestroy(c->stream);
    }
    nvml_close(c->nvml);
    nccl_debug_close(&c->debug);
    pthread_mutex_destroy(&c->asking);
    json_decref(c->facts);
    free(c->domains);
    free(c);
}

/* Refuses -R if the library, or the headers of the build, are too old for that kind of registration. */
static enum status refuse_registration(const struct comm *c)
{
    static const int least[] = {0, NCCL_VERSION(2, 19, 0), NCCL_VERSION(2, 27, 0)};
    const int kind = registration_flag(c), needed = least[kind];
    if (c->version < needed)
        return fail(STATUS_ENVIRONMENT, "-R %d needs NCCL %d.%d, not %d.%d", kind, needed / 10000,
                    needed / 100 % 100, c->version / 10000, c->version / 100 % 100);
    if (NCCL_VERSION_CODE < needed)
        return fail(STATUS_ENVIRONMENT, "-R %d needs a plug-in built with NCCL %d.%d or later, not %d.%d",
                    kind, needed / 10000, needed / 100 % 100, NCCL_MAJOR, NCCL_MINOR);
    return STATUS_OK;
}

static enum status open_steps(struct comm *c)
{
    const struct world *w = c->world;
    enum status status = nccl_status(c, ncclGetVersion(&c->version), "ncclGetVersion");
    if (!status && c->version < NCCL_VERSION(2, 18, 0))
        status = fail(STATUS_ENVIRONMENT, "NCCL %d.%d is too old: 2.18 or later is needed",
                      c->version / 10000, c->version / 100 % 100);
    if (!status) status = refuse_registration(c);
    if (!status) status = device_open(w->local_rank, &c->device);
    status = nccl_agree(c, status);
    if (!status) status = refuse_shared(c);
    if (status) return status;
    c->nvml = nvml_open(c->device.uuid, c->device.pci);
    nccl_domains_gather(c);
    status = nccl_domains_check(c);
    if (!status) status = connect_ranks(c);
    if (!status) status = make_tools(c);
    if (!status)
        status = nccl_align(c); /* connects the ranks: afterwards NCCL has reported all its transports */
    if (!status) status = nccl_drain(c);
    status = nccl_agree(c, status);
    if (!status) status = nccl_agree(c, nccl_time_nothing(c, &c->event_pair_us));
    if (!status) status = nccl_agree(c, nccl_try_registration(c));
    return status ? status : nccl_facts_make(c);
}

static enum status nccl_open(const struct world *world, const struct backend_options *options,
                             struct comm **comm)
{
    if (options->memory == MEMORY_HOST)
        return fail(STATUS_USAGE, "the nccl backend has device memory only, not 'host'");
    struct comm *c = allocate(1, sizeof *c);
    c->world = world;
    c->options = *options;
    c->event_pair_us = NAN;
    pthread_mutex_init(&c->asking, NULL);
    device_load_eagerly();
    nccl_debug_capture(&c->debug, world->host);
    enum status status = open_steps(c);
    if (!status && c->device.emulated && world->rank == 0)
        warn("this is the emulated device of busbar's tests: no figure is a measurement");
    if (status)
        close_comm(c);
    else
        *comm = c;
    return status == STATUS_UNSUPPORTED ? STATUS_ENVIRONMENT : status;
}

static enum status nccl_supports(struct comm *c, const struct call *call, const char **reason)
{
    const enum collective_id id = call->collective->id;
    const bool fp8 = call->dtype == DTYPE_FP8_E4M3 || call->dtype == DTYPE_FP8_E5M2;
    *reason = NULL;
    if (nccl_type(call->dtype) < 0)
        *reason = fp8 ? "this build's NCCL headers have no fp8 (2.24 has)" : "NCCL has no such type";
    else if (fp8 && c->version < NCCL_VERSION(2, 24, 0))
        *reason = "fp8 needs NCCL 2.24";
    else if (fp8 && call->collective->reduces && c->device.major < 9)
        *reason = "NCCL reduces fp8 from compute capability 9.0 on";
    else if (fp8 && call->collective->reduces && c->world->ranks == 1 &&
             (call->op == OP_AVG || call->op == OP_PREMULSUM))
        /* NCCL 2.24 to 2.30 returns ncclInvalidArgument: src/device/onerank.cu tests __CUDA_ARCH__ in host
           code. */
        *reason = "NCCL cannot scale fp8 on one rank";
    else if (id == HYPERCUBE && call->aggregate > 1)
        *reason = "the steps of a hypercube wait for each other, so they cannot be in one group";
    if (*reason) return STATUS_UNSUPPORTED;
    if ((id == ALL_TO_ALL || id == ALL_TO_ALL_V || id == SEND_RECV) && call->in_place)
        *reason = "in place, what NCCL receives here is undefined";
    return STATUS_OK;
}

static size_t nccl_free_bytes(struct comm *c)
{
    return device_free_bytes(&c->device, c->sharers) + c->block.bytes;
}

static void *abort_main(void *nccl)
{
    ncclCommAbort(nccl);
    return NULL;
}

/* Called by the watchdog's thread. NCCL's calls then return, its kernels end, and the waiting thread sees the
   flag. Waits at most ABORT_S: ncclCommAbort() waits for the device, which may no longer answer (Xid 79), and
   the process is about to end anyway. */
static void nccl_abort(struct comm *c)
{
    pthread_t thread;
    struct timespec until;
    pthread_mutex_lock(&c->asking);
    atomic_store(&c->aborted, true);
    pthread_mutex_unlock(&c->asking);
    if (!c->nccl || pthread_create(&thread, NULL, abort_main, c->nccl)) return;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ABORT_S;
    pthread_timedjoin_np(thread, NULL, &until);
}

static void nccl_watch_start(struct comm *c)
{
    if (c->nvml) nvml_watch_start(c->nvml);
}

/* Collective. The worst values of all ranks, on rank 0; NULL on other ranks, and if nothing is known. */
static json_t *nccl_watch_stop(struct comm *c)
{
    enum { FIELDS = sizeof(struct nvml_window) / sizeof(double) };
    struct nvml_window own = {.looks = 0}, *all = NULL;
    json_t *json = NULL;
    if (c->nvml) nvml_watch_stop(c->nvml, &own);
    if (c->world->rank == 0) all = allocate((size_t)c->world->ranks, sizeof *all);
    mpi_must(MPI_Gather(&own, FIELDS, MPI_DOUBLE, all, FIELDS, MPI_DOUBLE, 0, c->world->comm));
    if (all) {
        int seen = -1;
        for (int r = 0; r < c->world->ranks; r++) {
            if (!(all[r].looks > 0)) continue;
            if (seen < 0)
                own = all[r];
            else
                nvml_window_worse(&own, &all[r]);
            seen = r;
        }
        if (seen >= 0) json = nvml_window_json(&own);
    }
    free(all);
    return json;
}

static int devices(int local_rank)
{
    device_load_eagerly(); /* before counting, which initialises CUDA: only then does CUDA read the setting */
    return device_choose(local_rank);
}

static const struct backend backend_nccl = {
    .name = "nccl",
    .about = "NCCL on GPU memory, one rank for each GPU",
    .capabilities = CAN_DEVICE_MEMORY | CAN_ALIGN | CAN_GRAPH | CAN_REGISTER | CAN_DOMAINS |
                    CAN_TELL_TRANSPORT | CAN_TELL_CHOICE | CAN_AGGREGATE,
    .open = nccl_open,
    .supports = nccl_supports,
    .free_bytes = nccl_free_bytes,
    .alloc = nccl_alloc,
    .free = nccl_free,
    .fill = nccl_fill,
    .check = nccl_check,
    .corrupt = nccl_corrupt,
    .prepare = nccl_prepare,
    .ask = nccl_ask,
    .run = nccl_run,
    .domain = nccl_domain,
    .facts = nccl_facts,
    .abort = nccl_abort,
    .close = close_comm,
    .watch_start = nccl_watch_start,
    .watch_stop = nccl_watch_stop,
};

extern const struct plugin busbar_plugin;
const struct plugin busbar_plugin = {PLUGIN_ABI, &backend_plugin, build_name, &backend_nccl, devices};
