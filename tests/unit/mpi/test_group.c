#include "measure/group.h"
#include "record/group_names.h"

#include <criterion/criterion.h>
#include <string.h>
#include <stdlib.h>

/* N - 1 rounds (N if N is odd): all hosts are busy in each (one sits out if N is odd), and each pair meets
   exactly once. */
Test(group, circle_method)
{
    for (int hosts = 1; hosts <= 19; hosts++) {
        int met[19][19] = {{0}}, rounds = hosts % 2 ? hosts : hosts - 1;
        for (int round = 0; round < rounds; round++) {
            int idle = 0;
            for (int host = 0; host < hosts; host++) {
                int other = circle_opponent(hosts, round, host);
                cr_assert(other >= -1 && other < hosts && other != host);
                if (other < 0) {
                    idle++;
                    continue;
                }
                cr_expect(circle_opponent(hosts, round, other) == host, "%d hosts, round %d: %d", hosts,
                          round, host);
                met[host][other]++;
            }
            cr_expect(idle == hosts % 2);
        }
        for (int a = 0; a < hosts; a++)
            for (int b = 0; b < hosts; b++)
                cr_expect(met[a][b] == (a != b), "%d hosts: %d and %d met %d times", hosts, a, b, met[a][b]);
    }
}

/* Three hosts with two ranks each. */
static struct world three_hosts(void)
{
    static int node[] = {0, 0, 1, 1, 2, 2}, local[] = {0, 1, 0, 1, 0, 1};
    return (struct world){.ranks = 6, .nodes = 3, .node_of_rank = node, .local_rank_of_rank = local};
}

static void expect_groups(const char *name, int groups, const int *wanted)
{
    struct world world = three_hosts();
    int group[6], domain[] = {0, 0, 0, 0, 1, 1};
    char reason[200];
    cr_expect(split_assign(name, &world, domain, group, reason, sizeof reason) == groups, "%s: %s", name,
              reason);
    for (int r = 0; wanted && r < 6; r++)
        cr_expect(group[r] == wanted[r], "%s: rank %d is in group %d", name, r, group[r]);
}

Test(group, assignment)
{
    expect_groups("world", 1, (int[]){0, 0, 0, 0, 0, 0});
    expect_groups("node", 3, (int[]){0, 0, 1, 1, 2, 2});
    expect_groups("domain", 2, (int[]){0, 0, 0, 0, 1, 1});
    expect_groups("rail", 2, (int[]){0, 1, 0, 1, 0, 1});
    expect_groups("pairs", 3, (int[]){0, 1, 2, 0, 1, 2});
    expect_groups("3", 2, (int[]){0, 0, 0, 1, 1, 1});
    expect_groups("4", 0, NULL);
    /* Round 0 for three hosts: host 0 sits out, hosts 1 and 2 meet. */
    expect_groups("hosts:0", 1, (int[]){-1, -1, 0, 0, 0, 0});
    expect_groups("bisect", 2, (int[]){0, 1, 0, 1, -1, -1});
    expect_groups("rails:0", 2, (int[]){-1, -1, 0, 1, 0, 1});
    expect_groups("match:2-0", 2, (int[]){0, 1, -1, -1, 0, 1});
    expect_groups("match:2-3", 0, NULL); /* there is no host 3 */
}

Test(group, names)
{
    silence(1);
    cr_expect(splits_check("world,node,domain,rail,pairs,8,hosts:3,rails:0,match:0-5/3-1") == STATUS_OK);
    const char *bad[] = {"",          "nodes",         "0",          "-1",
                         "hosts:",    "hosts:x",       "world,",     "2x",
                         "rails:-1",  "match:",        "match:0",    "match:0-",
                         "match:0-0", "match:0-1/1-2", "match:0-1/", "match:-1-2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(splits_check(bad[i]) == STATUS_USAGE, "%s", bad[i]);
    char label[SPLIT_LABEL], other[SPLIT_LABEL];
    split_label("rails:3", label);
    cr_expect_str_eq(label, "rails:3");
    split_label("match:0-1/2-3", label);
    split_label("match:0-2/1-3", other);
    cr_expect(strlen(label) == strlen("match:") + 16 && strcmp(label, other) != 0, "%s, %s", label, other);
}
