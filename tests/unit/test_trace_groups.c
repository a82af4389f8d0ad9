/* The process groups of a trace, as axes of a workload. */
#include "tests/unit/trace_text.h"

#include <criterion/criterion.h>
#include <string.h>

Test(trace, groups_are_axes)
{
    /* A job of 16 ranks: tensor 2, expert 2, data 2, pipeline 2. The trace is of rank 5. */
    add_comms("allreduce", GROUP("tp", 4, 1, 2));
    add_comms("allreduce", GROUP("ep", 5, 2, 2));
    add_comms("allreduce", GROUP("dp", 1, 4, 2));
    add_comms("allreduce", GROUP("pp", 5, 8, 2));
    add_comms("allreduce", GROUP("all", 0, 1, 16));
    add_comms("allreduce", GROUP("tp+ep", 4, 1, 4));
    add_comms("allreduce", GROUP("ep+dp", 1, 2, 4));
    add_comms("allreduce", GROUP("not aligned", 1, 1, 2));
    add_comms("allreduce", GROUP("between", 5, 3, 2));
    add_comms("allreduce", "'dtype':'Float','In msg nelems':10,'Group size':4");
    struct imported imported = import_events("'world_size':16", NO_NUMBER);
    EXPECT_ROWS(&imported, "all_reduce tensor:2 float  40 1  ", "all_reduce expert:2 float  40 1  ",
                "all_reduce data float  40 1  ", "all_reduce pipeline:2 float  40 1  ",
                "all_reduce  float  40 1  ", "all_reduce tensor:2+expert:2 float  40 1  ",
                "all_reduce expert:2+data float  40 1  ");
    cr_expect_eq(imported.step.left_out_count, 2);
    release(&imported);
    /* There is only one group, and its ranks are 2 apart: the axis of these 2 is data. */
    add_comms("allreduce", GROUP("dp", 1, 2, 4));
    imported = import_events("'world_size':8", NO_NUMBER);
    EXPECT_ROWS(&imported, "all_reduce pipeline:4 float  40 1  ");
    release(&imported);
    /* No group extends along two of the axes. Only one of them can be data, which needs no size. */
    add_comms("allreduce", GROUP("dp", 0, 2, 2));
    add_comms("allreduce", GROUP("all", 0, 1, 8));
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
    add_comms("allreduce", "'dtype':'Float','In msg nelems':10,'Process Group Name':'1'");
    add_comms("allreduce", "'dtype':'Float','In msg nelems':10,'Process Group Name':'2','Group size':2");
    add_comms("_allgather_base", "'dtype':'Float','In msg nelems':10,'Out msg nelems':20");
    add_comms("_allgather_base", "'dtype':'Float','In msg nelems':10,'Out msg nelems':40");
    add_comms("allreduce", "'dtype':'Float','In msg nelems':10");
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
    add_comms("allreduce", "'dtype':'Float','In msg nelems':10,'Process Group Name':'7'");
    struct imported imported = import_events("'world_size':4", NO_NUMBER);
    EXPECT_ROWS(&imported, "all_reduce  float  40 1  ");
    cr_expect(imported.step.operations[0].group_unknown);
    cr_expect(strstr(text_get(&imported.rows), "; its group is unknown, all ranks assumed"));
    release(&imported);
}

/* Without a number of ranks in the trace, the job has those of the largest group. */
Test(trace, ranks_of_the_largest_group)
{
    add_comms("allreduce", GROUP("tp", 0, 1, 2));
    add_comms("allreduce", GROUP("all", 0, 1, 8));
    add_comms("allreduce", GROUP("dp", 0, 2, 4));
    struct imported imported = import_events("", NO_NUMBER);
    cr_expect_eq(imported.step.ranks, 8);
    EXPECT_ROWS(&imported, "all_reduce tensor:2 float  40 1  ", "all_reduce  float  40 1  ",
                "all_reduce data float  40 1  ");
    release(&imported);
    add_comms("allreduce", GROUP("tp", 0, 1, 2));
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
