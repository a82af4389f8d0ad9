#include "measure/case_buffers.h"
#include "backend/memory.h"
#include "backend/mpi_status.h"
#include "base/units.h"
#include "launch/world.h"

#include <stdio.h>

static size_t slots_wanted(const struct launch_state *l, size_t bytes)
{
    bool on_device = l->backend->capabilities & CAN_DEVICE_MEMORY && l->settings.memory != MEMORY_HOST;
    if (l->settings.cache != CACHE_COLD) return 1;
    return memory_cold_slots(on_device, l->driver.machine.last_level_bytes, l->driver.world.local_ranks,
                             bytes);
}

static void refuse(struct measured *m, enum status status, const char *reason)
{
    m->status = status;
    snprintf(m->reason, sizeof m->reason, "%s", reason);
}

/* A call whose received data are undefined counts as unsupported, except with --format nccl-tests: nccl-tests
   times it too. */
static enum status supports(const struct launch_state *l, const struct split *split, const struct call *call,
                            const char **reason)
{
    enum status status = split->backend->supports(split->comm, call, reason);
    bool timed = !*reason || l->settings.driver.format == FORMAT_NCCL_TESTS;
    return status || timed ? status : STATUS_UNSUPPORTED;
}

/* Collective, including ranks that sit out. reason: why the received data are undefined; NULL: they are
   defined. */
static void note_undefined(const struct launch_state *l, struct measured *m, const char *reason)
{
    int undefined = reason != NULL;
    mpi_must(MPI_Allreduce(MPI_IN_PLACE, &undefined, 1, MPI_INT, MPI_MAX, l->driver.world.comm));
    m->undefined = undefined;
    if (undefined)
        snprintf(m->reason, sizeof m->reason, "not checked%s%s", reason ? ": " : "", reason ? reason : "");
}

/* Collective. *needed: the most bytes that any rank needs for one slot of the case. *available: nine tenths
   of the least memory that is free on any rank. */
static void needed_and_free(const struct launch_state *l, const struct measured *m, uint64_t *needed,
                            uint64_t *available)
{
    const struct split *split = m->split;
    size_t send = 0, recv = 0;
    bool idle = !split->comm; /* sits out: needs nothing */
    if (!idle) cases_buffer_bytes(&m->call, split->ranks, split->world.rank, &send, &recv);
    uint64_t own[2] = {UINT64_MAX - (send + recv),
                       idle ? UINT64_MAX : split->backend->free_bytes(split->comm) / 10 * 9},
             least[2];
    mpi_must(MPI_Allreduce(own, least, 2, MPI_UINT64_T, MPI_MIN, l->driver.world.comm));
    *needed = UINT64_MAX - least[0];
    *available = least[1];
}

/* An upper bound on the memory of a send and a receive buffer of `needed` bytes together, each rounded up to
   whole pages. */
static uint64_t in_whole_pages(uint64_t needed)
{
    return needed + 2 * memory_stride(1);
}

enum status case_buffers_give(struct launch_state *l, struct measured *m, struct buffers *buffers)
{
    size_t send = 0, recv = 0;
    const char *reason = NULL;
    const struct split *split = m->split;
    bool idle = !split->comm; /* sits out: counts as STATUS_OK */
    uint64_t needed, available;
    if (!idle) cases_buffer_bytes(&m->call, split->ranks, split->world.rank, &send, &recv);
    needed_and_free(l, m, &needed, &available);
    uint64_t whole_pages = in_whole_pages(needed);
    enum status status = whole_pages > available ? STATUS_TOO_LARGE
                         : idle                  ? STATUS_OK
                                                 : supports(l, split, &m->call, &reason);
    if (!is_world(split->name)) status = agree_over(l->driver.world.comm, status);
    if (!status) {
        size_t slots = slots_wanted(l, needed), most = available / 4 / whole_pages;
        if (slots > most) slots = most ? most : 1;
        *buffers = (struct buffers){.slots = slots};
        status =
            agree_over(l->driver.world.comm,
                       idle ? STATUS_OK : split->backend->alloc(split->comm, send, recv, slots, buffers));
        /* Another rank may have failed alone. */
        if (status && buffers->memory) split->backend->free(split->comm, buffers);
    }
    if (status == STATUS_UNSUPPORTED) {
        refuse(m, status, reason ? reason : "the backend cannot do this");
        return STATUS_OK;
    }
    if (status == STATUS_TOO_LARGE) {
        char a[UNIT_TEXT], b[UNIT_TEXT], text[200];
        snprintf(text, sizeof text, "%s of buffers for each rank, %s free", format_size(needed, a),
                 format_size(available, b));
        refuse(m, status, text);
        return STATUS_OK;
    }
    m->call.buffers = buffers;
    if (m->slot >= buffers->slots) m->slot = 0;
    if (!status) note_undefined(l, m, reason);
    return status;
}

enum status case_buffers_fill(struct launch_state *l, struct measured *m)
{
    const struct split *split = m->split;
    size_t group =
        ((size_t)split->index * DTYPE_COUNT + (size_t)m->call.dtype) * OP_COUNT + (size_t)m->call.op;
    if (!split->comm || (m->filled && group == l->filled_group)) return STATUS_OK;
    struct pulse *pulse = watch_pulse(l->driver.watch);
    atomic_store(&pulse->stage, STAGE_WORKING);
    for (size_t slot = 0; slot < m->call.buffers->slots; slot++) {
        enum status status = split->backend->fill(split->comm, &m->call, slot, (uint64_t)l->settings.seed);
        if (status) return status;
    }
    atomic_store(&pulse->stage, STAGE_BETWEEN);
    m->filled = true;
    l->filled_group = group;
    return STATUS_OK;
}

/* Collective. Registers the buffers of a split for its largest case that fits. */
static enum status reserve(struct launch_state *l, const struct split *split)
{
    struct measured *largest = NULL;
    uint64_t most = 0;
    for (size_t i = 0; i < l->cases.count; i++) {
        struct measured *m = &l->cases.list[i];
        uint64_t needed, available;
        if (m->status || m->split != split) continue;
        needed_and_free(l, m, &needed, &available);
        if (in_whole_pages(needed) > available || needed <= most) continue;
        largest = m;
        most = needed;
    }
    struct buffers buffers = {0};
    if (!largest) return STATUS_OK;
    enum status status = case_buffers_give(l, largest, &buffers);
    if (!status && largest->call.buffers && split->comm) split->backend->free(split->comm, &buffers);
    largest->call.buffers = NULL;
    return status;
}

enum status case_buffers_open(struct launch_state *l, const struct measured *m)
{
    struct split *split = &l->splits.list[m->split->index];
    bool fresh = false;
    enum status status = split_open(&l->splits, split, &fresh);
    if (!fresh) return STATUS_OK;
    l->filled_group = SIZE_MAX; /* its buffers hold nothing yet */
    status = agree_over(l->driver.world.comm, status);
    return status || !l->settings.registration || l->settings.largest ? status : reserve(l, split);
}

enum status case_buffers_ask(struct launch_state *l)
{
    for (size_t i = 0; i < l->cases.count; i++) {
        struct measured *m = &l->cases.list[i];
        uint64_t needed, available;
        enum status status = case_buffers_open(l, m);
        if (status) return status;
        needed_and_free(l, m, &needed, &available);
        if (in_whole_pages(needed) > available) m->status = STATUS_TOO_LARGE;
    }
    return STATUS_OK;
}
