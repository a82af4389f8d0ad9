/* Rules 2, 4 and 5 of comparability (README.md): which figures may be ranked together, which figures are
   impossible, and places. */
#ifndef BUSBAR_RANKING_H
#define BUSBAR_RANKING_H

#include "analysis/compare/study.h"

/* ---- rule 2: an equal basis ---- */

/* Two figures may be ranked together only if all of this is equal. An absent value equals only another absent
   value. */
struct basis {
    int64_t ranks, aggregate;
    enum scope scope;
    enum mode mode;
    enum placement placement;
    enum sync sync;
    enum cache cache;
    enum memory memory;
    enum statistic statistic;
    const char *rank_reduction, *dtype, *op, *imbalance;
    const char *artificial; /* artificial_provenance(): real and emulated machines are ranked apart */
};

struct basis basis_of(enum scope, const struct case_summary *);
/* Returns a value like strcmp(). 0: the figures may be ranked together, if the number of ranks is known. */
int basis_order(const struct basis *, const struct basis *);
/* Adds "72 GPUs, pipelined, warm cache, median" to `out`. Leaves out the extent, and the usual type (float),
   operation (sum) and placement (out of place). */
void basis_words(const struct basis *, struct text *out);

/* Are two tracks of one run comparable, apart from number of GPUs and extent? */
bool tracks_alike(const struct track *, const struct track *);

/* ---- rule 4: impossible figures ---- */

/* Is the whole interval above the bound (or a matmul's peak)? A figure without a 95 % interval must also
   exceed it by more than half a per cent, because tables print three or four digits. */
bool is_impossible(const struct case_summary *);
/* Among the run's lines of the same collective (or matmul and type), ranks, nodes, group and conditions, with
   any mode and placement: the impossible one that is furthest above its bound; NULL: none. If there is one,
   the number of ranks or the machine is in doubt, and none of these lines may be ranked or meet a limit of a
   contract. */
const struct case_summary *impossible_in_world(const struct run_summary *, const struct case_summary *like);
const struct case_summary *impossible_line(const struct study *,
                                           const struct track *); /* the same for a track */

/* ---- rule 5: places ---- */

/* The time of a line with a simultaneous interval: the intervals of all `rivals` lines hold together at 95 %
   (Bonferroni: each at 1 - 0.05 / rivals). Uses exact order statistics if there are enough launches for that
   level; else the hull of the line's interval and Student's interval of the mean of ln(time), which assumes
   that launch medians are log-normal. Below six launches: line->time_us unchanged, without a confidence
   level. */
struct figure simultaneous_time(const struct case_summary *, size_t rivals);

/* Sets place[i] to 1 + the number of figures whose whole interval is better than that of figure i; to 0 if
   figure i has no 95 % interval, or if no other figure has one. Figures can tie. Ties are not transitive:
   each figure is compared with every other on its own. */
void places(const struct figure *, size_t count, bool less_is_better, size_t *place);

#endif
