/* A launch of the matmul driver: every rank multiplies matrices of its own; nothing is communicated while it
   does. For each case (shape, layout, type, phase) every rank has samples of its own. The row's samples are
   those of the slowest rank (the largest median): a maximum over ranks sample by sample would add up every
   rank's noise. `rank_time_us` has all ranks' medians. */
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

/* Which ranks multiply at the same time: all, or one of each host after the other. */
enum at_once { AT_ONCE_ABSENT, AT_ONCE_ALL, AT_ONCE_ONE };

enum matmul_fault { FAULT_NONE, FAULT_WRONG, FAULT_SLOW, FAULT_FAIL, FAULT_HANG };

struct matmul_settings {
    struct driver_settings driver; /* first */
    /* as typed */
    const char *dtypes_text, *shapes_text, *layouts_text, *engine;
    enum phase phase;
    enum cache cache;
    enum at_once at_once;
    enum accumulator accumulator;
    double sustain_s; /* < 0: by the engine's memory */
    int64_t samples, warmup, passes, seed, check, threads;
    double precision_percent, max_seconds, time_budget_s;
    const char *library, *kernel, *fault_text;

    /* as understood */
    enum gemm_type types[GEMM_TYPE_COUNT];
    int type_count; /* 0: all that the engine supports */
    struct shape *shapes;
    size_t shape_count; /* 0: by the engine's memory */
    const char *layouts[LAYOUTS];
    int layout_count; /* 0: the type's usual one */
    enum matmul_fault fault;
    int64_t fault_rank, fault_us;
};

struct command matmul_command(void);
/* One line and STATUS_USAGE on error. */
enum status matmul_settings_read(const struct command *, int argc, char **argv, struct matmul_settings *);
void matmul_settings_free(struct matmul_settings *);

/* One case and what came out; rank 0 has the samples. */
struct matmul_case {
    struct gemm_problem problem;
    bool sustained;
    enum status status;
    char reason[256], algorithm[256];
    double *us; /* of the slowest rank, all passes */
    size_t count;
    int64_t batch, warmup, preempted;
    enum stop_reason why;
    int64_t wrong;         /* over all ranks; ABSENT: unchecked */
    struct spread rank_us; /* over ranks: medians of the last pass */
    json_t *ranks;         /* each of them, as a record's `groups`; NULL: one rank */
    double first_us;       /* the library's own first choice, rank 0's; NAN: it has none */
    int heuristics;
    double peak_tflops;
    json_t *telemetry; /* rank 0 has the slowest rank's */
};

struct matmul_cases {
    struct matmul_case *list;
    size_t count;
};

/* The watchdog names ranks whose pulse has fewer steps. Ranks take samples at their own pace, so what counts
   is how many parts of the launch (high bits) a rank has behind it; samples (low bits) only show that it
   lives. */
void matmul_mark(struct pulse *);

/* What a sampler of one rank needs. */
struct matmul_sampler {
    const struct world *world;
    const struct matmul_settings *settings;
    const struct gemm_engine *engine;
    struct gemm *gemm;
    bool sets_aside; /* samples during which a thread was scheduled away */
    double sustain_s;
    struct pulse *pulse; /* of the watchdog: moves with every sample */
};

/* Collective: all ranks call alike, with `work` prepared. Takes a pass of one case and adds it to `c` on rank
   0; `first` is the number of samples that were there before. most_s: time that it may take. */
enum status matmul_sample(struct matmul_sampler *, struct gemm_work *, struct matmul_case *c, double most_s,
                          size_t *first);

/* Collective: multiplies once more, checks every element on every rank, adds up. */
enum status matmul_verify(struct matmul_sampler *, struct gemm_work *, struct matmul_case *c, uint64_t seed);

/* Dense peak of a GPU for a type from the catalogue; NAN: not known. Reads the tables once for each call. */
double matmul_peak_tflops(const char *device, enum gemm_type type);

/* A row of the record from what rank 0 knows; strings are the case's own; no key yet. */
struct case_row matmul_row(const struct matmul_case *, const struct matmul_sampler *);

void matmul_table(const struct matmul_cases *, const struct matmul_sampler *, FILE *);

int matmul_main(int argc, char **argv);

#endif
