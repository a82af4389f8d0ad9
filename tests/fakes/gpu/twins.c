#include "twins.h"
#include "fake.h"

#include "kernels/device.h"
#include "kernels/matrix.h"
#include "kernels/pattern.h"

#include <sched.h>
#include <time.h>

#define ARGUMENT(TYPE, I) (*(TYPE *)arguments[I])

enum { PERIOD = PATTERN_UNITS * PATTERN_UNIT, LINE = 128 };

static void run_period(void *const *arguments)
{
    const struct pattern *p = &ARGUMENT(struct pattern, 0);
    unsigned char *period = ARGUMENT(unsigned char *, 4);
    for (uint64_t i = 0; i < ARGUMENT(uint32_t, 3); i++)
        pattern_store(period, i, pattern_size(p->dtype),
                      pattern_expected(p, ARGUMENT(int, 1), ARGUMENT(uint64_t, 2) + i));
}

/* Returns the bytes that are expected from buffer[at] on, and their number in *length: up to the end of the
   period or of the buffer. Periods are counted from the last multiple of LINE bytes before the buffer. */
static const unsigned char *piece(const unsigned char *period, const void *buffer, uint64_t bytes,
                                  uint64_t at, uint64_t *length)
{
    uint64_t place = ((uintptr_t)buffer % LINE + at) % PERIOD;
    *length = bytes - at < PERIOD - place ? bytes - at : PERIOD - place;
    return period + place;
}

static void run_fill(void *const *arguments)
{
    const unsigned char *period = ARGUMENT(const unsigned char *, 0);
    unsigned char *buffer = ARGUMENT(unsigned char *, 1);
    uint64_t bytes = ARGUMENT(uint64_t, 2), length;
    for (uint64_t at = 0; at < bytes; at += length) {
        const unsigned char *from = piece(period, buffer, bytes, at, &length);
        memcpy(buffer + at, from, length);
    }
}

static void run_check(void *const *arguments)
{
    const struct pattern *p = &ARGUMENT(struct pattern, 0);
    const unsigned char *period = ARGUMENT(const unsigned char *, 1),
                        *received = ARGUMENT(const unsigned char *, 2);
    const uint64_t bytes = ARGUMENT(uint64_t, 3), position = ARGUMENT(uint64_t, 4);
    struct device_verdict *verdict = ARGUMENT(struct device_verdict *, 5);
    const int size = pattern_size(p->dtype);
    uint64_t length;
    for (uint64_t at = 0; at < bytes; at += length) {
        const unsigned char *want = piece(period, received, bytes, at, &length);
        if (memcmp(want, received + at, length) == 0) continue;
        for (uint64_t i = 0; i < length / (uint64_t)size; i++) {
            uint64_t element = position + at / (uint64_t)size + i;
            if (pattern_accepts(p, pattern_load(want, i, size), pattern_load(received + at, i, size)))
                continue;
            verdict->wrong++;
            if (element < verdict->first) verdict->first = element;
        }
    }
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Waits until *opened == ticket; returns false if bound_ns passes before. */
static bool delay_until(const volatile uint32_t *opened, uint32_t ticket, uint64_t bound_ns)
{
    const uint64_t start = now_ns();
    while (*opened != ticket) {
        if (now_ns() - start > bound_ns) return false;
        sched_yield();
    }
    return true;
}

static void run_delay(void *const *arguments)
{
    struct device_gate *gate = ARGUMENT(struct device_gate *, 0);
    uint32_t ticket = ARGUMENT(uint32_t, 1);
    if (!delay_until(&gate->opened, ticket, ARGUMENT(uint64_t, 2)))
        *(volatile uint32_t *)&gate->expired = ticket;
}

static void run_matrix_fill(void *const *arguments)
{
    const struct matrix *m = &ARGUMENT(struct matrix, 0);
    for (uint64_t u = 0; u * MATRIX_UNIT < m->inner * m->outer; u++)
        matrix_fill_unit(m, ARGUMENT(uint64_t, 1), u);
}

/* Empty: run_matrix_check_rows does the work of both kernels. */
static void run_matrix_check_v(void *const *arguments)
{
    (void)arguments;
}

static void run_matrix_check_rows(void *const *arguments)
{
    const struct matrix_check *check = &ARGUMENT(struct matrix_check, 0);
    struct matrix_verdict *verdict = ARGUMENT(struct matrix_verdict *, 1);
    for (uint64_t p = 0; p < check->k; p++) matrix_check_v(check, p);
    for (uint64_t i = 0; i < check->m; i++) {
        double worst;
        unsigned long long bits;
        verdict->wrong += matrix_check_row(check, i, &worst);
        memcpy(&bits, &worst, sizeof bits);
        if (bits > verdict->worst) verdict->worst = bits;
    }
}

const struct twin twins[] = {
    {"busbar_period", run_period, {sizeof(struct pattern), sizeof(int), 8, 4, sizeof(void *)}},
    {"busbar_fill", run_fill, {sizeof(void *), sizeof(void *), 8}},
    {"busbar_check",
     run_check,
     {sizeof(struct pattern), sizeof(void *), sizeof(void *), 8, 8, sizeof(void *)}},
    {"busbar_delay", run_delay, {sizeof(void *), sizeof(uint32_t), 8}},
    {"busbar_matrix_fill", run_matrix_fill, {sizeof(struct matrix), 8}},
    {"busbar_matrix_check_v", run_matrix_check_v, {sizeof(struct matrix_check)}},
    {"busbar_matrix_check_rows", run_matrix_check_rows, {sizeof(struct matrix_check), sizeof(void *)}},
    {NULL, NULL, {0}},
};
