/* What is taken from a trace: collectives and matmuls with their sizes, one step, and no broken event. */
#include "tests/unit/trace_text.h"

#include <criterion/criterion.h>

Test(trace, sizes_as_nccl_tests_counts_them)
{
    add_comms("allreduce", FLOATS "10,'Out msg nelems':10");
    add_comms("_allgather_base", FLOATS "10,'Out msg nelems':80");
    add_comms("all_gather", FLOATS "10");
    add_comms("reduce_scatter_tensor_coalesced", FLOATS "80,'Out msg nelems':10");
    add_comms("broadcast", FLOATS "10");
    add_comms("reduce", FLOATS "10");
    add_comms("gather", FLOATS "10");
    add_comms("scatter", FLOATS "80,'Out msg nelems':10");
    add_comms("all_to_all",
              FLOATS "80,'Out msg nelems':80,'In split size':'[10, 10, 10, 10, 10, 10, 10, 10]'");
    add_comms("all_to_allv",
              FLOATS "70,'Out msg nelems':80,'In split size':'[0, 10, 10, 10, 10, 10, 10, 10]'");
    add_comms("send", FLOATS "10");
    add_comms("recv", FLOATS "0,'Out msg nelems':10");
    add_comms("barrier", FLOATS "0");
    add_comms("wait", FLOATS "0");
    add_comms("coalesced", FLOATS "10");
    add_comms("allreduce", "'dtype':'ComplexFloat','Group size':8,'In msg nelems':10");
    add_comms("allreduce", FLOATS "-5");
    add_comms("allreduce", FLOATS "9007199254740992");
    add_comms("all_gather", FLOATS "9007199254740992");
    add_comms("allreduce", FLOATS "1e300");
    add_comms("allreduce", "'dtype':'Float','Group size':1,'In msg nelems':10");
    add_comms("allreduce", "'dtype':'BFloat16','Group size':8,'In msg nelems':10");
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

Test(trace, shapes)
{
#define OPERATION(name, dims)                                                                                \
    add_event("'cat':'cpu_op','name':'aten::" name "','tid':1,'ts':%g,'dur':1,'args':{'Input Dims':" dims    \
              ",'Input type':['float','float','float']}",                                                    \
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
    add_event("'cat':'cpu_op','name':'aten::mm','tid':1,'ts':%g,'dur':1", now += 10);
    add_event(
        "'cat':'cpu_op','name':'aten::_int_mm','tid':1,'ts':%g,'dur':1,'args':{'Input Dims':[[2,5],[5,3]],"
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
    add_event("'cat':'cpu_op','name':'aten::linear','tid':1,'ts':0,'dur':10,'args':{'External id':1,'Input "
              "Dims':[[2,5],[3,5],[3]]}");
    add_event("'cat':'cpu_op','name':'aten::addmm','tid':1,'ts':2,'dur':6,'args':{'External id':2,'Input "
              "Dims':[[3],[2,5],[5,3]],"
              "'Input type':['float','float','float']}");
    add_event("'cat':'cpu_op','name':'aten::copy_','tid':1,'ts':3,'dur':1");
    add_event("'cat':'cpu_op','name':'c10d::_allgather_base_','tid':1,'ts':20,'dur':10,'args':{'Input "
              "Dims':[[20],[10],[]],"
              "'Input type':['float','float','']}");
    add_event("'cat':'cpu_op','name':'record_param_comms','tid':1,'ts':20,'dur':9,'args':{'Collective "
              "name':'_allgather_base',"
              "'In msg nelems':10,'Out msg nelems':20,'Group size':2,'dtype':'Float'}");
    add_event("'cat':'user_annotation','name':'nccl:_all_gather_base','tid':1,'ts':21,'dur':3,'args':{'Input "
              "Dims':[[10]],"
              "'Input type':['float']}");
    add_event("'cat':'cpu_op','name':'aten::relu','tid':2,'ts':22,'dur':2");
    struct imported imported = import_events("'world_size':2", NO_NUMBER);
    EXPECT_ROWS(&imported, "matmul  float 2x3x5  1  ", "all_gather  float  80 1  ");
    cr_expect_eq(imported.step.left_out_count, 1); /* not the copy inside, and not the collective twice */
    cr_expect_eq(left_out(&imported, "aten::relu")->us, 2);
    release(&imported);
}

static void step(int number, double start, double end)
{
    add_event("'cat':'user_annotation','name':'ProfilerStep#%d','tid':1,'ts':%g,'dur':%g", number, start,
              end - start);
}

Test(trace, one_whole_step)
{
    for (int whole = 0; whole < 2; whole++) {
        step(4, 0, 100), step(5, 100, 200), step(6, 200, 300);
        step(7, 300, 310); /* empty: the profiler stopped */
        add_mm(10, 1, 1, 1, 4), add_mm(20, 1, 1, 1, 4), add_mm(110, 1, 1, 1, 5), add_mm(120, 1, 1, 1, 5),
            add_mm(210, 1, 1, 1, 6);
        if (whole) add_mm(220, 1, 1, 1, 6);
        add_mm(400, 1, 1, 1, 9); /* in no step */
        struct imported imported = import_events("", NO_NUMBER);
        cr_expect_eq(imported.step.number,
                     whole ? 6 : 5); /* a last step with fewer operations is not whole */
        cr_expect_eq(imported.step.later_short, !whole);
        EXPECT_ROWS(&imported, whole ? "matmul  bfloat16 1x1x6  2  " : "matmul  bfloat16 1x1x5  2  ");
        release(&imported);
    }
    step(4, 0, 100), add_mm(10, 1, 1, 1, 4);
    struct imported imported = import_events("", 4);
    cr_expect_eq(imported.step.number, 4);
    release(&imported);
    step(4, 0, 100), add_mm(10, 1, 1, 1, 4);
    imported = import_events("", 5);
    cr_expect_eq(imported.status, STATUS_ENVIRONMENT);
    release(&imported);
    add_mm(10, 1, 1, 1, 4);
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
    add_mm(10, 1, 1, 1, 4);
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
