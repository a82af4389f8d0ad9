/* A plan: every launch of a sweep as one row. */
#ifndef BUSBAR_PLAN_H
#define BUSBAR_PLAN_H

#include "base/format.h"
#include "base/options.h"
#include "base/text.h"
#include "collective/collective.h"
#include "record/record.h"
#include "record/words.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* How ranks fill NVLink domains: one domain after another (packed), or hosts from all domains in turn
   (spread). DOMAINS_BOTH occurs only in settings. */
enum domains { DOMAINS_ABSENT, DOMAINS_PACKED, DOMAINS_SPREAD, DOMAINS_BOTH };
extern const struct names domains_names;

/* The options of `busbar plan`; its option table explains each. */
struct plan_settings {
    const char *drivers, *nodes, *groups, *sizes, *datatypes, *ops, *shapes, *matmul_types, *workloads, *read,
        *like, *into;
    enum placement placement;
    enum domains domains;
    enum mode mode;
    enum cache cache;
    enum format format;
    struct option_list driver_args, matmul_args, overlap_args, step_args;
    size_t begin, end;
    int64_t factor, available, ranks_per_node, launches, seed;
    double case_seconds, sustain_s, start_seconds;
    int gpus, concurrent, apart, wide;
};

enum launch_state { LAUNCH_TODO, LAUNCH_DONE, LAUNCH_PARTIAL };

struct plan_row {
    const char *launch; /* file name: driver, nodes, ranks, 10 digits of the key, and the repeat */
    const char *key;    /* hash of driver, arguments, nodes, ranks and domains, but not of the repeat */
    const char *driver; /* the program: a collective, matmul, overlap or step */
    const char *args;   /* its arguments, separated by single spaces; no argument contains a space */
    const char *group;  /* "world", or the comma-separated groups that it measures */
    enum domains domains;
    int64_t nodes, ranks_per_node, repeat, cases;
    double estimate_s;
    enum launch_state state;
    const char *why; /* if partial: the reason; else NULL */
};

/* The drivers that a plan can start: those of the collectives, which have their names, then the others. */
enum plan_driver { DRIVER_MATMUL = COLLECTIVE_COUNT, DRIVER_OVERLAP, DRIVER_STEP, DRIVER_COUNT };
int plan_driver(const char *word);      /* enum collective_id or plan_driver; -1: no driver has this name */
const char *plan_driver_word(size_t i); /* the words of --drivers in order; NULL after the last */
/* Does this driver multiply matrices, on CPUs with a BLAS library? */
bool multiplies(const char *driver);

struct plan {
    struct plan_row *rows;
    size_t count;
    struct arena arena;
};

/* Sets the options that were not given and whose defaults differ between GPUs and CPUs. */
void plan_set_defaults(struct plan_settings *);

/* Makes a plan. Returns STATUS_USAGE after printing one line that names the wrong option. */
enum status plan_build(const struct plan_settings *, struct plan *);
void plan_free(struct plan *);
/* Makes the plan that `busbar plan` makes from these arguments (argv[0] is skipped). */
enum status plan_of_words(int argc, char **argv, struct plan *);
/* Prints the plan as `busbar plan --format tsv` does. */
void plan_print_tsv(const struct plan *, FILE *);

/* Reads a file that `busbar plan --format tsv` printed. Returns STATUS_ENVIRONMENT after printing one line
   that names the file, and the line number if a line is wrong. */
enum status plan_read(const char *path, struct plan *);

/* Are arguments from a file safe, because they only choose what to measure (plan_args.c)? false: `refused` is
   the first word that is not. */
bool plan_args_measure(const char *args, struct text *refused);
/* Finds the value of the flag "--name" in arguments; the last one if it is given again. Returns false if the
   flag is not there. */
bool plan_args_value(const char *args, const char *name, struct text *value);

/* Reads node counts from "1,2,all" or "auto" (powers of two below `available`, and `available`) into a new
   ascending array without duplicates, which the caller frees. Returns STATUS_USAGE after printing one
   line. */
enum status plan_nodes(const char *text, int64_t available, int64_t **counts, size_t *n);

/* Sets the state of each row by its file in `folder`: done if the file is complete and has the same content,
   partial if it is not. */
void plan_read_states(struct plan *, const char *folder);
/* Is the file's last line an end record with the status "complete"? */
bool launch_is_complete(const char *path);

/* Completes the arguments of the rows that are not done: settings that they leave to the drivers' defaults
   are taken from the folder's records of the same launches. A baseline is thus measured again with the
   defaults of its version. Returns STATUS_ENVIRONMENT after printing one line. */
enum status plan_complete(struct plan *, const char *folder);

/* Appends " --blas NAME --blas-kernel LIST", by which a launch that multiplies uses the same BLAS library and
   kernels as this earlier launch; omits what `args` already choose. Nothing if the launch used no CPU
   library. */
void plan_add_blas(const struct launch *, const char *args, struct text *added);

#endif
