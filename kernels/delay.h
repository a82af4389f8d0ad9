/* The host twin of the device's delay. */
#ifndef BUSBAR_DELAY_H
#define BUSBAR_DELAY_H

#include <stdbool.h>
#include <stdint.h>

/* Waits until *opened == ticket; false: bound_ns passed before. */
bool delay_until(const volatile uint32_t *opened, uint32_t ticket, uint64_t bound_ns);

#endif
