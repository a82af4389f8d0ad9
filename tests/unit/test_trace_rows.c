/* The rows that a step becomes: counts, loops and overlaps. */
#include "tests/unit/trace_text.h"
#include "catalog/workloads.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Three layers, each with three matmuls, of which two are equal, and a collective; then two matmuls. */
Test(trace, repetition_becomes_count_and_loop)
{
    for (int layer = 0; layer < 3; layer++) {
        add_mm(now, 1, 2, 3, 5), add_mm(now + 2, 1, 2, 3, 5), add_mm(now + 4, 1, 7, 3, 5), now += 10;
        add_comms("allreduce", FLOATS "10");
    }
    add_mm(now, 1, 2, 3, 5), add_mm(now + 2, 1, 7, 3, 5);
    struct imported imported = import_events("'world_size':8", NO_NUMBER);
    EXPECT_ROWS(&imported, "matmul  bfloat16 2x3x5  2 loop1:3 ", "matmul  bfloat16 7x3x5  1 loop1:3 ",
                "all_reduce  float  40 1 loop1:3 ", "matmul  bfloat16 2x3x5  1  ",
                "matmul  bfloat16 7x3x5  1  ");
    release(&imported);
}

static void launch(double start, int link)
{
    add_event(
        "'cat':'cuda_runtime','name':'cudaLaunchKernel','tid':1,'ts':%g,'dur':1,'args':{'correlation':%d}",
        start, link);
}

static void kernel(double start, double end, int link)
{
    text_add(
        &events,
        ",\n{'ph':'X','pid':0,'cat':'kernel','name':'k','tid':20,'ts':%g,'dur':%g,'args':{'correlation':%d}}",
        start, end - start, link);
}

/* The times of the kernels decide what overlaps, not those of the calls. */
Test(trace, overlap_of_kernels)
{
    add_comms("allreduce", FLOATS "10"); /* at 0 */
    add_mm(10, 2, 2, 3, 5), add_mm(20, 2, 2, 3, 5), add_mm(30, 2, 7, 3, 5);
    launch(0.5, 1), launch(11, 2), launch(21, 3), launch(31, 4);
    kernel(100, 200, 1); /* the collective */
    kernel(120, 150, 2); /* within it */
    kernel(150, 240, 3); /* 50 of 90 during it: more than half */
    kernel(240, 250, 4); /* after it */
    struct imported imported = import_events("'world_size':8", NO_NUMBER);
    EXPECT_ROWS(&imported, "all_reduce  float  40 1  overlap1", "matmul  bfloat16 2x3x5  2  overlap1",
                "matmul  bfloat16 7x3x5  1  ");
    cr_expect_eq(imported.step.us, 30 + 90 + 10);
    release(&imported);
    add_comms("allreduce", FLOATS "10");
    add_mm(10, 2, 2, 3, 5);
    launch(0.5, 1), launch(11, 2);
    kernel(100, 200, 1);
    kernel(160, 260, 2); /* 40 of 100: less than half */
    imported = import_events("'world_size':8", NO_NUMBER);
    EXPECT_ROWS(&imported, "all_reduce  float  40 1  ", "matmul  bfloat16 2x3x5  1  ");
    release(&imported);
}

/* workloads_read() accepts the table, even if names in the trace contain tabs and newlines. */
Test(trace, rows_are_a_table)
{
    add_comms("allreduce", GROUP("a\\tb\\nc", 0, 1, 2));
    add_comms("allreduce", GROUP("dp", 0, 2, 2));
    add_mm(now, 1, 2, 3, 5);
    struct imported imported = import_events("'world_size':4", NO_NUMBER);
    struct workloads workloads;
    cr_assert_eq(workloads_read(&workloads, &(struct catalog){0}, file_of(text_get(&imported.rows))),
                 STATUS_OK);
    const struct workload *workload = workload_find(&workloads, "w");
    cr_assert_eq(workload->row_count, 3);
    cr_expect_str_eq(workload->rows[0].group, "tensor");
    cr_expect_eq(workload->sizes[PARALLEL_TENSOR], 2);
    cr_expect_str_eq(workload->rows[1].group, "data");
    cr_expect_eq(workload->rows[2].k, 5);
    cr_expect_eq(workload->flops, 2.0 * 2 * 3 * 5);
    workloads_free(&workloads);
    release(&imported);
}

/* An m x 1 by 1 x 1 matmul of unknown time. */
static struct trace_operation untimed_matmul(int64_t m)
{
    return (struct trace_operation){
        .source = "mm", .dtype = DTYPE_FLOAT, .m = m, .n = 1, .k = 1, .count = 1, .from = NAN, .to = NAN};
}

/* A step: an all-reduce from 0 to 100 us, `between` matmuls of unknown time, a matmul from 50 to 60 us. */
static struct trace_rows far_overlap(size_t between, struct text *out)
{
    struct trace_step step = {.count = between + 2};
    step.operations = allocate(step.count, sizeof *step.operations);
    for (size_t i = 0; i < step.count; i++) step.operations[i] = untimed_matmul(1);
    struct trace_operation *all_reduce = &step.operations[0], *last = &step.operations[between + 1];
    all_reduce->collective = &collectives[ALL_REDUCE];
    all_reduce->bytes = 8;
    all_reduce->from = 0;
    all_reduce->to = 100;
    last->from = 50;
    last->to = 60;
    struct trace_rows rows = trace_add_rows(&step, "w", out);
    free(step.operations);
    return rows;
}

Test(trace, an_overlap_that_was_not_looked_for_is_counted)
{
    struct text near = {0}, far = {0};
    cr_expect_eq(far_overlap(999, &near).not_searched, 0);
    cr_expect(strstr(text_get(&near), "overlap1"), "999 operations between: the overlap is found");
    cr_expect_eq(far_overlap(1000, &far).not_searched, 1);
    cr_expect_not(strstr(text_get(&far), "overlap1"));
    text_free(&near);
    text_free(&far);
}

/* A step of `length` unlike matmuls, twice. */
static struct trace_rows long_loop(size_t length)
{
    struct text out = {0};
    struct trace_step step = {.count = 2 * length};
    step.operations = allocate(step.count, sizeof *step.operations);
    for (size_t i = 0; i < step.count; i++) step.operations[i] = untimed_matmul(1 + (int64_t)(i % length));
    struct trace_rows rows = trace_add_rows(&step, "w", &out);
    free(step.operations);
    text_free(&out);
    return rows;
}

Test(trace, a_loop_that_was_not_looked_for_is_told)
{
    struct trace_rows found = long_loop(500), missed = long_loop(501);
    cr_expect_eq(found.count, 500);
    cr_expect_eq(found.longest_loop, 0);
    cr_expect_eq(missed.count, 1002);
    cr_expect_eq(missed.longest_loop, 500);
}
