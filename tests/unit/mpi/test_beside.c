/* --beside: the load's name, which ranks run it, and what follows from idle and loaded samples. */
#include "backend/backend.h"
#include "measure/load_request.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(beside, a_load_has_one_name)
{
    static const struct {
        const char *text, *label;
        enum collective_id id;
        size_t bytes;
    } good[] = {{"alltoall:256M", "alltoall:256M", ALL_TO_ALL, (size_t)256 << 20},
                {"all_to_all:0.25G", "alltoall:256M", ALL_TO_ALL, (size_t)256 << 20},
                {"all_to_all_v:1048576", "alltoallv:1M", ALL_TO_ALL_V, 1 << 20},
                {"all_reduce:1000", "all_reduce:1000", ALL_REDUCE, 1000},
                {"broadcast:1025K", "broadcast:1025K", BROADCAST, 1025 << 10}};
    struct load_request request;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        cr_assert_eq(load_request_read(good[i].text, &request), STATUS_OK, "%s", good[i].text);
        cr_expect(request.collective->id == good[i].id && request.bytes == good[i].bytes, "%s", good[i].text);
        cr_expect_str_eq(request.label, good[i].label);
    }
    static const char *const bad[] = {"",
                                      "alltoall",
                                      ":8",
                                      "alltoall:",
                                      "alltoall:0",
                                      "alltoall:8,9",
                                      "alltoall:-8",
                                      "matmul:8",
                                      "alltoall,broadcast:8",
                                      "alltoall:8:8",
                                      "all:8"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(load_request_read(bad[i], &request), STATUS_USAGE, "%s", bad[i]);
}

/* Hosts with these numbers of ranks; ranks go to the hosts block by block, or in turn. */
static void world_of(const int *on_host, int hosts, bool in_turn, struct world *w)
{
    static int node[64], local[64], left[8], ranks_on_node[8];
    static const char *names[] = {"a", "b", "c", "d"};
    *w = (struct world){.nodes = hosts, .node_of_rank = node, .local_rank_of_rank = local, .hosts = names};
    w->ranks_on_node = ranks_on_node;
    for (int h = 0; h < hosts; h++) left[h] = ranks_on_node[h] = on_host[h];
    for (int h = 0, idle = 0; idle < hosts; h = in_turn || !left[h] ? (h + 1) % hosts : h) {
        idle = left[h] ? 0 : idle + 1;
        if (!left[h]) continue;
        node[w->ranks] = h;
        local[w->ranks++] = on_host[h] - left[h]--;
    }
}

Test(beside, every_second_rank_of_a_host_loads)
{
    static const struct {
        int on_host[4], hosts;
        bool in_turn;
        const char *loads; /* a digit for each rank; NULL: impossible */
        const char *reason;
    } rows[] = {{{4}, 1, false, "0101", ""},
                {{5}, 1, false, "01010", ""},
                {{2, 2}, 2, false, "0101", ""},
                {{2, 2}, 2, true, "0011", ""},
                {{4, 2}, 2, true, "001101", ""},
                {{8, 8}, 2, false, "0101010101010101", ""},
                {{1}, 1, false, NULL, "1 rank on one host"},
                {{2}, 1, false, NULL, "2 ranks on one host"},
                {{3}, 1, false, NULL, "3 ranks on one host"},
                {{4, 1}, 2, false, NULL, "b has one rank"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world w;
        bool loads[64];
        char reason[200], digits[65] = "";
        world_of(rows[i].on_host, rows[i].hosts, rows[i].in_turn, &w);
        bool good = load_divide(&w, loads, reason, sizeof reason);
        cr_expect_eq(good, rows[i].loads != NULL, "row %zu", i);
        for (int r = 0; r < w.ranks; r++) digits[r] = loads[r] ? '1' : '0';
        if (rows[i].loads)
            cr_expect_str_eq(digits, rows[i].loads);
        else
            cr_expect(strstr(reason, rows[i].reason), "%s", reason);
    }
}
