#include "gpu/nccl_transport.h"

#include <string.h>

enum {
    DOUBT_SHM = 1,     /* ranks of one host communicate through shared memory */
    DOUBT_NETWORK = 2, /* there is one host, but its ranks use the network */
    DOUBT_NVLS = 4,    /* NVLink switches do not reduce */
    DOUBT_MNNVL = 8    /* hosts of one NVLink domain communicate over the network */
};

bool transport_is_tcp(const struct nccl_paths *p)
{
    static const char *const providers[] = {"tcp", "sockets", "udp", "net"}; /* "tcp;ofi_rxm" */
    if (strcmp(p->network, "Socket") == 0 || strstr(p->network, "TCPX")) return true;
    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++) {
        size_t length = strlen(providers[i]);
        if (strncmp(p->provider, providers[i], length) == 0 &&
            (!p->provider[length] || p->provider[length] == ';'))
            return true;
    }
    return false;
}

void transport_add(struct nccl_paths *p, const struct nccl_paths *other)
{
    p->p2p |= other->p2p;
    p->shm |= other->shm;
    p->net |= other->net;
    p->collnet |= other->collnet;
    p->sends.all += other->sends.all;
    p->sends.gdr += other->sends.gdr;
    p->receives.all += other->receives.all;
    p->receives.gdr += other->receives.gdr;
}

static const char *rdma_missing(const struct nccl_paths *p)
{
    if (!p->network[0]) return "NCCL does not tell which network it uses";
    if (transport_is_tcp(p)) return "NCCL uses TCP";
    if (strstr(p->network, "Libfabric") && !p->provider[0])
        return "the network plug-in does not tell which provider of libfabric it uses";
    return p->sends.all + p->receives.all ? NULL : "NCCL reports no connection over the network";
}

static const char *gdr_missing(const struct nccl_paths *p)
{
    if (p->sends.gdr < p->sends.all)
        return "data that is sent passes through the host's memory (no GPUDirect RDMA)";
    if (p->receives.gdr < p->receives.all)
        return "data that is received passes through the host's memory (no GPUDirect RDMA)";
    return NULL;
}

const char *transport_missing(const struct nccl_paths *p, enum transport expected,
                              const struct transport_place *place)
{
    const char *why = NULL;
    switch (expected) {
    case TRANSPORT_P2P:
        if (p->shm) return "GPUs of one host talk through shared memory (SHM)";
        if (p->net && !place->several_hosts) return "GPUs of one host talk over the network (NET)";
        return p->p2p ? NULL : "NCCL reports no P2P connection";
    case TRANSPORT_NVLS:
        if (p->nvls == 0) return "NCCL does not use NVLS";
        return p->nvls == 1 ? NULL : "NCCL does not tell whether it uses NVLS";
    case TRANSPORT_MNNVL:
        if (p->mnnvl == 0) return "NCCL does not use NVLink between hosts (MNNVL 0)";
        if (p->net && !place->several_domains) return "some connections go over the network (NET)";
        return p->mnnvl == 1 ? NULL : "NCCL does not tell whether it uses NVLink between hosts";
    case TRANSPORT_RDMA:
    case TRANSPORT_GDR:
        why = rdma_missing(p);
        return why || expected == TRANSPORT_RDMA ? why : gdr_missing(p);
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
