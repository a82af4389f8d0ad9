/* The data movement of an emulated NCCL operation, which runs when its stream reaches it. */
#ifndef FAKE_MOVE_H
#define FAKE_MOVE_H

#include "segment.h"

#include <nccl.h>

enum { MOST_OPS = 16 };

/* One process's side of a communicator. */
struct ncclComm {
    struct segment segment;
    int device;
    atomic_int async; /* ncclResult_t */
    struct {
        int used;
        ncclDataType_t type;
        char scalar[8];
    } premul[MOST_OPS];
    int most_channels, windows;
    unsigned connected; /* one bit per enum move_kind that was called before */
};

enum move_kind {
    MOVE_ALL_REDUCE,
    MOVE_REDUCE,
    MOVE_REDUCE_SCATTER,
    MOVE_ALL_GATHER,
    MOVE_BROADCAST,
    MOVE_PAIRS
};

struct pair {
    const char *send; /* either send or receive is set */
    char *receive;
    size_t bytes, done;
    int peer;
};

struct move {
    struct ncclComm *comm;
    enum move_kind kind;
    const char *call;
    const char *send;
    char *receive;
    size_t count; /* as in the call: elements of one rank's part if the collective has parts */
    ncclDataType_t type;
    ncclRedOp_t op;
    int root;
    size_t pair_count;
    struct pair pairs[];
};

void move_run(void *move);

#endif
