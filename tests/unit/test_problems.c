/* Which launches known problems of NCCL affect. Expected values: the ranges of the table, read by hand. */
#include "catalog/problems.h"

#include <criterion/criterion.h>
#include <string.h>

#define HEAD                                                                                                 \
    "from\tfixed\tregistration\tcollective\tdtype\tleast_ranks\tmost_ranks\tleast_hosts\tproblem\tsource\n"

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

Test(problems, a_range_excludes_the_release_that_mends_it)
{
    struct nccl_problems p = parse(HEAD "2.29.2\t2.31.2\tsymmetric\tall_gather\t\t2\t2\t\thangs\tissue\n");
    cr_assert_eq(p.count, 1);
    const struct nccl_problem *one = p.list;
    cr_expect(nccl_problem_applies(one, 22902, "symmetric", 2, 1, "all_gather", "float"));
    cr_expect(nccl_problem_applies(one, 23101, "symmetric", 2, 2, "all_gather", "half"));
    cr_expect(!nccl_problem_applies(one, 22901, "symmetric", 2, 1, "all_gather", "float"));
    cr_expect(!nccl_problem_applies(one, 23102, "symmetric", 2, 1, "all_gather", "float"));
    cr_expect(!nccl_problem_applies(one, 22902, "none", 2, 1, "all_gather", "float"));
    cr_expect(!nccl_problem_applies(one, 22902, "symmetric", 3, 1, "all_gather", "float"));
    cr_expect(!nccl_problem_applies(one, 22902, "symmetric", 2, 1, "all_reduce", "float"));
    nccl_problems_free(&p);
}

Test(problems, empty_cells_stand_for_any)
{
    struct nccl_problems p = parse(HEAD "2.29.7\t\t\t\t\t81\t\t2\thangs\tissue\n");
    cr_expect(nccl_problem_applies(p.list, 99999, "none", 81, 2, "sendrecv", "int8"));
    cr_expect(!nccl_problem_applies(p.list, 99999, "none", 80, 2, "sendrecv", "int8"));
    cr_expect(!nccl_problem_applies(p.list, 99999, "none", 81, 1, "sendrecv", "int8"));
    nccl_problems_free(&p);
}

Test(problems, a_broken_table_is_refused)
{
    const char *const bad[] = {HEAD "\t\t\t\t\t\t\t\tx\ty\n", HEAD "2.29.7\tsoon\t\t\t\t\t\t\tx\ty\n",
                               HEAD "2.29.7\t\t\t\t\tmany\t\t\tx\ty\n", "from\tfixed\n2.1\t2.2\n"};
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
