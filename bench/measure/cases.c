#include "measure/cases.h"
#include "base/text.h"
#include "record/words.h"
#include "stats/order.h"
#include "stats/random.h"

#include <stdlib.h>

static void add_case(struct cases *cases, const struct settings *s, const struct split *split,
                     const struct call *call, size_t bytes)
{
    struct measured *m = &cases->list[cases->count++];
    size_t size = dtypes[call->dtype].size,
           divisor = call->collective->divisor(split->ranks ? split->ranks : 1);
    *m = (struct measured){.call = *call,
                           .split = split,
                           .requested_bytes = bytes,
                           .wrong = ABSENT,
                           .cta = s->cta,
                           .registration = settings_registration(s)};
    m->call.count = bytes / size / divisor * divisor;
    m->call.root = call->collective->rooted ? (int)s->root : 0;
    if (*split->reason || m->call.root >= split->ranks) {
        m->status = STATUS_UNSUPPORTED;
        snprintf(m->reason, sizeof m->reason, "--group %.40s: %s", split->name,
                 *split->reason ? split->reason : "there is no such root in a group");
    } else if (m->call.count == 0) {
        m->status = STATUS_UNSUPPORTED;
        snprintf(m->reason, sizeof m->reason, "fewer bytes than one element for each rank");
    }
}

/* Adds all cases of a split. */
static void add_split(struct cases *cases, const struct settings *s, const struct split *split)
{
    for (int c = 0; c < s->collective_count; c++)
        for (enum mode mode = MODE_ISOLATED; mode < MODE_BOTH; mode++)
            for (int d = 0; d < s->dtype_count; d++)
                for (int o = 0; o < (s->collectives[c]->reduces ? s->op_count : 1); o++)
                    for (size_t i = 0; i < s->size_count; i++)
                        for (int in_place = 0; in_place < 2; in_place++) {
                            if (!settings_measure(s, mode) || !(in_place ? s->in_place : s->out_of_place))
                                continue;
                            struct call call = {.collective = s->collectives[c],
                                                .dtype = s->dtypes[d],
                                                .op = s->ops[o],
                                                .in_place = in_place,
                                                .mode = mode};
                            add_case(cases, s, split, &call, s->sizes[i]);
                        }
}

void cases_make(const struct settings *s, const struct splits *splits, struct cases *cases)
{
    size_t most = (size_t)s->collective_count * (size_t)s->dtype_count * (size_t)s->op_count * s->size_count *
                  4 * splits->count;
    *cases = (struct cases){.list = allocate(most, sizeof *cases->list)};
    for (size_t i = 0; i < splits->count; i++) add_split(cases, s, &splits->list[i]);
}

void cases_free(struct cases *cases)
{
    for (size_t i = 0; i < cases->count; i++)
        free(cases->list[i].us), free(cases->list[i].global_us), free(cases->list[i].group_us.us);
    free(cases->list);
    *cases = (struct cases){0};
}

double cases_figure_us(const struct call *call, const double *us, size_t count)
{
    return call->mode == MODE_NCCL_TESTS ? arithmetic_mean(us, count) : median(us, count);
}

void cases_buffer_bytes(const struct call *call, int ranks, int rank, size_t *send, size_t *recv)
{
    struct extent e = call->collective->extent(call->count, ranks, rank, call->root);
    size_t size = dtypes[call->dtype].size;
    *send = call->in_place ? 0 : e.send * size;
    *recv = e.recv * size;
    if (call->in_place && (e.in_place_at + e.send) * size > *recv) *recv = (e.in_place_at + e.send) * size;
}

/* Cases of one split, type and operation are visited together: a change of these costs a refill of all
   buffers. */
static size_t group_of(const struct measured *m)
{
    return (size_t)m->split->index * DTYPE_COUNT * OP_COUNT + (size_t)m->call.dtype * OP_COUNT +
           (m->call.collective->reduces ? (size_t)m->call.op : 0);
}

struct sized {
    size_t bytes, at;
};

static int by_bytes(const void *a, const void *b)
{
    const struct sized *x = a, *y = b;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

static void order_by_bytes(const struct cases *cases, size_t *order)
{
    struct sized *sized = allocate(cases->count, sizeof *sized);
    for (size_t i = 0; i < cases->count; i++) sized[i] = (struct sized){cases->list[i].requested_bytes, i};
    qsort(sized, cases->count, sizeof *sized, by_bytes);
    for (size_t i = 0; i < cases->count; i++) order[i] = sized[i].at;
    free(sized);
}

void cases_order(const struct cases *cases, uint64_t seed, size_t pass, bool cheap_first, size_t *order)
{
    struct random_state random;
    for (size_t i = 0; i < cases->count; i++) order[i] = i;
    if (cheap_first) {
        order_by_bytes(cases, order);
        return;
    }
    random_seed(&random, seed + 0x9e3779b97f4a7c15u * (pass + 1));
    random_shuffle(&random, order, cases->count);
    size_t *grouped = allocate(cases->count, sizeof *grouped), n = 0;
    for (size_t i = 0; i < cases->count; i++) { /* groups in order of their first case */
        if (order[i] == SIZE_MAX) continue;
        size_t group = group_of(&cases->list[order[i]]);
        for (size_t j = i; j < cases->count; j++)
            if (order[j] != SIZE_MAX && group_of(&cases->list[order[j]]) == group)
                grouped[n++] = order[j], order[j] = SIZE_MAX;
    }
    for (size_t i = 0; i < n; i++) order[i] = grouped[i];
    free(grouped);
}

/* The most bytes that any rank sends and receives. The root and one other rank stand for all. */
static void most_bytes(const struct call *call, int ranks, int64_t *send, int64_t *recv)
{
    size_t size = dtypes[call->dtype].size;
    *send = *recv = 0;
    for (int i = 0; i < 2 && i < ranks; i++) {
        struct extent e = call->collective->extent(call->count, ranks,
                                                   i ? (call->root + 1) % ranks : call->root, call->root);
        if ((int64_t)(e.send * size) > *send) *send = (int64_t)(e.send * size);
        if ((int64_t)(e.recv * size) > *recv) *recv = (int64_t)(e.recv * size);
    }
}

struct case_row cases_row(const struct measured *m, const struct settings *s, unsigned capabilities)
{
    const struct call *call = &m->call;
    bool device = capabilities & CAN_DEVICE_MEMORY && s->memory != MEMORY_HOST;
    struct case_row row = case_row_absent();
    row.collective = call->collective->name;
    row.mode = call->mode;
    row.placement = call->in_place ? IN_PLACE : OUT_OF_PLACE;
    bool is_isolated = call->mode == MODE_ISOLATED && is_world(m->split->name);
    row.sync = is_isolated && s->sync == SYNC_WINDOW     ? SYNC_WINDOW
               : is_isolated && capabilities & CAN_ALIGN ? SYNC_DEVICE
                                                         : SYNC_BARRIER;
    row.cache = s->cache;
    row.memory = device ? MEMORY_DEVICE : MEMORY_HOST;
    if (device) row.graph = s->graph, row.registration = m->registration, row.cta = m->cta;
    row.requested_bytes = (int64_t)m->requested_bytes;
    row.count = (int64_t)call->count;
    row.bytes = (int64_t)(call->count * dtypes[call->dtype].size);
    most_bytes(call, m->split->ranks, &row.send_bytes, &row.recv_bytes);
    row.dtype = dtypes[call->dtype].name;
    row.op = call->collective->reduces ? op_names[call->op] : NULL;
    row.root = call->collective->rooted ? call->root : ABSENT;
    row.nodes = m->split->nodes;
    row.ranks = m->split->ranks;
    row.group = m->split->name;
    row.status = case_status_of(m->status);
    row.error = m->status || m->undefined ? m->reason : NULL;
    if (*m->choice.algorithm) row.algorithm = m->choice.algorithm;
    if (*m->choice.protocol) row.protocol = m->choice.protocol;
    if (m->choice.channels) row.channels = m->choice.channels;
    if (m->bound_us > 0) row.bound_us = m->bound_us, row.bound = m->bound;
    return row;
}
