#include "simulate/simulated.h"
#include "backend/memory.h"
#include "backend/mpi_status.h"
#include "base/cgroup.h"
#include "base/clock.h"
#include "base/text.h"
#include "kernels/pattern.h"
#include "simulate/platform.h"
#include "simulate/rings.h"

#include <limits.h>
#include <math.h>
#include <simgrid/actor.h>
#include <smpi/smpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DOMAIN_NAME = 16 };

struct comm {
    const struct world *world;
    struct levels levels;
    char (*names)[DOMAIN_NAME]; /* of the domains */
    bool has_data;
    char *shared; /* without data: scratch memory of all ranks, which rank 0 has allocated */
    size_t shared_bytes;
};

/* The memory of struct buffers: slots with a send, a receive and a scratch part. NULL without data. */
struct parts {
    char *base;
    size_t send, stride, scratch_at;
};

/* ---- opening ---- */

static struct ring ring_of(MPI_Comm of, int color, int key)
{
    struct ring ring;
    mpi_must(MPI_Comm_split(of, color, key, &ring.comm));
    mpi_must(MPI_Comm_rank(ring.comm, &ring.rank));
    mpi_must(MPI_Comm_size(ring.comm, &ring.ranks));
    return ring;
}

static void simulated_close(struct comm *c)
{
    if (c->shared && c->world->rank == 0) SMPI_SHARED_FREE(c->shared);
    mpi_must(MPI_Comm_free(&c->levels.domain.comm));
    mpi_must(MPI_Comm_free(&c->levels.rail.comm));
    free(c->names);
    free(c);
}

/* Collective. Whether every rank r is GPU r % G of domain r / G. */
static bool is_in_order(const struct comm *c)
{
    int own = c->levels.rail.rank * c->levels.domain.ranks + c->levels.domain.rank == c->world->rank &&
              c->levels.rail.ranks * c->levels.domain.ranks == c->world->ranks,
        all;
    mpi_must(MPI_Allreduce(&own, &all, 1, MPI_INT, MPI_MIN, c->world->comm));
    return all;
}

static enum status simulated_open(const struct world *world, const struct backend_options *options,
                                  struct comm **comm)
{
    (void)options;
    struct comm *c = allocate(1, sizeof *c);
    c->world = world;
    c->has_data = same(platform_machine("data"), "yes");
    c->levels.chunks = atoi(platform_machine("chunks"));
    c->levels.domain = ring_of(world->comm, atoi(platform_gpu("domain")), world->rank);
    c->levels.rail = ring_of(world->comm, c->levels.domain.rank, world->rank);
    if (c->levels.chunks < 1 || c->levels.chunks > CHUNKS_MOST || !is_in_order(c)) {
        simulated_close(c);
        return fail(STATUS_ENVIRONMENT,
                    "the platform file is not as scripts/simulate writes it: 1 to %d chunks, and ranks that "
                    "fill NVLink domains of equal size, one after the other",
                    CHUNKS_MOST);
    }
    c->names = allocate((size_t)c->levels.rail.ranks, sizeof *c->names);
    for (int d = 0; d < c->levels.rail.ranks; d++) snprintf(c->names[d], DOMAIN_NAME, "%d", d);
    *comm = c;
    return STATUS_OK;
}

/* ---- what can be simulated ---- */

static MPI_Datatype type_of(size_t size)
{
    return size == 1 ? MPI_UINT8_T : size == 2 ? MPI_UINT16_T : size == 4 ? MPI_FLOAT : MPI_DOUBLE;
}

static MPI_Op op_of(enum op op)
{
    return op == OP_SUM    ? MPI_SUM
           : op == OP_PROD ? MPI_PROD
           : op == OP_MAX  ? MPI_MAX
           : op == OP_MIN  ? MPI_MIN
                           : MPI_OP_NULL;
}

static enum status simulated_supports(struct comm *c, const struct call *call, const char **reason)
{
    bool reduces = call->collective->reduces;
    *reason = NULL;
    if (call->collective->id != ALL_REDUCE && call->collective->id != ALL_GATHER)
        *reason = "all_reduce and all_gather are simulated, no others";
    else if (reduces && call->dtype != DTYPE_FLOAT && call->dtype != DTYPE_DOUBLE)
        *reason = "reductions of float and double are simulated, no others";
    else if (reduces && op_of(call->op) == MPI_OP_NULL)
        *reason = "the reductions sum, prod, max and min are simulated, no others";
    else if (levels_scratch(&c->levels, call->count * dtypes[call->dtype].size) / (size_t)c->levels.chunks >=
             INT_MAX)
        *reason = "SimGrid has no messages of 2 GiB and more: more chunks make them smaller";
    return *reason ? STATUS_UNSUPPORTED : STATUS_OK;
}

/* ---- buffers ---- */

/* Without data, cases need almost no memory. */
static size_t simulated_free_bytes(struct comm *c)
{
    return c->has_data ? memory_available("") / (size_t)c->world->ranks : SIZE_MAX / 16;
}

/* Allocates one scratch area for all ranks: they are threads of one process and can use rank 0's address.
   SMPI_SHARED_MALLOC maps the whole area to one megabyte, and SimGrid does not copy messages from it. */
static enum status share_scratch(struct comm *c, size_t bytes)
{
    if (bytes <= c->shared_bytes) return STATUS_OK;
    if (c->world->rank == 0) {
        if (c->shared) SMPI_SHARED_FREE(c->shared);
        c->shared = SMPI_SHARED_MALLOC(bytes);
    }
    mpi_must(MPI_Bcast(&c->shared, (int)sizeof c->shared, MPI_BYTE, 0, c->world->comm));
    c->shared_bytes = c->shared ? bytes : 0;
    return c->shared ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status simulated_alloc(struct comm *c, size_t send_bytes, size_t recv_bytes, size_t slots,
                                   struct buffers *b)
{
    size_t whole = send_bytes > recv_bytes ? send_bytes : recv_bytes;
    size_t scratch = levels_scratch(&c->levels, whole);
    *b = (struct buffers){send_bytes, recv_bytes, slots, NULL};
    if (!c->has_data) return share_scratch(c, scratch);
    size_t send = memory_stride(send_bytes), recv = memory_stride(recv_bytes);
    struct parts *parts = allocate(1, sizeof *parts);
    *parts = (struct parts){NULL, send, send + recv + memory_stride(scratch), send + recv};
    parts->base = malloc(slots * parts->stride);
    b->memory = parts;
    return parts->base ? STATUS_OK : STATUS_TOO_LARGE;
}

static void simulated_free(struct comm *c, struct buffers *b)
{
    (void)c;
    struct parts *parts = b->memory;
    if (parts) free(parts->base);
    free(parts);
    *b = (struct buffers){0};
}

static char *slot_at(const struct buffers *b, size_t slot)
{
    const struct parts *parts = b->memory;
    return parts->base + slot * parts->stride;
}

static char *recv_at(const struct buffers *b, size_t slot)
{
    return slot_at(b, slot) + ((const struct parts *)b->memory)->send;
}

/* The place of this rank's input in the receive buffer. */
static char *own_part(const struct comm *c, const struct call *call, size_t slot)
{
    const struct layout layout = call_layout(call, c->world);
    struct extent e = call->collective->extent(&layout);
    return recv_at(call->buffers, slot) + e.in_place_at * dtypes[call->dtype].size;
}

static struct pattern pattern_of(const struct comm *c, const struct call *call, uint64_t seed)
{
    return (struct pattern){seed, c->world->ranks, call->dtype, call->op, call->collective->reduces};
}

static enum status simulated_fill(struct comm *c, const struct call *call, size_t slot, uint64_t seed)
{
    if (!c->has_data) return STATUS_OK;
    const struct pattern pattern = pattern_of(c, call, seed);
    const struct layout layout = call_layout(call, c->world);
    struct extent e = call->collective->extent(&layout);
    pattern_poison(recv_at(call->buffers, slot), call->buffers->recv_bytes);
    pattern_fill(&pattern, c->world->rank, 0, e.send,
                 call->in_place ? own_part(c, call, slot) : slot_at(call->buffers, slot));
    return STATUS_OK;
}

static enum status simulated_check(struct comm *c, const struct call *call, size_t slot, uint64_t seed,
                                   struct verdict *verdict)
{
    if (!c->has_data)
        return fail(STATUS_USAGE, "there is nothing to verify where messages carry no data: use -c 0");
    const struct pattern pattern = pattern_of(c, call, seed);
    size_t size = dtypes[call->dtype].size;
    const struct layout layout = call_layout(call, c->world);
    struct expectation e;
    *verdict = (struct verdict){0};
    for (int k = 0; call->collective->expect(&layout, k, &e); k++) {
        uint64_t first = 0, wrong = pattern_check(&pattern, e.source, e.source_at, e.count,
                                                  recv_at(call->buffers, slot) + e.recv_at * size, &first);
        if (wrong && !verdict->wrong) verdict->first = e.recv_at + first;
        verdict->wrong += wrong;
    }
    return STATUS_OK;
}

static enum status simulated_corrupt(struct comm *c, const struct call *call, size_t slot)
{
    if (!c->has_data || !call->count) return STATUS_UNSUPPORTED;
    *recv_at(call->buffers, slot) ^= 0x10;
    return STATUS_OK;
}

/* ---- one sample ---- */

static enum status operate(struct comm *c, const struct call *call, size_t slot)
{
    size_t size = dtypes[call->dtype].size;
    struct elements e = {.type = type_of(size),
                         .op = call->collective->reduces ? op_of(call->op) : MPI_OP_NULL,
                         .size = size,
                         .scratch = c->shared};
    if (c->has_data) {
        const struct layout layout = call_layout(call, c->world);
        struct extent extent = call->collective->extent(&layout);
        e.data = recv_at(call->buffers, slot);
        e.scratch = slot_at(call->buffers, slot) + ((const struct parts *)call->buffers->memory)->scratch_at;
        if (!call->in_place)
            memcpy(own_part(c, call, slot), slot_at(call->buffers, slot), extent.send * size);
    }
    int error = call->collective->id == ALL_REDUCE ? levels_all_reduce(&c->levels, &e, call->count)
                                                   : levels_all_gather(&c->levels, &e, call->count);
    mpi_require(error, "MPI_Isend");
    return STATUS_OK;
}

/* Lets all ranks start at the same moment: one second after the latest of them, which a reduction finds. The
   reduction takes far less than that second. */
static enum status start_together(const struct comm *c)
{
    double now = clock_s(), latest;
    mpi_must(MPI_Allreduce(&now, &latest, 1, MPI_DOUBLE, MPI_MAX, c->world->comm));
    double left = latest + 1 - clock_s();
    if (left < 0)
        return fail(STATUS_ENVIRONMENT, "the simulated ranks need more than a second to start together");
    sg_actor_sleep_until(latest + 1);
    return STATUS_OK;
}

static enum status run_from(double start, struct comm *c, const struct call *call, int batch, size_t *slot,
                            struct timing *timing)
{
    enum status status = STATUS_OK;
    for (int i = 0; i < batch && !status; i++) {
        status = operate(c, call, *slot);
        *slot = (*slot + 1) % call->buffers->slots;
    }
    *timing = (struct timing){.elapsed_s = clock_s() - start, .start_s = NAN, .end_s = NAN};
    return status;
}

static enum status simulated_run(struct comm *c, const struct call *call, int batch, size_t *slot,
                                 struct timing *timing)
{
    enum status status = call->start ? call->start(call->starter) : start_together(c);
    return status ? status : run_from(clock_s(), c, call, batch, slot, timing);
}

static enum status simulated_run_on_host(struct comm *c, const struct call *call, int batch, size_t *slot,
                                         struct timing *timing)
{
    enum status status = call->start ? call->start(call->starter) : STATUS_OK;
    const double start = clock_s();
    if (!status) status = run_from(start, c, call, batch, slot, timing);
    timing->start_s = start;
    timing->end_s = clock_s();
    return status;
}

/* ---- the record ---- */

/* Keeps only facts about the programs. Processors and memory are those of the machine that runs the
   simulator. */
static void keep_facts(json_t *facts)
{
    static const char *const kept[] = {"busbar", "git", "mpi", NULL};
    json_t *all = json_copy(facts);
    json_object_clear(facts);
    for (size_t i = 0; kept[i]; i++)
        if (json_object_get(all, kept[i])) json_object_set(facts, kept[i], json_object_get(all, kept[i]));
    json_decref(all);
}

static json_t *simulation_facts(const struct comm *c)
{
    static const char *const numbers[] = {"nvlink_gbps", "nic_gbps",          "nvlink_factor",
                                          "nic_factor",  "nvlink_latency_us", "nic_latency_us",
                                          NULL};
    json_t *facts = json_object();
    for (size_t i = 0; numbers[i]; i++)
        json_object_set_new(facts, numbers[i], json_real(strtod(platform_machine(numbers[i]), NULL)));
    json_object_set_new(facts, "domain_gpus", json_integer(c->levels.domain.ranks));
    json_object_set_new(facts, "algorithm", json_string("rings on two levels"));
    json_object_set_new(facts, "chunks", json_integer(c->levels.chunks));
    json_object_set_new(facts, "data", json_boolean(c->has_data));
    return facts;
}

static void name_domains(struct comm *c, struct launch_header *header)
{
    header->domains = c->levels.rail.ranks;
    for (int rank = 0; rank < c->world->ranks; rank++) {
        struct world_host *host = &header->hosts[c->world->node_of_rank[rank]];
        host->domain = c->names[rank / c->levels.domain.ranks];
        host->gpus = host->ranks;
    }
}

static void simulated_facts(struct comm *c, struct launch_header *header)
{
    keep_facts(header->facts);
    json_object_set_new(header->facts, "simulation", simulation_facts(c));
    json_object_set_new(header->facts, "gpu", json_pack("{ss}", "model", platform_machine("gpu")));
    json_object_clear(header->env);
    json_array_clear(header->provenance);
    launch_add_provenance(header, PROVENANCE_SIMULATED);
    name_domains(c, header);
}

static const char *simulated_domain(struct comm *c)
{
    return c->names[c->levels.rail.rank];
}

#define MEMBERS                                                                                              \
    .open = simulated_open, .supports = simulated_supports, .free_bytes = simulated_free_bytes,              \
    .alloc = simulated_alloc, .free = simulated_free, .fill = simulated_fill, .check = simulated_check,      \
    .corrupt = simulated_corrupt, .facts = simulated_facts, .domain = simulated_domain,                      \
    .close = simulated_close

const struct backend backend_simulated = {.name = "simulated",
                                          .about = "rings on two levels, in SimGrid",
                                          .capabilities = CAN_DEVICE_MEMORY | CAN_ALIGN,
                                          .run = simulated_run,
                                          MEMBERS};

const struct backend backend_simulated_host = {.name = "simulated-host",
                                               .about = "the same, started and timed by the host",
                                               .capabilities = CAN_DEVICE_MEMORY | CAN_HOST_CLOCK,
                                               .run = simulated_run_on_host,
                                               MEMBERS};
