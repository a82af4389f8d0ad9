/* Opens and closes what a step needs: communicators, buffers and matrices. */
#include "backend/memory.h"
#include "backend/mpi_status.h"
#include "base/text.h"
#include "launch/world.h"
#include "step/step.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_SLOTS = 64 };

static enum status agree(const struct step_launch *l, enum status own)
{
    return agree_over(l->driver.world.comm, own);
}

/* Preparing may take long: shows the watchdog that this rank has done a part of it. */
static void mark(const struct step_launch *l)
{
    pulse_step(watch_pulse(l->driver.watch), STAGE_BETWEEN);
}

/* ---- communicators ---- */

static struct backend_options options_of(const struct step_launch *l)
{
    const struct step_settings *s = &l->settings;
    return (struct backend_options){.cold = s->sides.cache == CACHE_COLD,
                                    .seed = (uint64_t)s->seed,
                                    .registration =
                                        (enum registration)(REGISTRATION_NONE + s->sides.registration),
                                    .cta = s->sides.cta,
                                    .fault = s->fault.backend,
                                    .steps = &watch_pulse(l->driver.watch)->steps};
}

static enum status open_group(struct step_launch *l, struct channel *channel)
{
    const struct world *w = &l->driver.world;
    const struct backend_options options = options_of(l);
    struct text words = {0};
    struct split *split = &l->splits.list[l->splits.count];
    *split =
        (struct split){.name = duplicate(channel->axes ? axes_words(channel->axes, &words) : "all ranks"),
                       .index = (int)l->splits.count,
                       .group_of_rank = allocate((size_t)w->ranks, sizeof *split->group_of_rank)};
    text_free(&words);
    l->splits.count++;
    for (int r = 0; r < w->ranks; r++) {
        split->group_of_rank[r] = schedule_group(&l->schedule, channel->axes, r);
        if (split->group_of_rank[r] >= split->groups) split->groups = split->group_of_rank[r] + 1;
    }
    enum status status = agree(l, split_open_alone(w, l->plain, &options, split));
    if (!status && *split->reason)
        status = fail(STATUS_ENVIRONMENT, "group %s: %s", split->name, split->reason);
    channel->world = &split->world;
    channel->backend = split->backend;
    channel->comm = split->comm;
    return status;
}

static struct channel *channel_of(struct step_launch *l, const struct step_call *call)
{
    for (size_t i = 0; i < l->channel_count; i++)
        if (l->channels[i].axes == call->axes && l->channels[i].dtype == call->dtype) return &l->channels[i];
    return NULL;
}

/* The first channel of all ranks uses the launch's communicator. */
static enum status open_channel(struct step_launch *l, const struct step_call *call, bool *taken)
{
    struct channel *channel = &l->channels[l->channel_count++];
    *channel = (struct channel){.axes = call->axes, .dtype = call->dtype};
    if (*taken || call->ranks != l->driver.world.ranks) return open_group(l, channel);
    *taken = true;
    channel->world = &l->driver.world;
    channel->backend = l->backend;
    channel->comm = l->comm;
    return STATUS_OK;
}

enum status step_open_channels(struct step_launch *l)
{
    const struct schedule *s = &l->schedule;
    const struct backend_options options = options_of(l);
    l->plain = backend_find(l->settings.backend);
    enum status status = agree(l, l->plain ? STATUS_OK : STATUS_ENVIRONMENT);
    if (status) return status;
    l->backend = l->plain;
    if (same(l->plain->name, "nccl")) watch_asks_ras(l->driver.watch);
    status = agree(l, backend_open(&l->backend, &l->driver.world, &options, &l->comm));
    if (status) return status;
    /* The lists never move: backends keep pointers to the worlds of splits. */
    l->channels = allocate(s->call_count, sizeof *l->channels);
    l->splits =
        (struct splits){.list = allocate(s->call_count, sizeof *l->splits.list), .whole = l->driver.world};
    bool taken = false;
    for (size_t i = 0; i < s->call_count && !status; i++)
        if (!channel_of(l, &s->calls[i])) status = open_channel(l, &s->calls[i], &taken);
    if (!status) atomic_store(&l->endable, true);
    return status;
}

/* ---- buffers ---- */

/* Records why the step cannot run here: the row and the reason. */
static void refuse(struct step_launch *l, enum status status, const struct workload_row *row,
                   const char *reason)
{
    l->status = status;
    snprintf(l->reason, sizeof l->reason, "%.80s, line %zu (%.40s): %.160s", l->settings.workloads.path,
             row->line, row->part, reason ? reason : "another rank cannot do this");
}

/* Collective. Sets up a call, and asks whether the backend can run it. */
static enum status make_call(struct step_launch *l, size_t at)
{
    const struct step_call *c = &l->schedule.calls[at];
    const struct channel *channel = channel_of(l, c);
    const char *reason = NULL;
    struct imbalance *imbalance = NULL;
    size_t count = 0;
    char words[128];
    enum status status = STATUS_OK;
    struct call *call = &l->calls[at].call;
    l->calls[at] = (struct pair_call){.backend = channel->backend, .comm = channel->comm, .count = 1};
    *call = (struct call){.collective = c->row->collective,
                          .dtype = c->dtype,
                          .op = OP_SUM,
                          .count = c->count,
                          .aggregate = 1,
                          .nonblocking = c->beside && l->settings.sides.progress == OVERLAP_NONBLOCKING,
                          .mode = MODE_NCCL_TESTS, /* by the host's clock, and without the device's barrier */
                          .stage = &watch_pulse(l->driver.watch)->stage};
    if (c->row->imbalance) {
        status = agree(l, imbalances_read(c->row->imbalance, &imbalance, &count));
        if (status) return status;
        l->imbalances[at] = imbalance;
        if (!traffic_make(imbalance, c->ranks, &l->traffics[at], words, sizeof words))
            status = STATUS_UNSUPPORTED, reason = words;
        call->traffic = &l->traffics[at];
    }
    if (!status && !collective_runs(call->collective, c->ranks))
        status = STATUS_UNSUPPORTED, reason = "the number of ranks must be a power of two";
    if (!status && !c->count)
        status = STATUS_UNSUPPORTED, reason = "fewer bytes than one element for each rank";
    if (!status) status = channel->backend->supports(channel->comm, call, &reason);
    status = agree(l, status);
    if (status >= STATUS_UNSUPPORTED) refuse(l, status, c->row, reason);
    return status < STATUS_UNSUPPORTED ? status : STATUS_OK;
}

/* Collective. Allocates buffers that fit the largest call of the channel. With a cold cache it takes enough
   slots for the smallest call to rotate through more memory than the caches hold, if the memory suffices. */
static enum status take_buffers(struct step_launch *l, struct channel *channel)
{
    const struct driver *d = &l->driver;
    const struct workload_row *largest = NULL;
    size_t send = 0, recv = 0, least = SIZE_MAX;
    for (size_t i = 0; i < l->schedule.call_count; i++) {
        if (channel_of(l, &l->schedule.calls[i]) != channel) continue;
        const struct call *call = &l->calls[i].call;
        const struct layout layout = call_layout(call, channel->world);
        const struct extent e = call->collective->extent(&layout);
        const size_t size = dtypes[call->dtype].size, bytes = (e.send + e.recv) * size;
        if (!largest || bytes > send + recv) largest = l->schedule.calls[i].row;
        if (e.send * size > send) send = e.send * size;
        if (e.recv * size > recv) recv = e.recv * size;
        if (bytes < least) least = bytes;
    }
    const size_t room = channel->backend->free_bytes(channel->comm) / 10 * 9,
                 needed = send + recv + 2 * memory_stride(1);
    size_t slots = 1;
    if (l->settings.sides.cache == CACHE_COLD)
        slots = memory_cold_slots(l->engine->memory == MEMORY_DEVICE, d->machine.last_level_bytes,
                                  d->world.local_ranks, least);
    if (slots > room / 8 / needed) slots = room / 8 / needed;
    uint64_t agreed = slots < 1 ? 1 : slots > MOST_SLOTS ? MOST_SLOTS : slots;
    mpi_must(MPI_Allreduce(MPI_IN_PLACE, &agreed, 1, MPI_UINT64_T, MPI_MIN, d->world.comm));
    enum status status = agree(l, needed > room ? STATUS_TOO_LARGE : STATUS_OK);
    if (!status)
        status =
            agree(l, channel->backend->alloc(channel->comm, send, recv, (size_t)agreed, &channel->buffers));
    if (status >= STATUS_UNSUPPORTED) refuse(l, status, largest, "the buffers do not fit into free memory");
    for (size_t i = 0; i < l->schedule.call_count; i++)
        if (channel_of(l, &l->schedule.calls[i]) == channel) l->calls[i].call.buffers = &channel->buffers;
    return status < STATUS_UNSUPPORTED ? status : STATUS_OK;
}

/* The calls of a channel share its buffers, so the last pattern stays. Reductions come last: the other
   patterns may be denormal numbers or NaNs if they are added, which is slow. */
enum status step_fill(struct step_launch *l)
{
    enum status status = STATUS_OK;
    for (int reduces = 0; reduces < 2; reduces++)
        for (size_t i = 0; i < l->schedule.call_count && !status; i++) {
            struct channel *channel = channel_of(l, &l->schedule.calls[i]);
            struct call *call = &l->calls[i].call;
            if (call->collective->reduces != reduces) continue;
            for (size_t slot = 0; slot < channel->buffers.slots && !status; slot++)
                status = channel->backend->fill(channel->comm, call, slot, (uint64_t)l->settings.seed);
            mark(l);
        }
    for (size_t i = 0; i < l->schedule.call_count && !status; i++)
        if (l->calls[i].backend->prepare)
            status = l->calls[i].backend->prepare(l->calls[i].comm, &l->calls[i].call, 1);
    return agree(l, status);
}

/* ---- matrices ---- */

static enum status make_product(struct step_launch *l, size_t at)
{
    const struct step_product *p = &l->schedule.products[at];
    struct gemm_problem problem = {
        .type = p->type, .m = p->m, .n = p->n, .k = p->k, .seed = (uint64_t)l->settings.seed};
    const char *reason = NULL;
    strcpy(problem.layout, l->engine->memory == MEMORY_DEVICE ? "TN" : "NN");
    enum status status = l->engine->supports(l->gemm, &problem, &reason);
    if (!status) {
        status = l->engine->prepare(l->gemm, &problem, &l->products[at].work);
        if (status == STATUS_UNSUPPORTED) reason = "the library offers no algorithm for it";
        if (status == STATUS_TOO_LARGE) reason = "the matrices do not fit into free memory";
    }
    l->products[at].count = 1;
    mark(l);
    status = agree(l, status);
    if (status >= STATUS_UNSUPPORTED) refuse(l, status, p->row, reason);
    return status < STATUS_UNSUPPORTED ? status : STATUS_OK;
}

enum status step_prepare(struct step_launch *l)
{
    const struct schedule *s = &l->schedule;
    enum status status = STATUS_OK;
    l->calls = allocate(s->call_count, sizeof *l->calls);
    l->imbalances = allocate(s->call_count, sizeof(struct imbalance *));
    l->traffics = allocate(s->call_count, sizeof *l->traffics);
    l->products = allocate(s->product_count, sizeof *l->products);
    l->side_calls = allocate(s->item_count, sizeof *l->side_calls);
    l->side_products = allocate(s->item_count, sizeof *l->side_products);
    for (size_t i = 0; i < s->call_count && !status && !l->status; i++) status = make_call(l, i);
    for (size_t i = 0; i < l->channel_count && !status && !l->status; i++)
        status = take_buffers(l, &l->channels[i]);
    for (size_t i = 0; i < s->product_count && !status && !l->status; i++) status = make_product(l, i);
    if (!status && !l->status && s->product_count) {
        struct gemm_choice choice;
        l->engine->choice(l->products[0].work, &choice);
        snprintf(l->algorithm, sizeof l->algorithm, "%s", choice.algorithm);
    }
    return status;
}

/* ---- the end ---- */

void step_abort_parts(struct step_launch *l)
{
    if (!atomic_exchange(&l->endable, false)) return;
    if (l->backend->abort) l->backend->abort(l->comm);
    for (size_t i = 0; i < l->splits.count; i++) {
        const struct split *split = &l->splits.list[i];
        if (split->comm && split->backend->abort) split->backend->abort(split->comm);
    }
    if (l->gemm && l->engine->abort) l->engine->abort(l->gemm);
}

void step_close_parts(struct step_launch *l)
{
    for (size_t i = 0; i < l->schedule.product_count && l->products; i++)
        if (l->products[i].work) l->engine->finish(l->products[i].work);
    l->engine->close(l->gemm);
    for (size_t i = 0; i < l->channel_count; i++)
        if (l->channels[i].buffers.memory)
            l->channels[i].backend->free(l->channels[i].comm, &l->channels[i].buffers);
    if (atomic_exchange(&l->endable, false)) {
        splits_close(&l->splits);
        l->backend->close(l->comm);
    }
    for (size_t i = 0; i < l->schedule.call_count && l->imbalances; i++) {
        traffic_free(&l->traffics[i]);
        imbalances_free(l->imbalances[i], l->imbalances[i] ? 1 : 0);
    }
    free(l->channels);
    free(l->calls);
    free(l->imbalances);
    free(l->traffics);
    free(l->products);
    free(l->side_calls);
    free(l->side_products);
}
