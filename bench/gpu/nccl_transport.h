/* Judges the transports that NCCL reports: are they what the user expects, and the best that the machine
   offers? */
#ifndef BUSBAR_NCCL_TRANSPORT_H
#define BUSBAR_NCCL_TRANSPORT_H

#include "gpu/nccl_debug.h"
#include "record/words.h"

/* Where the ranks are: on more than one host, in more than one NVLink domain. */
struct transport_place {
    bool several_hosts, several_domains;
};

/* NULL if NCCL's messages show that it uses `expected`, or if nothing is expected. Else a reason, also if the
   messages do not tell. The paths are those of the ranks that NVLink connects, transport_add()ed: in a ring
   or a tree some of them have no connection over the network, or no P2P connection. */
const char *transport_missing(const struct nccl_paths *, enum transport expected,
                              const struct transport_place *);
/* Adds the connections of another rank. */
void transport_add(struct nccl_paths *, const struct nccl_paths *other);

/* NCCL's network is TCP, known by its name or by that of libfabric's provider. */
bool transport_is_tcp(const struct nccl_paths *);

/* The slow transports that NCCL seems to use without need, one bit each; 0: none. expects_nvls: NVLink
   switches that can reduce connect the GPU with another rank's. spans_hosts: its NVLink domain has ranks on
   several hosts. Facts that NCCL does not report set no bit. */
unsigned transport_doubts(const struct nccl_paths *, bool several_hosts, bool expects_nvls, bool spans_hosts);
const char *transport_doubt_words(unsigned doubt); /* the warning for one bit */

#endif
