#include "record/grid.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdlib.h>
#include <string.h>

static void expect_sizes(struct size_grid grid, size_t count, const size_t *expected)
{
    size_t *sizes, n;
    cr_assert_eq(size_grid_read(&grid, &sizes, &n), STATUS_OK);
    cr_assert_eq(n, count);
    cr_expect_arr_eq(sizes, expected, count * sizeof *sizes);
    free(sizes);
}

Test(grid, goes_up_to_the_end_and_not_beyond)
{
    expect_sizes((struct size_grid){.begin = 8, .end = 64, .factor = 2}, 4, (size_t[]){8, 16, 32, 64});
    expect_sizes((struct size_grid){.begin = 8, .end = 63, .factor = 2}, 3, (size_t[]){8, 16, 32});
    expect_sizes((struct size_grid){.begin = 3, .end = 3, .factor = 10}, 1, (size_t[]){3});
    expect_sizes((struct size_grid){.begin = 4, .end = 14, .factor = 2, .increment = 5}, 3,
                 (size_t[]){4, 9, 14});
    expect_sizes((struct size_grid){.begin = 4, .end = 5, .factor = 2, .increment = (size_t)1 << 60}, 1,
                 (size_t[]){4});
    expect_sizes((struct size_grid){.begin = (size_t)1 << 59, .end = (size_t)1 << 60, .factor = 1 << 30}, 1,
                 (size_t[]){(size_t)1 << 59});
}

Test(grid, a_list_keeps_its_order_and_counts_a_repeated_size_once)
{
    expect_sizes((struct size_grid){.list = "64K,8,65536,1M,8"}, 3, (size_t[]){65536, 8, 1048576});
}

static void expect_refused(struct size_grid grid)
{
    size_t *sizes, n;
    cr_expect_eq(size_grid_read(&grid, &sizes, &n), STATUS_USAGE);
}

Test(grid, refuses_what_is_no_grid)
{
    cr_redirect_stderr();
    expect_refused((struct size_grid){.list = "8,x"});
    expect_refused((struct size_grid){.list = "8,2048P"});
    expect_refused((struct size_grid){.list = "8,2097152T"});
    expect_refused((struct size_grid){.begin = 16, .end = 8, .factor = 2});
    expect_refused((struct size_grid){.begin = 1, .end = (size_t)1 << 60, .factor = 2, .increment = 1});
}
