/* Rules 2, 4 and 5 of comparability (README.md): what may stand in one ranking, what no ranking may hold, and
   places. */
#ifndef BUSBAR_RANKING_H
#define BUSBAR_RANKING_H

#include "analysis/compare/study.h"

/* ---- rule 2: an equal basis ---- */

/* What must be equal before two figures are ranked. Absent: the records do not say, which equals only
   itself. */
struct basis {
    int64_t ranks;
    enum scope scope;
    enum mode mode;
    enum placement placement;
    enum sync sync;
    enum cache cache;
    enum memory memory;
    enum statistic statistic;
    const char *rank_reduction, *dtype, *op;
    const char *artificial; /* artificial_provenance(): a real machine is not ranked beside an emulated one */
};

struct basis basis_of(enum scope, const struct case_summary *);
/* As strcmp; 0: they may be ranked, if the number of ranks is known. */
int basis_order(const struct basis *, const struct basis *);
/* "72 GPUs, pipelined, warm cache, median" added to `out`: without the extent, type float, sum and out of
   place. */
void basis_words(const struct basis *, struct text *out);

/* ---- rule 4: impossible figures ---- */

/* Above the bound (or a matmul's peak) with its whole interval; a figure without an interval by more than
   half a per cent, since tables print three or four digits. */
bool is_impossible(const struct case_summary *);
/* The one furthest above its bound among the run's lines of the same collective (or matmul type) in the same
   world, whatever their mode, type or placement; NULL: none. Where there is one, the number of ranks or the
   machine is in doubt, and none of these lines may rank or hold a limit. */
const struct case_summary *impossible_in_world(const struct run_summary *, const struct case_summary *like);
const struct case_summary *impossible_line(const struct study *,
                                           const struct track *); /* the same of a track */

/* ---- rule 5: places ---- */

/* The time of a line with an interval wide enough that those of `rivals` lines hold all at once with 95 %
   (Bonferroni: each at 1 - 0.05 / rivals). Exact order statistics where there are enough launches for that
   level; else the hull of the launches and Student's interval of the mean of ln(time), which takes launch
   medians as log-normal. Below six launches: as line->time_us, with no claim. */
struct figure simultaneous_time(const struct case_summary *, size_t rivals);

/* place[i] = 1 + the number of figures that are better with their whole interval; 0 where a figure has no
   interval (then nothing is known to be better or worse) and where no other has one. Ties are honest, and
   places do not chain. */
void places(const struct figure *, size_t count, bool less_is_better, size_t *place);

#endif
