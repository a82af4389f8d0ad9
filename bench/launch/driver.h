/* What every driver does around its measurement: command line, watchdog, MPI, record file, table, exit
   status. A driver's own state starts with struct driver, its settings with struct driver_settings. */
#ifndef BUSBAR_DRIVER_H
#define BUSBAR_DRIVER_H

#include "base/options.h"
#include "launch/crowding.h"
#include "launch/journal.h"
#include "launch/progress.h"
#include "launch/start.h"
#include "launch/watch.h"

#include <stdio.h>

/* Settings of all drivers. Flags whose default or choices differ are in each driver's own table. */
struct driver_settings {
    const char *output, *run, *launch, *label, *cloud, *instance;
    enum format format;
    double timeout_s;
    int64_t expect_ranks, expect_hosts;
    int progress;
    struct start_settings start;
};

/* The options that are the same for all drivers, for struct command's `more`. Their offsets are those in
   struct driver_settings, which must be the first member of a driver's settings. */
extern const struct option driver_options[];

/* The flags of nccl-tests, OSU and IMB, for struct command's `foreign` (other_tools.c). */
extern const struct foreign other_tools[];

struct driver;

/* The parts that each driver implements. `open`, `add_facts`, `measure` and `close` are collective. */
struct driver_parts {
    /* Reads the command line; sets driver->settings and driver->command. Prints one line on error. */
    enum status (*read)(struct driver *);
    void (*free_settings)(struct driver *);
    /* backend_devices (backend/backend.h) of the chosen backend. */
    int (*devices)(const struct driver *, int local_rank);
    /* Opens the backend and what depends on it; sets driver->backend. World and machine are known. Only rank
       0 prints its errors; agree_over() prints another rank's if that fails alone. */
    enum status (*open)(struct driver *);
    /* Adds facts and provenance to the launch header. */
    void (*add_facts)(struct driver *, struct launch_header *);
    /* Takes all samples and writes the rows. It may fail on one rank alone: the driver then calls
       MPI_Abort. */
    enum status (*measure)(struct driver *);
    /* On rank 0, after `measure`: why no case has a figure; NULL if one has. The text is valid until
       `close`. */
    const char *(*why_nothing)(struct driver *);
    /* On rank 0: prints the table of the figures. */
    void (*print)(struct driver *, FILE *);
    /* Frees all but the settings. status: of writing the records; returned unless closing fails. */
    enum status (*close)(struct driver *, enum status status);
    void (*abort)(struct driver *); /* called by the watchdog's thread: ends hanging device operations */
};

struct driver {
    const struct driver_parts *parts;
    const char *name, *backend;
    int thread_level; /* of MPI that the driver would use: MPI_THREAD_…; may turn out lower */
    int argc;
    char **argv;
    struct command command;
    const struct driver_settings *settings;
    struct world world;
    struct host_machine machine;
    struct crowding crowding;
    struct watch *watch;
    struct journal journal;
    struct progress_line progress;
};

/* Runs a launch, from its command line to the exit status, which it returns. The caller has set parts, name,
   argc and argv. */
int driver_main(struct driver *);

#endif
