#include "simulate/rings.h"

#include <stdbool.h>

/* `blocks` blocks of `length` elements each, one every `stride`. */
struct piece {
    size_t first, length, stride;
    int blocks;
};

/* A reduce-scatter or an all-gather of one chunk on one ring. Each step sends one rank's piece to the next
   rank. */
struct phase {
    const struct ring *ring;
    bool reduces; /* a reduce-scatter; else an all-gather */
    /* 0: `piece` is contiguous, and rank r's piece is its r-th part. Else `piece` is rank 0's, and rank r's
       has the same shape and starts r * apart elements after it. */
    size_t apart;
    struct piece piece;
};

enum { PHASES_MOST = 4 };
struct chunk {
    struct phase phases[PHASES_MOST];
    int phase_count, phase, step; /* progress */
    struct piece received;        /* by the current step */
    char *scratch;
    int pending; /* messages of the current step that have not completed */
};

/* The p-th of `parts` parts of contiguous elements; parts differ by one element at most. */
static struct piece part_of(struct piece whole, int parts, int p)
{
    size_t each = whole.length / (size_t)parts, rest = whole.length % (size_t)parts, index = (size_t)p;
    return (struct piece){.first = whole.first + index * each + (index < rest ? index : rest),
                          .length = each + (index < rest),
                          .blocks = 1};
}

static struct piece piece_of(const struct phase *phase, int rank)
{
    if (!phase->apart) return part_of(phase->piece, phase->ring->ranks, rank);
    struct piece piece = phase->piece;
    piece.first += (size_t)rank * phase->apart;
    return piece;
}

static size_t length_of(const struct piece *p)
{
    return p->length * (size_t)p->blocks;
}

/* The largest message of a chunk is its size divided by the GPUs of a domain, plus less than rail.ranks + 2
   elements by rounding. */
static size_t chunk_scratch(const struct levels *l, size_t bytes)
{
    size_t share = bytes / (size_t)l->chunks / (size_t)l->domain.ranks;
    return (share / sizeof(double) + (size_t)l->rail.ranks + 3) * sizeof(double);
}

size_t levels_scratch(const struct levels *l, size_t bytes)
{
    return (size_t)l->chunks * chunk_scratch(l, bytes);
}

/* Finds the type and count of a message. For several blocks it makes a derived type, which the caller
   frees. */
static int shape_of(const struct elements *e, const struct piece *p, MPI_Datatype *type, int *count)
{
    *type = e->type;
    *count = (int)length_of(p);
    if (!e->data || p->blocks == 1) return MPI_SUCCESS;
    *count = 1;
    int error = MPI_Type_vector(p->blocks, (int)p->length, (int)p->stride, e->type, type);
    return error ? error : MPI_Type_commit(type);
}

/* Starts the chunk's next step: one message to the next rank, and one from the previous rank. */
static int start_step(struct chunk *c, const struct elements *e, int tag, MPI_Request requests[2])
{
    const struct phase *phase = &c->phases[c->phase];
    const struct ring *ring = phase->ring;
    int n = ring->ranks, next = (ring->rank + 1) % n, previous = (ring->rank + n - 1) % n, count;
    int own = ring->rank + n - c->step - phase->reduces; /* a reduce-scatter ends with this rank's own part */
    struct piece sent = piece_of(phase, own % n);
    c->received = piece_of(phase, (own + n - 1) % n);
    char *from = e->data ? e->data + sent.first * e->size : c->scratch;
    char *into = e->data && !phase->reduces ? e->data + c->received.first * e->size : c->scratch;
    MPI_Datatype type;
    int error = shape_of(e, &c->received, &type, &count);
    if (!error) error = MPI_Irecv(into, count, type, previous, tag, ring->comm, &requests[0]);
    if (!error && type != e->type) error = MPI_Type_free(&type);
    if (!error) error = shape_of(e, &sent, &type, &count);
    if (!error) error = MPI_Isend(from, count, type, next, tag, ring->comm, &requests[1]);
    if (!error && type != e->type) error = MPI_Type_free(&type);
    c->pending = 2;
    return error;
}

static int end_step(struct chunk *c, const struct elements *e)
{
    int error = MPI_SUCCESS;
    if (e->data && c->phases[c->phase].reduces)
        error = MPI_Reduce_local(c->scratch, e->data + c->received.first * e->size, (int)c->received.length,
                                 e->type, e->op);
    c->step++;
    return error;
}

static void skip_finished_phases(struct chunk *c)
{
    while (c->phase < c->phase_count && c->step >= c->phases[c->phase].ring->ranks - 1)
        c->phase++, c->step = 0;
}

/* Each phase handles one chunk at a time, in order. */
static bool may_start(const struct chunk *chunks, int k)
{
    const struct chunk *c = &chunks[k];
    return !c->pending && c->phase < c->phase_count && (k == 0 || chunks[k - 1].phase > c->phase);
}

static int run(struct chunk *chunks, int count, const struct elements *e)
{
    MPI_Request requests[2 * CHUNKS_MOST];
    int error = MPI_SUCCESS;
    for (int i = 0; i < 2 * count; i++) requests[i] = MPI_REQUEST_NULL;
    for (int k = 0; k < count; k++) skip_finished_phases(&chunks[k]);
    while (!error) {
        for (int k = 0; k < count && !error; k++)
            if (may_start(chunks, k)) error = start_step(&chunks[k], e, k, &requests[2 * k]);
        int done = MPI_UNDEFINED;
        if (!error) error = MPI_Waitany(2 * count, requests, &done, MPI_STATUS_IGNORE);
        if (done == MPI_UNDEFINED) break; /* no message is left: everything is done */
        struct chunk *c = &chunks[done / 2];
        if (error || --c->pending) continue;
        error = end_step(c, e);
        skip_finished_phases(c);
    }
    return error;
}

int levels_all_reduce(const struct levels *l, const struct elements *e, size_t count)
{
    struct chunk chunks[CHUNKS_MOST] = {0};
    const struct piece whole = {.length = count, .blocks = 1};
    for (int k = 0; k < l->chunks; k++) {
        struct piece chunk = part_of(whole, l->chunks, k),
                     own = part_of(chunk, l->domain.ranks, l->domain.rank);
        chunks[k] = (struct chunk){.phases = {{.ring = &l->domain, .reduces = true, .piece = chunk},
                                              {.ring = &l->rail, .reduces = true, .piece = own},
                                              {.ring = &l->rail, .piece = own},
                                              {.ring = &l->domain, .piece = chunk}},
                                   .phase_count = 4,
                                   .scratch = e->scratch + (size_t)k * chunk_scratch(l, count * e->size)};
    }
    return run(chunks, l->chunks, e);
}

int levels_all_gather(const struct levels *l, const struct elements *e, size_t count)
{
    struct chunk chunks[CHUNKS_MOST] = {0};
    size_t block = count / (size_t)(l->domain.ranks * l->rail.ranks),
           of_domain = block * (size_t)l->domain.ranks;
    const struct piece of_rank = {.length = block, .blocks = 1};
    for (int k = 0; k < l->chunks; k++) {
        struct piece on_rail = part_of(of_rank, l->chunks, k), in_domain = on_rail;
        on_rail.first += (size_t)l->domain.rank * block;
        in_domain.stride = of_domain, in_domain.blocks = l->rail.ranks;
        chunks[k] = (struct chunk){.phases = {{.ring = &l->rail, .apart = of_domain, .piece = on_rail},
                                              {.ring = &l->domain, .apart = block, .piece = in_domain}},
                                   .phase_count = 2,
                                   .scratch = e->scratch + (size_t)k * chunk_scratch(l, count * e->size)};
    }
    return run(chunks, l->chunks, e);
}
