/* The hosts of a sweep, and what its preflight compares; expected values are computed by hand. */
#include "analysis/sweep/preflight.h"
#include "analysis/sweep/sweep.h"
#include "record/record.h"
#include "tests/unit/folder.h"

/* ---- hosts ---- */

static struct sweep_hosts read_hosts(const char *lines)
{
    struct sweep_hosts hosts;
    put("hosts", lines);
    cr_assert_eq(hosts_read(path("hosts"), &hosts), STATUS_OK);
    return hosts;
}

Test(sweep, reads_hosts, WITH_FOLDER)
{
    struct sweep_hosts hosts = read_hosts("# from: Slurm job 7\na\t8\t4\tr1\nb\t-\t-\t-\nc\t2\t3\tr1\n");
    cr_expect_eq(hosts.count, 3);
    cr_expect_str_eq(hosts.origin, "Slurm job 7");
    cr_expect_eq(hosts.list[1].slots, ABSENT);
    cr_expect_eq(hosts_least_gpus(&hosts), 3);
    cr_expect_eq(hosts_total_gpus(&hosts), 7);
    cr_expect_eq(hosts_ranks_per_node(&hosts, 64), 3, "the fewest of 4 and 3; b does not tell");
    hosts_free(&hosts);
}

Test(sweep, gpus_that_are_assumed, WITH_FOLDER)
{
    struct sweep_hosts hosts = read_hosts("a\t-\t-\t-\nb\t4\t-\t-\nc\t9\t-\t-\nd\t8\t2\t-\ne\t8\t0\t-\n");
    const int64_t expected[] = {8, 4, 8, 2, 0};
    hosts_assume_gpus(&hosts, 8);
    for (size_t i = 0; i < hosts.count; i++) cr_expect_eq(hosts.list[i].gpus, expected[i], "%zu", i);
    hosts_free(&hosts);
}

Test(sweep, ranks_of_hosts, WITH_FOLDER)
{
    struct sweep_hosts hosts = read_hosts("a\t8\t0\t-\nb\t6\t-\t-\n");
    cr_expect_eq(hosts_ranks_per_node(&hosts, 64), 6, "without a GPU the slots count");
    hosts_free(&hosts);
    hosts = read_hosts("a\t-\t-\t-\nb\t-\t-\t-\n");
    cr_expect_eq(hosts_ranks_per_node(&hosts, 64), 1, "several hosts of which nothing is known");
    hosts_free(&hosts);
    hosts = read_hosts("a\t-\t-\t-\n");
    cr_expect_eq(hosts_ranks_per_node(&hosts, 1), 2);
    cr_expect_eq(hosts_ranks_per_node(&hosts, 5), 5);
    cr_expect_eq(hosts_ranks_per_node(&hosts, 64), 8);
    hosts_free(&hosts);
}

Test(sweep, refuses_what_is_no_host, WITH_FOLDER)
{
    static const char *const lines[] = {
        "a\t1\t1\t-\textra\n", "-x\t1\t1\t-\n", "$(reboot)\t1\t1\t-\n",
        "a b\t1\t1\t-\n",      "a\t-1\t1\t-\n", "a\t99999999999999999999\t1\t-\n",
        "a\t5000\t1\t-\n",     "a\t1\tx\t-\n",  "a\t1\t1\t\033[2J\n"};
    struct sweep_hosts hosts;
    silence(1);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        put("hosts", lines[i]);
        cr_expect_eq(hosts_read(path("hosts"), &hosts), STATUS_ENVIRONMENT, "line %zu", i);
    }
}

/* Checks the names of the hosts that are picked, "a b c"; "none": too few. */
static void expect_picked(const struct sweep_hosts *hosts, int64_t want, bool spread, const char *lost,
                          const char *wanted)
{
    size_t picked[16];
    struct text names = {0};
    if (hosts_pick(hosts, want, spread, lost, picked))
        for (int64_t i = 0; i < want; i++)
            text_add(&names, "%s%s", i ? " " : "", hosts->list[picked[i]].name);
    else
        text_add(&names, "none");
    cr_expect_str_eq(text_get(&names), wanted, "%d hosts, lost '%s'", (int)want, lost ? lost : "");
    text_free(&names);
}

Test(sweep, picks_hosts, WITH_FOLDER)
{
    /* three hosts in r1, two in r2, one in r3; the list is mixed */
    struct sweep_hosts hosts =
        read_hosts("a\t1\t-\tr1\nb\t1\t-\tr2\nc\t1\t-\tr1\nd\t1\t-\tr3\ne\t1\t-\tr2\nf\t1\t-\tr1\n");
    expect_picked(&hosts, 4, false, NULL, "a c f b");
    expect_picked(&hosts, 6, false, "", "a c f b e d");
    expect_picked(&hosts, 4, true, NULL, "a b d c");
    expect_picked(&hosts, 6, true, NULL, "a b d c e f");
    expect_picked(&hosts, 3, false, "a", "b e c"); /* r2 is now the first domain in the list */
    expect_picked(&hosts, 3, true, " c  a ", "b d f");
    expect_picked(&hosts, 6, false, "e", "none");
    expect_picked(&hosts, 7, false, NULL, "none");
    expect_picked(&hosts, 1, false, "aa ab", "a"); /* a part of a name does not match */
    hosts_free(&hosts);
}

Test(sweep, divides_hosts_into_domains, WITH_FOLDER)
{
    struct sweep_hosts hosts = read_hosts("a\t1\t-\t-\nb\t1\t-\tr9\nc\t1\t-\t-\nd\t1\t-\t-\n");
    hosts_divide(&hosts, 2);
    cr_expect_str_eq(hosts.list[0].domain, "domain0");
    cr_expect_str_eq(hosts.list[1].domain, "r9", "what the host file says counts");
    cr_expect_str_eq(hosts.list[2].domain, "domain1");
    cr_expect_str_eq(hosts.list[3].domain, "domain1");
    size_t picked[2] = {3, 0};
    cr_expect_eq(hosts_write(&hosts, picked, 2, path("out")), STATUS_OK);
    char *written = content_of("out");
    cr_expect_str_eq(written, "d\t1\t-\tdomain1\na\t1\t-\tdomain0\n");
    free(written);
    hosts_free(&hosts);
}

/* ---- preflight ---- */

static struct preflight compare(const struct sweep_hosts *hosts, const char *facts)
{
    struct preflight found;
    put("facts", facts);
    FILE *file = fopen(path("facts"), "r");
    cr_assert(file);
    preflight_compare(hosts, file, &found);
    fclose(file);
    return found;
}

Test(sweep, compares_hosts, WITH_FOLDER)
{
    struct sweep_hosts hosts = read_hosts("a\nb\nc\n");
    struct preflight found =
        compare(&hosts, "noise\n[1,0]<stdout>:fact\ta\tdriver\t580\nfact\tb\tdriver\t570\n"
                        "fact\tc\tdriver\t580\r\nfact\ta\tkernel\t6.1\nfact\tcut off\n");
    cr_expect_eq(found.difference_count, 3);
    cr_expect_str_eq(found.differences[0], "b: driver is 570, on 2 of 3 hosts it is 580");
    cr_expect_str_eq(found.differences[1], "b: kernel is not there, on 1 of 3 hosts it is 6.1");
    cr_expect_eq(found.grave, 1, "another kernel is only told");
    cr_expect_str_eq(found.silent, "");
    cr_expect_eq(preflight_status(&found), STATUS_GATE);
    preflight_free(&found);

    found = compare(&hosts, "fact\ta\tkernel\t6\nfact\tc\tkernel\t5\n");
    cr_expect_str_eq(found.silent, "b");
    cr_expect_eq(preflight_status(&found), STATUS_ENVIRONMENT);
    preflight_free(&found);

    found = compare(&hosts, "fact\ta\tecc\tbad: 7 errors\nfact\tb\tecc\t\nfact\tc\tecc\t\n");
    cr_expect_eq(found.difference_count, 1);
    cr_expect_str_eq(found.differences[0], "a: ecc: 7 errors");
    cr_expect_eq(preflight_status(&found), STATUS_GATE);
    preflight_free(&found);

    found = compare(&hosts, "fact\ta\tx\t1\nfact\tb\tx\t1\nfact\tc\tx\t1\nfact\tz\tx\t1\n");
    cr_expect_eq(found.difference_count, 1);
    cr_expect_str_eq(found.differences[0], "z: answers, but is not one of the hosts that were asked for");
    preflight_free(&found);
    hosts_free(&hosts);
}

Test(sweep, compares_domains, WITH_FOLDER)
{
    struct sweep_hosts hosts = read_hosts("a\t1\t1\tr1\nb\t1\t1\tr1\nc\t1\t1\tr2\nd\t1\t1\t-\n");
    struct preflight found = compare(
        &hosts, "fact\ta\tdomain\tu1\nfact\tb\tdomain\tu1\nfact\tc\tdomain\tu2\nfact\td\tdomain\tu2\n");
    cr_expect_eq(preflight_status(&found), STATUS_OK);
    cr_expect_eq(found.domain_count, 2);
    cr_expect_str_eq(found.domains[0].hosts, "a b");
    cr_expect_str_eq(found.domains[1].name, "u2");
    cr_expect_str_eq(found.domains[1].hosts, "c d");
    preflight_free(&found);

    /* by the allocation b is in a's domain, but it reports another; c reports a's, but is in another one */
    found = compare(&hosts,
                    "fact\ta\tdomain\tu1\nfact\tb\tdomain\tu2\nfact\tc\tdomain\tu1\nfact\td\tdomain\tu3\n");
    cr_expect_eq(found.difference_count, 2);
    cr_expect_str_eq(
        found.differences[0],
        "b: its NVLink domain is u2, that of a u1, but the hosts were given as domains r1 and r1");
    cr_expect_str_eq(
        found.differences[1],
        "c: its NVLink domain is u1, that of a u1, but the hosts were given as domains r2 and r1");
    cr_expect_eq(preflight_status(&found), STATUS_GATE);
    preflight_free(&found);
    hosts_free(&hosts);
}

Test(sweep, facts_without_end_are_bounded, WITH_FOLDER)
{
    struct sweep_hosts hosts = read_hosts("a\n");
    struct text facts = {0};
    for (int i = 0; i < 1000; i++) text_add(&facts, "fact\ta\tkind%d\tbad: x\n", i);
    struct preflight found = compare(&hosts, text_get(&facts));
    cr_expect_eq(found.difference_count, 64, "so many kinds are kept");
    preflight_free(&found);
    text_free(&facts);
    hosts_free(&hosts);
}
