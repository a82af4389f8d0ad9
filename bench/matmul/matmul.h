/* The matmul driver. Every rank multiplies its own matrices, without communication meanwhile, and has its own
   samples of each case (shape, layout, type, phase). The record has the samples of the slowest rank, the one
   with the largest median: the maximum over ranks of each sample would accumulate the noise of all ranks.
   `rank_time_us` summarises the medians of all ranks. */
#ifndef BUSBAR_MATMUL_H
#define BUSBAR_MATMUL_H

#include "backend/backend.h"
#include "base/options.h"
#include "launch/driver.h"
#include "matmul/gemm.h"
#include "record/shapes.h"
#include "stats/stopping.h"

#include <stdio.h>

enum { LAYOUTS = 4 };
extern const char *const gemm_layouts[LAYOUTS + 1]; /* "NN" …; NULL-terminated */

/* Which ranks multiply at the same time: all, or one rank of each host at a time. */
enum at_once { AT_ONCE_ABSENT, AT_ONCE_ALL, AT_ONCE_ONE };

enum matmul_fault { FAULT_NONE, FAULT_WRONG, FAULT_SLOW, FAULT_FAIL, FAULT_HANG };

struct matmul_settings {
    struct driver_settings driver; /* first */
    /* as given on the command line */
    const char *dtypes_text, *shapes_text, *layouts_text, *engine;
    enum phase phase;
    enum cache cache;
    enum at_once at_once;
    enum accumulator accumulator;
    double sustain_s; /* not above 0: the default, which depends on the engine's memory */
    int64_t samples, warmup, passes, seed, check, threads;
    double precision_percent, max_seconds, time_budget_s;
    const char *library, *kernel, *fault_text;

    /* derived from the above */
    enum gemm_type types[GEMM_TYPE_COUNT];
    size_t type_count; /* 0: all that the engine supports */
    struct shape *shapes;
    size_t shape_count; /* 0: the defaults, which depend on the engine's memory */
    const char *layouts[LAYOUTS];
    int layout_count; /* 0: the default, NN on a CPU and TN on a GPU */
    enum matmul_fault fault;
    int64_t fault_rank, fault_us;
};

struct command matmul_command(void);
/* On error prints one line and returns STATUS_USAGE. */
enum status matmul_settings_read(const struct command *, int argc, char **argv, struct matmul_settings *);
void matmul_settings_free(struct matmul_settings *);

/* One case and its results. Only rank 0 has the samples. */
struct matmul_case {
    struct gemm_problem problem;
    bool sustained;
    enum status status;
    char reason[256], algorithm[256];
    double *us; /* samples of the slowest rank of each pass, µs */
    size_t count;
    int64_t batch, warmup, preempted;
    enum stop_reason why;
    int64_t wrong;         /* over all ranks; ABSENT: not checked */
    struct spread rank_us; /* of the ranks' medians in the last pass */
    json_t *ranks;         /* these medians, in the form of a record's `groups`; NULL: one rank */
    double first_us;       /* see struct gemm_choice */
    int heuristics;
    double peak_tflops; /* NAN: not known */
    json_t *telemetry;  /* on rank 0: the slowest rank's */
};

struct matmul_cases {
    struct matmul_case *list;
    size_t count;
};

/* Marks a part of the launch as done. The watchdog names the ranks whose pulse has fewer steps than others'.
   Ranks take samples at different rates, so the high bits of the steps count finished parts; the low bits
   count samples, which only show that the rank is alive. */
void matmul_mark(struct pulse *);

/* One rank's sampler. */
struct matmul_sampler {
    const struct world *world;
    const struct matmul_settings *settings;
    const struct gemm_engine *engine;
    struct gemm *gemm;
    bool sets_aside;     /* drop samples during which a thread was scheduled away */
    double sustain_s;    /* length of the sustained phase */
    struct pulse *pulse; /* progress for the watchdog; every sample advances it */
};

/* Collective, with `work` prepared. Samples one pass of a case and adds the samples to `c` on rank 0. *first:
   the number of samples that were there before. most_s: time limit. */
enum status matmul_sample(struct matmul_sampler *, struct gemm_work *, struct matmul_case *c, double most_s,
                          size_t *first);

/* Collective. Multiplies once more, checks every element on every rank, and adds the errors to c->wrong. If
   there are any, sets c->status and c->reason, but returns STATUS_OK. */
enum status matmul_verify(struct matmul_sampler *, struct gemm_work *, struct matmul_case *c, uint64_t seed);

/* A GPU's dense peak for a type, from the catalog; NAN: not known. Each call reads the tables again. */
double matmul_peak_tflops(const char *device, enum gemm_type type);

/* On rank 0: a row of the record, without a key. Its strings belong to the case. */
struct case_row matmul_row(const struct matmul_case *, const struct matmul_sampler *);

void matmul_table(const struct matmul_cases *, const struct matmul_sampler *, FILE *);

int matmul_main(int argc, char **argv);

#endif
