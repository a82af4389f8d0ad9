/* SHA-256 (FIPS 180-4). Identifies content: imported files, settings files, sets of hosts. */
#ifndef BUSBAR_SHA256_H
#define BUSBAR_SHA256_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { SHA256_HEX = 65 };

struct sha256 {
    uint32_t state[8];
    uint64_t length; /* bytes so far */
    unsigned char block[64];
};

void sha256_start(struct sha256 *);
void sha256_add(struct sha256 *, const void *bytes, size_t length);
void sha256_end(struct sha256 *, char hex[SHA256_HEX]); /* as sha256sum prints it */

/* The hash of a whole file. STATUS_ENVIRONMENT if it cannot be read: prints nothing; errno has the reason. */
enum status sha256_file(const char *path, char hex[SHA256_HEX]);

#endif
