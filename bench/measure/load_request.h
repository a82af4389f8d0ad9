/* --beside COLLECTIVE:SIZE: the load that runs beside a measurement. */
#ifndef BUSBAR_LOAD_REQUEST_H
#define BUSBAR_LOAD_REQUEST_H

#include "base/status.h"
#include "collective/collective.h"

struct world;

struct load_request {
    const struct collective *collective; /* NULL: no load */
    size_t bytes;
    char label[64]; /* in records: "alltoall:256M"; equal for equal loads, however they were written */
};

/* STATUS_USAGE after one line. */
enum status load_request_read(const char *text, struct load_request *);

/* Which ranks run the load: on each host the second, the fourth and so on, by local rank. Neighbours share
   most (a PCIe switch, a NIC, a cache), so those that load are next to those that measure, and both groups
   are on every host. False, with the reason: a host has a single rank, or a group would. */
bool load_divide(const struct world *, bool *loads, char *reason, size_t room);

#endif
