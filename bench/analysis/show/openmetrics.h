/* The last figure of each case as metrics for Prometheus: OpenMetrics text, which its text format's readers
   take too. */
#ifndef BUSBAR_OPENMETRICS_H
#define BUSBAR_OPENMETRICS_H

#include "analysis/compare/study.h"

#include <jansson.h>

/* The output of `busbar compare` or `busbar history` with --format json; STATUS_WRONG after one line when the
   file is something else. The caller has to json_decref() it. */
enum status verdicts_read(json_t **verdicts, const char *path);

/* verdicts: NULL, none. Times are in seconds, rates in bytes or operations a second; the age is time() less
   the time stamp. */
void openmetrics_print(const struct study *, const json_t *verdicts, struct text *out);

#endif
