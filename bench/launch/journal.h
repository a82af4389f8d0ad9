/* A launch's record file. The measuring thread writes rows; the watchdog may write the end at any time. */
#ifndef BUSBAR_JOURNAL_H
#define BUSBAR_JOURNAL_H

#include "base/format.h"
#include "launch/header.h"
#include "record/overlap.h"

#include <pthread.h>

struct journal {
    struct record_writer writer; /* on rank 0 */
    pthread_mutex_t lock;
    double start_s;         /* when the process started, clock_s() */
    bool has_header, ended; /* whether header and end line have been written */
    bool wrong;             /* a row reports wrong data */
    char run[LAUNCH_NAME], launch[LAUNCH_NAME];
};

void journal_start(struct journal *, double start_s);

/* Collective. Names the launch, opens the file on rank 0 (output "none": no file; FORMAT_JSON: also rows on
   standard output), and writes the header by header_write(). */
enum status journal_open(struct journal *, const struct world *, const struct host_machine *,
                         const char *output, enum format format, struct launch_description known,
                         void (*add_facts)(void *state, struct launch_header *), void *state);

/* On rank 0: writes one row, with its key. Writes nothing once the end has been written. */
enum status journal_case(struct journal *, struct case_row *);

/* The same for a collective and a matmul at once. */
enum status journal_overlap(struct journal *, struct overlap_row *);

/* Writes the end line; a second call does nothing. The watchdog's thread calls it too. Returns
   STATUS_ENVIRONMENT if the measuring thread holds the lock for two seconds, in a write that blocks. */
enum status journal_end(struct journal *, enum end_status);

/* The same for a launch that failed; why: one line for the record. */
enum status journal_fail(struct journal *, const char *why);

#endif
