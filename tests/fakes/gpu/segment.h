/* Shared memory between the processes of one emulated communicator: a barrier, a staging area per rank, a
 * mailbox per pair. */
#ifndef FAKE_SEGMENT_H
#define FAKE_SEGMENT_H

#include "fake.h"

#include <stdatomic.h>

struct segment_head {
    atomic_uint arrived, generation; /* sense-reversing barrier */
};

struct segment {
    struct segment_head *head;
    uint64_t *signatures; /* [ranks]: hash of the operation that each rank takes part in */
    char *staging;        /* [ranks][stage_bytes] */
    char *boxes;          /* [from][to]: struct box, box_bytes each */
    size_t stage_bytes, box_bytes, bytes;
    int rank, ranks;
    atomic_bool aborted; /* of this process only */
};

struct box {
    atomic_uint full;
    unsigned bytes;
    char data[];
};

bool segment_open(struct segment *, const char *name, int rank, int ranks);
void segment_close(struct segment *);
/* Returns false if the communicator was aborted or a rank did not arrive before the deadline. */
bool segment_barrier(struct segment *);
char *segment_stage(const struct segment *, int rank);
struct box *segment_box(const struct segment *, int from, int to);

#endif
