#include "twins.h"
#include "fake.h"

#include "kernels/delay.h"
#include "kernels/device.h"
#include "kernels/matrix.h"

#define ARGUMENT(TYPE, I) (*(TYPE *)arguments[I])

static void run_fill(void *const *arguments)
{
    pattern_fill(&ARGUMENT(struct pattern, 0), ARGUMENT(int, 1), ARGUMENT(uint64_t, 2), ARGUMENT(uint64_t, 3),
                 ARGUMENT(unsigned char *, 4));
}

static void run_check(void *const *arguments)
{
    uint64_t first = 0;
    uint64_t wrong = pattern_check(&ARGUMENT(struct pattern, 0), ARGUMENT(int, 1), ARGUMENT(uint64_t, 2),
                                   ARGUMENT(uint64_t, 3), ARGUMENT(const unsigned char *, 4), &first);
    struct device_verdict *verdict = ARGUMENT(struct device_verdict *, 6);
    first += ARGUMENT(uint64_t, 5);
    if (!wrong) return;
    verdict->wrong += wrong;
    if (first < verdict->first) verdict->first = first;
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
    matrix_fill(&ARGUMENT(struct matrix, 0), ARGUMENT(uint64_t, 1));
}

/* The twin does both steps of a group in the second. */
static void run_matrix_check_v(void *const *arguments)
{
    (void)arguments;
}

static void run_matrix_check_rows(void *const *arguments)
{
    matrix_check_group(&ARGUMENT(struct matrix_check, 0), ARGUMENT(struct matrix_verdict *, 1));
}

const struct twin twins[] = {
    {"busbar_fill", run_fill, {sizeof(struct pattern), sizeof(int), 8, 8, sizeof(void *)}},
    {"busbar_check",
     run_check,
     {sizeof(struct pattern), sizeof(int), 8, 8, sizeof(void *), 8, sizeof(void *)}},
    {"busbar_delay", run_delay, {sizeof(void *), sizeof(uint32_t), 8}},
    {"busbar_matrix_fill", run_matrix_fill, {sizeof(struct matrix), 8}},
    {"busbar_matrix_check_v", run_matrix_check_v, {sizeof(struct matrix_check)}},
    {"busbar_matrix_check_rows", run_matrix_check_rows, {sizeof(struct matrix_check), sizeof(void *)}},
    {NULL, NULL, {0}},
};
