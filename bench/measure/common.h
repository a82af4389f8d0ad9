/* What every driver's launch has in common, whatever it measures. */
#ifndef BUSBAR_COMMON_H
#define BUSBAR_COMMON_H

#include "backend/backend.h"
#include "measure/machine.h"
#include "record/facts.h"

/* The rank that the launcher gave us, before MPI_Init: so that a usage error is said once. 0: none did. */
int early_rank(void);

/* Collective: the worst status of all ranks; a failure is worse than a case that cannot be had. */
enum status agree_over(MPI_Comm, enum status own);

/* What a case's status is called in the record. */
const char *case_status_name(enum status);

/* --expect-ranks, --expect-hosts; 0: anything. STATUS_ENVIRONMENT with one line. */
enum status check_expected(const struct world *, int64_t ranks, int64_t hosts);

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
enum status crowding_find(const struct world *, const struct host_machine *, struct crowding *);

/* Names of the run and the launch: those given, else when and what, and the process, so that no two meet. */
enum { LAUNCH_NAME = 256 };
void launch_names(const char *driver, int ranks, const char *given_run, const char *given_launch,
                  char run[LAUNCH_NAME], char launch[LAUNCH_NAME]);

/* Collective, since a backend's facts may be: fills the header from `known` (world, MPI and environment are
   added here), the machine and add_facts(state, header); rank 0 writes it. */
enum status header_write(struct record_writer *, const struct world *, const struct host_machine *,
                         struct launch_description known,
                         void (*add_facts)(void *state, struct launch_header *), void *state);

#endif
