#include "nccl_log.h"
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As NCCL does, the settings are read at the first message, and at the next one after ncclResetDebugInit(),
   which opens the file anew. */
static struct {
    bool ready, again;
    bool informs, tells_tuning;
    char path[4096]; /* "": stdout */
} debug;

/* NCCL_DEBUG_FILE with %h host and %p pid. */
static void expand_path(char path[4096])
{
    const char *pattern = getenv("NCCL_DEBUG_FILE");
    size_t n = 0;
    for (const char *c = pattern ? pattern : ""; *c && n < 3796; c++) {
        if (c[0] == '%' && c[1] == 'h')
            n += (size_t)snprintf(path + n, 256, "%s", fake_host()), c++;
        else if (c[0] == '%' && c[1] == 'p')
            n += (size_t)snprintf(path + n, 32, "%d", (int)getpid()), c++;
        else
            path[n++] = *c;
    }
    path[n] = 0;
}

static void read_debug_settings(void)
{
    if (debug.ready) return;
    const char *level = getenv("NCCL_DEBUG"), *subsystems = getenv("NCCL_DEBUG_SUBSYS");
    debug.informs = level && strcmp(level, "INFO") == 0;
    debug.tells_tuning = subsystems && strstr(subsystems, "TUNING");
    expand_path(debug.path);
    FILE *emptied = debug.again && *debug.path ? fopen(debug.path, "w") : NULL;
    if (emptied) fclose(emptied);
    debug.ready = true;
}

/* As NCCL does with NCCL_DEBUG=INFO. */
static void say(const struct ncclComm *comm, const char *text)
{
    read_debug_settings();
    if (!debug.informs) return;
    FILE *out = *debug.path ? fopen(debug.path, "a") : stdout;
    if (!out) return;
    fprintf(out, "%s:%d:%d [%d] NCCL INFO %s\n", fake_host(), (int)getpid(), (int)getpid(),
            comm ? comm->device : 0, text);
    if (out != stdout) fclose(out);
}

void log_anew(void)
{
    debug.ready = false;
    debug.again = true;
}

void log_choice(const struct move *m, size_t bytes, int version)
{
    enum { TREE, RING, NVLS = 4 };
    static const char *const calls[] = {[MOVE_ALL_REDUCE] = "AllReduce",
                                        [MOVE_REDUCE] = "Reduce",
                                        [MOVE_REDUCE_SCATTER] = "ReduceScatter",
                                        [MOVE_ALL_GATHER] = "AllGather",
                                        [MOVE_BROADCAST] = "Broadcast"},
                             *const names[] = {[TREE] = "TREE", [RING] = "RING", [NVLS] = "NVLS"};
    const bool is_small = bytes < 65536, reduces_all = m->kind == MOVE_ALL_REDUCE;
    const int algorithm = !reduces_all ? RING : is_small ? TREE : NVLS;
    const int channels = is_small ? 1 : m->comm->most_channels < 16 ? m->comm->most_channels : 16;
    char line[256];
    read_debug_settings();
    if (!debug.tells_tuning || m->comm->segment.rank || version < 22000) return;
    if (m->comm->windows && reduces_all)
        snprintf(line, sizeof line,
                 "AllReduce [Symmetric]: %zu Bytes -> Kernel AllReduce_RSxLDMC_AGxSTMC nchannels 8 nthreads "
                 "512 nWorks 1",
                 bytes);
    else if (version >= 22400)
        snprintf(line, sizeof line, "%s: %zu Bytes -> Algo %s proto %s channel{Lo..Hi}={0..%d}",
                 calls[m->kind], bytes, names[algorithm], is_small ? "LL" : "SIMPLE", channels - 1);
    else
        snprintf(line, sizeof line, "%s%s%zu Bytes -> Algo %d proto %d time %f",
                 version >= 22300 ? calls[m->kind] : "", version >= 22300 ? ": " : "", bytes, algorithm,
                 is_small ? 0 : 2, 12.5);
    say(m->comm, line);
    fake_sleep_us(fake_number("FAKEGPU_TUNING_US", 0));
}

/* Where a rank is, for the others. cluster 0: no NVLink domain beyond the host. */
struct place {
    char host[64];
    unsigned long cluster, clique, state;
};

/* What NCCL calls a node: the ranks of one host, or of one NVLink domain if MNNVL is in use. */
struct nodes {
    int count, local_ranks, local_rank;
    bool mnnvl;
};

static void own_place(struct place *place)
{
    const char *fabric = getenv("FAKEGPU_FABRIC");
    char *end;
    *place = (struct place){.state = 3};
    snprintf(place->host, sizeof place->host, "%s", fake_host());
    if (!fabric) return;
    place->cluster = strtoul(fabric, &end, 0);
    if (*end == ':') place->clique = strtoul(end + 1, &end, 0);
    if (*end == ':') place->state = strtoul(end + 1, &end, 0);
}

static bool together(const struct place *a, const struct place *b, bool mnnvl)
{
    return mnnvl ? a->cluster == b->cluster && a->clique == b->clique : strcmp(a->host, b->host) == 0;
}

static void count_nodes(const struct place *all, int ranks, int rank, struct nodes *n)
{
    n->count = n->local_ranks = n->local_rank = 0;
    for (int r = 0; r < ranks; r++) {
        int first = 0;
        while (!together(&all[first], &all[r], n->mnnvl)) first++;
        n->count += first == r;
        n->local_ranks += together(&all[r], &all[rank], n->mnnvl);
        n->local_rank += r < rank && together(&all[r], &all[rank], n->mnnvl);
    }
}

/* As ncclMnnvlCheck and its caller in init.cc: MNNVL is tried only between hosts, unless NCCL_MNNVL_ENABLE
   is 1, and needs a completed fabric with a cluster UUID on every rank. */
static void find_nodes(struct ncclComm *comm, struct nodes *n)
{
    struct segment *s = &comm->segment;
    struct place *all = calloc((size_t)s->ranks, sizeof *all);
    const long enabled = fake_number("NCCL_MNNVL_ENABLE", 2);
    bool completed = true;
    own_place((struct place *)(void *)segment_stage(s, s->rank));
    segment_barrier(s);
    for (int r = 0; r < s->ranks; r++) {
        memcpy(&all[r], segment_stage(s, r), sizeof *all);
        completed &= all[r].state == 3 && all[r].cluster != 0;
    }
    segment_barrier(s);
    *n = (struct nodes){.mnnvl = false};
    count_nodes(all, s->ranks, s->rank, n);
    if (completed && (enabled == 1 || (n->count > 1 && enabled))) {
        n->mnnvl = true;
        count_nodes(all, s->ranks, s->rank, n);
        if (n->local_ranks == 1) {
            n->mnnvl = false;
            count_nodes(all, s->ranks, s->rank, n);
        }
    }
    free(all);
}

/* ncclNvlsInit says nothing if NVLS is switched off or if the node has one GPU. Later, in init.cc, NVLS is
   dropped if no channels are found for it (FAKEGPU_NVLS_CHANNELS=0). */
static int find_nvls(const struct ncclComm *comm, const struct nodes *n, int version)
{
    char line[256], channels_text[32] = "";
    const bool available = fake_number("FAKEGPU_SM", 100) >= 90;
    const int most = comm->most_channels < 16 ? comm->most_channels : 16;
    if (!fake_number("NCCL_NVLS_ENABLE", 2) || n->local_ranks < 2) return 0;
    if (version >= 22700 && version < 23000)
        snprintf(channels_text, sizeof channels_text, " (NVLS_NCHANNELS %d)", available ? most : 0);
    snprintf(line, sizeof line, "NVLS multicast support is %savailable on dev %d%s", available ? "" : "not ",
             comm->device, channels_text);
    say(comm, line);
    return available ? (int)fake_number("FAKEGPU_NVLS_CHANNELS", most) : 0;
}

void log_facts(struct ncclComm *comm, int version)
{
    const char *net = getenv("FAKEGPU_NET"), *provider = getenv("FAKEGPU_PROVIDER"); /* of libfabric */
    const struct segment *s = &comm->segment;
    struct nodes n;
    char line[512];
    find_nodes(comm, &n);
    if (provider) {
        snprintf(line, sizeof line, "NET/OFI Selected provider is %s, fabric is %s (found 4 nics)", provider,
                 provider);
        say(comm, line);
    }
    snprintf(line, sizeof line, "Assigned NET plugin %s to comm", net ? net : "Socket");
    say(comm, line);
    snprintf(line, sizeof line, "Using network %s", net ? net : "Socket");
    say(comm, line);
    if (n.mnnvl) {
        snprintf(line, sizeof line, "MNNVL 1 cliqueId 0 cliqueSize %d cliqueRank %d", n.local_ranks,
                 n.local_rank);
        say(comm, line);
    }
    const int nvls_channels = find_nvls(comm, &n, version);
    snprintf(line, sizeof line, "comm %p rank %d nRanks %d nNodes %d localRanks %d localRank %d MNNVL %d",
             (const void *)comm, s->rank, s->ranks, n.count, n.local_ranks, n.local_rank, n.mnnvl);
    say(comm, line);
    snprintf(line, sizeof line,
             "%d coll channels, %d collnet channels, %d nvls channels, 32 p2p channels, 32 p2p channels per "
             "peer",
             comm->most_channels, comm->most_channels, nvls_channels);
    say(comm, line);
}

static void log_connection(const struct ncclComm *comm, int from, int to, const char *direction,
                           const char *via)
{
    char line[512];
    snprintf(line, sizeof line, "Channel 00/0 : %d[0] -> %d[1] %svia %s", from, to, direction, via);
    say(comm, line);
}

/* NCCL says by which transport it connects two ranks when it does so: from 2.22 on in the first call that
   needs the connection. Of the network it says so at both ends. FAKEGPU_VIA is a list of transports:
   P2P/CUMEM, SHM/direct/direct, NET/IB/0/GDRDMA; "[send] NET/IB/0" is one direction only. */
void log_connections(const struct ncclComm *comm)
{
    static const char send[] = "[send] ", receive[] = "[receive] ";
    const struct segment *s = &comm->segment;
    const int next = (s->rank + 1) % s->ranks, before = (s->rank + s->ranks - 1) % s->ranks;
    const char *list = getenv("FAKEGPU_VIA");
    char *copy = strdup(list ? list : ""), *rest = copy, *via;
    while (*copy && (via = strsep(&rest, ","))) {
        const bool sends = strncmp(via, send, sizeof send - 1) == 0,
                   receives = strncmp(via, receive, sizeof receive - 1) == 0;
        if (sends) via += sizeof send - 1;
        if (receives) via += sizeof receive - 1;
        if (strncmp(via, "NET/", 4) != 0) {
            log_connection(comm, s->rank, next, "", via);
            continue;
        }
        if (!receives) log_connection(comm, s->rank, next, send, via);
        if (!sends) log_connection(comm, before, s->rank, receive, via);
    }
    free(copy);
}
