/* The step driver: replays a step of a workload (results/workloads.tsv). In each round it measures, in random
   order: the whole step, the step's matmuls without its collectives, each collective and each matmul alone,
   and each overlap. A sample starts after a barrier, and its time is that of the slowest rank. The driver
   also computes the step's time from its parts, and prints it beside the measured time. */
#ifndef BUSBAR_STEP_H
#define BUSBAR_STEP_H

#include "launch/driver.h"
#include "matmul/gemm.h"
#include "measure/group.h"
#include "measure/traffic.h"
#include "overlap/pair.h"
#include "overlap/sides.h"
#include "record/shapes.h"
#include "stats/stopping.h"
#include "step/schedule.h"

#include <stdio.h>

struct step_settings {
    struct driver_settings driver; /* first */
    /* as given on the command line */
    const char *workload_name, *workloads_path, *dtype_text, *gemm_text, *shape_text;
    const char *backend, *fault_text;
    struct sides_flags sides;
    int64_t tensor, expert, pipeline, rounds, seed, check;
    double precision_percent, max_seconds, time_budget_s, usd_per_hour;

    /* derived from the above */
    struct workloads workloads;
    const struct workload *workload;
    struct schedule_options options;
    struct sides_fault fault;
};

struct command step_command(void);
/* Returns STATUS_USAGE or STATUS_ENVIRONMENT after printing one line. */
enum status step_settings_read(const struct command *, int argc, char **argv, struct step_settings *);
void step_settings_free(struct step_settings *);

/* The communicator and buffers of all calls that have the same group and element type. */
struct channel {
    unsigned axes;
    enum dtype dtype;
    const struct world *world; /* this rank's group */
    const struct backend *backend;
    struct comm *comm;
    struct buffers buffers;
};

/* What a sample runs. */
enum replay {
    REPLAY_STEP,        /* the whole step */
    REPLAY_COMPUTATION, /* its matmuls, without its collectives */
    REPLAY_CALL,        /* one collective */
    REPLAY_PRODUCT,     /* one multiplication */
    REPLAY_SECTION,     /* one overlap */
};

/* Something that is timed: the step, its matmuls, or one of its parts. */
struct timed {
    enum replay what;
    size_t index; /* of the call, product or section in the schedule */
    int batch;    /* how often a sample repeats it */
    double *us;   /* rank 0: the time of one repetition in each round */
};

struct step_launch {
    struct driver driver; /* must be first: driver_main() passes a pointer to it */
    struct step_settings settings;
    struct schedule schedule;
    const struct backend *plain, *backend; /* backend: `plain`, or a wrapper of it that injects a fault */
    struct comm *comm;                     /* of all ranks */
    struct splits splits;                  /* groups of channels that do not have all ranks */
    atomic_bool endable; /* whoever clears it, the launch or the watchdog, ends the communicators */
    struct channel *channels;
    size_t channel_count;
    struct imbalance **imbalances; /* one for each call; NULL: not alltoallv */
    struct traffic *traffics;
    struct pair_call *calls; /* one for each of schedule.calls; count 1 */
    const struct gemm_engine *engine;
    struct gemm *gemm;
    struct pair_product *products; /* one for each of schedule.products; count 1 */
    char algorithm[256];           /* of the first product */
    struct pair *pair;
    struct pair_call *side_calls; /* those of the overlap that runs */
    struct pair_product *side_products;
    double delay_s;  /* injected: how long this rank sleeps after each part */
    const char *cta; /* labels of the rows (measure/labels.h) */
    enum registration registration;

    struct timed *timed; /* TIMED_STEP, TIMED_COMPUTATION, then calls, products and overlaps */
    size_t timed_count;

    /* results; valid on rank 0 only, except `status` */
    size_t rounds, room, written; /* rounds measured; that fit into timed[].us; already in rows */
    int64_t passes;
    int64_t *call_wrong, *product_wrong; /* wrong elements on all ranks; ABSENT: not checked */
    double power_w, powers;              /* sum of the samples' power, and number of samples */
    json_t *telemetry;                   /* of the last such sample */
    enum stop_reason why;
    enum status status;
    char reason[400];
};
enum { TIMED_STEP, TIMED_COMPUTATION, TIMED_PARTS };

/* Collective. Opens the communicators of all groups. */
enum status step_open_channels(struct step_launch *);
/* Collective. Allocates buffers and matrices. If this step cannot run here, sets l->status and l->reason;
   returns an error only if the launch cannot go on. */
enum status step_prepare(struct step_launch *);
/* Collective. Fills all buffers. */
enum status step_fill(struct step_launch *);
void step_close_parts(struct step_launch *);
/* Called by the watchdog's thread. */
void step_abort_parts(struct step_launch *);

/* Collective. Runs a sample after a barrier. *us: this rank's time of one repetition. */
enum status step_replay(struct step_launch *, const struct timed *, double *us);

/* Collective. Runs and verifies each collective and each product alone. If data are wrong, sets l->status and
   l->reason. */
enum status step_verify(struct step_launch *);

/* Collective. Verifies the parts, chooses the batches, measures the rounds, and writes a row every few
   seconds. */
enum status step_sample(struct step_launch *);

/* Figures of all rounds so far, on rank 0; NAN if there is none. */
struct step_figures {
    double step_us, lo_us, hi_us; /* the median and its interval within the launch */
    double computation_us;        /* the step's matmuls without its collectives */
    double exposed, exposed_lo, exposed_hi;
    double computed_us; /* sum of the parts' times; an overlap counts with its measured time */
    double ideal_us;    /* the same, but an overlap counts with its longer side's time alone */
    double error;       /* computed / measured - 1 */
    double power_w;     /* mean over samples, of the GPU that took most */
};
struct step_figures step_figures(const struct step_launch *);

/* The median over the rounds, of one repetition; NAN: not measured. */
double step_time_us(const struct step_launch *, enum replay, size_t index);
/* The time of each side of an overlap, as the sum of its parts' times alone. */
void step_sides_us(const struct step_launch *, const struct step_section *, double *communication_us,
                   double *computation_us);

/* On rank 0, writes a row with the rounds since the last row. last: no round follows. */
enum status step_write(struct step_launch *, bool last);

void step_table(const struct step_launch *, FILE *);

int step_main(int argc, char **argv);

#endif
