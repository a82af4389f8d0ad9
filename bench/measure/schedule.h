/* How much time each visit (one pass over one case) may take. Pure: decided on rank 0. */
#ifndef BUSBAR_SCHEDULE_H
#define BUSBAR_SCHEDULE_H

#include "measure/cases.h"

struct schedule {
    double max_seconds; /* for a case, over all passes */
    double budget_s;    /* for the launch, from its start; 0: none */
    double precision;
    size_t passes;
    size_t operations; /* of a case over all passes: only a budget ends a case early; 0: until precise */
};

enum visit_choice {
    VISIT,
    PASS_OVER,
    GIVE_UP
}; /* PASS_OVER: not in this pass; GIVE_UP: skipped for want of time */

/* left: visits still to come, this one included. elapsed_s: since the launch began. */
enum visit_choice schedule_visit(const struct schedule *, const struct cases *, size_t at, size_t pass,
                                 size_t left, double elapsed_s, double *share_s);

/* After the passes asked for: whether time is left in the budget for another over the cases that are not
 * precise yet. */
bool schedule_another(const struct schedule *, const struct cases *, double elapsed_s);

/* How many samples make up so many operations of the case: a sample is a batch of them. */
size_t samples_of(const struct measured *, size_t operations);

/* Operations in a pipelined sample: twenty, fewer where one takes long. With a number of operations in all (0: none
   given) the next larger divisor of that number, so that exactly so many are measured; where no divisor is at most 1000,
   a few more are. */
int batch_of(double operation_s, size_t operations);

/* Operations in a sample of mode nccl-tests: 20, which is nccl-tests' default; with a number of operations all of them. As
   a sample must end before the watchdog's time is up, more than 1000 are divided into equal samples of at most so many. */
int loop_of(size_t operations);

/* Whether the case's median is known as well as wanted. */
bool is_precise(const struct measured *, double precision);

#endif
