/* A fast hash for hash tables and names. An adversary can make collisions: use base/sha256.h against that. */
#ifndef BUSBAR_HASH_H
#define BUSBAR_HASH_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
static inline uint64_t hash_bytes(const void *data, size_t length)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < length; i++) h = (h ^ ((const unsigned char *)data)[i]) * 0x100000001b3u;
    return h;
}

#endif
