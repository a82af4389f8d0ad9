/* NCCL: one process for each GPU, a blocking communicator, the watchdog beside it. (A non-blocking
   communicator returns before its kernels are issued: events recorded next would be wrong.) */
#include "backend/nccl.h"
#include "backend/nccl_debug.h"
#include "base/text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { HELD_CALLS = 32, UUID_TEXT = 48 };

enum status nccl_status(struct comm *c, ncclResult_t result, const char *call)
{
    if (result == ncclSuccess) return STATUS_OK;
    if (atomic_load(&c->aborted)) return STATUS_TIMEOUT;
    cudaGetLastError();
    const char *detail = c->nccl ? ncclGetLastError(c->nccl) : "";
    return fail(STATUS_ENVIRONMENT, "%s on rank %d (%s): %s%s%s", call, c->world->rank, c->world->host,
                ncclGetErrorString(result), detail && *detail ? ": " : "", detail ? detail : "");
}

static enum status mpi_status(int error, const char *call)
{
    return error ? fail(STATUS_ENVIRONMENT, "%s failed (MPI error %d)", call, error) : STATUS_OK;
}

/* The worst status of all ranks, so that no rank goes on into a call that another will never make. */
static enum status agree(const struct comm *c, enum status own)
{
    if (c->options.steps) atomic_fetch_add(c->options.steps, 1); /* whoever has fewer has not arrived */
    int mine[2] = {(int)own, own ? c->world->ranks - c->world->rank : 0}, worst[2];
    enum status status =
        mpi_status(MPI_Allreduce(mine, worst, 2, MPI_INT, MPI_MAX, c->world->comm), "MPI_Allreduce");
    if (own && mine[1] == worst[1]) say_silenced(); /* where rank 0 is well, the first that is not speaks */
    return status ? status : (enum status)worst[0];
}

/* ---- devices ---- */

/* Ranks of one host may share a device only on purpose: NCCL 2.30 allows it with
 * NCCL_MULTI_RANK_GPU_ENABLE=1. */
static enum status refuse_shared(struct comm *c)
{
    const struct world *w = c->world;
    char *uuids = allocate((size_t)w->ranks, UUID_TEXT);
    enum status status =
        mpi_status(MPI_Allgather(c->device.uuid, UUID_TEXT, MPI_CHAR, uuids, UUID_TEXT, MPI_CHAR, w->comm),
                   "MPI_Allgather");
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
    return agree(c, status);
}

/* NVLink domain of every rank; where the fabric has none, the host is the domain. */
static enum status gather_domains(struct comm *c)
{
    char own[DOMAIN_TEXT] = "";
    if (!nvml_domain(c->nvml, own)) snprintf(own, sizeof own, "%s", c->world->host);
    c->domains = allocate((size_t)c->world->ranks, DOMAIN_TEXT);
    return mpi_status(
        MPI_Allgather(own, DOMAIN_TEXT, MPI_CHAR, c->domains, DOMAIN_TEXT, MPI_CHAR, c->world->comm),
        "MPI_Allgather");
}

static const char *domain_of(const struct comm *c, int rank)
{
    return c->domains + (size_t)rank * DOMAIN_TEXT;
}

static const char *nccl_domain(struct comm *c)
{
    return domain_of(c, c->world->rank);
}

/* Ranks in `rank`'s domain, and whether it is the domain's first. */
static int domain_size(const struct comm *c, int rank, bool *first)
{
    int size = 0;
    *first = true;
    for (int r = 0; r < c->world->ranks; r++) {
        bool together = strcmp(domain_of(c, r), domain_of(c, rank)) == 0;
        size += together;
        if (together && r < rank) *first = false;
    }
    return size;
}

static int domain_count(const struct comm *c)
{
    int count = 0;
    for (int r = 0; r < c->world->ranks; r++) {
        bool first;
        domain_size(c, r, &first);
        count += first;
    }
    return count;
}

/* --expect-domain N: all ranks are in NVLink domains of N (of all ranks, where those are fewer). */
static enum status check_domains(const struct comm *c)
{
    const int expected = c->options.expect_domain, ranks = c->world->ranks;
    bool first;
    for (int r = 0; expected && r < ranks; r++) {
        int size = domain_size(c, r, &first);
        if (size != (expected < ranks ? expected : ranks))
            return c->world->rank ? STATUS_ENVIRONMENT
                                  : fail(STATUS_ENVIRONMENT,
                                         "--expect-domain %d: NVLink domain %s has %d of the %d ranks",
                                         expected, domain_of(c, r), size, ranks);
    }
    return STATUS_OK;
}

/* ---- the communicator ---- */

/* "efficiency" | "zero" | "default": CTA policy; "N" or "N-M": as many CTAs (channels), at least and at most.
 */
static enum status read_cta(const struct comm *c, ncclConfig_t *config)
{
    const char *text = c->options.cta;
    char *end;
    if (!text || strcmp(text, "default") == 0) return STATUS_OK;
    if (strcmp(text, "efficiency") == 0 || strcmp(text, "zero") == 0) {
        int least = text[0] == 'e' ? NCCL_VERSION(2, 27, 0) : NCCL_VERSION(2, 28, 0);
#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 27, 0)
        config->CTAPolicy = text[0] == 'e' ? 1 : 2; /* NCCL_CTA_POLICY_EFFICIENCY, _ZERO */
        if (c->version >= least) return STATUS_OK;
#endif
        return fail(STATUS_UNSUPPORTED, "--cta %s needs NCCL %d.%d, not %d.%d", text, least / 10000,
                    least / 100 % 100, c->version / 10000, c->version / 100 % 100);
    }
    long low = strtol(text, &end, 10), high = *end == '-' ? strtol(end + 1, &end, 10) : low;
    if (end == text || *end || low < 1 || high < low || high > INT_MAX)
        return fail(STATUS_USAGE, "--cta '%s': expected default, efficiency, zero, N or N-M", text);
    config->minCTAs = (int)low;
    config->maxCTAs = (int)high;
    return STATUS_OK;
}

static enum status connect_ranks(struct comm *c)
{
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    ncclUniqueId id = {{0}};
    config.blocking = 1;
    enum status status = read_cta(c, &config);
    if (!status && c->world->rank == 0) status = nccl_status(c, ncclGetUniqueId(&id), "ncclGetUniqueId");
    status = agree(c, status);
    if (!status) status = mpi_status(MPI_Bcast(&id, sizeof id, MPI_BYTE, 0, c->world->comm), "MPI_Bcast");
    if (!status)
        status =
            nccl_status(c, ncclCommInitRankConfig(&c->nccl, c->world->ranks, id, c->world->rank, &config),
                        "ncclCommInitRankConfig");
    return agree(c, status);
}

static enum status make_tools(struct comm *c)
{
    enum status status = cuda_status(cudaStreamCreateWithFlags(&c->stream, cudaStreamNonBlocking),
                                     "cudaStreamCreateWithFlags");
    if (!status) status = cuda_status(cudaEventCreate(&c->start), "cudaEventCreate");
    if (!status) status = cuda_status(cudaEventCreate(&c->stop), "cudaEventCreate");
    if (!status)
        status = cuda_status(cudaHostAlloc((void **)&c->gate, sizeof *c->gate, cudaHostAllocMapped),
                             "cudaHostAlloc");
    if (!status)
        status = cuda_status(cudaHostGetDevicePointer((void **)&c->device_gate, c->gate, 0),
                             "cudaHostGetDevicePointer");
    if (!status)
        status = cuda_status(cudaHostAlloc((void **)&c->verdict, sizeof *c->verdict, cudaHostAllocDefault),
                             "cudaHostAlloc");
    if (!status)
        status =
            cuda_status(cudaMalloc((void **)&c->device_verdict, sizeof *c->device_verdict), "cudaMalloc");
    if (!status) status = cuda_status(cudaMalloc((void **)&c->aligner, sizeof *c->aligner), "cudaMalloc");
    if (!status) *c->gate = (struct device_gate){0, 0};
    if (!status)
        status =
            cuda_status(cudaMemsetAsync(c->aligner, 0, sizeof *c->aligner, c->stream), "cudaMemsetAsync");
    return agree(c, status);
}

/* ---- facts ---- */

static json_t *version_json(int code)
{
    char text[48];
    snprintf(text, sizeof text, "%d.%d.%d", code / 10000, code / 100 % 100, code % 100);
    return json_string(text);
}

enum { PLACE_TEXT = 1024, NAMED_HOSTS = 8 };

/* What this rank has: its device's place, its nearest NIC; and RDMA devices that stand unused beside TCP
   sockets, the usual fault of a cluster's set-up, into which NCCL falls back in silence. */
static void own_place(const struct comm *c, const json_t *gpu, const struct nccl_paths *paths,
                      char text[PLACE_TEXT])
{
    char unused[256] = "";
    json_t *place = json_pack("{s:i, s:s, s:s, s:s}", "index", c->device.index, "pci", c->device.pci, "uuid",
                              c->device.uuid, "domain", domain_of(c, c->world->rank));
    json_t *nearest = json_array_get(json_object_get(gpu, "nics"), 0);
    if (json_object_get(gpu, "numa_node"))
        json_object_set(place, "numa_node", json_object_get(gpu, "numa_node"));
    if (nearest) json_object_set(place, "nearest_nic", nearest);
    if (c->world->nodes > 1 && strcmp(paths->network, "Socket") == 0)
        rdma_devices(getenv("HWLOC_FSROOT"), unused, sizeof unused);
    if (unused[0]) json_object_set_new(place, "unused_rdma", json_string(unused));
    char *dump = json_dumps(place, JSON_COMPACT);
    if (dump) snprintf(text, PLACE_TEXT, "%s", dump);
    free(dump);
    json_decref(place);
}

static void warn_of_sockets(const struct comm *c, const json_t *places)
{
    struct text hosts = {0};
    const char *devices = NULL;
    int count = 0;
    for (int r = 0; r < c->world->ranks; r++) {
        const char *unused =
            json_string_value(json_object_get(json_array_get(places, (size_t)r), "unused_rdma"));
        if (!unused || c->world->local_rank_of_rank[r]) continue;
        if (!devices) devices = unused;
        if (count++ < NAMED_HOSTS)
            text_add(&hosts, "%s%s", count > 1 ? ", " : "", c->world->hosts[c->world->node_of_rank[r]]);
    }
    if (count)
        warn("NCCL uses TCP sockets on %d of %d hosts although they have RDMA devices (%s%s: %s): is the "
             "network plug-in missing?",
             count, c->world->nodes, text_get(&hosts), count > NAMED_HOSTS ? ", ..." : "", devices);
    text_free(&hosts);
}

/* Of all ranks, on rank 0; NULL elsewhere. */
static json_t *gather_places(struct comm *c, const json_t *gpu, const struct nccl_paths *paths)
{
    const struct world *w = c->world;
    char own[PLACE_TEXT] = "{}", *all = allocate((size_t)w->ranks, PLACE_TEXT);
    json_t *list = w->rank ? NULL : json_array();
    own_place(c, gpu, paths, own);
    if (MPI_Gather(own, PLACE_TEXT, MPI_CHAR, all, PLACE_TEXT, MPI_CHAR, 0, w->comm) == MPI_SUCCESS && list)
        for (int r = 0; r < w->ranks; r++) {
            json_t *place = json_loads(all + (size_t)r * PLACE_TEXT, 0, NULL);
            if (!place) place = json_object();
            json_object_set_new(place, "rank", json_integer(r));
            json_object_set_new(place, "host", json_string(w->hosts[w->node_of_rank[r]]));
            json_array_append_new(list, place);
        }
    free(all);
    if (list) warn_of_sockets(c, list);
    return list;
}

/* Where a domain spans hosts, --expect-domain means that NCCL uses its NVLink between them too. What is
 * asserted must be told. */
static enum status check_mnnvl(const struct comm *c, const struct nccl_paths *paths)
{
    bool first;
    int size = domain_size(c, c->world->rank, &first);
    if (!c->options.expect_domain || size <= c->world->local_ranks || paths->mnnvl == 1) return STATUS_OK;
    const char *domain = domain_of(c, c->world->rank);
    if (c->version < NCCL_VERSION(2, 20, 0))
        return fail(STATUS_ENVIRONMENT,
                    "--expect-domain %d: NVLink between the hosts of domain %s needs NCCL 2.20, not %d.%d",
                    c->options.expect_domain, domain, c->version / 10000, c->version / 100 % 100);
    if (paths->mnnvl == 0)
        return fail(STATUS_ENVIRONMENT,
                    "--expect-domain %d: NCCL does not use NVLink between the hosts of domain %s (MNNVL 0 on "
                    "%s): is IMEX running?",
                    c->options.expect_domain, domain, c->world->host);
    return fail(STATUS_ENVIRONMENT,
                "--expect-domain %d: NCCL does not tell whether it uses NVLink between the hosts of domain "
                "%s: unset NCCL_DEBUG, or set it to INFO",
                c->options.expect_domain, domain);
}

static enum status make_facts(struct comm *c, const struct nccl_debug *debug)
{
    struct nccl_paths paths = {.nvls = -1, .mnnvl = -1};
    FILE *file = debug->path[0] ? fopen(debug->path, "r") : NULL;
    if (file) nccl_debug_read(file, &paths);
    if (file) fclose(file);
    c->facts = json_object();
    json_t *nccl = nccl_paths_json(&paths), *gpu = device_facts(&c->device);
    json_object_set_new(nccl, "version", version_json(c->version));
    json_object_set_new(nccl, "built_with", version_json(NCCL_VERSION_CODE));
    json_object_set_new(nccl, "libraries", loaded_libraries("libnccl"));
    if (*nvml_driver(c->nvml)) json_object_set_new(gpu, "driver", json_string(nvml_driver(c->nvml)));
    json_object_set_new(c->facts, "nccl", nccl);
    json_object_set_new(c->facts, "gpu", gpu);
    json_t *places = gather_places(c, gpu, &paths);
    if (places) json_object_set_new(c->facts, "gpus", places);
    return agree(c, check_mnnvl(c, &paths));
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
        cudaFree(c->device_verdict);
        if (c->verdict) cudaFreeHost(c->verdict);
        if (c->gate) cudaFreeHost(c->gate);
        if (c->stop) cudaEventDestroy(c->stop);
        if (c->start) cudaEventDestroy(c->start);
        if (c->stream) cudaStreamDestroy(c->stream);
    }
    nvml_close(c->nvml);
    json_decref(c->facts);
    free(c->domains);
    free(c);
}

/* The library has what a registration needs, and so had the headers that this was built with. */
static enum status refuse_registration(const struct comm *c)
{
    static const int least[] = {0, NCCL_VERSION(2, 19, 0), NCCL_VERSION(2, 27, 0)};
    const int kind = c->options.registration, needed = kind > 0 && kind <= 2 ? least[kind] : 0;
    if (c->version < needed)
        return fail(STATUS_ENVIRONMENT, "-R %d needs NCCL %d.%d, not %d.%d", kind, needed / 10000,
                    needed / 100 % 100, c->version / 10000, c->version / 100 % 100);
    if (NCCL_VERSION_CODE < needed)
        return fail(STATUS_ENVIRONMENT, "-R %d needs a plug-in built with NCCL %d.%d or later, not %d.%d",
                    kind, needed / 10000, needed / 100 % 100, NCCL_MAJOR, NCCL_MINOR);
    return STATUS_OK;
}

static enum status open_steps(struct comm *c, struct nccl_debug *debug)
{
    const struct world *w = c->world;
    enum status status = nccl_status(c, ncclGetVersion(&c->version), "ncclGetVersion");
    if (!status && c->version < NCCL_VERSION(2, 18, 0))
        status = fail(STATUS_ENVIRONMENT, "NCCL %d.%d is too old: 2.18 or later is needed",
                      c->version / 10000, c->version / 100 % 100);
    if (!status) status = refuse_registration(c);
    if (!status) status = device_open(w->local_rank, &c->device);
    status = agree(c, status);
    if (!status) status = refuse_shared(c);
    if (status) return status;
    c->nvml = nvml_open(c->device.uuid, c->device.pci);
    status = gather_domains(c);
    if (!status) status = check_domains(c);
    if (!status) status = connect_ranks(c);
    if (!status) status = make_tools(c);
    if (!status)
        status = nccl_align(c); /* connects the ranks: what NCCL tells of its paths is complete then */
    if (!status) status = nccl_drain(c);
    status = agree(c, status);
    return status ? status : make_facts(c, debug);
}

static enum status nccl_open(const struct world *world, const struct backend_options *options,
                             struct comm **comm)
{
    struct nccl_debug debug;
    if (options->memory && strcmp(options->memory, "device") != 0)
        return fail(STATUS_USAGE, "the nccl backend has device memory only, not '%s'", options->memory);
    struct comm *c = allocate(1, sizeof *c);
    c->world = world;
    c->options = *options;
    c->held_calls = HELD_CALLS;
    nccl_debug_capture(&debug, world->host);
    enum status status = open_steps(c, &debug);
    nccl_debug_close(&debug);
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
    else if ((id == ALL_TO_ALL || id == SEND_RECV) && call->in_place)
        *reason = "NCCL cannot do this in place";
    else if (id == SCATTER && call->in_place)
        *reason = "in place, scatter leaves the root's part in its send buffer";
    return *reason ? STATUS_UNSUPPORTED : STATUS_OK;
}

static size_t nccl_free_bytes(struct comm *c)
{
    return device_free_bytes(&c->device, c->sharers) + c->block.bytes;
}

static void nccl_facts(struct comm *c, struct launch_header *header)
{
    json_object_update(header->facts, c->facts);
    if (c->device.emulated) device_provenance(header->provenance);
    header->domains = domain_count(c);
    for (size_t node = 0; node < header->host_count; node++) {
        struct world_host *host = &header->hosts[node];
        for (int r = c->world->ranks - 1; r >= 0; r--)
            if (c->world->node_of_rank[r] == (int)node) host->domain = domain_of(c, r);
        host->gpus = c->world->ranks_on_node[node] / (c->sharers > 0 ? c->sharers : 1);
    }
}

/* From the watchdog's thread: calls return, kernels end, and the waiting thread sees the flag. */
static void nccl_abort(struct comm *c)
{
    atomic_store(&c->aborted, true);
    if (c->nccl) ncclCommAbort(c->nccl);
}

static void nccl_watch_start(struct comm *c)
{
    if (c->nvml) nvml_watch_start(c->nvml);
}

/* The worst of all ranks, on rank 0. */
static json_t *nccl_watch_stop(struct comm *c)
{
    enum { FIELDS = sizeof(struct nvml_window) / sizeof(double) };
    struct nvml_window own = {.looks = 0}, *all = NULL;
    json_t *json = NULL;
    if (c->nvml) nvml_watch_stop(c->nvml, &own);
    if (c->world->rank == 0) all = allocate((size_t)c->world->ranks, sizeof *all);
    if (MPI_Gather(&own, FIELDS, MPI_DOUBLE, all, FIELDS, MPI_DOUBLE, 0, c->world->comm) == MPI_SUCCESS &&
        all) {
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

/* For "auto". */
__attribute__((visibility("default"))) int busbar_device_count(void);
int busbar_device_count(void)
{
    return device_count();
}

extern const struct backend busbar_backend;
__attribute__((visibility("default"))) const struct backend busbar_backend = {
    .name = "nccl",
    .about = "NCCL on GPU memory, one rank for each GPU",
    .capabilities = CAN_DEVICE_MEMORY | CAN_ALIGN | CAN_GRAPH | CAN_REGISTER,
    .open = nccl_open,
    .supports = nccl_supports,
    .free_bytes = nccl_free_bytes,
    .alloc = nccl_alloc,
    .free = nccl_free,
    .fill = nccl_fill,
    .check = nccl_check,
    .corrupt = nccl_corrupt,
    .prepare = nccl_prepare,
    .run = nccl_run,
    .domain = nccl_domain,
    .facts = nccl_facts,
    .abort = nccl_abort,
    .close = close_comm,
    .watch_start = nccl_watch_start,
    .watch_stop = nccl_watch_stop,
};
