/* Exports the latest figure of each case as metrics for Prometheus, in the OpenMetrics text format. Readers
   of Prometheus' older text format accept it too. */
#ifndef BUSBAR_OPENMETRICS_H
#define BUSBAR_OPENMETRICS_H

#include "analysis/compare/study.h"

#include <jansson.h>

/* Reads the output of `busbar compare` or `busbar history` with --format json. After printing one line,
   returns STATUS_ENVIRONMENT if the file cannot be opened, or STATUS_WRONG if it has other content. The
   caller releases verdicts with json_decref(). */
enum status verdicts_read(json_t **verdicts, const char *path);

/* Adds the metrics to `out`. verdicts: NULL for none. Times are in seconds, rates in bytes or operations per
   second. The age of a figure is Prometheus' time() minus its time stamp. Returns the number of cases. */
size_t openmetrics_print(const struct study *, const json_t *verdicts, struct text *out);

#endif
