/* When a case is warm, and when it has been sampled enough. Pure: decided on rank 0 from what has been seen so far. */
#ifndef BUSBAR_STOPPING_H
#define BUSBAR_STOPPING_H

#include <stdbool.h>
#include <stddef.h>

enum { SAMPLES_LEAST = 30, SAMPLES_MOST = 20000, BLOCK_MOST = 4096 };

enum stop_reason { STOP_NOT, STOP_PRECISION, STOP_SAMPLES, STOP_TIME, STOP_FIXED };
const char *stop_reason_name(enum stop_reason); /* as in the record; NULL for STOP_NOT */

struct stopping {
    double precision; /* half-width of the median's 95 % interval over the median that is wanted: 0.01 */
    size_t fixed;     /* exactly so many samples over all passes; 0: until precise */
    size_t passes;
};

/* One pass over one case so far. */
struct sampled {
    const double *us; /* samples that count, in measured order */
    size_t count;
    size_t pass;                /* from 0 */
    size_t taken;               /* including those set aside */
    size_t disturbed;           /* of those set aside, how many could take the place of others */
    double spent_s, most_s;     /* without the time of disturbed samples; INFINITY: no limit */
    double wall_s, wall_most_s; /* with it; 0: no limit */
    double sample_s;            /* what an undisturbed sample costs, with its barrier; 0: not known yet */
};

/* How many samples to take before the next decision, at most BLOCK_MOST; 0: none, and *why this pass ends.

   Every pass is sampled alike: its own samples must reach sqrt(passes) times the precision, so that all passes
   together reach it. (If the samples of all passes were judged together, the first pass would take nearly all
   of them, and the case would be measured at one moment of the launch.) */
size_t stopping_next(const struct stopping *, const struct sampled *, enum stop_reason *why);

/* How many samples pass `pass` (from 0) takes where their number is given; 0: it is not. A pass beyond the
   last is as long as the last. */
size_t stopping_fixed(const struct stopping *, size_t pass);

/* Warming up in stages of 1, 4, 5, 10, 20, 40, ... samples, each as many as all before it. A case is warm when
   the medians of two successive stages, of at least 10 samples, are within 2 %. The second lies at twice the
   calls of the first, so that a slow decay shows: neighbouring windows of a fixed length differ the less, the
   slower it is. {0} before the first stage. */
struct warming {
    size_t samples; /* so far */
    double median;  /* of the last stage; 0: too few samples */
};

/* After a stage of `count` samples: the length of the next one, at most BLOCK_MOST; 0: warm, or no time left.
   fits: how many samples the time left takes. */
size_t warming_next(struct warming *, const double *us, size_t count, double fits);

/* The median of the second half of a pass over that of the first, where their 95 % intervals (by the effective
   sample size) do not overlap; NAN otherwise: no drift can be shown. */
double drift_within(const double *us, size_t count);

/* Half-width of the median's 95 % interval over the median, by the effective sample size; INFINITY when there
 * is none. */
double relative_error(const double *us, size_t count, double *lo, double *hi);

#endif
