/* The decisions of a sweep. scripts/sweep starts launches, waits and kills; before and after each step it
   asks `busbar sweep VERB` what to do. Functions here take the time as an argument; only sweep_verbs.c reads
   a clock. */
#ifndef BUSBAR_SWEEP_H
#define BUSBAR_SWEEP_H

#include "analysis/plan/plan.h"
#include "base/status.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* ---- flags (sweep_flags.c) ---- */

/* The flags of scripts/sweep, as they were typed. */
struct sweep_settings {
    const char *run, *results, *build, *plan_file, *label, *print_folder, *hostfile, *launcher,
        *launcher_args, *instance, *preset, *cost_limit, *against;
    double time_budget_s, deadline_s, repeat_every_s, for_s; /* 0: not given */
    double usd_per_gpu_hour;                                 /* NAN: not given */
    int64_t hosts_per_domain, max_failures;                  /* hosts_per_domain 0: not given */
    int dry_run, no_preflight, collect, up_to_memory;
    double cost_limit_usd;         /* NAN: not given */
    struct option_list plan_words; /* the flags that belong to `busbar plan`, in order */
};

/* argv[0] is skipped. STATUS_USAGE after one line. Ends the process after --help and the like. */
enum status sweep_parse(int argc, char **argv, struct sweep_settings *);
void sweep_settings_free(struct sweep_settings *);

/* ---- hosts (sweep_hosts.c) ---- */

struct sweep_host {
    const char *name, *domain; /* "-": not known */
    int64_t slots, gpus;       /* ABSENT: not known */
};

struct sweep_hosts {
    struct sweep_host *list;
    size_t count;
    const char *origin; /* "this machine", "Slurm job 7"; "": not said */
    struct arena arena;
};

/* What scripts/allocation prints: name, ranks, GPUs and domain, tab-separated, or the first of these; "#
   from: ORIGIN" first. STATUS_ENVIRONMENT after one line with file and line number. */
enum status hosts_read(const char *path, struct sweep_hosts *);
void hosts_free(struct sweep_hosts *);
bool is_domain(const char *name); /* what may stand as a domain in that list */
/* Gives every host without a domain the domain of `per` neighbours in the list. */
void hosts_divide(struct sweep_hosts *, int64_t per);
/* The least that any host tells; 0: none tells. */
int64_t hosts_least_gpus(const struct sweep_hosts *);
int64_t hosts_total_gpus(const struct sweep_hosts *);
/* Ranks of a host: its GPUs, else its slots, the least of all hosts. Where nobody tells: one, or on a single
   host as many as it has cores, from two to eight. */
int64_t hosts_ranks_per_node(const struct sweep_hosts *, int64_t cores);
/* The indices of `want` hosts into `picked`, in rank order: packed fills one domain after another, spread
   takes one of each in turn. Hosts named in `lost` (separated by spaces) are left out. false: too few. */
bool hosts_pick(const struct sweep_hosts *, int64_t want, bool spread, const char *lost, size_t *picked);
/* The hosts file of a launch: all of `hosts` when picked is NULL. */
enum status hosts_write(const struct sweep_hosts *, const size_t *picked, size_t count, const char *path);
/* How many names a list separated by spaces has, and whether `name` is one. */
int64_t names_in(const char *list);
bool has_name(const char *list, const char *name);

/* ---- money and time (sweep_budget.c) ---- */

/* USD an hour for `gpus` GPUs; NAN: the price or the number is not known. */
double price_per_hour(double usd_per_gpu_hour, int64_t gpus);
/* Whole seconds that the money pays for, at most `budget_s` when that is not 0. */
int64_t affordable_seconds(double usd, double usd_per_hour, int64_t budget_s);
double cost_usd(int64_t seconds, double usd_per_hour);
/* Seconds that the next of `left` launches may measure: an equal share of what is left of the budget, less
   what starting and ending each takes. At least 2. */
int64_t share_of_budget(int64_t budget_left_s, int64_t left, int64_t overhead_s);
/* After which a launch is ended: what the user says, else a minute and twice the estimate, or twice the share
   of the budget when that is less (share 0: no budget). */
int64_t launch_deadline(double asked_s, double estimate_s, int64_t share_s);
/* "5 s", "2 min 05 s", "1 h 00 min" */
const char *duration_text(int64_t seconds, char text[64]);
/* ", 1.23 USD"; "" without a price */
const char *cost_text(int64_t seconds, double usd_per_hour, char text[64]);

/* ---- the state of one sweep, between the calls (sweep_state.c) ---- */

struct sweep_state {
    /* of the machine and the flags; the same for all rounds of --repeat-every */
    const char *launcher, *provider, *price_source;
    int64_t host_count, gpus_per_node, ranks_per_node;
    int64_t has_gpus;
    int64_t largest;  /* bytes that fit into the memory of every GPU (--up-to-memory); 0: not asked */
    int64_t budget_s; /* 0: none */
    double usd_per_gpu_hour, usd_per_hour;
    int64_t probe; /* --up-to-memory: rows of the plan asked so far */
    int64_t round, rounds_begun_s, round_begun_s;
    const char *first_run; /* the name that the rounds' names begin with */
    /* of this sweep */
    const char *run, *folder, *ended_by, *lost; /* lost: names, separated by spaces */
    int64_t begun_s, total, cursor, left, estimate_left_s, measured, spent_s, overhead_s;
    int64_t wrong, hung, failed;
    int64_t told_s; /* the time left as it was told last */
    /* failures so far that look alike; -1: some launch did otherwise */
    int64_t alike, driver_count;
    const char *alike_told, *alike_drivers, *first_failed;
    /* of the launch that runs */
    int64_t launch_begun_s, limit_s, share_s;
    struct arena arena;
};

/* The file "state" of the scratch folder. */
enum status state_read(const char *scratch, struct sweep_state *);
enum status state_write(const char *scratch, const struct sweep_state *); /* by a temporary file and rename */
void state_free(struct sweep_state *);

/* ---- what became of a launch (sweep_judge.c) ---- */

enum outcome { OUTCOME_COMPLETE, OUTCOME_FAILED, OUTCOME_WRONG, OUTCOME_HUNG, OUTCOME_INTERRUPTED };
extern const char *const outcome_names[];

enum { REASON_BYTES = 300 };

/* The line of a log that best says what went wrong, at most 300 bytes of printable ASCII without quotes and
   backslashes; "" when there is none. Headings of tables, which name a column "wrong", are no reasons. */
void reason_of(FILE *log, char reason[REASON_BYTES + 1]);

/* What is known when a launch has ended. */
struct ending {
    int status;    /* of the launcher; 124 and 137: `timeout` ended it */
    int signal;    /* that the sweep got; 0: none */
    bool complete; /* the file has an end that says so */
    int64_t took_s, limit_s;
    const char *log_says; /* reason_of() */
};
enum outcome judge(const struct ending *, struct text *reason);

/* Launches that all fail within seconds and with the same words fail for a reason that the launches to come
   share. Counts them in state->alike, from the first launch on; names of launch and driver do not matter, nor
   numbers, such as those of processes. Call it when state->measured counts the launch. */
void count_alike(struct sweep_state *, const char *launch, const char *driver, enum outcome,
                 const char *reason, int64_t took_s);
/* Three launches, or as many as there are drivers if those are more, every driver among them. */
bool all_fail_alike(const struct sweep_state *);

/* Time left: the mean of the launches so far, before the first the plan's estimates; the budget's at most. */
int64_t time_left(const struct sweep_state *, int64_t now_s);
/* Did it grow by half, and by more than the rounding to whole seconds, since it was told last? */
bool grew_by_half(int64_t told_s, int64_t left_s);

/* ---- files of a run (sweep_files.c) ---- */

enum status note_outcome(const char *folder, const char *launch, enum outcome, int status, int64_t took_s,
                         int64_t nodes, double usd_per_hour, const char *reason);
/* Moves what an earlier try left to failed/, under names that readers of records do not look for. */
enum status set_aside(const char *folder, const char *launch);
/* The record of a launch that died before its first line: whoever compares runs must see that it failed. */
enum status write_tombstone(const char *results, const char *run, const char *launch, const char *driver,
                            const char *reason);
/* --collect: records that came through the launcher's output, perhaps with a tag before each line. */
enum status collect_records(const char *folder, const char *launch);
/* Does any record of the folder say that data were wrong? */
bool has_wrong_data(const char *folder);
/* The newest run below `results` that is unfinished and has this fingerprint: its name, or NULL. */
const char *unfinished_run(const char *results, const char *fingerprint, struct arena *);
/* Writes a whole file by a temporary beside it and rename. */
enum status replace_file(const char *path, const char *content);
void sweep_say(const char *format, ...) __attribute__((format(printf, 1, 2))); /* one line on stderr */

#endif
