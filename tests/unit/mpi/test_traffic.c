/* --imbalance and --matrix of alltoallv. */
#include "base/status.h"
#include "measure/traffic.h"
#include "../folder.h"

#include <math.h>

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
    cr_assert(traffic.ranks == ranks && traffic.row == 0 && traffic.column == 1);
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

/* Combine reverses dispatch: pair (i, j) has with :send what (j, i) has without. The busy ranks send, and
   every rank receives the same. */
Test(traffic, send_turns_every_pair_around)
{
    static const char *const words[][2] = {{"1.5", "1.5:send"}, {"3:7", "3:7:send"}, {"1.99", "1.99:send"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const struct imbalance dispatch = one(words[i][0]), combine = one(words[i][1]);
        const int n = i == 2 ? 2 : 8;
        struct traffic there, back;
        char reason[128];
        cr_assert(traffic_make(&dispatch, n, &there, reason, sizeof reason), "%s", reason);
        cr_assert(traffic_make(&combine, n, &back, reason, sizeof reason), "%s", reason);
        cr_expect_eq(there.busiest, back.busiest);
        double most = 0, sum = 0;
        for (int r = 0; r < n; r++) {
            const struct layout sends = {1 << 20, n, r, 0, &there}, receives = {1 << 20, n, r, 0, &back};
            const struct extent out = collectives[ALL_TO_ALL_V].extent(&sends),
                                in = collectives[ALL_TO_ALL_V].extent(&receives);
            cr_expect(out.send == in.recv && out.recv == in.send, "%s, rank %d", words[i][1], r);
            most = fmax(most, (double)in.send), sum += (double)in.send;
            for (int to = 0; to < n; to++)
                cr_expect_eq(pair_count(&receives, to, r), pair_count(&sends, r, to));
        }
        cr_expect_eq(most, 1 << 20);
        cr_expect_float_eq(most / (sum / n), dispatch.skew.factor, 1e-4 * dispatch.skew.factor);
        traffic_free(&there);
        traffic_free(&back);
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
    cr_assert(imbalances_read("1,1.50,2:7,1.5,1:3,1:send,1.5:send,1.50:1:send,2:7:send", &list, &count) ==
              STATUS_OK);
    cr_assert_eq(count, 5);
    cr_expect_str_eq(list[0].label, "1");
    cr_expect_str_eq(list[1].label, "1.5");
    cr_expect_str_eq(list[2].label, "2:7");
    cr_expect_str_eq(list[3].label, "1.5:send");
    cr_expect_str_eq(list[4].label, "2:7:send");
    imbalances_free(list, count);
    static const char *const bad[] = {
        "",    "0.9",  "x",          "1.5,",      "1.5:",      "1.5:x",       "1.5:-1",
        "nan", "1e10", "1.5:send:7", "1.5:sends", "1.5::send", "1.5:7:send:", "send"};
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
    imbalance = one("2:send");
    cr_expect(!traffic_make(&imbalance, 2, &traffic, reason, sizeof reason));
    cr_expect_str_eq(reason, "--imbalance 2:send: the busiest of 2 ranks sends less than 2 times the mean");
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

Test(traffic, a_matrix_of_counts, WITH_FOLDER)
{
    struct imbalance bytes, counts;
    size_t size;
    put("b", "# unit: bytes\n1 2\n3 4\n");
    put("c", "# tokens of layer 3\n#unit:\tcounts \r\n1 2\n3 4\n");
    cr_assert(matrix_read(path("b"), &bytes) == STATUS_OK && matrix_read(path("c"), &counts) == STATUS_OK);
    cr_expect(!bytes.counts && counts.counts && bytes.busiest == 7 && counts.busiest == 7);
    cr_expect_str_eq(bytes.label, counts.label, "the hash is that of the numbers");
    cr_expect(matrix_size("b", &bytes, 8, &size) == STATUS_OK && size == 7);
    cr_expect(matrix_size("c", &counts, 8, &size) == STATUS_OK && size == 56);
    counts.busiest = (uint64_t)1 << 58;
    cr_expect(matrix_size("c", &counts, 4, &size) == STATUS_OK && size == (size_t)1 << 60);
    silence(1);
    cr_expect_eq(matrix_size("c", &counts, 8, &size), STATUS_USAGE);
    silence(0);
    free(bytes.cells);
    free(counts.cells);
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
                                      "1152921504606846976 1\n1 1\n",
                                      "# unit: tokens\n1 2\n3 4\n",
                                      "# unit:\n1 2\n3 4\n",
                                      "# unit: counts of tokens\n1 2\n3 4\n",
                                      "1 2\n# unit: counts\n3 4\n",
                                      "# unit: counts\n# unit: bytes\n1 2\n3 4\n"};
    struct imbalance m;
    silence(1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put("m", bad[i]);
        cr_expect(matrix_read(path("m"), &m) == STATUS_USAGE && !m.cells, "%s", bad[i]);
    }
    cr_expect(matrix_read(path("none"), &m) == STATUS_ENVIRONMENT);
    silence(0);
}

/* ---- the bound ---- */

enum { MOST_RANKS = 24 };
struct exchange {
    int ranks, domains;
    int domain_of_rank[MOST_RANKS];
    uint64_t bytes[MOST_RANKS * MOST_RANKS]; /* from i to j at [i * ranks + j] */
};

static uint64_t busiest_of(const struct exchange *x)
{
    uint64_t most = 0;
    for (int i = 0; i < x->ranks; i++) {
        uint64_t row = 0, column = 0;
        for (int j = 0; j < x->ranks; j++)
            row += x->bytes[i * x->ranks + j], column += x->bytes[j * x->ranks + i];
        if (row > most) most = row;
        if (column > most) most = column;
    }
    return most;
}

static bool bound_by_cuts(const struct exchange *x, const struct machine *m, struct bound *bound)
{
    const uint64_t busiest = busiest_of(x);
    const struct traffic traffic = {x->ranks, x->bytes, (size_t)x->ranks, 1, busiest};
    const struct layout layout = {busiest, x->ranks, 0, 0, &traffic};
    double gpus[MOST_RANKS];
    struct cuts cuts;
    return traffic_cuts(&layout, 1, x->domains, x->domain_of_rank, gpus, &cuts) &&
           bound_of_cuts(&cuts, (double)busiest, m, bound);
}

/* Can all links carry it in t seconds? Derived another way than the bound, as a flow: each GPU first fills
   its NVLink; what does not fit there shares the NICs of its domain's hosts, which also carry all that
   crosses the domain's edge. */
static bool fits(const struct exchange *x, const struct machine *m, double t, bool nics)
{
    const double nvlink = m->nvlink_gbps * 1e9 * t,
                 domain_nics = nics ? m->domain_gpus * (1 + m->idle_nics) * m->nic_gbps * 1e9 * t : 0;
    for (int way = 0; way < 2; way++)
        for (int d = 0; d < x->domains; d++) {
            double left_over = 0, crossing = 0;
            for (int r = 0; r < x->ranks; r++) {
                double own = 0;
                if (x->domain_of_rank[r] != d) continue;
                for (int other = 0; other < x->ranks; other++) {
                    double bytes =
                        (double)(way ? x->bytes[r * x->ranks + other] : x->bytes[other * x->ranks + r]);
                    if (other != r) own += bytes;
                    if (x->domain_of_rank[other] != d) crossing += bytes;
                }
                if (m->domain_gpus > 1) left_over += fmax(0, own - nvlink);
            }
            if (left_over > domain_nics || (x->domains > 1 && crossing > domain_nics)) return false;
        }
    return true;
}

static double bound_by_flow(const struct exchange *x, const struct machine *m, bool nics)
{
    double low = 0, high = 1e6;
    for (int i = 0; i < 200; i++) {
        double middle = (low + high) / 2;
        if (fits(x, m, middle, nics))
            high = middle;
        else
            low = middle;
    }
    return high * 1e6;
}

Test(traffic, the_bound_is_the_least_time_of_a_flow)
{
    uint64_t state = 12345;
    for (int trial = 0; trial < 400; trial++) {
        static const int shapes[][2] = {{1, 8}, {2, 4}, {4, 2}, {3, 8}, {1, 2}, {8, 1}};
        struct exchange x = {.domains = shapes[trial % 6][0]};
        struct machine m = {.domains = x.domains, .domain_gpus = shapes[trial % 6][1], .nvlink_gbps = 450};
        m.nic_gbps = trial % 4 ? 50 : 400;
        m.domain_spans_hosts = trial % 5 == 0;
        m.idle_nics = trial % 3;
        x.ranks = m.domains * m.domain_gpus;
        for (int r = 0; r < x.ranks; r++) x.domain_of_rank[r] = trial % 2 ? r % x.domains : r / m.domain_gpus;
        for (int i = 0; i < x.ranks * x.ranks; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            uint64_t bytes = state >> 40;
            x.bytes[i] = trial % 3 == 0 ? bytes : bytes % 7 == 0 ? bytes * 50 : bytes % 3 == 0 ? 0 : bytes;
        }
        x.bytes[1] += 1000; /* something passes, always */
        struct bound bound;
        double flow_us = bound_by_flow(&x, &m, m.domains > 1 || m.domain_spans_hosts);
        cr_assert(bound_by_cuts(&x, &m, &bound), "trial %d", trial);
        cr_expect_float_eq(bound.time_us, flow_us, 1e-9 * flow_us, "trial %d: %g and %g (%s)", trial,
                           bound.time_us, flow_us, bound.formula);
    }
}

/* Equal parts are an all-to-all, so the bounds agree. */
Test(traffic, with_equal_parts_the_bound_is_that_of_all_to_all)
{
    static const int shapes[][2] = {{1, 8}, {2, 8}, {4, 4}, {16, 1}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct exchange x = {.domains = shapes[i][0], .ranks = shapes[i][0] * shapes[i][1]};
        struct machine m = {
            .domains = shapes[i][0], .domain_gpus = shapes[i][1], .nvlink_gbps = 450, .nic_gbps = 50};
        struct bound even, uneven;
        for (int r = 0; r < x.ranks; r++) x.domain_of_rank[r] = r / m.domain_gpus;
        for (int j = 0; j < x.ranks * x.ranks; j++) x.bytes[j] = 1 << 20;
        cr_assert(bound_by_cuts(&x, &m, &uneven));
        cr_assert(
            bound_of(collective_find("alltoall"), (double)x.ranks * (1 << 20), &m, BOUND_MACHINE, &even));
        cr_expect_float_eq(uneven.time_us, even.time_us, 1e-9 * even.time_us);
        cr_expect_float_eq(uneven.busbw_gbps, even.busbw_gbps, 1e-9 * even.busbw_gbps);
        cr_expect_eq(uneven.binds, even.binds);
    }
}

/* The links are as fast in both directions, so combine has the bound of dispatch. */
Test(traffic, the_bound_is_the_same_in_both_directions)
{
    const int domain_of_rank[] = {0, 0, 0, 0, 1, 1, 1, 1};
    const struct machine m = {.domains = 2, .domain_gpus = 4, .nvlink_gbps = 450, .nic_gbps = 50};
    static const char *const words[] = {"2:3", "2:3:send"};
    struct bound bounds[2];
    for (int way = 0; way < 2; way++) {
        const struct imbalance imbalance = one(words[way]);
        struct traffic traffic;
        struct cuts cuts;
        double gpus[4];
        char reason[128];
        cr_assert(traffic_make(&imbalance, 8, &traffic, reason, sizeof reason), "%s", reason);
        const struct layout layout = {1 << 20, 8, 0, 0, &traffic};
        cr_assert(traffic_cuts(&layout, 4, 2, domain_of_rank, gpus, &cuts));
        cr_assert(bound_of_cuts(&cuts, 4 << 20, &m, &bounds[way]));
        traffic_free(&traffic);
    }
    cr_expect_eq(bounds[0].time_us, bounds[1].time_us);
    cr_expect_str_eq(bounds[0].formula, bounds[1].formula);
}

/* By hand: of two hosts with two GPUs, GPU 0 sends GPU 1 900 MB by NVLink, and GPU 2 100 MB through its
   host's two NICs. GPU 0 has 450 + 2 x 50 GB/s for its 1000 MB, which takes 1818 us; the NICs need 1000
   us. */
Test(traffic, one_busy_gpu_by_hand)
{
    struct exchange x = {.domains = 2, .ranks = 4, .domain_of_rank = {0, 0, 1, 1}};
    struct machine m = {.domains = 2, .domain_gpus = 2, .nvlink_gbps = 450, .nic_gbps = 50};
    struct bound bound;
    x.bytes[0] = 77; /* to itself */
    x.bytes[1] = 900 * 1000 * 1000;
    x.bytes[2] = 100 * 1000 * 1000;
    cr_assert(bound_by_cuts(&x, &m, &bound));
    cr_expect_float_eq(bound.time_us, 1e6 / 550, 1e-6);
    cr_expect_float_eq(bound.nic_us, 1000, 1e-6);
    cr_expect_str_eq(bound.formula,
                     "the larger of Vn/(G Bi), Vn=100000000; Vk/(k Bn+G Bi), k=1 Vk=1000000000; N=2 G=2 "
                     "Bn=450 Bi=50 GB/s");
    m.nic_gbps = NAN;
    cr_expect_not(bound_by_cuts(&x, &m, &bound), "the NICs' rate is not known");
    m.nic_gbps = 50, m.nvlink_gbps = INFINITY;
    cr_assert(bound_by_cuts(&x, &m, &bound));
    cr_expect_float_eq(bound.time_us, 1000, 1e-6, "only the network's rate is known");
    x.domain_of_rank[1] = 1;
    cr_expect_not(bound_by_cuts(&x, &m, &bound), "unequal domains");
    x = (struct exchange){.domains = 2, .ranks = 4, .domain_of_rank = {0, 0, 1, 1}, .bytes = {5}};
    cr_expect_not(bound_by_cuts(&x, &m, &bound), "all stays within a rank");
}
