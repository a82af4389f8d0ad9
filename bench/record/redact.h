/* Names that must not leave the house: hosts, serial numbers, UUIDs become host-1, serial-1, uuid-1, …, the
 * same everywhere. */
#ifndef BUSBAR_REDACT_H
#define BUSBAR_REDACT_H

#include "record/record.h"

/* Replaces them in every string of the archive. */
void redact_archive(struct archive *);

#endif
