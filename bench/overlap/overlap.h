/* The overlap driver: a collective and matrix multiplications, each alone and both at once.

   A round takes three samples in random order: the communication alone (Tc), the computation alone (Tm) and
   both (Tcm). A sample starts after a barrier; its time is the slowest rank's. record/overlap.h says what
   follows from the times. */
#ifndef BUSBAR_OVERLAP_H
#define BUSBAR_OVERLAP_H

#include "collective/collective.h"
#include "collective/dtype.h"
#include "launch/driver.h"
#include "matmul/gemm.h"
#include "overlap/pair.h"
#include "overlap/sides.h"
#include "record/overlap.h"
#include "record/shapes.h"
#include "stats/stopping.h"

#include <stdio.h>

struct overlap_settings {
    struct driver_settings driver; /* first */
    /* as given on the command line */
    const char *collectives_text, *sizes_text, *dtype_text, *shape_text, *gemm_text, *ratios_text;
    const char *backend, *fault_text;
    struct sides_flags sides;
    int64_t operations, rounds, seed, check;
    double precision_percent, max_seconds, time_budget_s;

    /* derived from the above */
    const struct collective *collectives[COLLECTIVE_COUNT];
    int collective_count;
    enum dtype dtype;
    struct shape shape;        /* m 0: the default, which depends on where the matrices are */
    int gemm_type;             /* enum gemm_type; -1: the default */
    size_t *sizes, size_count; /* the largest first; 0: the default */
    double *ratios;
    size_t ratio_count;
    const char **policies; /* of --cta; without it "default" */
    size_t policy_count;
    char *policies_copy; /* what they point into */
    struct sides_fault fault;
};

struct command overlap_command(void);
/* On error prints one line and returns STATUS_USAGE. */
enum status overlap_settings_read(const struct command *, int argc, char **argv, struct overlap_settings *);
void overlap_settings_free(struct overlap_settings *);

/* Reads --cta; part of overlap_settings_read(). */
enum status overlap_policies_read(struct overlap_settings *);

/* A policy, a collective, a size and a ratio, with the results. The samples are on rank 0 only. */
struct overlap_case {
    const struct collective *collective;
    size_t policy; /* of the settings' */
    bool repeated; /* an earlier case is the same, since neither's policy concerns the collective: this one is
                        left out */
    const char *cta; /* labels of its row (measure/labels.h) */
    enum registration registration;
    size_t requested_bytes, count; /* as asked for; elements */
    double ratio;
    int operations, matmuls; /* in a sample; 0: not measured */
    struct rounds {
        double *times_us[TIMES]; /* overlap/pair.h */
        size_t count, capacity;
    } rounds;
    enum stop_reason why;
    enum status status;
    char reason[256];
    int64_t wrong, gemm_wrong; /* over all ranks; ABSENT: unchecked */
};

struct overlap_launch {
    struct driver driver; /* must be first: driver_main() passes a pointer to it */
    struct overlap_settings settings;
    _Atomic(struct comm *) endable; /* the launch or the watchdog takes it and ends it */
    const struct backend *backend;
    struct comm *comm; /* of the policy that is measured */
    size_t policy;
    const struct gemm_engine *engine;
    struct gemm *gemm;
    struct gemm_work *work; /* NULL: the matrices could not be had, and gemm_reason says why */
    enum status gemm_status;
    const char *gemm_reason;
    struct gemm_problem problem;
    char algorithm[256];
    struct pair *pair;
    struct pair_call call; /* what the sides do now */
    struct pair_product product;
    struct overlap_case *cases; /* policies, then sizes descending, collectives, ratios */
    size_t case_count;
    double most_s; /* rank 0: time for the rounds of the case that runs; INFINITY: no limit */
};

/* Collective. Closes the communicator and opens that of another policy. */
enum status overlap_policy_open(struct overlap_launch *, size_t policy);
/* On rank 0. Sets the labels of the rows to what NCCL does. Warns once of each reason why that differs from
   what was asked for. */
void overlap_label_cases(struct overlap_launch *, const struct launch_header *);

/* Collective; the pair has its buffers and its matrices. Chooses the number of collectives in a sample, and
   for each of the cases, which differ in their ratio only, the number of multiplications. */
enum status overlap_calibrate(struct overlap_launch *, struct overlap_case *cases, size_t count);

/* Collective. Takes the rounds of a case, then verifies both sides while they run at once. */
enum status overlap_sample(struct overlap_launch *, struct overlap_case *);

/* On rank 0: a row of the record, without a key. Its strings and samples belong to the launch. */
struct overlap_row overlap_row_of(const struct overlap_launch *, const struct overlap_case *);

void overlap_table(const struct overlap_launch *, FILE *);

int overlap_main(int argc, char **argv);

#endif
