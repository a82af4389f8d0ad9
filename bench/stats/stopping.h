/* Decides when a case is warmed up and when it has enough samples. Rank 0 calls this with the samples so
   far. */
#ifndef BUSBAR_STOPPING_H
#define BUSBAR_STOPPING_H

#include <stdbool.h>
#include <stddef.h>

enum { SAMPLES_LEAST = 30, SAMPLES_MOST = 20000, BLOCK_MOST = 4096 };

enum stop_reason { STOP_NOT, STOP_PRECISION, STOP_SAMPLES, STOP_TIME, STOP_FIXED };
const char *stop_reason_name(enum stop_reason); /* as in the record; NULL for STOP_NOT */

struct stopping {
    double precision; /* wanted half-width of the median's 95 % interval, relative to the median: 0.01 */
    size_t fixed;     /* exactly this many samples over all passes; 0: sample until precise */
    size_t passes;
};

/* The state of one pass over one case. */
struct sampled {
    const double *us; /* samples that count, in measured order */
    size_t count;
    size_t pass;  /* from 0 */
    size_t taken; /* all samples, including those set aside */
    /* Calls of the warm-up if it ended before the case was warm, else 0. The pass then gets at least as many
       samples, so that their trend can be told. */
    size_t unsettled;
    size_t disturbed;       /* samples set aside that count if there are too few others (measure/aside.h) */
    double spent_s, most_s; /* time without disturbed samples, and its limit; INFINITY: none */
    double wall_s, wall_most_s; /* time with disturbed samples, and its limit; 0: none */
    double sample_s;            /* duration of an undisturbed sample with its barrier; 0: not yet known */
};

/* How many samples to take before the next decision, at most BLOCK_MOST. 0: this pass ends, for the reason in
   *why.

   Each pass must reach sqrt(passes) times the precision with its own samples; all passes together then reach
   the precision. (If the samples of all passes were judged together, the first pass would take nearly all of
   them, and the case would be measured at only one moment of the launch.) */
size_t stopping_next(const struct stopping *, const struct sampled *, enum stop_reason *why);

/* With a fixed number of samples: how many of them pass `pass` (from 0) takes; else 0. A pass beyond the last
   one takes as many as the last. */
size_t stopping_fixed(const struct stopping *, size_t pass);

/* Drift within a series: the median of its second half divided by that of its first. NAN: fewer than ten
   samples, or no trend by trend_score() beyond 2.8 standard errors. */
double drift_within(const double *us, size_t count);

/* The warm-up has stages of 1, 4, 5, 10, 20, 40, ... samples, so each is as long as all before it. A case is
   warm when the medians of two successive stages of at least 10 samples differ by less than 2 %, and the last
   one does not drift by 0.5 % (in a stage below 160 samples: by as much in 160). Under scatter a slow decay
   shows only in many samples (30 % over 1000 calls is 0.6 % in the stage of 20), so 160 are taken at least,
   unless they use more than a tenth of the time. {0} before the first stage. */
struct warming {
    size_t samples; /* so far */
    double median;  /* of the last stage; 0: too few samples */
    bool steady;    /* the case is warm; otherwise the warm-up goes on, or there was no more time */
};

/* After a stage of `taken` samples, of which `count` were undisturbed: the length of the next one, at most
   BLOCK_MOST; 0: the case is warm, or there is no time left. fits: how many samples still fit. */
size_t warming_next(struct warming *, size_t taken, const double *us, size_t count, double fits);

/* How many of the first samples of a pass still belong to its warm-up: half of them if they drift, else none.
   Judged when the pass ends, and at every decision if its warm-up ended too early: correlated samples often
   seem to drift, and each drop costs precision. */
size_t stopping_stale(const struct sampled *, bool ends);

/* Half-width of the median's 95 % interval (by the effective sample size), relative to the median; INFINITY:
   there is no interval. */
double relative_error(const double *us, size_t count, double *lo, double *hi);

#endif
