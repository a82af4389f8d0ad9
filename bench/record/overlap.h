/* A record's line on a collective and matrix multiplications that ran at the same time (driver overlap). It
   is a kind of line of its own, so that no reader takes it for a collective's row or a matmul's.

   A round measures, in random order, the communication alone (Tc), the computation alone (Tm) and both at
   once (Tcm). Every figure is the median over rounds of a figure of each round: the three times of a round
   were taken right after each other, so a slow drift of the machine cancels in their ratios. */
#ifndef BUSBAR_OVERLAP_ROW_H
#define BUSBAR_OVERLAP_ROW_H

#include "record/fields.h"

struct overlap_row {
    /* the request, from which overlap_key() makes `key` */
    const char *key;
    const char *collective, *dtype, *op;
    int64_t requested_bytes, bytes, count; /* of the collective, as in struct case_row */
    const char *gemm_dtype, *layout;
    int64_t m, n, k;
    double ratio; /* the Tm / Tc that was asked for */
    enum overlap_progress progress;
    enum cache cache;
    enum memory memory;
    enum registration registration;
    const char *cta;
    int64_t nodes, ranks;

    /* how it was sampled: one value a round, each the maximum over ranks */
    int64_t operations, matmuls; /* collectives and multiplications in a sample, each side back to back */
    struct samples communication_us, computation_us, both_us;
    struct samples communication_beside_us, computation_beside_us; /* each side's own time while both ran */
    const char *stopped_by;
    const char *algorithm; /* of the multiplication, as the library told */

    /* results: medians over rounds with their 95 % intervals; NAN: no figure, or too few rounds for one */
    double communication_time_us, computation_time_us, both_time_us;
    double hidden_share, hidden_lo, hidden_hi;
    double communication_slowdown, communication_slowdown_lo, communication_slowdown_hi;
    double computation_slowdown, computation_slowdown_lo, computation_slowdown_hi;
    int64_t wrong;      /* elements of the collective that were wrong while both ran; ABSENT: unchecked */
    int64_t gemm_wrong; /* checked sums of the product that were wrong */
    enum case_status status;
    const char *error;
};

extern const struct field overlap_fields[];

struct overlap_row overlap_row_absent(void);

/* As case_key(). */
void overlap_key(const struct overlap_row *, struct text *key);

/* The wrong elements of both sides. ABSENT: one side was not checked, and the other had none. */
int64_t overlap_wrong(const struct overlap_row *);
/* Whether the data of a side were wrong. */
bool overlap_is_wrong(const struct overlap_row *);

/* The share of the shorter side that the longer one hides: (Tc + Tm - Tcm) / min(Tc, Tm). 0: one after the
   other; 1: as long as the longer side alone; negative: slower than one after the other. Not clamped. NAN if
   a side took no time. */
double hidden_share(double communication, double computation, double both);

/* Computes the results from the samples. A row without samples, or with unequal numbers of them, stays
   unchanged. */
void overlap_row_summarise(struct overlap_row *);

#endif
