/* One call of `busbar sweep`: what its verbs share. */
#ifndef BUSBAR_SWEEP_VERBS_H
#define BUSBAR_SWEEP_VERBS_H

#include "analysis/sweep/sweep.h"

struct sweep {
    const char *scratch; /* the temporary folder of scripts/sweep */
    struct sweep_settings settings;
    struct sweep_state state;
    int64_t number[2]; /* what the shell adds: exit status and signal of a launch … */
    int64_t now_s;     /* clock_boot_s() */
};

typedef enum status sweep_verb(struct sweep *);

/* Before the first launch (sweep_start.c; verb_probe: sweep_probe.c) */
sweep_verb verb_flags, verb_hosts, verb_probe, verb_begin, verb_open, verb_round, verb_preflight, verb_absent;
/* One launch after another (sweep_launch.c) */
sweep_verb verb_dry, verb_next, verb_judge, verb_remaining, verb_lost, verb_finish, verb_cost;

/* The answer to the shell: a line NAME=VALUE, which it does not interpret. */
void tell(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* SCRATCH/NAME as a text that lives as long as the state. */
const char *scratch_path(struct sweep *, const char *name);
/* The hosts of the sweep, from SCRATCH/all_hosts. */
enum status sweep_hosts(struct sweep *, struct sweep_hosts *);
/* The sweep's plan, as made from the flags; folder: with the states of its launches there, or NULL. */
enum status sweep_plan(struct sweep *, const char *folder, struct plan *);
/* The same as it was saved at the start, from the cursor on with the states of now. */
enum status saved_plan(struct sweep *, struct plan *);
enum status save_plan(struct sweep *, const struct plan *);
/* Do the flags say which sizes to measure? */
bool has_own_sizes(const struct sweep_settings *);
/* SCRATCH/command: program and arguments of a row, a word a line; it measures (share_s 0: without a budget),
   or only tells the largest size that fits into memory. */
enum status write_command(struct sweep *, const struct plan_row *, bool measures, int64_t share_s);
/* Reads names of hosts from SCRATCH/silent: a list separated by spaces, in the order of the hosts. */
enum status read_silent(struct sweep *, const char **names);
/* Calls `each` for every line of SCRATCH/NAME; none when there is no such file. */
enum status each_line(struct sweep *, const char *name, void (*each)(const char *line, void *data),
                      void *data);
const char *launcher_of(const struct sweep *);
/* Sets the price of an hour of the whole allocation, once the number of its GPUs is known. */
void set_price(struct sweep *);
int64_t total_gpus(const struct sweep *);

#endif
