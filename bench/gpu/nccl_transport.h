/* Judges what NCCL tells of the paths that it takes: is it what the user expects, and what a machine like
   this can do? */
#ifndef BUSBAR_NCCL_TRANSPORT_H
#define BUSBAR_NCCL_TRANSPORT_H

#include "gpu/nccl_debug.h"
#include "record/words.h"

/* NULL where NCCL's messages show that it uses `expected` (or nothing is expected); else the reason, also
   where they do not tell. several_hosts: the ranks are on more than one. */
const char *transport_missing(const struct nccl_paths *, enum transport expected, bool several_hosts);

/* A set of doubts, one bit each; 0: none. has_fabric: the GPU is connected to an NVLink switch whose fabric
   is up. spans_hosts: its NVLink domain has ranks on several hosts. What NCCL does not tell raises no
   doubt. */
unsigned transport_doubts(const struct nccl_paths *, bool several_hosts, bool has_fabric, bool spans_hosts);
const char *transport_doubt_words(unsigned doubt); /* of one bit: a sentence for a person */

#endif
