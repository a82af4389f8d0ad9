#include "gpu/nccl_transport.h"

#include <string.h>

enum {
    DOUBT_SHM = 1,     /* ranks of one host communicate through shared memory */
    DOUBT_NETWORK = 2, /* there is one host, but its ranks use the network */
    DOUBT_NVLS = 4,    /* NVLink switches do not reduce */
    DOUBT_MNNVL = 8    /* hosts of one NVLink domain communicate over the network */
};

const char *transport_missing(const struct nccl_paths *p, enum transport expected, bool several_hosts)
{
    switch (expected) {
    case TRANSPORT_P2P:
        if (p->shm) return "GPUs of one host talk through shared memory (SHM)";
        if (p->net && !several_hosts) return "GPUs of one host talk over the network (NET)";
        return p->p2p ? NULL : "NCCL reports no P2P connection";
    case TRANSPORT_NVLS:
        if (p->nvls == 0) return "NCCL does not use NVLS";
        return p->nvls == 1 ? NULL : "NCCL does not tell whether it uses NVLS";
    case TRANSPORT_MNNVL:
        if (p->mnnvl == 0) return "NCCL does not use NVLink between hosts (MNNVL 0)";
        if (p->net) return "some connections go over the network (NET)";
        return p->mnnvl == 1 ? NULL : "NCCL does not tell whether it uses NVLink between hosts";
    case TRANSPORT_RDMA:
    case TRANSPORT_GDR:
        if (strcmp(p->network, "Socket") == 0) return "NCCL uses TCP sockets";
        if (!p->network[0]) return "NCCL does not tell which network it uses";
        if (!p->net) return "NCCL reports no connection over the network";
        return expected == TRANSPORT_RDMA || p->gdr
                   ? NULL
                   : "data passes through the host's memory (no GPUDirect RDMA)";
    case TRANSPORT_ABSENT:
        break;
    }
    return NULL;
}

unsigned transport_doubts(const struct nccl_paths *p, bool several_hosts, bool expects_nvls, bool spans_hosts)
{
    unsigned doubts = 0;
    if (p->shm) doubts |= DOUBT_SHM;
    if (p->net && !several_hosts) doubts |= DOUBT_NETWORK;
    if (p->nvls == 0 && expects_nvls) doubts |= DOUBT_NVLS;
    if (p->mnnvl == 0 && spans_hosts) doubts |= DOUBT_MNNVL;
    return doubts;
}

const char *transport_doubt_words(unsigned doubt)
{
    switch (doubt) {
    case DOUBT_SHM:
        return "GPUs of one host talk through shared memory (SHM) instead of P2P: is NCCL_P2P_DISABLE set, "
               "or does a container hide the other GPUs?";
    case DOUBT_NETWORK:
        return "GPUs of one host talk over the network (NET) instead of P2P";
    case DOUBT_NVLS:
        return "these GPUs have NVLink switches, but NCCL does not let them reduce (NVLS): is "
               "NCCL_NVLS_ENABLE 0, or the fabric manager too old?";
    case DOUBT_MNNVL:
        return "hosts of one NVLink domain talk over the network (MNNVL 0): is IMEX running, and is "
               "NCCL_MNNVL_ENABLE not 0?";
    }
    return "";
}
