/* Anonymises records for publication. */
#ifndef BUSBAR_REDACT_H
#define BUSBAR_REDACT_H

#include "record/record.h"

/* Replaces host names, serial numbers and UUIDs in every string of the archive by host-1, serial-1, uuid-1,
   …; the same name always gets the same replacement. */
void redact_archive(struct archive *);

#endif
