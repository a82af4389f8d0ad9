/* The backend of simulated launches: all-reduce and all-gather over two levels, NVLink domains and the
   network between them. Without data (the platform's property "data" is "no") messages take their time, but
   no memory. */
#ifndef BUSBAR_SIMULATED_H
#define BUSBAR_SIMULATED_H

#include "backend/backend.h"

extern const struct backend backend_simulated;

/* The same operations, but the host starts and times them, as with MPI: after a barrier, or at a time of
   synchronised clocks (--sync window). */
extern const struct backend backend_simulated_host;

#endif
