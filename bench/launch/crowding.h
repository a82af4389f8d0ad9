/* Whether processes take turns on processors: then their times are the scheduler's. */
#ifndef BUSBAR_CROWDING_H
#define BUSBAR_CROWDING_H

#include "backend/backend.h"
#include "launch/machine.h"

/* Whether processes take turns on processors somewhere in the launch: more ranks bound to a set of processors
   (hardware threads) than it has, or more ranks on a host than its control group's quota gives. The worst
   such place. */
struct crowding {
    int ranks;         /* 0: nowhere */
    double processors; /* that they share */
    const char *host;  /* the world's */
    int alike;         /* ranks of this rank's host with its own binding, itself included */
};

/* Collective. */
void crowding_find(const struct world *, const struct host_machine *, struct crowding *);

#endif
