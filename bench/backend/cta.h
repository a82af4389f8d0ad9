/* --cta: how many thread blocks (CTAs, one for each channel) NCCL's kernels may use. */
#ifndef BUSBAR_CTA_H
#define BUSBAR_CTA_H

#include "base/status.h"

enum cta_kind { CTA_DEFAULT, CTA_EFFICIENCY, CTA_ZERO, CTA_LIMITS };
struct cta {
    enum cta_kind kind;
    int least, most; /* of CTA_LIMITS */
};

/* Reads "default", "efficiency", "zero", "8" or "4-8"; NULL: the default. Returns STATUS_USAGE after printing
   one line if the text is something else. */
enum status cta_read(const char *text, struct cta *);

#endif
