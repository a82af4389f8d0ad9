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

/* Writes the text, with " for each ', to a file in memory. Returns its path, which is valid until the next
   call. */
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

struct imported {
    enum status status;
    struct trace trace;
    struct trace_step step;
    struct text rows; /* the table */
    size_t count;     /* of its rows, without the header */
};

/* Imports the step `number`, or the last whole one if it is NO_NUMBER. Suppresses messages. */
static struct imported import_text(const char *text, int64_t number)
{
    struct imported imported = {0};
    silence(1);
    imported.status = trace_read(&imported.trace, file_of(text));
    if (!imported.status) {
        imported.status = trace_select_step(&imported.trace, number, NO_NUMBER, &imported.step);
        if (imported.status) trace_free(&imported.trace);
    }
    silence(0);
    if (!imported.status) imported.count = trace_add_rows(&imported.step, "w", &imported.rows).count;
    return imported;
}

static void release(struct imported *imported)
{
    text_free(&imported->rows);
    if (imported->status) return;
    trace_step_free(&imported->step);
    trace_free(&imported->trace);
}

/* Returns row i, from 0, without the columns workload and those after overlap; spaces separate the cells.
   "none": the table is shorter. Valid until the next call. */
static const char *row(const struct imported *imported, size_t i)
{
    static char line[512];
    const char *at = strchr(text_get(&imported->rows), '\n');
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

/* Checks that the table has these rows and no others. line: of the test. */
static void expect_rows(const struct imported *imported, const char *const *expected, int line)
{
    size_t count = 0;
    for (; expected[count]; count++)
        cr_expect_str_eq(row(imported, count), expected[count], "line %d, row %zu: '%s'", line, count,
                         row(imported, count));
    cr_expect_eq(imported->count, count, "line %d: %zu rows", line, imported->count);
}

#define EXPECT_ROWS(imported, ...) expect_rows(imported, (const char *const[]){__VA_ARGS__, NULL}, __LINE__)

static const struct trace_left_out *left_out(const struct imported *imported, const char *name)
{
    for (size_t i = 0; i < imported->step.left_out_count; i++)
        if (same(imported->step.left_out[i].name, name)) return &imported->step.left_out[i];
    return NULL;
}

/* The trace that a test builds, with " for each ', and the time of its next event in µs. */
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

/* Adds an event in which NCCL's process group describes a collective. arguments: all but the name. */
static void comms(const char *name, const char *arguments)
{
    event("'cat':'cpu_op','name':'record_param_comms','tid':1,'ts':%g,'dur':1,'args':{'Collective "
          "name':'%s',%s}",
          now, name, arguments);
    now += 10;
}

static struct imported import_events(const char *info, int64_t number)
{
    struct text document = {0};
    text_add(&document, "{'distributedInfo':{%s},'traceEvents':[\n%s]}", info, text_get(&events));
    struct imported imported = import_text(text_get(&document), number);
    text_free(&document);
    text_free(&events);
    events = (struct text){0};
    now = 0;
    return imported;
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
    struct imported imported = import_events("'world_size':8,'rank':3", NO_NUMBER);
    cr_assert_eq(imported.status, STATUS_OK);
    cr_expect_eq(imported.trace.rank, 3);
    EXPECT_ROWS(&imported, "all_reduce  float  40 1  ",
                "all_gather  float  320 2  ", /* with the output's size, and without */
                "reduce_scatter  float  320 1  ", "broadcast  float  40 1  ", "reduce  float  40 1  ",
                "gather  float  320 1  ", "scatter  float  320 1  ", "alltoall  float  320 1  ",
                "alltoall  float  320 1  ", "sendrecv  float  40 1  ",
                "all_reduce  float  36028797018963968 1  ", "all_gather  float  288230376151711744 1  ",
                "all_reduce  bfloat16  20 1  ");
    cr_expect(!imported.step.operations[8].uneven && imported.step.operations[9].uneven);
    cr_expect_str_eq(left_out(&imported, "recv")->why, "the receiving side of a send");
    cr_expect_str_eq(left_out(&imported, "barrier")->why, "moves no data");
    cr_expect_str_eq(left_out(&imported, "coalesced")->why, "not one of busbar's collectives");
    cr_expect_null(left_out(&imported, "wait"));
    cr_expect_eq(imported.step.left_out_count, 3 + 3, "%zu", imported.step.left_out_count);
    release(&imported);
}

#define GROUP(name, start, stride, size)                                                                     \
    "'dtype':'Float','In msg nelems':10,'Process Group Name':'" name "','Global rank start':" #start         \
    ",'Global rank stride':" #stride ",'Group size':" #size

Test(trace, groups_are_axes)
{
    /* A job of 16 ranks: tensor 2, expert 2, data 2, pipeline 2. The trace is of rank 5. */
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
    struct imported imported = import_events("'world_size':16", NO_NUMBER);
    EXPECT_ROWS(&imported, "all_reduce tensor:2 float  40 1  ", "all_reduce expert:2 float  40 1  ",
                "all_reduce data float  40 1  ", "all_reduce pipeline:2 float  40 1  ",
                "all_reduce  float  40 1  ", "all_reduce tensor:2+expert:2 float  40 1  ",
                "all_reduce expert:2+data float  40 1  ");
    cr_expect_eq(imported.step.left_out_count, 2);
    release(&imported);
    /* There is only one group, and its ranks are 2 apart: the axis of these 2 is data. */
    comms("allreduce", GROUP("dp", 1, 2, 4));
    imported = import_events("'world_size':8", NO_NUMBER);
    EXPECT_ROWS(&imported, "all_reduce pipeline:4 float  40 1  ");
    release(&imported);
    /* No group extends along two of the axes. Only one of them can be data, which needs no size. */
    comms("allreduce", GROUP("dp", 0, 2, 2));
    comms("allreduce", GROUP("all", 0, 1, 8));
    imported = import_events("'world_size':8", NO_NUMBER);
    cr_expect_eq(imported.count, 1);
    cr_expect_str_eq(imported.step.left_out[0].why, "its group is not along axes of the table");
    release(&imported);
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
    struct imported imported = import_events(info, NO_NUMBER);
    EXPECT_ROWS(&imported, "all_reduce data float  40 1  ", "all_reduce tensor:2 float  40 1  ",
                "all_gather  float  160 1  ", /* a group of all four, by its sizes */
                "all_reduce  float  40 1  ");
    cr_expect(imported.step.operations[3].group_unknown && !imported.step.operations[2].group_unknown);
    cr_expect_eq(imported.step.left_out_count, 1); /* the third: two groups have its size */
    cr_expect_str_eq(imported.step.left_out[0].why, "the trace does not list the ranks of its group");
    release(&imported);
}

/* A named group that the trace does not list: its row assumes all ranks, and says so. */
Test(trace, unknown_group)
{
    comms("allreduce", "'dtype':'Float','In msg nelems':10,'Process Group Name':'7'");
    struct imported imported = import_events("'world_size':4", NO_NUMBER);
    EXPECT_ROWS(&imported, "all_reduce  float  40 1  ");
    cr_expect(imported.step.operations[0].group_unknown);
    cr_expect(strstr(text_get(&imported.rows), "; its group is unknown, all ranks assumed"));
    release(&imported);
}

/* Without a number of ranks in the trace, the job has those of the largest group. */
Test(trace, ranks_of_the_largest_group)
{
    comms("allreduce", GROUP("tp", 0, 1, 2));
    comms("allreduce", GROUP("all", 0, 1, 8));
    comms("allreduce", GROUP("dp", 0, 2, 4));
    struct imported imported = import_events("", NO_NUMBER);
    cr_expect_eq(imported.step.ranks, 8);
    EXPECT_ROWS(&imported, "all_reduce tensor:2 float  40 1  ", "all_reduce  float  40 1  ",
                "all_reduce data float  40 1  ");
    release(&imported);
    comms("allreduce", GROUP("tp", 0, 1, 2));
    imported = import_events("'pg_config':[{'pg_name':'all','pg_size':4,'ranks':[0,1,2,3]}]", NO_NUMBER);
    cr_expect_eq(imported.step.ranks, 4);
    EXPECT_ROWS(&imported, "all_reduce tensor:2 float  40 1  ");
    release(&imported);
}

/* Process groups that cannot be read: a list that is not JSON, and a group without a size. */
Test(trace, broken_groups_are_counted)
{
    static const char *const lists[] = {"[{", "7", "[{\\'pg_name\\':\\'1\\'}]"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct text document = {0};
        text_add(
            &document,
            "{'schema':'1.1.1-chakra.0.0.4','nodes':["
            "{'id':1,'name':'## process_group:init ##','inputs':{'values':['%s']}},"
            "{'id':2,'name':'aten::mm','inputs':{'shapes':[[2,3],[3,4]],'types':['Tensor(float)','']}}]}",
            lists[i]);
        struct imported imported = import_text(text_get(&document), NO_NUMBER);
        cr_assert_eq(imported.status, STATUS_OK, "%s", lists[i]);
        cr_expect_eq(imported.trace.broken, 1, "%s", lists[i]);
        EXPECT_ROWS(&imported, "matmul  float 2x4x3  1  ");
        release(&imported);
        text_free(&document);
    }
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
    event("'cat':'cpu_op','name':'aten::_int_mm','tid':1,'ts':%g,'dur':1,'args':{'Input Dims':[[2,5],[5,3]],"
          "'Input type':['signed char','signed char']}",
          now += 10); /* build/step could not replay it */
    struct imported imported = import_events("", NO_NUMBER);
    EXPECT_ROWS(&imported, "matmul  float 2x3x5  1  ", "matmul  float 2x7x5  1  ", "matmul  float 2x9x5  4  ",
                "matmul  float 2x11x5  4  ", "matmul  float 8x13x5  1  ");
    int64_t count = 0;
    for (size_t i = 0; i < imported.step.left_out_count; i++) count += imported.step.left_out[i].count;
    cr_expect_eq(count, 10);
    release(&imported);
}

/* linear() calls addmm(): one matmul. torch.distributed calls NCCL's process group: one
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
    struct imported imported = import_events("'world_size':2", NO_NUMBER);
    EXPECT_ROWS(&imported, "matmul  float 2x3x5  1  ", "all_gather  float  80 1  ");
    cr_expect_eq(imported.step.left_out_count, 1); /* not the copy inside, and not the collective twice */
    cr_expect_eq(left_out(&imported, "aten::relu")->us, 2);
    release(&imported);
}

/* Three layers, each with three matmuls, of which two are equal, and a collective; then two matmuls. */
Test(trace, repetition_becomes_count_and_loop)
{
    for (int layer = 0; layer < 3; layer++) {
        mm(now, 1, 2, 3, 5), mm(now + 2, 1, 2, 3, 5), mm(now + 4, 1, 7, 3, 5), now += 10;
        comms("allreduce", FLOATS "10");
    }
    mm(now, 1, 2, 3, 5), mm(now + 2, 1, 7, 3, 5);
    struct imported imported = import_events("'world_size':8", NO_NUMBER);
    EXPECT_ROWS(&imported, "matmul  bfloat16 2x3x5  2 loop1:3 ", "matmul  bfloat16 7x3x5  1 loop1:3 ",
                "all_reduce  float  40 1 loop1:3 ", "matmul  bfloat16 2x3x5  1  ",
                "matmul  bfloat16 7x3x5  1  ");
    release(&imported);
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

/* The times of the kernels decide what overlaps, not those of the calls. */
Test(trace, overlap_of_kernels)
{
    comms("allreduce", FLOATS "10"); /* at 0 */
    mm(10, 2, 2, 3, 5), mm(20, 2, 2, 3, 5), mm(30, 2, 7, 3, 5);
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
    comms("allreduce", FLOATS "10");
    mm(10, 2, 2, 3, 5);
    launch(0.5, 1), launch(11, 2);
    kernel(100, 200, 1);
    kernel(160, 260, 2); /* 40 of 100: less than half */
    imported = import_events("'world_size':8", NO_NUMBER);
    EXPECT_ROWS(&imported, "all_reduce  float  40 1  ", "matmul  bfloat16 2x3x5  1  ");
    release(&imported);
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
        step(7, 300, 310); /* empty: the profiler stopped */
        mm(10, 1, 1, 1, 4), mm(20, 1, 1, 1, 4), mm(110, 1, 1, 1, 5), mm(120, 1, 1, 1, 5), mm(210, 1, 1, 1, 6);
        if (whole) mm(220, 1, 1, 1, 6);
        mm(400, 1, 1, 1, 9); /* in no step */
        struct imported imported = import_events("", NO_NUMBER);
        cr_expect_eq(imported.step.number,
                     whole ? 6 : 5); /* a last step with fewer operations is not whole */
        cr_expect_eq(imported.step.later_short, !whole);
        EXPECT_ROWS(&imported, whole ? "matmul  bfloat16 1x1x6  2  " : "matmul  bfloat16 1x1x5  2  ");
        release(&imported);
    }
    step(4, 0, 100), mm(10, 1, 1, 1, 4);
    struct imported imported = import_events("", 4);
    cr_expect_eq(imported.step.number, 4);
    release(&imported);
    step(4, 0, 100), mm(10, 1, 1, 1, 4);
    imported = import_events("", 5);
    cr_expect_eq(imported.status, STATUS_ENVIRONMENT);
    release(&imported);
    mm(10, 1, 1, 1, 4);
    imported = import_events("", 5); /* without steps */
    cr_expect_eq(imported.status, STATUS_ENVIRONMENT);
    release(&imported);
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
        /* a member that is not JSON */
        "{'distributedInfo':{'rank':none},'traceEvents':[{'ph':'X','cat':'cpu_op','name':'a','pid':1,'tid':1,"
        "'ts':1,'dur':1}]}",
        /* two documents */
        "{'traceEvents':[{'ph':'X','cat':'cpu_op','name':'a','pid':1,'tid':1,'ts':1,'dur':1}]}{}",
        "[{'ph':'X','cat':'cpu_op','name':'a','pid':1,'tid':1,'ts':1,'dur':1}] []",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct imported imported = import_text(bad[i], NO_NUMBER);
        cr_expect_eq(imported.status, STATUS_ENVIRONMENT, "%s", bad[i]);
        release(&imported);
    }
    /* Deep brackets, in an event and around it. */
    struct text deep = {0};
    text_add(&deep, "{'traceEvents':[");
    for (int i = 0; i < 100000; i++) text_add(&deep, "[");
    struct imported imported = import_text(text_get(&deep), NO_NUMBER);
    cr_expect_eq(imported.status, STATUS_ENVIRONMENT);
    text_free(&deep);
    release(&imported);
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
    text_add(&events, ",{'ph':'X','cat':'cpu_op','pid':1,'tid':1,'ts':1,'dur':1}"); /* no name */
    text_add(&events, ",{'ph':'X','name':'a','pid':1,'tid':1,'ts':1,'dur':1}");     /* no category */
    text_add(&events, ",{'ph':'M','name':'process_name','pid':1}"); /* needs neither category nor time */
    struct imported imported = import_events("'rank':-1,'world_size':'many','pg_config':{}", NO_NUMBER);
    cr_assert_eq(imported.status, STATUS_OK);
    cr_expect_eq(imported.trace.broken, 10);
    cr_expect_eq(imported.trace.ranks, NO_NUMBER);
    cr_expect_eq(imported.count, 1);
    release(&imported);
}

/* workloads_read() accepts the table, even if names in the trace contain tabs and newlines. */
Test(trace, rows_are_a_table)
{
    comms("allreduce", GROUP("a\\tb\\nc", 0, 1, 2));
    comms("allreduce", GROUP("dp", 0, 2, 2));
    mm(now, 1, 2, 3, 5);
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

/* A step of an all-reduce, `between` matmuls of unknown time, and a matmul that ran while the all-reduce
   did. */
static struct trace_rows far_overlap(size_t between, struct text *out)
{
    struct trace_step step = {.count = between + 2};
    step.operations = allocate(step.count, sizeof *step.operations);
    for (size_t i = 0; i < step.count; i++)
        step.operations[i] = (struct trace_operation){
            .source = "mm", .dtype = DTYPE_FLOAT, .m = 1, .n = 1, .k = 1, .count = 1, .from = NAN, .to = NAN};
    step.operations[0].collective = &collectives[ALL_REDUCE], step.operations[0].bytes = 8;
    step.operations[0].from = 0, step.operations[0].to = 100;
    step.operations[between + 1].from = 50, step.operations[between + 1].to = 60;
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

/* Twice `length` unlike matmuls. */
static struct trace_rows long_loop(size_t length)
{
    struct text out = {0};
    struct trace_step step = {.count = 2 * length};
    step.operations = allocate(step.count, sizeof *step.operations);
    for (size_t i = 0; i < step.count; i++)
        step.operations[i] = (struct trace_operation){.source = "mm",
                                                      .dtype = DTYPE_FLOAT,
                                                      .m = 1 + (int64_t)(i % length),
                                                      .n = 1,
                                                      .k = 1,
                                                      .count = 1,
                                                      .from = NAN,
                                                      .to = NAN};
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
