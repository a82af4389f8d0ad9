#include "analysis/trace/trace.h"
#include "catalog/workloads.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A file in memory of the text, with " for each '. Its path is valid until the next call. */
static const char *file_of(const char *text)
{
    static char path[64];
    static int fd = -1;
    char *content = strdup(text);
    size_t length = strlen(content);
    for (char *c = content; *c; c++)
        if (*c == '\'') *c = '"';
    if (fd >= 0) close(fd);
    fd = memfd_create("trace.json", MFD_CLOEXEC);
    cr_assert(fd >= 0 && write(fd, content, length) == (ssize_t)length);
    free(content);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return path;
}

struct taken {
    enum status status;
    struct trace trace;
    struct trace_step step;
    struct text rows; /* without the header, the name and the trailing empty cells */
    size_t count;
};

/* Reads the trace and takes a step (NO_NUMBER: the last whole one). */
static struct taken take(const char *text, int64_t number)
{
    struct taken taken = {0};
    silence(1);
    taken.status = trace_read(&taken.trace, file_of(text));
    if (!taken.status) {
        taken.status = trace_take_step(&taken.trace, number, NO_NUMBER, &taken.step);
        if (taken.status) trace_free(&taken.trace);
    }
    silence(0);
    if (!taken.status) taken.count = trace_add_rows(&taken.step, "w", &taken.rows);
    return taken;
}

static void drop(struct taken *taken)
{
    text_free(&taken->rows);
    if (taken->status) return;
    trace_step_free(&taken->step);
    trace_free(&taken->trace);
}

/* Row i, from 0, up to the column overlap; cells are divided by spaces. */
static const char *row(const struct taken *taken, size_t i)
{
    static char line[512];
    const char *at = strchr(text_get(&taken->rows), '\n');
    for (; at && i; i--) at = strchr(at + 1, '\n');
    if (!at || !at[1]) return "none";
    snprintf(line, sizeof line, "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
    char *cut = line;
    for (int tabs = 0; *cut; cut++)
        if (*cut == '\t' && ++tabs == 9)
            *cut-- = 0;
        else if (*cut == '\t')
            *cut = ' ';
    return line + 2;
}

#define EXPECT_ROW(taken, i, text) cr_expect_str_eq(row(taken, i), text, "row %d: '%s'", i, row(taken, i))

static const struct trace_left_out *left_out(const struct taken *taken, const char *name)
{
    for (size_t i = 0; i < taken->step.left_out_count; i++)
        if (same(taken->step.left_out[i].name, name)) return &taken->step.left_out[i];
    return NULL;
}

/* Events of a profiler's trace. */
static struct text events;
static double now;

static void event(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void event(const char *format, ...)
{
    char line[2048];
    va_list values;
    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
    text_add(&events, "%s{'ph':'X','pid':7,%s}", events.length ? ",\n" : "", line);
}

static void mm(double start, double length, int m, int n, int k)
{
    event("'cat':'cpu_op','name':'aten::mm','tid':1,'ts':%g,'dur':%g,'args':{'Input Dims':[[%d,%d],[%d,%d]],"
          "'Input type':['c10::BFloat16','c10::BFloat16']}",
          start, length, m, k, k, n);
}

/* A collective as NCCL's process group tells it, without a caller. members: more of its arguments. */
static void comms(const char *name, const char *members)
{
    event("'cat':'cpu_op','name':'record_param_comms','tid':1,'ts':%g,'dur':1,'args':{'Collective "
          "name':'%s',%s}",
          now, name, members);
    now += 10;
}

static struct taken take_events(const char *info, int64_t number)
{
    struct text document = {0};
    text_add(&document, "{'distributedInfo':{%s},'traceEvents':[\n%s]}", info, text_get(&events));
    struct taken taken = take(text_get(&document), number);
    text_free(&document);
    text_free(&events);
    events = (struct text){0};
    now = 0;
    return taken;
}

#define FLOATS "'dtype':'Float','Group size':8,'In msg nelems':"

Test(trace, sizes_as_nccl_tests_counts_them)
{
    comms("allreduce", FLOATS "10,'Out msg nelems':10");
    comms("_allgather_base", FLOATS "10,'Out msg nelems':80");
    comms("all_gather", FLOATS "10");
    comms("reduce_scatter_tensor_coalesced", FLOATS "80,'Out msg nelems':10");
    comms("broadcast", FLOATS "10");
    comms("reduce", FLOATS "10");
    comms("gather", FLOATS "10");
    comms("scatter", FLOATS "80,'Out msg nelems':10");
    comms("all_to_all", FLOATS "80,'Out msg nelems':80,'In split size':'[10, 10, 10, 10, 10, 10, 10, 10]'");
    comms("all_to_allv", FLOATS "70,'Out msg nelems':80,'In split size':'[0, 10, 10, 10, 10, 10, 10, 10]'");
    comms("send", FLOATS "10");
    comms("recv", FLOATS "0,'Out msg nelems':10");
    comms("barrier", FLOATS "0");
    comms("wait", FLOATS "0");
    comms("coalesced", FLOATS "10");
    comms("allreduce", "'dtype':'ComplexFloat','Group size':8,'In msg nelems':10");
    comms("allreduce", FLOATS "-5");
    comms("allreduce", FLOATS "9007199254740992");
    comms("all_gather", FLOATS "9007199254740992");
    comms("allreduce", FLOATS "1e300");
    comms("allreduce", "'dtype':'Float','Group size':1,'In msg nelems':10");
    comms("allreduce", "'dtype':'BFloat16','Group size':8,'In msg nelems':10");
    struct taken taken = take_events("'world_size':8,'rank':3", NO_NUMBER);
    cr_assert_eq(taken.status, STATUS_OK);
    cr_expect_eq(taken.trace.rank, 3);
    EXPECT_ROW(&taken, 0, "all_reduce  float  40 1  ");
    EXPECT_ROW(&taken, 1, "all_gather  float  320 2  "); /* with the output's size, and without */
    EXPECT_ROW(&taken, 2, "reduce_scatter  float  320 1  ");
    EXPECT_ROW(&taken, 3, "broadcast  float  40 1  ");
    EXPECT_ROW(&taken, 4, "reduce  float  40 1  ");
    EXPECT_ROW(&taken, 5, "gather  float  320 1  ");
    EXPECT_ROW(&taken, 6, "scatter  float  320 1  ");
    EXPECT_ROW(&taken, 7, "alltoall  float  320 1  ");
    EXPECT_ROW(&taken, 8, "alltoall  float  320 1  ");
    EXPECT_ROW(&taken, 9, "sendrecv  float  40 1  ");
    EXPECT_ROW(&taken, 10, "all_reduce  float  36028797018963968 1  ");
    EXPECT_ROW(&taken, 11, "all_gather  float  288230376151711744 1  ");
    EXPECT_ROW(&taken, 12, "all_reduce  bfloat16  20 1  ");
    cr_expect_eq(taken.count, 13);
    cr_expect(!taken.step.operations[8].uneven && taken.step.operations[9].uneven);
    cr_expect_str_eq(left_out(&taken, "recv")->why, "the other half of a send");
    cr_expect_str_eq(left_out(&taken, "barrier")->why, "moves no data");
    cr_expect_str_eq(left_out(&taken, "coalesced")->why, "none of busbar's collectives");
    cr_expect_null(left_out(&taken, "wait"));
    cr_expect_eq(taken.step.left_out_count, 3 + 3, "%zu", taken.step.left_out_count);
    drop(&taken);
}

#define GROUP(name, start, stride, size)                                                                     \
    "'dtype':'Float','In msg nelems':10,'Process Group Name':'" name "','Global rank start':" #start         \
    ",'Global rank stride':" #stride ",'Group size':" #size

Test(trace, groups_are_axes)
{
    /* Ranks of 16: tensor 2, expert 2, data 2, pipeline 2; the trace of rank 5. */
    comms("allreduce", GROUP("tp", 4, 1, 2));
    comms("allreduce", GROUP("ep", 5, 2, 2));
    comms("allreduce", GROUP("dp", 1, 4, 2));
    comms("allreduce", GROUP("pp", 5, 8, 2));
    comms("allreduce", GROUP("all", 0, 1, 16));
    comms("allreduce", GROUP("tp+ep", 4, 1, 4));
    comms("allreduce", GROUP("ep+dp", 1, 2, 4));
    comms("allreduce", GROUP("not aligned", 1, 1, 2));
    comms("allreduce", GROUP("between", 5, 3, 2));
    comms("allreduce", "'dtype':'Float','In msg nelems':10,'Group size':4");
    struct taken taken = take_events("'world_size':16", NO_NUMBER);
    EXPECT_ROW(&taken, 0, "all_reduce tensor:2 float  40 1  ");
    EXPECT_ROW(&taken, 1, "all_reduce expert:2 float  40 1  ");
    EXPECT_ROW(&taken, 2, "all_reduce data float  40 1  ");
    EXPECT_ROW(&taken, 3, "all_reduce pipeline:2 float  40 1  ");
    EXPECT_ROW(&taken, 4, "all_reduce  float  40 1  ");
    EXPECT_ROW(&taken, 5, "all_reduce tensor:2+expert:2 float  40 1  ");
    EXPECT_ROW(&taken, 6, "all_reduce expert:2+data float  40 1  ");
    cr_expect_eq(taken.count, 7);
    cr_expect_eq(taken.step.left_out_count, 2);
    drop(&taken);
    /* One group only, of ranks that are not next to each other: what is between them is data. */
    comms("allreduce", GROUP("dp", 1, 2, 4));
    taken = take_events("'world_size':8", NO_NUMBER);
    EXPECT_ROW(&taken, 0, "all_reduce pipeline:4 float  40 1  ");
    drop(&taken);
    /* Two pieces of ranks that no group covers: the table has only one axis without a number. */
    comms("allreduce", GROUP("dp", 0, 2, 2));
    comms("allreduce", GROUP("all", 0, 1, 8));
    taken = take_events("'world_size':8", NO_NUMBER);
    cr_expect_eq(taken.count, 1);
    cr_expect_str_eq(taken.step.left_out[0].why, "in a group that is no axis of the table");
    drop(&taken);
}

Test(trace, groups_by_name_and_size)
{
    static const char info[] =
        "'world_size':4,'pg_config':[{'pg_name':'0','pg_size':4,'ranks':[0,1,2,3]},"
        "{'pg_name':'1','pg_size':2,'ranks':[0,2]},{'pg_name':'2','pg_size':2,'ranks':[0,1]}]";
    comms("allreduce", "'dtype':'Float','In msg nelems':10,'Process Group Name':'1'");
    comms("allreduce", "'dtype':'Float','In msg nelems':10,'Process Group Name':'2','Group size':2");
    comms("_allgather_base", "'dtype':'Float','In msg nelems':10,'Out msg nelems':20");
    comms("_allgather_base", "'dtype':'Float','In msg nelems':10,'Out msg nelems':40");
    comms("allreduce", "'dtype':'Float','In msg nelems':10");
    struct taken taken = take_events(info, NO_NUMBER);
    EXPECT_ROW(&taken, 0, "all_reduce data float  40 1  ");
    EXPECT_ROW(&taken, 1, "all_reduce tensor:2 float  40 1  ");
    EXPECT_ROW(&taken, 2, "all_gather  float  160 1  "); /* of all four, by its sizes */
    EXPECT_ROW(&taken, 3, "all_reduce  float  40 1  ");
    cr_expect(taken.step.operations[3].group_unknown && !taken.step.operations[2].group_unknown);
    cr_expect_eq(taken.step.left_out_count, 1); /* two groups have this size */
    cr_expect_str_eq(taken.step.left_out[0].why, "the ranks of its group are not told");
    drop(&taken);
}

Test(trace, shapes)
{
#define OPERATION(name, dims)                                                                                \
    event("'cat':'cpu_op','name':'aten::" name "','tid':1,'ts':%g,'dur':1,'args':{'Input Dims':" dims        \
          ",'Input type':['float','float','float']}",                                                        \
          now += 10)
    OPERATION("mm", "[[2,5],[5,3]]");
    OPERATION("addmm", "[[3],[2,5],[5,7]]");
    OPERATION("bmm", "[[4,2,5],[4,5,9]]");
    OPERATION("baddbmm", "[[4,2,11],[4,2,5],[4,5,11]]");
    OPERATION("linear", "[[4,2,5],[13,5],[13]]");
    OPERATION("mm", "[]");
    OPERATION("mm", "[[2,5],[6,3]]");
    OPERATION("mm", "[[2,0],[0,3]]");
    OPERATION("mm", "[[2,-5],[-5,3]]");
    OPERATION("mm", "[[99999999999,5],[5,3]]");
    OPERATION("mm", "[[2,5],[5,3,1]]");
    OPERATION("mm", "[['2',{}],[[[5]],3]]");
    OPERATION("mm", "{}");
    event("'cat':'cpu_op','name':'aten::mm','tid':1,'ts':%g,'dur':1", now += 10);
    struct taken taken = take_events("", NO_NUMBER);
    EXPECT_ROW(&taken, 0, "matmul  float 2x3x5  1  ");
    EXPECT_ROW(&taken, 1, "matmul  float 2x7x5  1  ");
    EXPECT_ROW(&taken, 2, "matmul  float 2x9x5  4  ");
    EXPECT_ROW(&taken, 3, "matmul  float 2x11x5  4  ");
    EXPECT_ROW(&taken, 4, "matmul  float 8x13x5  1  ");
    cr_expect_eq(taken.count, 5);
    int64_t count = 0;
    for (size_t i = 0; i < taken.step.left_out_count; i++) count += taken.step.left_out[i].count;
    cr_expect_eq(count, 9);
    drop(&taken);
}

/* linear() calls addmm(): one multiplication. torch.distributed calls NCCL's process group: one
   collective. */
Test(trace, calls_within_calls)
{
    event("'cat':'cpu_op','name':'aten::linear','tid':1,'ts':0,'dur':10,'args':{'External id':1,'Input "
          "Dims':[[2,5],[3,5],[3]]}");
    event("'cat':'cpu_op','name':'aten::addmm','tid':1,'ts':2,'dur':6,'args':{'External id':2,'Input "
          "Dims':[[3],[2,5],[5,3]],"
          "'Input type':['float','float','float']}");
    event("'cat':'cpu_op','name':'aten::copy_','tid':1,'ts':3,'dur':1");
    event("'cat':'cpu_op','name':'c10d::_allgather_base_','tid':1,'ts':20,'dur':10,'args':{'Input "
          "Dims':[[20],[10],[]],"
          "'Input type':['float','float','']}");
    event("'cat':'cpu_op','name':'record_param_comms','tid':1,'ts':20,'dur':9,'args':{'Collective "
          "name':'_allgather_base',"
          "'In msg nelems':10,'Out msg nelems':20,'Group size':2,'dtype':'Float'}");
    event("'cat':'user_annotation','name':'nccl:_all_gather_base','tid':1,'ts':21,'dur':3,'args':{'Input "
          "Dims':[[10]],"
          "'Input type':['float']}");
    event("'cat':'cpu_op','name':'aten::relu','tid':2,'ts':22,'dur':2");
    struct taken taken = take_events("'world_size':2", NO_NUMBER);
    EXPECT_ROW(&taken, 0, "matmul  float 2x3x5  1  ");
    EXPECT_ROW(&taken, 1, "all_gather  float  80 1  ");
    cr_expect_eq(taken.count, 2);
    cr_expect_eq(taken.step.left_out_count, 1); /* not the copy inside, and not the collective twice */
    cr_expect_eq(left_out(&taken, "aten::relu")->us, 2);
    drop(&taken);
}

/* Two layers of two multiplications, each followed by a collective; then what repeats no more. */
Test(trace, repetition_becomes_count_and_loop)
{
    for (int layer = 0; layer < 3; layer++) {
        mm(now, 1, 2, 3, 5), mm(now + 2, 1, 2, 3, 5), mm(now + 4, 1, 7, 3, 5), now += 10;
        comms("allreduce", FLOATS "10");
    }
    mm(now, 1, 2, 3, 5), mm(now + 2, 1, 7, 3, 5);
    struct taken taken = take_events("'world_size':8", NO_NUMBER);
    EXPECT_ROW(&taken, 0, "matmul  bfloat16 2x3x5  2 loop1:3 ");
    EXPECT_ROW(&taken, 1, "matmul  bfloat16 7x3x5  1 loop1:3 ");
    EXPECT_ROW(&taken, 2, "all_reduce  float  40 1 loop1:3 ");
    EXPECT_ROW(&taken, 3, "matmul  bfloat16 2x3x5  1  ");
    EXPECT_ROW(&taken, 4, "matmul  bfloat16 7x3x5  1  ");
    cr_expect_eq(taken.count, 5);
    drop(&taken);
}

static void launch(double start, int link)
{
    event("'cat':'cuda_runtime','name':'cudaLaunchKernel','tid':1,'ts':%g,'dur':1,'args':{'correlation':%d}",
          start, link);
}

static void kernel(double start, double end, int link)
{
    text_add(
        &events,
        ",\n{'ph':'X','pid':0,'cat':'kernel','name':'k','tid':20,'ts':%g,'dur':%g,'args':{'correlation':%d}}",
        start, end - start, link);
}

/* What overlaps is told by the GPU's times, not by those of the calls. */
Test(trace, overlap_of_kernels)
{
    comms("allreduce", FLOATS "10"); /* at 0 */
    mm(10, 2, 2, 3, 5), mm(20, 2, 2, 3, 5), mm(30, 2, 7, 3, 5);
    launch(0.5, 1), launch(11, 2), launch(21, 3), launch(31, 4);
    kernel(100, 200, 1); /* the collective */
    kernel(120, 150, 2); /* within it */
    kernel(150, 240, 3); /* 50 of 90 beside it: more than half */
    kernel(240, 250, 4); /* after it */
    struct taken taken = take_events("'world_size':8", NO_NUMBER);
    EXPECT_ROW(&taken, 0, "all_reduce  float  40 1  overlap1");
    EXPECT_ROW(&taken, 1, "matmul  bfloat16 2x3x5  2  overlap1");
    EXPECT_ROW(&taken, 2, "matmul  bfloat16 7x3x5  1  ");
    cr_expect_eq(taken.step.us, 30 + 90 + 10);
    drop(&taken);
    comms("allreduce", FLOATS "10");
    mm(10, 2, 2, 3, 5);
    launch(0.5, 1), launch(11, 2);
    kernel(100, 200, 1);
    kernel(160, 260, 2); /* 40 of 100: less than half */
    taken = take_events("'world_size':8", NO_NUMBER);
    EXPECT_ROW(&taken, 0, "all_reduce  float  40 1  ");
    EXPECT_ROW(&taken, 1, "matmul  bfloat16 2x3x5  1  ");
    drop(&taken);
}

static void step(int number, double start, double end)
{
    event("'cat':'user_annotation','name':'ProfilerStep#%d','tid':1,'ts':%g,'dur':%g", number, start,
          end - start);
}

Test(trace, one_whole_step)
{
    for (int whole = 0; whole < 2; whole++) {
        step(4, 0, 100), step(5, 100, 200), step(6, 200, 300);
        step(7, 300, 310); /* empty: begun and not used */
        mm(10, 1, 1, 1, 4), mm(20, 1, 1, 1, 4), mm(110, 1, 1, 1, 5), mm(120, 1, 1, 1, 5), mm(210, 1, 1, 1, 6);
        if (whole) mm(220, 1, 1, 1, 6);
        mm(400, 1, 1, 1, 9); /* in no step */
        struct taken taken = take_events("", NO_NUMBER);
        cr_expect_eq(taken.step.number,
                     whole ? 6 : 5); /* the last has fewer operations than the one before: it is cut */
        cr_expect_eq(taken.step.later_short, !whole);
        EXPECT_ROW(&taken, 0, whole ? "matmul  bfloat16 1x1x6  2  " : "matmul  bfloat16 1x1x5  2  ");
        cr_expect_eq(taken.count, 1);
        drop(&taken);
    }
    step(4, 0, 100), mm(10, 1, 1, 1, 4);
    struct taken taken = take_events("", 4);
    cr_expect_eq(taken.step.number, 4);
    drop(&taken);
    step(4, 0, 100), mm(10, 1, 1, 1, 4);
    taken = take_events("", 5);
    cr_expect_eq(taken.status, STATUS_ENVIRONMENT);
    drop(&taken);
    mm(10, 1, 1, 1, 4);
    taken = take_events("", 5); /* without steps */
    cr_expect_eq(taken.status, STATUS_ENVIRONMENT);
    drop(&taken);
}

Test(trace, broken_documents)
{
    static const char *const bad[] = {
        "",
        "{",
        "[",
        "[]",
        "{}",
        "7",
        "nonsense",
        "{'traceEvents':[]}",
        "{'traceEvents':{}}",
        "{'traceEvents':[{'ph':'X'",                                                            /* cut off */
        "{'traceEvents':[{'ph':'X','cat':'cpu_op','name':'a','pid':1,'tid':1,'ts':1,'dur':1}]", /* also */
        "{'traceEvents':[{'ph':'X','cat':'cpu_op','name':'a','pid':1,'tid':1,'ts':1,'dur':1}}}",
        "{'traceEvents':[1 2]}",
        "{'schema':'1.1.1-chakra.0.0.4','nodes':[{'id':1,'name':'aten::mm'}",
        "{'nodes':[{'id':'x'}]}",
        "{'traceEvents':[{'ph':'X','cat':'cpu_op','name':'a','pid':1,'tid':1,'ts':1,'dur':1}],'nodes':[{'id':"
        "1,'name':'a'}]}",
        /* two processes */
        "[{'ph':'X','cat':'cpu_op','name':'a','pid':1,'tid':1,'ts':1,'dur':1},"
        "{'ph':'X','cat':'cpu_op','name':'a','pid':2,'tid':1,'ts':1,'dur':1}]",
        "\x1f\x8b\x08",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct taken taken = take(bad[i], NO_NUMBER);
        cr_expect_eq(taken.status, STATUS_ENVIRONMENT, "%s", bad[i]);
        drop(&taken);
    }
    /* Deep brackets, in an event and around it. */
    struct text deep = {0};
    text_add(&deep, "{'traceEvents':[");
    for (int i = 0; i < 100000; i++) text_add(&deep, "[");
    struct taken taken = take(text_get(&deep), NO_NUMBER);
    cr_expect_eq(taken.status, STATUS_ENVIRONMENT);
    text_free(&deep);
    drop(&taken);
}

Test(trace, broken_events_are_counted)
{
    mm(10, 1, 1, 1, 4);
    text_add(&events,
             ",{'ph':'X','cat':'cpu_op','name':'aten::mm','pid':1,'tid':1,'ts':1,'dur':-1}"); /* negative */
    text_add(
        &events,
        ",{'ph':'X','cat':'cpu_op','name':'aten::mm','pid':1,'tid':1,'ts':1e999,'dur':1}");    /* not JSON */
    text_add(&events, ",{'ph':'X','cat':'cpu_op','name':'aten::mm','pid':1,'tid':1,'dur':1}"); /* no time */
    text_add(&events, ",7,'text',null,[],{}");
    struct taken taken = take_events("'rank':-1,'world_size':'many','pg_config':{}", NO_NUMBER);
    cr_assert_eq(taken.status, STATUS_OK);
    cr_expect_eq(taken.trace.broken, 8);
    cr_expect_eq(taken.trace.ranks, NO_NUMBER);
    cr_expect_eq(taken.count, 1);
    drop(&taken);
}

/* The table is one that its reader takes, also where the trace's words have tabs and newlines. */
Test(trace, rows_are_a_table)
{
    comms("allreduce", GROUP("a\\tb\\nc", 0, 1, 2));
    comms("allreduce", GROUP("dp", 0, 2, 2));
    mm(now, 1, 2, 3, 5);
    struct taken taken = take_events("'world_size':4", NO_NUMBER);
    struct workloads workloads;
    cr_assert_eq(workloads_read(&workloads, &(struct catalog){0}, file_of(text_get(&taken.rows))), STATUS_OK);
    const struct workload *workload = workload_find(&workloads, "w");
    cr_assert_eq(workload->row_count, 3);
    cr_expect_str_eq(workload->rows[0].group, "tensor");
    cr_expect_eq(workload->sizes[PARALLEL_TENSOR], 2);
    cr_expect_str_eq(workload->rows[1].group, "data");
    cr_expect_eq(workload->rows[2].k, 5);
    cr_expect_eq(workload->flops, 2.0 * 2 * 3 * 5);
    workloads_free(&workloads);
    drop(&taken);
}
