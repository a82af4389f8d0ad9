#include "measure/cases.h"
#include "base/text.h"
#include "base/units.h"
#include "record/words.h"
#include "stats/order.h"
#include "stats/random.h"

#include <stdlib.h>

static void refuse(struct measured *m, const char *reason)
{
    m->status = STATUS_UNSUPPORTED;
    snprintf(m->reason, sizeof m->reason, "%s", reason);
}

static void add_case(struct cases *cases, const struct settings *s, const struct split *split,
                     const struct call *call, size_t bytes)
{
    struct measured *m = &cases->list[cases->count++];
    const int ranks = split->ranks ? split->ranks : 1;
    /* The sizes of a --matrix are not rounded: they need not be a multiple of the ranks. */
    bool whole = call->traffic && traffic_is_matrix(call->traffic);
    size_t size = dtypes[call->dtype].size, divisor = whole ? 1 : call->collective->divisor(ranks);
    *m = (struct measured){.call = *call,
                           .split = split,
                           .requested_bytes = bytes,
                           .wrong = ABSENT,
                           .load = load_absent(),
                           .idle = case_row_absent(),
                           .cta = s->cta,
                           .registration = settings_registration(s)};
    m->call.count = bytes / size / divisor * divisor;
    m->call.root = call->collective->rooted ? (int)s->root : 0;
    if (*split->reason || m->call.root >= split->ranks) {
        char reason[sizeof m->reason];
        snprintf(reason, sizeof reason, "--group %.40s: %s", split->name,
                 *split->reason ? split->reason : "there is no such root in a group");
        refuse(m, reason);
        return;
    }
    const struct layout layout = {m->call.count, ranks, 0, m->call.root, call->traffic};
    m->most = most_extent(call->collective, &layout);
    size_t most = m->most.send > m->most.recv ? m->most.send : m->most.recv;
    m->bytes = (call->collective->id == ALL_TO_ALL_V ? most : m->call.count) * size;
    if (m->bytes == 0) refuse(m, "fewer bytes than one element for each rank");
    if (!collective_runs(call->collective, ranks)) refuse(m, "the number of ranks must be a power of two");
}

/* Adds the cases of a collective in one split, with one imbalance. */
static void add_collective(struct cases *cases, const struct settings *s, const struct split *split,
                           const struct call *like, const struct imbalance *imbalance, const char *reason)
{
    for (enum mode mode = MODE_ISOLATED; mode < MODE_BOTH; mode++)
        for (int d = 0; d < s->dtype_count; d++)
            for (int o = 0; o < (like->collective->reduces ? s->op_count : 1); o++)
                for (size_t i = 0; i < s->size_count; i++)
                    for (int in_place = 0; in_place < 2; in_place++) {
                        if (!settings_measure(s, mode) || !(in_place ? s->in_place : s->out_of_place))
                            continue;
                        struct call call = *like;
                        call.dtype = s->dtypes[d];
                        call.op = s->ops[o];
                        call.in_place = in_place;
                        call.mode = mode;
                        add_case(cases, s, split, &call, s->sizes[i]);
                        struct measured *m = &cases->list[cases->count - 1];
                        m->imbalance = imbalance;
                        if (*reason && !*split->reason) refuse(m, reason);
                        if (!cases->paired) continue;
                        struct measured *loaded = &cases->list[cases->count++];
                        *loaded = *m;
                        loaded->loaded = true;
                    }
}

/* Adds all cases of a split. */
static void add_split(struct cases *cases, const struct settings *s, const struct split *split)
{
    for (int c = 0; c < s->collective_count; c++) {
        bool uneven = s->collectives[c]->id == ALL_TO_ALL_V;
        for (size_t i = 0; i < (uneven ? s->imbalance_count : 1); i++) {
            struct traffic *traffic = &cases->traffics[(size_t)split->index * s->imbalance_count + i];
            struct call call = {.collective = s->collectives[c], .aggregate = (int)s->aggregate};
            char reason[128] = "";
            if (uneven && !*split->reason &&
                traffic_make(&s->imbalances[i], split->ranks, traffic, reason, sizeof reason))
                call.traffic = traffic;
            add_collective(cases, s, split, &call, uneven ? &s->imbalances[i] : NULL, reason);
        }
    }
}

void cases_make(const struct settings *s, const struct splits *splits, struct cases *cases)
{
    size_t most = (size_t)s->collective_count * (size_t)s->dtype_count * (size_t)s->op_count * s->size_count *
                  4 * 2 * splits->count * s->imbalance_count,
           traffics = splits->count * s->imbalance_count;
    *cases = (struct cases){.list = allocate(most, sizeof *cases->list),
                            .traffics = allocate(traffics, sizeof *cases->traffics),
                            .traffic_count = traffics,
                            .paired = s->beside.collective != NULL};
    for (size_t i = 0; i < splits->count; i++) add_split(cases, s, &splits->list[i]);
}

void cases_free(struct cases *cases)
{
    for (size_t i = 0; i < cases->count; i++)
        free(cases->list[i].us), free(cases->list[i].global_us), free(cases->list[i].group_us.us),
            free(cases->list[i].ranks.us);
    for (size_t i = 0; i < cases->traffic_count; i++) traffic_free(&cases->traffics[i]);
    free(cases->traffics);
    free(cases->list);
    *cases = (struct cases){0};
}

int64_t cases_operations(const struct measured *m)
{
    return (int64_t)m->batch * m->call.aggregate;
}

double cases_figure_us(const struct call *call, const double *us, size_t count)
{
    return call->mode == MODE_NCCL_TESTS ? arithmetic_mean(us, count) : median(us, count);
}

/* The bytes of a buffer of `bytes` for each operation of a group. */
static size_t of_group(const struct call *call, size_t bytes)
{
    size_t n = (size_t)call->aggregate,
           each = (bytes + OPERATION_ALIGN - 1) / OPERATION_ALIGN * OPERATION_ALIGN;
    if (n <= 1) return bytes;
    return each > SIZE_MOST / n ? SIZE_MOST : each * n; /* no memory has that much */
}

void cases_buffer_bytes(const struct call *call, int ranks, int rank, size_t *send, size_t *recv)
{
    const struct layout layout = {call->count, ranks, rank, call->root, call->traffic};
    struct extent e = call->collective->extent(&layout);
    size_t size = dtypes[call->dtype].size;
    *send = call->in_place ? 0 : e.send * size;
    *recv = e.recv * size;
    if (call->in_place && (e.in_place_at + e.send) * size > *recv) *recv = (e.in_place_at + e.send) * size;
    *send = of_group(call, *send);
    *recv = of_group(call, *recv);
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
    const size_t step = cases->paired ? 2 : 1, units = cases->count / step;
    for (size_t i = 0; i < units; i++) order[i] = i * step;
    if (cheap_first) {
        order_by_bytes(cases, order);
        return;
    }
    random_seed(&random, seed + 0x9e3779b97f4a7c15u * (pass + 1));
    random_shuffle(&random, order, units);
    size_t *grouped = allocate(cases->count, sizeof *grouped), n = 0;
    for (size_t i = 0; i < units; i++) { /* groups in order of their first case */
        if (order[i] == SIZE_MAX) continue;
        size_t group = group_of(&cases->list[order[i]]);
        for (size_t j = i; j < units; j++) {
            if (order[j] == SIZE_MAX || group_of(&cases->list[order[j]]) != group) continue;
            for (size_t k = 0; k < step; k++) grouped[n++] = order[j] + k;
            order[j] = SIZE_MAX;
        }
    }
    for (size_t i = 0; i < n; i++) order[i] = grouped[i];
    free(grouped);
}

struct case_row cases_row(const struct measured *m, const struct settings *s, unsigned capabilities)
{
    const struct call *call = &m->call;
    bool device = capabilities & CAN_DEVICE_MEMORY && s->memory != MEMORY_HOST;
    struct case_row row = case_row_absent();
    row.collective = call->collective->name;
    row.mode = call->mode;
    row.placement = call->in_place ? IN_PLACE : OUT_OF_PLACE;
    /* The ranks of --beside start together as all ranks do, those of --group after a barrier of all
       groups. */
    bool is_isolated =
        call->mode == MODE_ISOLATED && (is_world(m->split->name) || s->beside.collective != NULL);
    row.sync = is_isolated && s->sync == SYNC_WINDOW     ? SYNC_WINDOW
               : is_isolated && capabilities & CAN_ALIGN ? SYNC_DEVICE
                                                         : SYNC_BARRIER;
    row.cache = s->cache;
    row.memory = device ? MEMORY_DEVICE : MEMORY_HOST;
    if (capabilities & CAN_AGGREGATE) row.aggregate = s->aggregate;
    if (device) row.graph = s->graph, row.registration = m->registration, row.cta = m->cta;
    row.requested_bytes = (int64_t)m->requested_bytes;
    row.count = (int64_t)(m->bytes / dtypes[call->dtype].size);
    row.bytes = (int64_t)m->bytes;
    row.send_bytes = (int64_t)(m->most.send * dtypes[call->dtype].size);
    row.recv_bytes = (int64_t)(m->most.recv * dtypes[call->dtype].size);
    if (m->imbalance) row.imbalance = m->imbalance->label;
    if (m->loaded) row.beside = s->beside.label;
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
