#include "matmul/blaskernels.h"
#include "matmul/matmul.h"

#include <criterion/criterion.h>
#include <stdlib.h>

Test(matmul, shapes)
{
    struct shape *shapes = NULL;
    size_t count = 0;
    cr_assert_eq(shapes_parse("2048,4096x512x1024,2K", &shapes, &count), STATUS_OK);
    cr_assert_eq(count, 3);
    cr_expect(shapes[0].m == 2048 && shapes[0].n == 2048 && shapes[0].k == 2048);
    cr_expect(shapes[1].m == 4096 && shapes[1].n == 512 && shapes[1].k == 1024);
    cr_expect(shapes[2].m == 2048);
    free(shapes);
    cr_assert_eq(shapes_parse("transformer,1", &shapes, &count), STATUS_OK);
    cr_expect_eq(count, 5);
    free(shapes);
    const char *bad[] = {"",        "0",     "-1",   "1x2",  "1x2x3x4",       "x",  "1xx2",
                         "squares", "2048,", "1x2x", "9e99", "2000000000000", "1.5"};
    silence(1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(shapes_parse(bad[i], &shapes, &count) == STATUS_USAGE && !shapes, "%s", bad[i]);
    silence(0);
}

Test(matmul, settings)
{
    const struct command command = matmul_command();
    struct matmul_settings s;
    char *good[] = {"matmul",           "-d",       "fp64,float,double",
                    "--layout",         "tn,NN,TN", "--fault",
                    "slow:rank=3,us=7", "--shapes", "8"};
    cr_assert_eq(matmul_settings_read(&command, 9, good, &s), STATUS_OK);
    cr_expect(s.type_count == 2 && s.types[0] == GEMM_DOUBLE && s.types[1] == GEMM_FLOAT);
    cr_expect(s.layout_count == 2 && s.layouts[0] == gemm_layouts[1] && s.layouts[1] == gemm_layouts[0]);
    cr_expect(s.fault == FAULT_SLOW && s.fault_rank == 3 && s.fault_us == 7);
    matmul_settings_free(&s);
    char *bad[][3] = {{"matmul", "-d", "int8"},
                      {"matmul", "--layout", "XX"},
                      {"matmul", "--fault", "explode"},
                      {"matmul", "--fault", "slow:rank"},
                      {"matmul", "--fault", "slow:rank=-1"},
                      {"matmul", "--phase", "x"},
                      {"matmul", "--shapes", "8 8"},
                      {"matmul", "-n", "-1"}};
    silence(1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(matmul_settings_read(&command, 3, bad[i], &s) == STATUS_USAGE, "%s %s", bad[i][1],
                  bad[i][2]);
    silence(0);
}

/* The first kernel of the list is the library's own choice. */
Test(matmul, kernels_of_about_the_same_speed_are_one_choice)
{
    cr_expect_eq(first_of_fastest((double[]){48, 50, 49}, 3), 0, "within 5 %%");
    cr_expect_eq(first_of_fastest((double[]){47, 49, 50}, 3), 1, "6 %% slower, 2 %% slower");
    cr_expect_eq(first_of_fastest((double[]){0, 2, 1}, 3), 1, "the first does not run");
    cr_expect_eq(first_of_fastest((double[]){0, 0, 0}, 3), 3, "none runs");
    cr_expect_eq(first_of_fastest(NULL, 0), 0);
}
