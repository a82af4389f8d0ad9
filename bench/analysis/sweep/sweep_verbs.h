/* The data and functions that the verbs of `busbar sweep` share. */
#ifndef BUSBAR_SWEEP_VERBS_H
#define BUSBAR_SWEEP_VERBS_H

#include "analysis/sweep/sweep.h"

struct sweep {
    const char *scratch; /* the temporary folder of scripts/sweep */
    struct sweep_settings settings;
    struct sweep_state state;
    int64_t number[2]; /* numeric arguments of the verb, such as a launch's exit status */
    int64_t now_s;     /* clock_boot_s() */
};

typedef enum status sweep_verb(struct sweep *);

/* Before the first launch (sweep_start.c; verb_probe: sweep_probe.c) */
sweep_verb verb_flags, verb_hosts, verb_probe, verb_begin, verb_open, verb_round, verb_preflight, verb_absent;
/* One launch after another (sweep_launch.c) */
sweep_verb verb_dry, verb_next, verb_judge, verb_remaining, verb_lost, verb_finish, verb_cost;

/* Prints the line NAME=VALUE for the calling script, which assigns VALUE without evaluating it. */
void tell(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The path SCRATCH/NAME; the state owns the string. */
const char *scratch_path(struct sweep *, const char *name);
/* The hosts of the sweep, from SCRATCH/all_hosts. */
enum status sweep_hosts(struct sweep *, struct sweep_hosts *);
/* Makes the sweep's plan from the flags. If `folder` is not NULL, takes the state of each launch from
   there. */
enum status sweep_plan(struct sweep *, const char *folder, struct plan *);
/* Reads the plan that save_plan() wrote, and updates the states of the launches from the cursor on. */
enum status saved_plan(struct sweep *, struct plan *);
enum status save_plan(struct sweep *, const struct plan *);
/* Do the flags say which sizes to measure? */
bool has_own_sizes(const struct sweep_settings *);
/* Appends the path of a driver: BUILD/DRIVER, or BUILD/busbar-DRIVER, its name where busbar is installed. */
void add_driver(const struct sweep *, const char *driver, struct text *path);

/* Writes the program and arguments of a row to SCRATCH/command, one word per line. The program measures, for
   share_s seconds if that is not 0; if !measures, it only prints the largest size that fits into memory. */
enum status write_command(struct sweep *, const struct plan_row *, bool measures, int64_t share_s);
/* Reads the names of the hosts that did not answer from SCRATCH/silent. `names` gets a list separated by
   spaces, in the order of the sweep's hosts; the state owns it. */
enum status read_silent(struct sweep *, const char **names);
/* Calls `each` for every line of SCRATCH/NAME. A missing file counts as empty. */
enum status each_line(struct sweep *, const char *name, void (*each)(const char *line, void *data),
                      void *data);
const char *launcher_of(const struct sweep *);
/* Sets the price per hour of the whole allocation. Call it again when the number of GPUs becomes known. */
void set_price(struct sweep *);
int64_t total_gpus(const struct sweep *);

/* Names the cases that the budget left out of the run's complete launches, each once (sweep_left_out.c). */
void say_left_out(const struct sweep_state *, const struct plan *);

#endif
