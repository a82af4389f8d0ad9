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

void log_facts(const struct ncclComm *comm, const ncclConfig_t *config)
{
    const char *fabric = getenv("FAKEGPU_FABRIC"), *net = getenv("FAKEGPU_NET");
    bool mnnvl = fabric && strtol(fabric, NULL, 0) != 0 && fake_number("NCCL_MNNVL_ENABLE", 1);
    char line[512];
    snprintf(line, sizeof line, "Assigned NET plugin %s to comm", net ? net : "Socket");
    say(comm, line);
    snprintf(line, sizeof line, "Using network %s", net ? net : "Socket");
    say(comm, line);
    snprintf(line, sizeof line, "NVLS multicast support is %savailable on dev %d (NVLS_NCHANNELS 16)",
             fake_number("FAKEGPU_SM", 100) >= 90 && fake_number("NCCL_NVLS_ENABLE", 1) ? "" : "not ",
             comm->device);
    say(comm, line);
    if (mnnvl) {
        snprintf(line, sizeof line, "MNNVL 1 cliqueId 0 cliqueSize %d cliqueRank %d", comm->segment.ranks,
                 comm->segment.rank);
        say(comm, line);
    }
    snprintf(line, sizeof line, "comm %p rank %d nRanks %d nNodes 1 localRanks %d localRank %d MNNVL %d",
             (const void *)comm, comm->segment.rank, comm->segment.ranks, comm->segment.ranks,
             comm->segment.rank, mnnvl);
    say(comm, line);
    const char *via = getenv("FAKEGPU_VIA"); /* "P2P/CUMEM", "SHM/direct/direct", "NET/IB/0/GDRDMA" */
    if (via) {
        snprintf(line, sizeof line, "Channel 00/0 : 0[0] -> 1[1] via %s", via);
        say(comm, line);
    }
    if (config) {
        snprintf(line, sizeof line, "Channel 00/16 : config minCTAs %d maxCTAs %d", config->minCTAs,
                 config->maxCTAs);
        say(comm, line);
    }
}
