/* Facts from NCCL's messages. The lines are format strings of libnccl.so.2 (of the versions named) with
 * values filled in. */
#include "gpu/nccl_debug.h"
#include "gpu/nccl_transport.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct nccl_paths read_version(int version, const char *text)
{
    struct nccl_paths paths;
    FILE *file = fmemopen((void *)text, strlen(text), "r");
    cr_assert(file);
    nccl_debug_read(file, version, &paths);
    fclose(file);
    return paths;
}

static struct nccl_paths read_text(const char *text)
{
    return read_version(22809, text);
}

Test(nccl_debug, nothing_told_is_not_known)
{
    struct nccl_paths p = read_text("node1:77:77 [0] NCCL INFO Bootstrap: Using eth0:10.0.0.1<0>\n");
    cr_expect_str_eq(p.network, "");
    cr_expect_str_eq(p.plugin, "");
    cr_expect_eq(p.nvls, -1);
    cr_expect_eq(p.mnnvl, -1);
    cr_expect(!p.p2p && !p.shm && !p.net && !p.collnet && !p.sends.all && !p.receives.all);
    json_t *json = nccl_paths_json(&p);
    cr_expect_eq(json_object_size(json), 0);
    json_decref(json);
}

Test(nccl_debug, a_2_18_on_infiniband)
{
    struct nccl_paths p = read_version(
        21803, "node1:77:93 [3] NCCL INFO Using network IB\n"
               "node1:77:93 [3] NCCL INFO NVLS multicast support is available on dev 3\n"
               "node1:77:93 [3] NCCL INFO Channel 00/0 : 8[0] -> 0[0] [receive] via NET/IB/3/GDRDMA\n"
               "node1:77:93 [3] NCCL INFO Channel 01/0 : 3[3] -> 2[2] via P2P/IPC/read\n"
               "node1:77:93 [3] NCCL INFO NVLS comm 0x55d0c8a7f2b0 headRank 3 nHeads 8 buffSize 1048576 "
               "memSize 2097152 nvlsPerRankSize 67108864 nvlsTotalSize 536870912\n"
               "node1:77:93 [3] NCCL INFO 16 coll channels, 16 nvls channels, 16 p2p channels, 2 p2p "
               "channels per peer\n");
    cr_expect_str_eq(p.network, "IB");
    cr_expect_eq(p.nvls, 1);
    cr_expect_eq(p.mnnvl, -1);
    cr_expect(p.p2p && !p.shm && p.net);
    cr_expect(!p.sends.all && p.receives.all == 1 && p.receives.gdr == 1);
}

Test(nccl_debug, a_2_20_tells_mnnvl_at_the_end_of_the_communicators_line)
{
    const char *line = "tray1:77:93 [1] NCCL INFO comm 0x55d0c8a7f2b0 rank 1 nRanks 8 nNodes 1 localRanks 8 "
                       "localRank 1 MNNVL 1\n";
    cr_expect_eq(read_text(line).mnnvl, 1);
    line = "tray1:77:93 [1] NCCL INFO comm 0x55d0c8a7f2b0 rank 1 nRanks 8 nNodes 2 localRanks 4 localRank 1 "
           "MNNVL 0\n";
    cr_expect_eq(read_text(line).mnnvl, 0);
}

Test(nccl_debug, a_2_27_tells_mnnvl_with_its_clique)
{
    struct nccl_paths p = read_text(
        "tray1:77:93 [1] NCCL INFO MNNVL busId 0x1901000 fabric UUID 4fd5a1e2c3.77aa01 cliqueId 0x7ffe state "
        "3 healthMask 0x0\n"
        "tray1:77:93 [1] NCCL INFO MNNVL 1 cliqueId 7ffe cliqueSize 72 cliqueRank 5\n"
        "tray1:77:93 [1] NCCL INFO NVLS multicast support is not available on dev 1 (NVLS_NCHANNELS 0)\n"
        "tray1:77:93 [1] NCCL INFO Channel 07/0 : 5[1] -> 4[0] via P2P/MNNVL\n");
    cr_expect_eq(p.mnnvl, 1);
    cr_expect_eq(p.nvls, 0);
    cr_expect(p.p2p && !p.net);
    /* State 3 says that the fabric is ready, not that NCCL uses it. */
    cr_expect_eq(
        read_text(
            "t:7:9 [1] NCCL INFO MNNVL busId 0x1901000 fabric UUID 1.1 cliqueId 0x1 state 3 healthMask 0x0\n")
            .mnnvl,
        -1);
}

/* The device supports NVLS, the communicator may not: src/init.cc, the line before "NVLS tuning" or, in older
   releases, before ncclNvlsSetup. */
Test(nccl_debug, channels_decide_on_nvls)
{
#define AVAILABLE "h:7:9 [1] NCCL INFO NVLS multicast support is available on dev 1\n"
#define CHANNELS(n)                                                                                          \
    "h:7:9 [1] NCCL INFO 16 coll channels, 16 collnet channels, " #n " nvls channels, 16 p2p channels, 2 "   \
    "p2p channels per peer\n"
    cr_expect_eq(read_text(AVAILABLE).nvls, -1, "of the device, not of the communicator");
    cr_expect_eq(read_text(AVAILABLE CHANNELS(16)).nvls, 1);
    cr_expect_eq(read_text(AVAILABLE CHANNELS(0)).nvls, 0, "dropped, as no channels were found");
    cr_expect_eq(read_text(CHANNELS(0)).nvls, 0, "NCCL_NVLS_ENABLE=0: nothing else is printed");
    cr_expect_eq(read_text(" coll channels, \n 4 coll channels, x nvls channels\n").nvls, -1);
    /* Up to 2.20.5, the number of channels stays when NVLS is dropped. */
    cr_expect_eq(read_version(22005, AVAILABLE CHANNELS(16)).nvls, 0);
    cr_expect_eq(read_version(22005, AVAILABLE "h:7:9 [1] NCCL INFO NVLS comm 0x55d0 headRank 1 nHeads 8 "
                                               "buffSize 1\n" CHANNELS(16))
                     .nvls,
                 1);
}

Test(nccl_debug, mnnvl_that_does_not_work)
{
    cr_expect_eq(read_text("t:7:9 [1] misc/x.cc:68 NCCL WARN MNNVL (cliqueSize 72) is available but not "
                           "working on this system. Check the IMEX "
                           "channel configuration (/dev/nvidia-caps-imex-channels). Set NCCL_MNNVL_ENABLE=0 "
                           "to ignore this issue.\n")
                     .mnnvl,
                 0);
    cr_expect_eq(read_text("t:7:9 [1] mnnvl.cc:30 NCCL WARN MNNVL is not supported on this system\n").mnnvl,
                 0);
}

Test(nccl_debug, plugins_and_the_network_that_was_assigned)
{
    struct nccl_paths p = read_text("h:1:1 [0] NCCL INFO NET/Plugin: Loaded net plugin AWS Libfabric (v8)\n"
                                    "h:1:1 [0] NCCL INFO Using network AWS Libfabric\n");
    cr_expect_str_eq(p.plugin, "AWS Libfabric (v8)");
    cr_expect_str_eq(p.network, "AWS Libfabric");
    p = read_text("h:1:1 [0] NCCL INFO Successfully loaded external network plugin libnccl-net-gcp.so\n"
                  "h:1:1 [0] NCCL INFO Assigned NET plugin gIB to comm\n"
                  "h:1:1 [0] NCCL INFO Using network gIB\n"
                  "h:1:1 [0] NCCL INFO CollNet 00/0 : 1 [receive] via COLLNET/SHARP/0/GDRDMA\n");
    cr_expect_str_eq(p.plugin, "libnccl-net-gcp.so");
    cr_expect_str_eq(p.network, "gIB");
    cr_expect(p.collnet && p.receives.gdr == 1);
}

/* src/nccl_ofi_net of aws-ofi-nccl: 1.21.1 and, without the fabric, 1.9.1. */
Test(nccl_debug, libfabrics_provider)
{
    struct nccl_paths p = read_text(
        "h:1:1 [0] NCCL INFO NET/OFI Selected provider is efa, fabric is efa-direct (found 16 nics)\n");
    cr_expect_str_eq(p.provider, "efa");
    json_t *json = nccl_paths_json(&p);
    cr_expect_str_eq(json_string_value(json_object_get(json, "provider")), "efa");
    json_decref(json);
    p = read_text("h:1:1 [0] NCCL INFO NET/OFI Selected Provider is tcp;ofi_rxm (found 2 nics)\n");
    cr_expect_str_eq(p.provider, "tcp;ofi_rxm");
}

Test(nccl_debug, directions_of_connections)
{
    struct nccl_paths p = read_text(
        "h:1:1 [0] NCCL INFO Channel 00/0 : 0[0] -> 8[0] [send] via NET/IB/0(2)/GDRDMA(PCI)/Shared\n"
        "h:1:1 [0] NCCL INFO Channel 01/0 : 0[0] -> 8[0] [send] via NET/IB/1\n"
        "h:1:1 [0] NCCL INFO Channel 00/0 : 8[0] -> 0[0] [receive] via NET/IB/0/GDRDMA/flush=pcie\n");
    cr_expect(p.sends.all == 2 && p.sends.gdr == 1 && p.receives.all == 1 && p.receives.gdr == 1);
    json_t *json = nccl_paths_json(&p), *transports = json_object_get(json, "transports");
    cr_expect_eq(json_array_size(transports), 2, "with and without");
    json_decref(json);
}

Test(nccl_debug, hostile_lines)
{
    struct nccl_paths p = read_text("Using network \033[31mred and a name that is much longer than any "
                                    "network has ever been called before today\n"
                                    " MNNVL 17 \n MNNVL \n via \nNVLS multicast support is \n");
    cr_expect_eq(p.network[0], '?');
    cr_expect_eq(strlen(p.network), sizeof p.network - 1);
    cr_expect_eq(p.mnnvl, -1);
    cr_expect_eq(p.nvls, -1);
}

static void forget_settings(void)
{
    unsetenv("NCCL_DEBUG");
    unsetenv("NCCL_DEBUG_FILE");
    unsetenv("NCCL_DEBUG_SUBSYS");
}

Test(nccl_debug, what_nobody_asked_for_stands_in_no_file)
{
    struct nccl_debug first, second;
    struct nccl_paths p;
    forget_settings();
    setenv("TMPDIR", "/nowhere", 1);
    nccl_debug_capture(&first, "host");
    cr_expect_str_eq(getenv("NCCL_DEBUG"), "INFO");
    FILE *nccl = fopen(getenv("NCCL_DEBUG_FILE"), "w"); /* as NCCL does, once per process */
    cr_assert(nccl);
    setlinebuf(nccl);
    fputs("h:1:1 [0] NCCL INFO Using network IB\n", nccl);
    nccl_debug_told(&first, 22809, &p);
    cr_expect_str_eq(p.network, "IB");
    nccl_debug_capture(&second, "host");
    nccl_debug_told(&second, 22809, &p);
    cr_expect_str_eq(p.network, "", "told of the first communicator");
    fputs("h:1:1 [0] NCCL INFO Using network Socket\n", nccl);
    nccl_debug_told(&second, 22809, &p);
    cr_expect_str_eq(p.network, "Socket");
    json_t *environment = json_pack("{ss ss ss ss}", "NCCL_DEBUG", "INFO", "NCCL_DEBUG_FILE", first.path,
                                    "NCCL_DEBUG_SUBSYS", getenv("NCCL_DEBUG_SUBSYS"), "NCCL_ALGO", "Ring");
    nccl_debug_hide(&first, environment);
    cr_expect_eq(json_object_size(environment), 1);
    cr_expect(json_object_get(environment, "NCCL_ALGO"));
    json_decref(environment);
    nccl_debug_close(&second);
    nccl_debug_close(&first);
    fclose(nccl);
}

Test(nccl_debug, what_was_asked_for_has_a_name)
{
    char folder[] = "/tmp/busbar-unit-XXXXXX", path[4096];
    struct nccl_debug d;
    forget_settings();
    cr_assert(mkdtemp(folder));
    setenv("TMPDIR", folder, 1);
    setenv("NCCL_DEBUG", "WARN", 1);
    for (int i = 0; i < 2; i++) {
        unsetenv("NCCL_DEBUG_FILE");
        nccl_debug_capture(&d, "host");
        cr_expect_str_eq(getenv("NCCL_DEBUG"), "WARN");
        cr_expect_eq(strncmp(d.path, folder, strlen(folder)), 0);
        cr_expect_eq(access(d.path, F_OK), 0);
        strcpy(path, d.path);
        FILE *nccl = fopen(path, "w");
        cr_assert(nccl);
        if (i) fputs("NCCL WARN\n", nccl);
        fclose(nccl);
        json_t *environment = json_pack("{ss ss}", "NCCL_DEBUG", "WARN", "NCCL_DEBUG_FILE", path);
        nccl_debug_hide(&d, environment);
        cr_expect(json_object_get(environment, "NCCL_DEBUG") && json_object_size(environment) == 1);
        json_decref(environment);
        nccl_debug_close(&d);
        cr_expect_eq(access(path, F_OK) == 0, i, "an empty one is removed, another stays");
    }
    unlink(path);
    rmdir(folder);
}

Test(nccl_debug, a_file_of_the_users_is_read)
{
    char path[] = "/tmp/busbar-unit-XXXXXX";
    struct nccl_debug d;
    struct nccl_paths p;
    forget_settings();
    close(mkstemp(path));
    setenv("NCCL_DEBUG_FILE", path, 1);
    nccl_debug_capture(&d, "host");
    cr_expect_str_eq(d.path, path);
    FILE *nccl = fopen(path, "w");
    cr_assert(nccl);
    fputs("h:1:1 [0] NCCL INFO Using network IB\n", nccl);
    fclose(nccl);
    nccl_debug_told(&d, 22809, &p);
    cr_expect_str_eq(p.network, "IB");
    nccl_debug_close(&d);
    cr_expect_eq(access(path, F_OK), 0);
    unlink(path);
}

Test(nccl_debug, a_2_30_on_an_nvl72)
{
    struct nccl_paths p = read_text(
        "[2026-06-11 11:44:19] t1:77:93 [1] NCCL INFO NET/Plugin: Loaded net plugin IBext_v11 (v11)\n"
        "t1:77:93 [1] NCCL INFO Using network IB\n"
        "t1:77:93 [1] NCCL INFO MNNVL 1 cliqueId 7ffe cliqueSize 72 cliqueRank 5 nvlDomainSize 72\n"
        "t1:77:93 [1] NCCL INFO NVLS multicast support is available on dev 1\n"
        "t1:77:93 [1] NCCL INFO comm 0x55d0c8a7f2b0 rank 5 nRanks 72 nNodes 1 localRanks 72 localRank 5 "
        "MNNVL 1\n"
        "t1:77:93 [1] NCCL INFO 24 coll channels, 24 collnet channels, 24 nvls channels, 32 p2p channels, 32 "
        "p2p channels per peer\n"
        "t1:77:93 [1] NCCL INFO Channel 07/0 : 5[1] -> 4[0] via P2P/MNNVL\n");
    cr_expect_eq(p.mnnvl, 1);
    cr_expect_eq(p.nvls, 1);
    cr_expect_str_eq(p.network, "IB");
    cr_expect(p.p2p && !p.net);
}

Test(nccl_debug, rdma_devices_of_a_tree)
{
    char root[] = "/tmp/busbar-unit-XXXXXX", path[200], names[64];
    cr_assert(mkdtemp(root));
    rdma_devices(root, names, sizeof names);
    cr_expect_str_eq(names, "");
    const char *const parts[] = {"/sys", "/sys/class", "/sys/class/infiniband",
                                 "/sys/class/infiniband/mlx5_1", "/sys/class/infiniband/mlx5_0"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        snprintf(path, sizeof path, "%s%s", root, parts[i]);
        cr_assert_eq(mkdir(path, 0700), 0);
    }
    rdma_devices(root, names, sizeof names);
    cr_expect_str_eq(names, "mlx5_0 mlx5_1");
    rdma_devices(root, names, 9);
    cr_expect_str_eq(names, "mlx5_0", "no half names where there is no room");
    for (size_t i = sizeof parts / sizeof *parts; i-- > 0;) {
        snprintf(path, sizeof path, "%s%s", root, parts[i]);
        rmdir(path);
    }
    rmdir(root);
}

#define LINE(text) "node1:77:77 [0] NCCL INFO " text "\n"

/* Lines as NCCL 2.28 prints them, and the transports whose use each line proves. */
Test(nccl_transport, what_is_expected_must_be_told)
{
    static const struct {
        const char *told;
        struct transport_place place;
        enum transport satisfied[6]; /* all other transports are missing */
    } cases[] = {
        {"", {false, false}, {TRANSPORT_ABSENT}},
        {"", {true, true}, {TRANSPORT_ABSENT}},
        {LINE("Channel 00/0 : 0[0] -> 1[1] via P2P/CUMEM")
             LINE("16 coll channels, 16 collnet channels, 16 nvls channels, 32 p2p channels, 32 p2p channels "
                  "per peer"),
         {false, false},
         {TRANSPORT_P2P, TRANSPORT_NVLS}},
        {LINE("Channel 00/0 : 0[0] -> 1[1] via P2P/CUMEM")
             LINE("NVLS multicast support is available on dev 0") LINE(
                 "16 coll channels, 16 collnet channels, 0 nvls channels, 32 p2p channels, 32 p2p channels "
                 "per peer"),
         {false, false},
         {TRANSPORT_P2P}},
        {LINE("Channel 00/0 : 0[0] -> 1[1] via P2P/CUMEM")
             LINE("Channel 00 : 0[0] -> 1[1] via SHM/direct/direct"),
         {false, false},
         {TRANSPORT_ABSENT}},
        {LINE("Channel 00/0 : 0[0] -> 1[0] [send] via NET/IB/0") LINE("Using network IB"),
         {true, true},
         {TRANSPORT_RDMA}},
        {LINE("Channel 00/0 : 0[0] -> 1[0] [send] via NET/IB/0/GDRDMA") LINE("Using network IB"),
         {true, true},
         {TRANSPORT_RDMA, TRANSPORT_GDR}},
        {LINE("Channel 00/0 : 0[0] -> 1[0] [send] via NET/Socket/0") LINE("Using network Socket"),
         {true, true},
         {TRANSPORT_ABSENT}},
        {LINE("comm 0x1 rank 0 nRanks 8 nNodes 2 localRanks 4 localRank 0 MNNVL 1")
             LINE("Channel 00/0 : 0[0] -> 1[1] via P2P/CUMEM"),
         {true, false},
         {TRANSPORT_MNNVL, TRANSPORT_P2P}},
        {LINE("comm 0x1 rank 0 nRanks 8 nNodes 1 localRanks 8 localRank 0 MNNVL 1")
             LINE("Channel 00/0 : 3[3] -> 4[0] [send] via NET/IB/0") LINE("Using network IB"),
         {true, false},
         {TRANSPORT_RDMA}},
        /* Two racks: NVLink within each, the network between them. */
        {LINE("comm 0x1 rank 0 nRanks 8 nNodes 2 localRanks 4 localRank 0 MNNVL 1")
             LINE("Channel 00/0 : 3[3] -> 4[0] [send] via NET/IB/0") LINE("Using network IB"),
         {true, true},
         {TRANSPORT_MNNVL, TRANSPORT_RDMA}},
        {LINE("Channel 00/0 : 0[0] -> 1[0] [send] via NET/IB/0") LINE("Using network IB")
             LINE("Channel 00/0 : 1[0] -> 0[0] [receive] via NET/IB/0/GDRDMA"),
         {true, true},
         {TRANSPORT_RDMA}},
        {LINE("Channel 00/0 : 0[0] -> 1[0] [send] via NET/IB/0/GDRDMA") LINE("Using network IB")
             LINE("Channel 00/0 : 1[0] -> 0[0] [receive] via NET/IB/0"),
         {true, true},
         {TRANSPORT_RDMA}},
        {LINE("Using network IB"), {true, true}, {TRANSPORT_ABSENT}},
        {LINE("Channel 00/0 : 0[0] -> 1[0] [send] via NET/Libfabric/0/GDRDMA")
             LINE("Using network Libfabric"),
         {true, true},
         {TRANSPORT_ABSENT}},
        {LINE("NET/OFI Selected provider is tcp, fabric is 10.0.0.0/16 (found 1 nics)")
             LINE("Channel 00/0 : 0[0] -> 1[0] [send] via NET/Libfabric/0") LINE("Using network Libfabric"),
         {true, true},
         {TRANSPORT_ABSENT}},
        {LINE("NET/OFI Selected provider is efa, fabric is efa-direct (found 16 nics)") LINE(
             "Channel 00/0 : 0[0] -> 1[0] [send] via NET/Libfabric/0/GDRDMA") LINE("Using network Libfabric"),
         {true, true},
         {TRANSPORT_RDMA, TRANSPORT_GDR}},
        {LINE("Channel 00/0 : 0[0] -> 1[0] [send] via NET/GPUDirectTCPX_v7/0/GDRDMA")
             LINE("Using network GPUDirectTCPX_v7"),
         {true, true},
         {TRANSPORT_ABSENT}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct nccl_paths p = read_text(*cases[i].told ? cases[i].told : "\n");
        cr_expect(!transport_missing(&p, TRANSPORT_ABSENT, &cases[i].place));
        for (enum transport t = TRANSPORT_P2P; t <= TRANSPORT_GDR; t++) {
            bool expected = false;
            for (size_t k = 0; k < 6; k++) expected |= cases[i].satisfied[k] == t;
            cr_expect_eq(!transport_missing(&p, t, &cases[i].place), expected, "case %zu, %s", i,
                         name_of(&transport_names, (int)t));
        }
    }
}

/* In a ring or a tree, one rank of a host may have all its connections over the network. */
Test(nccl_transport, connections_of_a_host_add_up)
{
    const struct transport_place place = {true, true};
    struct nccl_paths crossing = read_text(LINE("Channel 00/0 : 0[0] -> 2[0] [send] via NET/IB/0/GDRDMA")
                                               LINE("Using network IB")),
                      staying = read_text(LINE("Channel 00/0 : 1[1] -> 0[0] via P2P/CUMEM")
                                              LINE("Using network IB"));
    cr_expect(transport_missing(&staying, TRANSPORT_GDR, &place));
    cr_expect(transport_missing(&crossing, TRANSPORT_P2P, &place));
    struct nccl_paths host = staying;
    transport_add(&host, &crossing);
    cr_expect(!transport_missing(&host, TRANSPORT_GDR, &place));
    cr_expect(!transport_missing(&host, TRANSPORT_P2P, &place));
}

Test(nccl_transport, slow_ways_are_doubted)
{
    struct nccl_paths well = {.nvls = 1, .mnnvl = 1, .p2p = true}, unknown = {.nvls = -1, .mnnvl = -1};
    cr_expect_eq(transport_doubts(&well, false, true, false), 0);
    cr_expect_eq(transport_doubts(&unknown, true, true, true), 0);
    const struct nccl_paths bad[] = {{.nvls = 1, .mnnvl = -1, .shm = true},
                                     {.nvls = 1, .mnnvl = -1, .net = true},
                                     {.nvls = 0, .mnnvl = -1, .p2p = true},
                                     {.nvls = 1, .mnnvl = 0, .p2p = true}};
    static const char *const words[] = {"shared memory", "over the network (NET)", "NVLS", "MNNVL 0"};
    for (size_t i = 0; i < 4; i++) {
        unsigned doubts = transport_doubts(&bad[i], i == 3, true, i == 3);
        cr_assert(doubts && !(doubts & (doubts - 1)), "one doubt for %zu", i);
        cr_expect(strstr(transport_doubt_words(doubts), words[i]), "%zu: %s", i,
                  transport_doubt_words(doubts));
    }
    cr_expect_eq(transport_doubts(&bad[2], false, false, false), 0, "no NVLink switch, no NVLS to expect");
    const struct nccl_paths both = {.nvls = 0, .mnnvl = -1, .shm = true};
    unsigned doubts = transport_doubts(&both, false, true, false);
    cr_expect_eq(__builtin_popcount(doubts), 2);
}

static struct choice read_choice(const char *text)
{
    struct choice choice;
    FILE *file = fmemopen((void *)text, strlen(text), "r");
    cr_assert(file);
    nccl_debug_read_choice(file, &choice);
    fclose(file);
    return choice;
}

/* Format strings of src/enqueue.cc, src/scheduler/symmetric_sched.cc and src/ce_coll.cc, by version. */
Test(nccl_debug, how_a_call_is_done)
{
    static const struct {
        const char *text, *algorithm, *protocol;
        int channels;
    } known[] = {
        {"4096 Bytes -> Algo 1 proto 2 time 12.345678\n", "RING", "SIMPLE", 0}, /* 2.20 to 2.22 */
        {"AllReduce: 4096 Bytes -> Algo 5 proto 1 time 12.345678\n", "NVLS_TREE", "LL128", 0}, /* 2.23 */
        {"AllReduce: 33554432 Bytes -> Algo RING proto SIMPLE channel{Lo..Hi}={0..31}\n", "RING", "SIMPLE",
         32},
        {"AllReduce: 64 Bytes -> Algo COLLNET_DIRECT proto LL128 channel{Lo..Hi}={4..4}\n", "COLLNET_DIRECT",
         "LL128", 1},
        {"AllGather [Symmetric]: 8 Bytes -> Kernel AllGather_LLMC nchannels 4 nthreads 512\n",
         "symmetric AllGather_LLMC", "", 4}, /* 2.27 */
        {"AllReduce [Symmetric]: 8 Bytes -> Kernel AllReduce_AGxLL_R nchannels 1 nthreads 512 nWorks 1\n",
         "symmetric AllReduce_AGxLL_R", "", 1},
        {"AllGather [Hierarchical CE]: 4096 Bytes -> Rail ring RMA proxy + CE\n", "copy engine and network",
         "", 0}, /* 2.32.3 */
        {"AllReduce: 4096 Bytes -> Algo RING proto SIMPLE channel{Lo..Hi}={0..31} cgaClusterSize 4\n", "RING",
         "SIMPLE", 32}, /* 2.31.2 */
        {"AllGather [Copy Engine]: 4096 Bytes -> cudaMemcpy; CE synchronization with NVLS\n", "copy engine",
         "", 0},
        {"AllGather [Hierarchical CE]: 4096 Bytes -> RMA proxy + CE\n", "copy engine and network", "", 0},
        {"AllReduce: 64 Bytes -> Algo 99 proto 1 time 1.0\n", "", "", 0},
        {"AllReduce: 64 Bytes -> Algo RING proto SIMPLE channel{Lo..Hi}={3..1}\n", "", "", 0},
        {"TUNER/Plugin: Using internal tuner plugin.\n", "", "", 0}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char line[256];
        snprintf(line, sizeof line, "node1:77:93 [3] NCCL INFO %s", known[i].text);
        struct choice choice = read_choice(line);
        cr_expect_str_eq(choice.algorithm, known[i].algorithm, "%s", line);
        cr_expect_str_eq(choice.protocol, known[i].protocol, "%s", line);
        cr_expect_eq(choice.channels, known[i].channels, "%s", line);
    }
}
