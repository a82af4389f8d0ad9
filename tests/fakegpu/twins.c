#include "twins.h"
#include "fake.h"

#include "kernels/delay.h"
#include "kernels/device.h"

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
    if (!delay_until(&gate->opened, ticket, ARGUMENT(uint64_t, 2))) *(volatile uint32_t *)&gate->expired = ticket;
}

const struct twin twins[] = {
    {"busbar_fill", run_fill, {sizeof(struct pattern), sizeof(int), 8, 8, sizeof(void *)}},
    {"busbar_check", run_check, {sizeof(struct pattern), sizeof(int), 8, 8, sizeof(void *), 8, sizeof(void *)}},
    {"busbar_delay", run_delay, {sizeof(void *), sizeof(uint32_t), 8}},
    {NULL, NULL, {0}},
};
