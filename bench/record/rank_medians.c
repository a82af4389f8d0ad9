#include "record/rank_medians.h"
#include "base/status.h"

#include <math.h>

void rank_medians_add(struct rank_medians *medians, double us, bool disturbed)
{
    if (!isfinite(us) || (medians->count && disturbed && !medians->disturbed)) return;
    if (medians->disturbed && !disturbed) medians->count = 0;
    medians->us = reallocate(medians->us, medians->count + 1, sizeof *medians->us);
    medians->us[medians->count++] = us;
    medians->disturbed = disturbed;
}
