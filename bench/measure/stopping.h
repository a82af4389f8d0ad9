/* When a case has been sampled enough. Pure: decided on rank 0 from what has been seen so far. */
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

/* One case so far. */
struct sampled {
    const double *us; /* of all passes, in measured order */
    size_t count;
    size_t pass;                  /* from 0 */
    size_t pass_kept, pass_taken; /* samples of this pass; taken: those set aside included */
    double pass_s, pass_share_s;  /* spent and allowed in this pass; INFINITY: no limit */
    double sample_s;              /* what a sample costs, with its barrier; 0: not known yet */
};

/* How many samples to take before the next decision, at most BLOCK_MOST; 0: none, and *why this pass ends. */
size_t stopping_next(const struct stopping *, const struct sampled *, enum stop_reason *why);

/* How many of `total` samples pass `pass` (from 0) takes where the number is given. */
size_t stopping_fixed(size_t total, size_t pass, size_t passes);

/* Half-width of the median's 95 % interval over the median, by the effective sample size; INFINITY when there
 * is none. */
double relative_error(const double *us, size_t count, double *lo, double *hi);

#endif
