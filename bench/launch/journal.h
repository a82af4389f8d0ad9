/* A launch's record file. The measuring thread writes rows; the watchdog may write the end at any moment. */
#ifndef BUSBAR_JOURNAL_H
#define BUSBAR_JOURNAL_H

#include "base/format.h"
#include "launch/header.h"

#include <pthread.h>

struct journal {
    struct record_writer writer; /* rank 0 */
    pthread_mutex_t lock;
    double start_s; /* of the process */
    bool has_header, ended;
    bool wrong; /* a row of it has wrong data */
    char run[LAUNCH_NAME], launch[LAUNCH_NAME];
};

void journal_start(struct journal *, double start_s);

/* Collective. Names the launch, opens the file on rank 0 (output "none": no file; FORMAT_JSON: rows on
   standard output), and writes the header: `known` with what header_write adds. */
enum status journal_open(struct journal *, const struct world *, const struct host_machine *,
                         const char *output, enum format format, struct launch_description known,
                         void (*add_facts)(void *state, struct launch_header *), void *state);

/* One row, with its key. Nothing once the end is written. On rank 0. */
enum status journal_case(struct journal *, struct case_row *);

/* Writes the end line; a second call does nothing. The watchdog's thread calls it too. If the measuring
   thread holds the lock for two seconds, in a write that blocks: STATUS_ENVIRONMENT. */
enum status journal_end(struct journal *, enum end_status);

/* The same for a launch that failed, with one line that says why. */
enum status journal_fail(struct journal *, const char *why);

#endif
