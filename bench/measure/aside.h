/* Which samples of a case count.

   A sample during which a rank was scheduled away ("disturbed") tells of the scheduler. One rule holds for a
   whole case: its undisturbed samples count as soon as there is one; only where there is none, the disturbed
   ones do, and the record says so. A rule for each block of samples (keep all where more than half are
   disturbed) made medians jump: with a busy core, operations of 1 and 4 MiB are disturbed about as often as
   not, and launches that kept their disturbed samples reported up to 300 times the others' median. */
#ifndef BUSBAR_ASIDE_H
#define BUSBAR_ASIDE_H

#include <stdbool.h>
#include <stddef.h>

enum kept_rule {
    KEPT_ALL,         /* ranks share processors: being scheduled away is normal, nothing is set aside */
    KEPT_UNDISTURBED, /* disturbed samples are set aside */
    KEPT_DISTURBED    /* there is no other sample */
};
const char *kept_rule_name(enum kept_rule); /* as in the record */

enum { DISTURBED_MOST = 4096 };

/* The disturbed samples of one visit, in measured order; those beyond DISTURBED_MOST are dropped. */
struct disturbed {
    double *us, *global_us;
    size_t count;
};

struct measured;
struct visit;

/* Appends a sample; `expected`: how many the case may get. global_us: NAN without a window. */
void keep_sample(struct measured *, size_t expected, double us, double global_us);
void keep_disturbed(struct disturbed *, double us, double global_us);

/* Ends a visit: measured->us from visit->first on are its undisturbed samples. Applies the rule to the case
   and to the visit, and sets visit->us, global_us, count and rule. At most `most` disturbed samples count. */
void settle_visit(struct measured *, const struct disturbed *, bool sets_aside, size_t most, struct visit *);

#endif
