/* --imbalance and --matrix of alltoallv. */
#include "base/status.h"
#include "measure/traffic.h"
#include "../folder.h"

static struct imbalance one(const char *text)
{
    struct imbalance *list, first;
    size_t count;
    cr_assert(imbalances_read(text, &list, &count) == STATUS_OK && count == 1, "%s", text);
    first = list[0];
    imbalances_free(list, count);
    return first;
}

/* The weights of `ranks` ranks for --imbalance TEXT, largest first, in millionths of the largest. */
static void weights_of(const char *text, int ranks, uint64_t *sorted)
{
    struct imbalance imbalance = one(text);
    struct traffic traffic;
    char reason[128];
    cr_assert(traffic_make(&imbalance, ranks, &traffic, reason, sizeof reason), "%s", reason);
    cr_assert(traffic.ranks == ranks && traffic.step == 0);
    for (int r = 0; r < ranks; r++) {
        uint64_t value = (traffic.weights[r] * 1000000 + (1u << 31)) >> 32;
        int at = r;
        for (; at > 0 && sorted[at - 1] < value; at--) sorted[at] = sorted[at - 1];
        sorted[at] = value;
    }
    traffic_free(&traffic);
}

/* Expected: k^-s with s from n / sum(k^-s) = F, by bisection in Python. */
Test(traffic, weights_follow_zipfs_law)
{
    static const struct {
        const char *imbalance;
        int ranks;
        uint64_t weights[8];
    } cases[] = {{"1", 3, {1000000, 1000000, 1000000}},
                 {"1.5", 2, {1000000, 333333}},
                 {"2", 4, {1000000, 472330, 304573, 223096}},
                 {"1.5", 8, {1000000, 798889, 700558, 638223, 593718, 559668, 532408, 509869}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t sorted[8];
        weights_of(cases[i].imbalance, cases[i].ranks, sorted);
        for (int k = 0; k < cases[i].ranks; k++)
            cr_expect(sorted[k] + 1 >= cases[i].weights[k] && sorted[k] <= cases[i].weights[k] + 1,
                      "%s on %d ranks, place %d: %llu", cases[i].imbalance, cases[i].ranks, k,
                      (unsigned long long)sorted[k]);
    }
}

/* The maximum over the mean is as asked for, every rank sends the same, and the case's bytes are the busiest
   rank's. */
Test(traffic, the_busiest_rank_receives_so_many_times_the_mean)
{
    static const struct {
        const char *imbalance;
        double factor;
        int ranks;
    } cases[] = {{"1", 1, 1},     {"1", 1, 7},    {"1.2", 1.2, 2},  {"1.99", 1.99, 2},
                 {"1.5", 1.5, 8}, {"3:5", 3, 72}, {"500", 500, 512}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct imbalance imbalance = one(cases[i].imbalance);
        struct traffic traffic;
        char reason[128];
        const int n = cases[i].ranks;
        const size_t count = (size_t)n << 24;
        cr_assert(traffic_make(&imbalance, n, &traffic, reason, sizeof reason), "%s", reason);
        double received = 0, most = 0;
        for (int r = 0; r < n; r++) {
            struct layout layout = {count, n, r, 0, &traffic};
            struct extent e = collectives[ALL_TO_ALL_V].extent(&layout);
            cr_expect_eq(e.send,
                         collectives[ALL_TO_ALL_V].extent(&(struct layout){count, n, 0, 0, &traffic}).send);
            received += (double)e.recv;
            if ((double)e.recv > most) most = (double)e.recv;
        }
        struct extent bound =
            most_extent(&collectives[ALL_TO_ALL_V], &(struct layout){count, n, 0, 0, &traffic});
        cr_expect(most == (double)count && bound.recv == count && bound.send <= count, "%s",
                  cases[i].imbalance);
        cr_expect_float_eq(most / (received / n), cases[i].factor, 1e-4 * cases[i].factor,
                           "%s on %d ranks: %g", cases[i].imbalance, n, most / (received / n));
        traffic_free(&traffic);
    }
}

static bool same_weights(const char *a, const char *b)
{
    struct imbalance x = one(a), y = one(b);
    struct traffic first, second;
    char reason[128];
    cr_assert(traffic_make(&x, 16, &first, reason, sizeof reason) &&
              traffic_make(&y, 16, &second, reason, sizeof reason));
    bool equal = memcmp(first.weights, second.weights, 16 * sizeof *first.weights) == 0;
    traffic_free(&first);
    traffic_free(&second);
    return equal;
}

Test(traffic, a_seed_chooses_the_busy_ranks)
{
    cr_expect(same_weights("1.5", "1.5:1") && same_weights("1.5:9", "1.5:9"));
    cr_expect(!same_weights("1.5:1", "1.5:2"));
}

Test(traffic, lists_and_labels)
{
    struct imbalance *list;
    size_t count;
    cr_assert(imbalances_read("1,1.50,2:7,1.5,1:3", &list, &count) == STATUS_OK);
    cr_assert_eq(count, 3);
    cr_expect_str_eq(list[0].label, "1");
    cr_expect_str_eq(list[1].label, "1.5");
    cr_expect_str_eq(list[2].label, "2:7");
    imbalances_free(list, count);
    static const char *const bad[] = {"", "0.9", "x", "1.5,", "1.5:", "1.5:x", "1.5:-1", "nan", "1e10"};
    silence(1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(imbalances_read(bad[i], &list, &count) == STATUS_USAGE && !list && !count, "%s", bad[i]);
    silence(0);
}

Test(traffic, what_the_ranks_cannot_have)
{
    struct traffic traffic;
    struct imbalance imbalance = one("2");
    char reason[128];
    cr_expect(!traffic_make(&imbalance, 2, &traffic, reason, sizeof reason));
    cr_expect_str_eq(reason, "--imbalance 2: the busiest of 2 ranks receives less than 2 times the mean");
    imbalance = one("1.5");
    cr_expect(!traffic_make(&imbalance, 1, &traffic, reason, sizeof reason));
    imbalance = (struct imbalance){.cells = (uint64_t[]){0, 1, 2, 3}, .ranks = 2, .busiest = 5};
    cr_expect(!traffic_make(&imbalance, 3, &traffic, reason, sizeof reason));
    cr_expect_str_eq(reason, "--matrix has 2 rows, but there are 3 ranks");
    cr_expect(traffic_make(&imbalance, 2, &traffic, reason, sizeof reason) && traffic.busiest == 5);
}

Test(traffic, a_matrix_is_read, WITH_FOLDER)
{
    struct imbalance m;
    put("m", "# from a router\n100\t200 150\n\n 50 1K 75 # rank 1\r\n300 150 0");
    cr_assert(matrix_read(path("m"), &m) == STATUS_OK);
    static const uint64_t cells[] = {100, 200, 150, 50, 1024, 75, 300, 150, 0};
    cr_expect_eq(m.ranks, 3);
    cr_expect(memcmp(m.cells, cells, sizeof cells) == 0);
    cr_expect_eq(m.busiest, 200 + 1024 + 150, "rank 1 receives the most");
    cr_expect(strncmp(m.label, "matrix:", 7) == 0 && strlen(m.label) == 7 + 16, "%s", m.label);
    free(m.cells);
}

Test(traffic, a_bad_matrix_is_refused, WITH_FOLDER)
{
    static const char *const bad[] = {"",
                                      "# nothing\n",
                                      "1 2\n3\n",
                                      "1 2 3\n4 5 6\n",
                                      "1 -2\n3 4\n",
                                      "1 2\n3 x\n",
                                      "0 0\n0 0\n",
                                      "1,2\n3,4\n",
                                      "1 2T\n3 9223372036854775807\n",
                                      "1152921504606846976 1\n1 1\n"};
    struct imbalance m;
    silence(1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put("m", bad[i]);
        cr_expect(matrix_read(path("m"), &m) == STATUS_USAGE && !m.cells, "%s", bad[i]);
    }
    cr_expect(matrix_read(path("none"), &m) == STATUS_ENVIRONMENT);
    silence(0);
}
