#include "backend/cta.h"
#include "base/text.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>

static bool read_limits(const char *text, struct cta *cta)
{
    char *end;
    if (!isdigit((unsigned char)*text)) return false;
    long low = strtol(text, &end, 10), high = low;
    if (*end == '-' && isdigit((unsigned char)end[1])) high = strtol(end + 1, &end, 10);
    *cta = (struct cta){CTA_LIMITS, (int)low, (int)high};
    return !*end && low >= 1 && high >= low && high <= INT_MAX;
}

enum status cta_read(const char *text, struct cta *cta)
{
    static const char *const policies[] = {"default", "efficiency", "zero"}; /* enum cta_kind */
    *cta = (struct cta){.kind = CTA_DEFAULT};
    if (!text) return STATUS_OK;
    for (int i = CTA_DEFAULT; i < CTA_LIMITS; i++) {
        cta->kind = (enum cta_kind)i;
        if (same(text, policies[i])) return STATUS_OK;
    }
    if (read_limits(text, cta)) return STATUS_OK;
    return fail(STATUS_USAGE, "--cta '%s': expected default, efficiency, zero, N or N-M", text);
}
