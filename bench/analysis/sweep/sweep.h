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
        *launcher_args, *instance, *preset, *cost_limit, *against, *matrix, *print_estimate;
    double time_budget_s, deadline_s, repeat_every_s, for_s; /* 0: not given */
    double usd_per_gpu_hour;                                 /* NAN: not given */
    int64_t hosts_per_domain, max_failures;                  /* hosts_per_domain 0: not given */
    int dry_run, no_preflight, collect, up_to_memory;
    double cost_limit_usd;         /* NAN: not given */
    struct option_list plan_words; /* the flags that belong to `busbar plan`, in order */
};

/* Parses the command line; skips argv[0]. Returns STATUS_USAGE after printing one line. Ends the process
   after --help, --version and similar flags. */
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
    const char *origin; /* where the list comes from: "this machine", "Slurm job 7"; "": unknown */
    struct arena arena;
};

/* Reads what scripts/allocation prints: "# from: ORIGIN", then one line per host with name, ranks, GPUs and
   domain, tab-separated; fields at the end of a line may be missing. Returns STATUS_ENVIRONMENT after
   printing one line that names the file and the line. */
enum status hosts_read(const char *path, struct sweep_hosts *);
void hosts_free(struct sweep_hosts *);
bool is_domain(const char *name); /* is this a valid domain name for that list? */
/* Divides the list into domains of `per` consecutive hosts; hosts that have a domain keep it. per 0: no
   change. */
void hosts_divide(struct sweep_hosts *, int64_t per);
/* The smallest known number of GPUs of a host; 0: unknown for all hosts. */
int64_t hosts_least_gpus(const struct sweep_hosts *);
int64_t hosts_total_gpus(const struct sweep_hosts *);
/* Gives `gpus` GPUs to each host whose GPUs are not known, but not more than its slots. */
void hosts_assume_gpus(struct sweep_hosts *, int64_t gpus);
/* Ranks to start on each host: the number of its GPUs, else of its slots, and of these the minimum over all
   hosts. If none is known: 1; on a single host its number of cores, but at least 2 and at most 8. */
int64_t hosts_ranks_per_node(const struct sweep_hosts *, int64_t cores);
/* Writes the indices of `want` hosts into `picked`, in rank order: if !spread, fills one domain after
   another, else takes one host of each domain in turn. Leaves out the hosts in `lost` (names separated by
   spaces). Returns false if there are too few hosts. */
bool hosts_pick(const struct sweep_hosts *, int64_t want, bool spread, const char *lost, size_t *picked);
/* Writes `count` hosts to `path`: those with the indices in `picked`, or the first ones if that is NULL. */
enum status hosts_write(const struct sweep_hosts *, const size_t *picked, size_t count, const char *path);
/* For lists of names separated by spaces (NULL: empty): the number of names, and whether `name` is one. */
int64_t names_in(const char *list);
bool has_name(const char *list, const char *name);

/* ---- money and time (sweep_budget.c) ---- */

/* USD per hour for `gpus` GPUs; NAN: the price or the number of GPUs is unknown. */
double price_per_hour(double usd_per_gpu_hour, int64_t gpus);
/* Whole seconds that the money pays for, at most `budget_s` when that is not 0. */
int64_t affordable_seconds(double usd, double usd_per_hour, int64_t budget_s);
double cost_usd(int64_t seconds, double usd_per_hour);
/* Seconds that the next of `left` launches may measure: an equal share of the rest of the budget, minus the
   time that starting and ending a launch takes (overhead_s). At least 2. */
int64_t share_of_budget(int64_t budget_left_s, int64_t left, int64_t overhead_s);
/* If launches of the plan need more than their share of the budget at full length, says which and what
   follows: "matmul 19 s, but the budget gives each launch about 8 s: …"; else adds nothing. */
void shortage_text(const struct plan *, int64_t left, int64_t budget_s, int64_t overhead_s, struct text *out);
/* Adds the cases of a launch beyond this share of them, the smallest counted first: "all_reduce from 64 MiB
   on" (sweep_left_out.c). */
void beyond_text(const struct plan_row *, double share, struct text *out);
/* Deadline of a launch, in seconds: asked_s (--deadline) if that is not 0; else a minute plus twice the
   estimate, or a minute plus twice the share of the budget if that is less (share_s 0: no budget). */
int64_t launch_deadline(double asked_s, double estimate_s, int64_t share_s);
/* "5 s", "2 min 05 s", "1 h 00 min" */
const char *duration_text(int64_t seconds, char text[64]);
/* ", 1.23 USD"; "" without a price */
const char *cost_text(int64_t seconds, double usd_per_hour, char text[64]);

/* What a sweep takes at most: launches at full length on `hosts` hosts (sweep_estimate.c). */
struct sweep_estimate {
    int64_t launches, hosts;
    double seconds, usd_per_hour; /* usd_per_hour NAN: unknown */
    int64_t budget_s;             /* 0: none */
};
/* "4 launches on 64 hosts, at most about 56 s, 1.20 USD; the budget ends it after 5 s, 0.11 USD" */
void estimate_text(const struct sweep_estimate *, struct text *out);
/* --print-estimate: a line of FILE is one sweep; the sum has the hosts, price and budget of the last line. */
enum status estimate_append(const char *path, const struct sweep_estimate *);
enum status estimates_sum(const char *path, struct sweep_estimate *sum);

/* ---- the state of one sweep, between the calls (sweep_state.c) ---- */

struct sweep_state {
    /* from the machine and the flags; the same for all rounds of --repeat-every */
    const char *launcher, *provider, *price_source;
    int64_t host_count, gpus_per_node, ranks_per_node;
    int64_t has_gpus;
    int64_t largest;  /* bytes that fit into the memory of every GPU (--up-to-memory); 0: unknown */
    int64_t budget_s; /* 0: none */
    double usd_per_gpu_hour, usd_per_hour;
    int64_t probe; /* --up-to-memory: rows of the plan that were probed so far */
    int64_t round, rounds_begun_s, round_begun_s;
    const char *first_run; /* --repeat-every: the prefix of each round's run name */
    /* for this sweep, or this round */
    const char *run, *folder, *ended_by, *lost; /* lost: names, separated by spaces */
    int64_t begun_s, total, cursor, left, estimate_left_s, measured, spent_s, overhead_s;
    int64_t wrong, hung, failed;
    int64_t told_s; /* the remaining time that was last printed */
    /* see count_alike(); alike: failures so far, all with the same reason; -1: some launch ended
       differently */
    int64_t alike, driver_count;
    const char *alike_told, *alike_drivers, *first_failed;
    /* for the current launch */
    int64_t launch_begun_s, limit_s, share_s;
    struct arena arena;
};

/* Read and write the file "state" of the scratch folder. */
enum status state_read(const char *scratch, struct sweep_state *);
enum status state_write(const char *scratch, const struct sweep_state *); /* atomically: see replace_file() */
void state_free(struct sweep_state *);

/* ---- the outcome of a launch (sweep_judge.c) ---- */

enum outcome { OUTCOME_COMPLETE, OUTCOME_FAILED, OUTCOME_WRONG, OUTCOME_HUNG, OUTCOME_INTERRUPTED };
extern const char *const outcome_names[];

enum { REASON_BYTES = 300 };

/* Finds the line of a log that best explains a failure: at most 300 bytes of printable ASCII without quotes
   and backslashes; "" if there is none. Skips the headings of tables, which have a column "wrong". */
void reason_of(FILE *log, char reason[REASON_BYTES + 1]);

/* The facts about a launch that has ended. */
struct ending {
    int status;    /* exit status of the launcher; 124 and 137: `timeout` ended it */
    int signal;    /* the signal that the sweep received; 0: none */
    bool complete; /* does the end line of the record say that the launch is complete? */
    int64_t took_s, limit_s;
    const char *log_says; /* reason_of() */
};
enum outcome judge(const struct ending *, struct text *reason);

/* Counts in state->alike how many launches, from the first one on, have all failed within 10 s and with the
   same reason: the remaining launches would very likely fail in the same way. The comparison of reasons
   ignores the names of the launch and the driver, and digits (such as process ids). Call it after
   incrementing state->measured for the launch. */
void count_alike(struct sweep_state *, const char *launch, const char *driver, enum outcome,
                 const char *reason, int64_t took_s);
/* Have all launches so far failed alike, at least three, and with every driver of the plan among them? */
bool all_fail_alike(const struct sweep_state *);

/* Estimated seconds until the sweep ends: the mean time of the launches so far, times those left; before the
   first launch the sum of the plan's estimates. At most the rest of the budget. */
int64_t time_left(const struct sweep_state *, int64_t now_s);
/* Is left_s more than half as large again as told_s, the value last printed? Ignores growth of 1 s:
   rounding. */
bool grew_by_half(int64_t told_s, int64_t left_s);

/* ---- files of a run (sweep_files.c) ---- */

enum status note_outcome(const char *folder, const char *launch, enum outcome, int status, int64_t took_s,
                         int64_t nodes, double usd_per_hour, const char *reason);
/* Moves the record and the log of an earlier attempt to FOLDER/failed/, under names that no reader of records
   matches. */
enum status set_aside(const char *folder, const char *launch);
/* Writes a record that says "failed" if the launch died before it wrote its first line, so that comparisons
   of runs see the failure. Leaves an existing record alone, unless that is empty. */
enum status write_tombstone(const char *results, const char *run, const char *launch, const char *driver,
                            const char *reason);
/* --collect: extracts the records from FOLDER/LAUNCH.log, the launcher's output, into FOLDER/LAUNCH.jsonl.
   The launcher may have put a tag in front of each line. */
enum status collect_records(const char *folder, const char *launch);
/* Does any record in the folder report wrong data? */
bool has_wrong_data(const char *folder);
/* The name of the newest unfinished run below `results` that has this fingerprint; NULL: none. */
const char *unfinished_run(const char *results, const char *fingerprint, struct arena *);
/* Replaces a file atomically: writes a temporary file in the same folder, then renames it. */
enum status replace_file(const char *path, const char *content);
void sweep_say(const char *format, ...) __attribute__((format(printf, 1, 2))); /* one line on stderr */

#endif
