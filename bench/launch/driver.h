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

/* Flags of all drivers; those that differ in default or choice stand in each driver's own table. */
struct driver_settings {
    const char *output, *run, *launch, *label, *cloud, *instance;
    enum format format;
    double timeout_s;
    int64_t expect_ranks, expect_hosts;
    int progress;
    struct start_settings start;
};

/* The rows that are the same for all, for struct command's `more`: their offsets are those of
   driver_settings, which is the first member of a driver's settings. */
extern const struct option driver_options[];

struct driver;

/* What a driver does itself. All but `read`, `free_settings`, `devices` and `abort` are collective. */
struct driver_parts {
    /* Reads the command line; sets driver->settings and driver->command. One line on error. */
    enum status (*read)(struct driver *);
    void (*free_settings)(struct driver *);
    /* backend_devices (backend/backend.h) of the chosen backend. */
    int (*devices)(const struct driver *, int local_rank);
    /* Opens what measures; sets driver->backend. World and machine are known; only rank 0's failures are
     * heard. */
    enum status (*open)(struct driver *);
    /* The launch header's facts and provenance. */
    void (*add_facts)(struct driver *, struct launch_header *);
    /* A failure may be one rank's alone: it ends the launch by MPI_Abort. */
    enum status (*measure)(struct driver *);
    /* On rank 0, after `measure`: why no case has a figure, in words that last until `close`; NULL where one
       has. */
    const char *(*why_nothing)(struct driver *);
    /* On rank 0: what a person reads of the figures. */
    void (*print)(struct driver *, FILE *);
    /* Frees all but the settings. `status`: of writing the records; returns it, or an error of its own. */
    enum status (*close)(struct driver *, enum status status);
    void (*abort)(struct driver *); /* from the watchdog's thread: ends what hangs on devices */
};

struct driver {
    const struct driver_parts *parts;
    const char *name, *backend;
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

/* A launch from its command line to its exit status. `driver` has parts, name, argc and argv. */
int driver_main(struct driver *);

#endif
