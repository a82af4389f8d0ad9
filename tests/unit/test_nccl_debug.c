/* What NCCL's messages tell. The lines are format strings of libnccl.so.2 (versions named) with values put
 * in. */
#include "backend/nccl_debug.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct nccl_paths read_text(const char *text)
{
    struct nccl_paths paths;
    FILE *file = fmemopen((void *)text, strlen(text), "r");
    cr_assert(file);
    nccl_debug_read(file, &paths);
    fclose(file);
    return paths;
}

Test(nccl_debug, nothing_told_is_not_known)
{
    struct nccl_paths p = read_text("node1:77:77 [0] NCCL INFO Bootstrap: Using eth0:10.0.0.1<0>\n");
    cr_expect_str_eq(p.network, "");
    cr_expect_str_eq(p.plugin, "");
    cr_expect_eq(p.nvls, -1);
    cr_expect_eq(p.mnnvl, -1);
    cr_expect(!p.p2p && !p.shm && !p.net && !p.gdr && !p.collnet);
    json_t *json = nccl_paths_json(&p);
    cr_expect_eq(json_object_size(json), 0);
    json_decref(json);
}

Test(nccl_debug, a_2_18_on_infiniband)
{
    struct nccl_paths p =
        read_text("node1:77:93 [3] NCCL INFO Using network IB\n"
                  "node1:77:93 [3] NCCL INFO NVLS multicast support is available on dev 3\n"
                  "node1:77:93 [3] NCCL INFO Channel 00/0 : 8[0] -> 0[0] [receive] via NET/IB/3/GDRDMA\n"
                  "node1:77:93 [3] NCCL INFO Channel 01/0 : 3[3] -> 2[2] via P2P/IPC/read\n");
    cr_expect_str_eq(p.network, "IB");
    cr_expect_eq(p.nvls, 1);
    cr_expect_eq(p.mnnvl, -1);
    cr_expect(p.p2p && !p.shm && p.net && p.gdr);
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
    /* State alone is not use. */
    cr_expect_eq(
        read_text(
            "t:7:9 [1] NCCL INFO MNNVL busId 0x1901000 fabric UUID 1.1 cliqueId 0x1 state 3 healthMask 0x0\n")
            .mnnvl,
        -1);
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
    cr_expect(p.collnet && p.gdr);
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
