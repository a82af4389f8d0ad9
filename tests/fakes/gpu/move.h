/* What one emulated NCCL operation does when its stream reaches it. */
#ifndef FAKE_MOVE_H
#define FAKE_MOVE_H

#include "segment.h"

#include <nccl.h>

enum { MOST_OPS = 16 };

/* A communicator of one process. */
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
    unsigned connected; /* a bit for each kind of call that was made once */
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
    const char *send; /* one of both */
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
    size_t count; /* as the call gives it: elements of one rank's part where there are parts */
    ncclDataType_t type;
    ncclRedOp_t op;
    int root;
    size_t pair_count;
    struct pair pairs[];
};

void move_run(void *move);

#endif
