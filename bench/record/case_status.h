/* How a case ended, as the record says it. */
#ifndef BUSBAR_CASE_STATUS_H
#define BUSBAR_CASE_STATUS_H

#include "base/status.h"

const char *case_status_name(enum status);

/* From 0 (ok) to the worst (wrong data). A name that a newer writer may have used is as bad as an error. */
int case_status_severity(const char *name);

#endif
