/* The step driver: replays a step of a workload (results/workloads.tsv).  A round takes, in random order,
   samples of the step, of its matmuls alone, of each of its collectives and matmuls alone, and of each of its
   overlaps. A sample starts after a barrier; its time is the slowest rank's. The step computed from the parts
   stands beside the measured one. */
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
    double precision_percent, max_seconds, usd_per_hour;

    /* derived from the above */
    struct workloads workloads;
    const struct workload *workload;
    struct schedule_options options;
    struct sides_fault fault;
};

struct command step_command(void);
/* On error prints one line and returns a status. */
enum status step_settings_read(const struct command *, int argc, char **argv, struct step_settings *);
void step_settings_free(struct step_settings *);

/* A communicator of its own for each group and type: its buffers serve all calls on it. */
struct channel {
    unsigned axes;
    enum dtype dtype;
    const struct world *world; /* this rank's group */
    const struct backend *backend;
    struct comm *comm;
    struct buffers buffers;
};

/* What a sample runs. A call or product is made `batch` times; a section is one with an overlap. */
enum replay { REPLAY_STEP, REPLAY_COMPUTATION, REPLAY_CALL, REPLAY_PRODUCT, REPLAY_SECTION };

/* What has a time of its own: the step, its matmuls alone, and its parts. */
struct timed {
    enum replay what;
    size_t index; /* of the call, product or section */
    int batch;    /* in a sample */
    double *us;   /* on rank 0: one value a round, of one call or of all */
};

struct step_launch {
    struct driver driver; /* must be first: driver_main() passes a pointer to it */
    struct step_settings settings;
    struct schedule schedule;
    const struct backend *plain, *backend; /* backend: plain, or what injects a fault into it */
    struct comm *comm;                     /* of all ranks */
    struct splits splits;                  /* the groups of channels that are not all ranks */
    atomic_bool endable; /* the launch or the watchdog clears it and ends the communicators */
    struct channel *channels;
    size_t channel_count;
    struct imbalance **imbalances; /* of each call; NULL: not alltoallv */
    struct traffic *traffics;
    struct pair_call *calls; /* of schedule.calls; count 1 */
    const struct gemm_engine *engine;
    struct gemm *gemm;
    struct pair_product *products; /* of schedule.products; count 1 */
    char algorithm[256];           /* of the first product */
    struct pair *pair;
    struct pair_call *side_calls; /* of the section that runs */
    struct pair_product *side_products;
    double delay_s;  /* of this rank */
    const char *cta; /* labels of the row (measure/labels.h) */
    enum registration registration;

    struct timed
        *timed; /* TIMED_STEP, TIMED_COMPUTATION, then calls, products and sections with an overlap */
    size_t timed_count;

    /* results; on rank 0 except `status` */
    size_t rounds, room, written; /* rounds taken; that there is room for; that are in rows */
    int64_t passes;
    int64_t *call_wrong, *product_wrong; /* over all ranks; ABSENT: unchecked */
    double power_w, powers;              /* sum over samples of the step, and their number */
    json_t *telemetry;                   /* of the last of these */
    enum stop_reason why;
    enum status status;
    char reason[400];
};
enum { TIMED_STEP, TIMED_COMPUTATION, TIMED_PARTS };

/* Collective. The communicators of the groups. */
enum status step_open_channels(struct step_launch *);
/* Collective. Buffers and matrices. A reason why this step cannot be had here goes into l->status and
   l->reason; returns an error only if the launch cannot go on. */
enum status step_prepare(struct step_launch *);
/* Collective. Fills all buffers. */
enum status step_fill(struct step_launch *);
void step_close_parts(struct step_launch *);
/* Called by the watchdog's thread. */
void step_abort_parts(struct step_launch *);

/* Collective, after a barrier. *us: this rank's time of a call, or of all. */
enum status step_replay(struct step_launch *, const struct timed *, double *us);

/* Collective. Verifies every collective and product, each by itself; errors go into l->status and
   l->reason. */
enum status step_verify(struct step_launch *);

/* Collective. Verifies, chooses the batches, takes the rounds, and writes a row every few seconds. */
enum status step_sample(struct step_launch *);

/* Figures over all rounds so far, on rank 0; NAN: none. */
struct step_figures {
    double step_us, lo_us, hi_us; /* the median and its interval within the launch */
    double computation_us;        /* of the matmuls of a step alone */
    double exposed, exposed_lo, exposed_hi;
    double computed_us; /* parts one after the other, overlaps as measured */
    double ideal_us;    /* the same, but an overlap takes as long as the longer side's parts */
    double error;       /* computed / measured - 1 */
    double power_w;     /* mean of the GPU with the highest; per GPU */
};
struct step_figures step_figures(const struct step_launch *);

/* The median over rounds of a call, product or section; NAN: none. */
double step_time_us(const struct step_launch *, enum replay, size_t index);
/* What the sides of a section take if their parts take as long as alone. */
void step_sides_us(const struct step_launch *, const struct step_section *, double *communication_us,
                   double *computation_us);

/* Writes the rounds since the last row. On other ranks than 0 does nothing. last: no round follows. */
enum status step_write(struct step_launch *, bool last);

void step_table(const struct step_launch *, FILE *);

int step_main(int argc, char **argv);

#endif
