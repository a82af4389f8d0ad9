/* How much time each visit (one pass over one case) may take. Pure functions; rank 0 decides. */
#ifndef BUSBAR_SCHEDULE_H
#define BUSBAR_SCHEDULE_H

#include "measure/cases.h"

struct schedule {
    double max_seconds; /* for a case, over all passes */
    double budget_s;    /* for the launch, from its start; 0: none */
    double precision;   /* wanted half-width of the median's 95 % interval, relative to the median */
    size_t passes;
    size_t operations; /* -n: of a case over all passes, ended early by the budget only; 0: until precise */
};

enum visit_choice {
    VISIT,
    PASS_OVER,
    GIVE_UP
}; /* PASS_OVER: skip the case in this pass; GIVE_UP: no time left for its first pass, record it as skipped */

/* left: remaining visits, including this one. elapsed_s: since the launch began. *share_s: set for VISIT, how
   long it may sample; INFINITY: no limit. */
enum visit_choice schedule_visit(const struct schedule *, const struct cases *, size_t at, size_t pass,
                                 size_t left, double elapsed_s, double *share_s);

/* After the last of --passes: whether the budget has time for one more pass over the cases that are not
   precise yet. */
bool schedule_another(const struct schedule *, const struct cases *, double elapsed_s);

/* The number of samples that make up `operations` operations of the case, rounded up: each sample is a
   batch. */
size_t samples_of(const struct measured *, size_t operations);

/* Operations in a pipelined sample: 20, or fewer if one takes long. If the case's number of operations is
   given (-n; 0: not given), the next larger divisor of it up to 1000, so that exactly that number is
   measured; without such a divisor slightly more are measured. */
int batch_of(double operation_s, size_t operations);

/* The number of operations in a sample of mode nccl-tests: 20, which is nccl-tests' default; all of them if
   their number is given (-n). A sample must end before the watchdog's time is up: so more than 1000 are
   divided into equal samples of at most 1000. */
int loop_of(size_t operations);

/* Whether the 95 % interval of the case's median is as narrow as `precision` asks. */
bool is_precise(const struct measured *, double precision);

#endif
