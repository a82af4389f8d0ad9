/* Detects ranks that share processors: their times depend on the scheduler. */
#ifndef BUSBAR_CROWDING_H
#define BUSBAR_CROWDING_H

#include "backend/backend.h"
#include "launch/machine.h"

/* The most crowded place of the launch: a set of processors (hardware threads) with more ranks bound to it
   than it has processors, or a host with more ranks than its control group's CPU quota. */
struct crowding {
    int ranks;         /* that share the processors; 0: there is no such place */
    double processors; /* that they share */
    const char *host;  /* its name, owned by the world */
    int alike;         /* ranks on this rank's host with the same binding as this rank, which counts too */
};

/* Collective. */
void crowding_find(const struct world *, const struct host_machine *, struct crowding *);

#endif
