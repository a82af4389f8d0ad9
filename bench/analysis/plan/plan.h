/* A plan: every launch of a sweep as one row. Only plan_read, plan_read_states and plan_complete read
   files. */
#ifndef BUSBAR_PLAN_H
#define BUSBAR_PLAN_H

#include "base/format.h"
#include "base/options.h"
#include "base/text.h"
#include "record/words.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* How ranks fill NVLink domains: one after another, or hosts from all in turn. DOMAINS_BOTH: only in
   settings. */
enum domains { DOMAINS_ABSENT, DOMAINS_PACKED, DOMAINS_SPREAD, DOMAINS_BOTH };
extern const struct names domains_names;

/* What `busbar plan` was asked; see its option table for each. */
struct plan_settings {
    const char *drivers, *nodes, *groups, *sizes, *datatypes, *ops, *shapes, *matmul_types, *read, *like,
        *into;
    enum placement placement;
    enum domains domains;
    enum mode mode;
    enum cache cache;
    enum format format;
    struct option_list driver_args, matmul_args;
    size_t begin, end;
    int64_t factor, available, ranks_per_node, launches, seed;
    double case_seconds, sustain_s, start_seconds;
    int gpus, concurrent, apart;
};

enum launch_state { LAUNCH_TODO, LAUNCH_DONE, LAUNCH_PARTIAL };

struct plan_row {
    const char *launch; /* file name: what runs, where, the hash of its content, and its repeat */
    const char *key;    /* hash of the content: program, arguments, nodes, ranks, placement; not the repeat */
    const char *driver; /* the program */
    const char *args;   /* its arguments, separated by single spaces; no argument holds one */
    const char *group;  /* "world", or the splits that it measures */
    enum domains domains;
    int64_t nodes, ranks_per_node, repeat, cases;
    double estimate_s;
    enum launch_state state;
    const char *why; /* partial: what is wrong with the file */
};

/* Whether this driver is matmul; all others measure collectives and are named as these. */
bool is_matmul_driver(const char *driver);

struct plan {
    struct plan_row *rows;
    size_t count;
    struct arena arena;
};

/* Sets what was not given and has another default on GPUs than on CPUs. */
void plan_set_defaults(struct plan_settings *);

/* STATUS_USAGE after one line that names what was wrong. */
enum status plan_build(const struct plan_settings *, struct plan *);
void plan_free(struct plan *);
/* What `busbar plan` would make of these arguments (argv[0] is skipped). */
enum status plan_of_words(int argc, char **argv, struct plan *);
/* As `busbar plan --format tsv` prints it. */
void plan_print_tsv(const struct plan *, FILE *);

/* The rows of a file that `busbar plan --format tsv` printed. STATUS_ENVIRONMENT after one line with file and
 * line number. */
enum status plan_read(const char *path, struct plan *);

/* Do arguments that come from a file only measure (plan_args.c)? false: `refused` is the first word that does
   something else. */
bool plan_args_measure(const char *args, struct text *refused);

/* Node counts from "1,2,all" or "auto" (powers of two below `available`, and `available`) as a new ascending
   array without repeats; the caller frees it. */
enum status plan_nodes(const char *text, int64_t available, int64_t **counts, size_t *n);

/* Looks for each row's file in `folder`: complete and of the same content is done; there, but not so, is
 * partial. */
void plan_read_states(struct plan *, const char *folder);
/* The file's last line is an end that says "complete". */
bool launch_is_complete(const char *path);

/* Adds to the arguments of rows that are not done the settings that they leave to the drivers' defaults, as
 * the folder's records of the same launches have them: a baseline is measured again with the defaults of its
 * time. */
enum status plan_complete(struct plan *, const char *folder);

#endif
