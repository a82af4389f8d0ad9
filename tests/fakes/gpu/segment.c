#include "segment.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static size_t between(size_t least, size_t value, size_t most)
{
    return value < least ? least : value > most ? most : value;
}

static void futex_wait(atomic_uint *word, unsigned value)
{
    struct timespec slice = {0, 20 * 1000 * 1000};
    syscall(SYS_futex, word, FUTEX_WAIT, value, &slice, NULL, 0);
}

bool segment_open(struct segment *s, const char *name, int rank, int ranks)
{
    size_t n = (size_t)ranks;
    s->rank = rank, s->ranks = ranks;
    s->stage_bytes = between(4096, (32u << 20) / n, 256u << 10) / 64 * 64;
    s->box_bytes = between(2048, (16u << 20) / (n * n), 64u << 10) / 64 * 64;
    size_t signatures_at = 4096, staging_at = signatures_at + (n * 8 + 4095) / 4096 * 4096;
    size_t boxes_at = staging_at + n * s->stage_bytes;
    s->bytes = boxes_at + n * n * (s->box_bytes + 64);
    int fd = shm_open(name, O_CREAT | O_RDWR, 0600);
    if (fd < 0 || ftruncate(fd, (off_t)s->bytes)) return false;
    char *memory = mmap(NULL, s->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (memory == MAP_FAILED) return false;
    s->head = (struct segment_head *)(void *)memory;
    s->signatures = (uint64_t *)(void *)(memory + signatures_at);
    s->staging = memory + staging_at;
    s->boxes = memory + boxes_at;
    bool all = segment_barrier(s);
    if (rank == 0) shm_unlink(name);
    return all;
}

void segment_close(struct segment *s)
{
    if (s->head) munmap(s->head, s->bytes);
    s->head = NULL;
}

bool segment_barrier(struct segment *s)
{
    double deadline_s = fake_deadline_s();
    unsigned generation = atomic_load(&s->head->generation);
    if (atomic_fetch_add(&s->head->arrived, 1) + 1 == (unsigned)s->ranks) {
        atomic_store(&s->head->arrived, 0);
        atomic_fetch_add(&s->head->generation, 1);
        syscall(SYS_futex, &s->head->generation, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
        return !atomic_load(&s->aborted);
    }
    while (atomic_load(&s->head->generation) == generation) {
        if (atomic_load(&s->aborted) || fake_now_s() > deadline_s) return false;
        futex_wait(&s->head->generation, generation);
    }
    return !atomic_load(&s->aborted);
}

char *segment_stage(const struct segment *s, int rank)
{
    return s->staging + (size_t)rank * s->stage_bytes;
}

struct box *segment_box(const struct segment *s, int from, int to)
{
    return (struct box *)(void *)(s->boxes +
                                  ((size_t)from * (size_t)s->ranks + (size_t)to) * (s->box_bytes + 64));
}
