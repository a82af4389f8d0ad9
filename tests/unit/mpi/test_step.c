#include "step/schedule.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct workload *read_one(struct workloads *workloads, const char *rows)
{
    static char path[64];
    char table[800];
    snprintf(table, sizeof table,
             "workload\tpart\tgroup\tdtype\tshape\tbytes\tcount\tloop\toverlap\tflops\ttokens\tnote\n%s",
             rows);
    int fd = memfd_create("workloads.tsv", MFD_CLOEXEC);
    cr_assert(fd >= 0 && write(fd, table, strlen(table)) == (ssize_t)strlen(table));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    cr_assert_eq(workloads_read(workloads, &(struct catalog){0}, path), STATUS_OK);
    close(fd);
    return &workloads->list[0];
}

static const struct schedule_options as_written = {.dtype = -1, .gemm_type = -1};

/* The numbering of Megatron-LM: tensor the fastest, pipeline the slowest. */
Test(step, groups)
{
    const struct schedule s = {
        .ranks = 8,
        .sizes = {
            [PARALLEL_TENSOR] = 2, [PARALLEL_EXPERT] = 1, [PARALLEL_DATA] = 2, [PARALLEL_PIPELINE] = 2}};
    static const int tensor[8] = {0, 0, 1, 1, 2, 2, 3, 3}, data[8] = {0, 1, 0, 1, 2, 3, 2, 3},
                     pipeline[8] = {0, 1, 2, 3, 0, 1, 2, 3}, both[8] = {0, 0, 0, 0, 1, 1, 1, 1};
    for (int r = 0; r < 8; r++) {
        cr_expect_eq(schedule_group(&s, 0, r), 0);
        cr_expect_eq(schedule_group(&s, 1u << PARALLEL_TENSOR, r), tensor[r]);
        cr_expect_eq(schedule_group(&s, 1u << PARALLEL_DATA, r), data[r]);
        cr_expect_eq(schedule_group(&s, 1u << PARALLEL_PIPELINE, r), pipeline[r]);
        cr_expect_eq(schedule_group(&s, 1u << PARALLEL_TENSOR | 1u << PARALLEL_DATA, r), both[r]);
    }
}

Test(step, order_and_counts)
{
    struct workloads workloads;
    struct schedule s, other;
    const struct workload *w = read_one(&workloads, "w\tmatmul\t\tfloat\t8x8x8\t\t2\tl:3\n"
                                                    "w\tall_reduce\t\t\t\t1K\t1\tl:3\tboth\n"
                                                    "w\tmatmul\t\tfloat\t8x8x8\t\t1\tl:3\tboth\n"
                                                    "w\tall_reduce\ttensor\t\t\t1K\t5\n"
                                                    "w\tall_reduce\t\t\t\t1K\t4\n");
    cr_assert_eq(schedule_make(&s, w, "file", 2, &as_written), STATUS_OK);
    /* tensor has one rank: its row is left out */
    cr_assert(s.call_count == 1 && s.product_count == 1 && s.loop_count == 2 && s.section_count == 3);
    cr_expect(s.calls[0].in_step == 3 + 4 && s.calls[0].beside == 3 && s.calls[0].count == 256);
    cr_expect_eq(s.products[0].in_step, 3 * (2 + 1));
    cr_expect(!s.sections[0].overlap && same(s.sections[1].overlap, "both") && s.sections[1].in_step == 3 &&
              s.sections[1].last - s.sections[1].first == 2 && !s.sections[2].overlap);
    cr_expect(s.loops[0].times == 3 && s.loops[0].last == 2 && s.loops[1].times == 1);
    /* another type is another step, and has another label */
    struct schedule_options doubles = as_written;
    doubles.gemm_type = GEMM_DOUBLE;
    cr_assert_eq(schedule_make(&other, w, "file", 2, &doubles), STATUS_OK);
    cr_expect(strncmp(s.label, "w@", 2) == 0 && !same(s.label, other.label));
    schedule_free(&other);
    /* on one rank only the matmuls are left, one after the other */
    cr_assert_eq(schedule_make(&other, w, "file", 1, &as_written), STATUS_OK);
    cr_expect(other.call_count == 0 && other.section_count == 2 && !other.sections[1].overlap);
    schedule_free(&other);
    schedule_free(&s);
    workloads_free(&workloads);
}

Test(step, refusals)
{
    struct workloads workloads;
    struct schedule s;
    struct schedule_options options = as_written;
    silence(1);
    const struct workload *w = read_one(&workloads, "w\tmatmul\t\tfloat\t\t\t\t\t\t1e6\n");
    cr_expect_eq(schedule_make(&s, w, "file", 2, &options), STATUS_ENVIRONMENT); /* no shape */
    options.shape = (struct shape){50, 50, 20};
    cr_assert_eq(schedule_make(&s, w, "file", 2, &options), STATUS_OK);
    cr_expect_eq(s.products[0].in_step, 10); /* 1e6 / (2 x 50 x 50 x 20) */
    schedule_free(&s);
    options.sizes[PARALLEL_PIPELINE] = 3;
    cr_expect_eq(schedule_make(&s, w, "file", 4, &options), STATUS_USAGE); /* 4 ranks by 3 */
    workloads_free(&workloads);
    w = read_one(&workloads, "w\tall_reduce\t\t\t\t1K\t1.5\n");
    cr_expect_eq(schedule_make(&s, w, "file", 2, &as_written), STATUS_ENVIRONMENT); /* half a call */
    workloads_free(&workloads);
    w = read_one(&workloads, "w\tmatmul\t\tflaot\t8x8x8\t\t1\n");
    cr_expect_eq(schedule_make(&s, w, "file", 2, &as_written), STATUS_ENVIRONMENT);
    workloads_free(&workloads);
    w = read_one(&workloads, "w\tall_reduce\t\t\t\t1K\t1\n");
    cr_expect_eq(schedule_make(&s, w, "file", 1, &as_written), STATUS_USAGE); /* nothing to do */
    workloads_free(&workloads);
    silence(0);
}
