#include "move.h"
#include "arithmetic.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

static ncclRedOp_t plain_op(ncclRedOp_t op)
{
    return op >= ncclAvg ? ncclSum : op;
}

/* Prepares a rank's contribution for the sum, as the operation requires. */
static void prepare(const struct move *m, char *values, size_t count)
{
    if (m->op == ncclAvg) before_average(m->type, values, m->comm->segment.ranks, count);
    if (m->op > ncclAvg) scale(m->type, values, m->comm->premul[m->op - ncclNumOps].scalar, count);
}

/* Reduces `count` elements at offset `at` (bytes) of every rank's staging area into `out`. */
static void reduce_staged(const struct move *m, char *out, size_t at, size_t count)
{
    const struct segment *s = &m->comm->segment;
    size_t bytes = count * type_bytes(m->type);
    /* Each rank starts with its own contribution, because NCCL does not promise an order of reduction. */
    memcpy(out, segment_stage(s, s->rank) + at, bytes);
    for (int i = 1; i < s->ranks; i++)
        combine(m->type, plain_op(m->op), out, segment_stage(s, (s->rank + i) % s->ranks) + at, count);
    if (m->op == ncclAvg) after_average(m->type, out, s->ranks, count);
}

/* Reduce-scatter: moves a part of `count` elements per rank, in pieces that fit into the staging area. */
static bool move_parts(const struct move *m)
{
    struct segment *s = &m->comm->segment;
    size_t size = type_bytes(m->type), n = (size_t)s->ranks;
    size_t piece = s->stage_bytes / n / size;
    for (size_t at = 0; at < m->count; at += piece) {
        size_t now = m->count - at < piece ? m->count - at : piece;
        char *own = segment_stage(s, s->rank);
        for (size_t r = 0; r < n; r++)
            memcpy(own + r * now * size, m->send + (r * m->count + at) * size, now * size);
        prepare(m, own, n * now);
        if (!segment_barrier(s)) return false;
        reduce_staged(m, m->receive + at * size, (size_t)s->rank * now * size, now);
        if (!segment_barrier(s)) return false;
    }
    return true;
}

static bool stages(const struct move *m)
{
    return m->kind != MOVE_BROADCAST || m->comm->segment.rank == m->root;
}

static void take(const struct move *m, size_t at, size_t now)
{
    const struct segment *s = &m->comm->segment;
    size_t size = type_bytes(m->type);
    if (m->kind == MOVE_BROADCAST) memcpy(m->receive + at * size, segment_stage(s, m->root), now * size);
    if (m->kind == MOVE_ALL_REDUCE || (m->kind == MOVE_REDUCE && s->rank == m->root))
        reduce_staged(m, m->receive + at * size, 0, now);
    if (m->kind == MOVE_ALL_GATHER)
        for (int r = 0; r < s->ranks; r++)
            memcpy(m->receive + ((size_t)r * m->count + at) * size, segment_stage(s, r), now * size);
}

static bool move_whole(const struct move *m)
{
    struct segment *s = &m->comm->segment;
    size_t size = type_bytes(m->type), piece = s->stage_bytes / size;
    for (size_t at = 0; at < m->count; at += piece) {
        size_t now = m->count - at < piece ? m->count - at : piece;
        char *own = segment_stage(s, s->rank);
        if (stages(m)) memcpy(own, m->send + at * size, now * size);
        if (m->kind == MOVE_ALL_REDUCE || m->kind == MOVE_REDUCE) prepare(m, own, now);
        if (!segment_barrier(s)) return false;
        take(m, at, now);
        if (!segment_barrier(s)) return false;
    }
    return true;
}

/* One step of a send or a receive; returns whether it moved data. */
static bool step(struct segment *s, struct pair *p)
{
    struct box *box = p->send ? segment_box(s, s->rank, p->peer) : segment_box(s, p->peer, s->rank);
    if (atomic_load(&box->full) != (p->send ? 0u : 1u)) return false;
    size_t now = p->bytes - p->done < s->box_bytes ? p->bytes - p->done : s->box_bytes;
    if (p->send) {
        memcpy(box->data, p->send + p->done, now);
        box->bytes = (unsigned)now;
    } else {
        now = box->bytes < now ? box->bytes : now;
        memcpy(p->receive + p->done, box->data, now);
    }
    p->done += now;
    atomic_store(&box->full, p->send ? 1u : 0u);
    return true;
}

/* Does an earlier pair of the group move data in the same direction between the same ranks? NCCL moves those
   in order. */
static bool must_wait(const struct pair *pairs, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (pairs[j].peer == pairs[i].peer && !pairs[j].send == !pairs[i].send &&
            pairs[j].done < pairs[j].bytes)
            return true;
    return false;
}

static bool move_pairs(const struct move *m)
{
    struct segment *s = &m->comm->segment;
    double deadline_s = fake_deadline_s();
    size_t bytes = m->pair_count * sizeof(struct pair);
    struct pair *pairs = malloc(bytes ? bytes : 1); /* a copy, since a graph runs the same move again */
    memcpy(pairs, m->pairs, bytes);
    for (bool all = false; !all;) {
        bool moved = false;
        all = true;
        for (size_t i = 0; i < m->pair_count; i++) {
            if (pairs[i].done == pairs[i].bytes) continue;
            all = false;
            if (must_wait(pairs, i)) continue;
            moved |= step(s, &pairs[i]);
        }
        if (moved || all) continue;
        if (atomic_load(&s->aborted) || fake_now_s() > deadline_s) break;
        sched_yield();
    }
    bool complete = true;
    for (size_t i = 0; i < m->pair_count; i++) complete &= pairs[i].done == pairs[i].bytes;
    free(pairs);
    return complete;
}

/* Checks that all ranks take part in the same operation with the same size; if not, it is the caller's
 * error. */
static bool agree(const struct move *m)
{
    struct segment *s = &m->comm->segment;
    uint64_t own =
        ((uint64_t)m->kind << 56) ^ ((uint64_t)m->type << 48) ^ ((uint64_t)m->root << 40) ^ m->count;
    s->signatures[s->rank] = own;
    if (!segment_barrier(s)) return false;
    for (int r = 0; r < s->ranks; r++)
        if (s->signatures[r] != own) {
            atomic_store(&m->comm->async, ncclInvalidUsage);
            return false;
        }
    return segment_barrier(s);
}

static size_t received_elements(const struct move *m)
{
    const struct segment *s = &m->comm->segment;
    if (m->kind == MOVE_REDUCE && s->rank != m->root) return 0;
    return m->kind == MOVE_ALL_GATHER ? m->count * (size_t)s->ranks : m->count;
}

static void damage(const struct move *m, const struct fault *fault)
{
    size_t size = m->kind == MOVE_PAIRS ? 1 : type_bytes(m->type);
    for (size_t i = 0; m->kind == MOVE_PAIRS && i < m->pair_count; i++)
        if (m->pairs[i].receive && m->pairs[i].bytes) {
            m->pairs[i].receive[(size_t)fault->element % m->pairs[i].bytes] ^= 2;
            return;
        }
    size_t elements = m->kind == MOVE_PAIRS ? 0 : received_elements(m);
    if (elements) m->receive[(size_t)fault->element % elements * size] ^= 2;
}

void move_run(void *data)
{
    struct move *m = data;
    struct segment *s = &m->comm->segment;
    const struct fault *fault = fake_fault("slow", m->call);
    if (fault) fake_sleep_us(fault->us);
    const struct fault *async = fake_fault("async", m->call);
    if (async) atomic_store(&m->comm->async, ncclRemoteError);
    if (async || fake_fault("hang", m->call))
        for (double end = fake_deadline_s(); !atomic_load(&s->aborted) && fake_now_s() < end;)
            fake_sleep_us(1000);
    if (atomic_load(&s->aborted)) return;
    bool done = m->kind == MOVE_PAIRS            ? move_pairs(m)
                : !agree(m)                      ? false
                : m->kind == MOVE_REDUCE_SCATTER ? move_parts(m)
                                                 : move_whole(m);
    if (!done && !atomic_load(&m->comm->async)) atomic_store(&m->comm->async, ncclRemoteError);
    fault = done ? fake_fault("wrong", m->call) : NULL;
    if (fault) damage(m, fault);
}
