/* Which launches known problems of NCCL affect. Expected values: the ranges of the table, read by hand. */
#include "catalog/problems.h"

#include <criterion/criterion.h>
#include <string.h>

#define HEAD                                                                                                 \
    "from\tfixed\tregistration\tcta\tcollective\tdtype\top\tgpu\tarchitecture\tleast_ranks\tmost_ranks\t"    \
    "least_hosts\tproblem\tsource\n"

static struct nccl_problems parse(const char *text)
{
    struct nccl_problems problems;
    cr_assert_eq(nccl_problems_parse(&problems, "t.tsv", text, strlen(text)), STATUS_OK);
    return problems;
}

Test(problems, version_numbers)
{
    cr_expect_eq(nccl_version_number("2.28.9"), 22809);
    cr_expect_eq(nccl_version_number("2.31"), 23100);
    const char *const bad[] = {"", "2", "x", "2.28.9.1", "2.28-rc", "-2.3", NULL};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(nccl_version_number(bad[i]), -1, "%zu", i);
}

/* A case that the rows below are about: all-gather on two ranks of a host. */
static struct nccl_use use_of(int version)
{
    return (struct nccl_use){.version = version,
                             .registration = "symmetric",
                             .cta = "zero",
                             .collective = "all_gather",
                             .dtype = "float",
                             .gpu = "NVIDIA GB200",
                             .architecture = "aarch64",
                             .ranks = 2,
                             .hosts = 1};
}

static bool applies(const struct nccl_problem *p, struct nccl_use use)
{
    return nccl_problem_applies(p, &use);
}

Test(problems, a_range_excludes_the_release_that_mends_it)
{
    struct nccl_problems p =
        parse(HEAD "2.29.2\t2.31.2\tsymmetric\t\tall_gather\t\t\t\t\t2\t2\t\thangs\tissue\n");
    cr_assert_eq(p.count, 1);
    const struct nccl_problem *one = p.list;
    struct nccl_use use = use_of(22902);
    cr_expect(applies(one, use_of(22902)) && applies(one, use_of(23101)));
    cr_expect(!applies(one, use_of(22901)) && !applies(one, use_of(23102)));
    use.registration = "none";
    cr_expect(!applies(one, use), "without windows");
    use = use_of(22902), use.ranks = 3;
    cr_expect(!applies(one, use), "three ranks");
    use = use_of(22902), use.collective = "all_reduce";
    cr_expect(!applies(one, use), "another collective");
    nccl_problems_free(&p);
}

Test(problems, empty_cells_stand_for_any)
{
    struct nccl_problems p = parse(HEAD "2.29.7\t\t\t\t\t\t\t\t\t81\t\t2\thangs\tissue\n");
    const struct nccl_use use = {.version = 99999, .ranks = 81, .hosts = 2};
    struct nccl_use other = use;
    cr_expect(applies(p.list, use));
    other.ranks = 80;
    cr_expect(!applies(p.list, other));
    other = use, other.hosts = 1;
    cr_expect(!applies(p.list, other));
    nccl_problems_free(&p);
}

Test(problems, policy_operation_model_and_architecture)
{
    struct nccl_problems p = parse(HEAD "2.28\t\t\tzero\t\t\t\t\t\t\t\t\ta\ty\n"
                                        "2.28\t\t\t\t\t\tavg\t\t\t\t\t\tb\ty\n"
                                        "2.28\t\t\t\t\t\t\tB200\t\t\t\t\tc\ty\n"
                                        "2.28\t\t\t\t\t\t\t\taarch64\t\t\t\td\ty\n");
    struct nccl_use use = use_of(22802);
    cr_assert_eq(p.count, 4);
    cr_expect(applies(&p.list[0], use) && !applies(&p.list[1], use) && applies(&p.list[3], use));
    cr_expect(!applies(&p.list[2], use), "a GB200 is no B200");
    use.gpu = "NVIDIA B200", use.op = "avg", use.cta = "default", use.architecture = "x86_64";
    cr_expect(!applies(&p.list[0], use) && applies(&p.list[1], use) && applies(&p.list[2], use) &&
              !applies(&p.list[3], use));
    use.gpu = NULL, use.op = NULL, use.cta = NULL, use.architecture = NULL;
    for (size_t i = 0; i < p.count; i++) cr_expect(!applies(&p.list[i], use), "unknown: row %zu", i);
    nccl_problems_free(&p);
}

Test(problems, a_broken_table_is_refused)
{
    const char *const bad[] = {HEAD "\t\t\t\t\t\t\t\t\t\t\t\tx\ty\n",
                               HEAD "2.29.7\tsoon\t\t\t\t\t\t\t\t\t\t\tx\ty\n",
                               HEAD "2.29.7\t\t\t\t\t\t\t\t\tmany\t\t\tx\ty\n", "from\tfixed\n2.1\t2.2\n"};
    struct nccl_problems p;
    silence(1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(nccl_problems_parse(&p, "t.tsv", bad[i], strlen(bad[i])), STATUS_ENVIRONMENT, "%zu", i);
    silence(0);
}

Test(problems, the_table_that_is_shipped)
{
    struct text text = {0};
    struct nccl_problems p;
    cr_assert_eq(text_add_file(&text, "results/nccl-problems.tsv", 1 << 20), STATUS_OK);
    cr_assert_eq(nccl_problems_parse(&p, "results/nccl-problems.tsv", text_get(&text), text.length),
                 STATUS_OK);
    cr_expect(p.count >= 8);
    for (size_t i = 0; i < p.count; i++)
        cr_expect(*p.list[i].words && *p.list[i].source && p.list[i].from < p.list[i].fixed, "row %zu", i);
    nccl_problems_free(&p);
    text_free(&text);
}
