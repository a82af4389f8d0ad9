/* Parsers that the readers of other tools' output share: names of programs, counts in prose, prefixes, JSON
   in pieces. */
#include "analysis/import/source_json.h"
#include "analysis/import/source_line.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *collective_of(const char *word)
{
    const struct collective *found = collective_by_any_name(word, strlen(word));
    return found ? found->name : "none";
}

Test(source, programs_have_suffixes)
{
    static const struct {
        const char *word, *collective;
    } cases[] = {{"all_gather_perf", "all_gather"},
                 {"all_gather_perf_mpi", "all_gather"},
                 {"all_reduce_perf-2.18", "all_reduce"},
                 {"AllReduce", "all_reduce"},
                 {"reduce_scatter_perf.exe", "reduce_scatter"},
                 {"nccl_all_reduce_perf", "all_reduce"},
                 {"alltoallv_perf_mpi", "alltoallv"},
                 {"bcast", "broadcast"},
                 {"all_reduce_performance", "none"},
                 {"all_reduce_bias_perf", "none"},
                 {"hypercube_perf", "hypercube"},
                 {"", "none"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_str_eq(collective_of(cases[i].word), cases[i].collective, "%s", cases[i].word);
    cr_expect(is_perf_program("gather_perf_mpi", 15));
    cr_expect(!is_perf_program("perfect", 7));
}

Test(source, counts_in_prose)
{
    static const struct {
        const char *text;
        int64_t ranks, nodes;
    } cases[] = {{"Host buffers, 8 ranks on 2 nodes:", 8, 2},
                 {"16x GPUs", 16, ABSENT},
                 {"8 GPUs per node, 4 nodes", 32, 4},
                 {"4nodes-8ppn", 32, 4},
                 {"from 2 to 8 ranks", 8, ABSENT},
                 {"2 ranks and 8 ranks", ABSENT, ABSENT},
                 {"0 ranks", ABSENT, ABSENT},
                 {"99999999999999999999 ranks", ABSENT, ABSENT},
                 {"v7.4 ranks", ABSENT, ABSENT},
                 {"8 rankings", ABSENT, ABSENT},
                 {"", ABSENT, ABSENT}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct spoken spoken = read_spoken(cases[i].text);
        cr_expect_eq(spoken.ranks, cases[i].ranks, "%s: %lld ranks", cases[i].text, (long long)spoken.ranks);
        cr_expect_eq(spoken.nodes, cases[i].nodes, "%s: %lld nodes", cases[i].text, (long long)spoken.nodes);
    }
}

Test(source, prefixes)
{
    static const struct {
        const char *line, *text, *label;
    } cases[] = {{"Wed Nov 25 10:00:00 2026[1,0]<stdout>:# x", "# x", "1,0"},
                 {"Wed Nov  5 10:00:00 2026[1,0]<stdout>:# x", "# x", "1,0"},
                 {"[1,0]<stdout>:2026-11-25 10:00:00 # x", "# x", "1,0"},
                 {"  - # x", "# x", ""},
                 {"* 8 2 float", "8 2 float", ""},
                 {"\xe2\x80\xa2 8 2 float", "8 2 float", ""},
                 {":mark:`8 2 float`", "8 2 float`", ""},
                 {"Nov 25 10:00:00 node1 nccl[31]: # x", "# x", ""},
                 {" 12: # x", "# x", "12"},
                 {"-1 0 float", "-1 0 float", ""},
                 {"Wed Nov 25", "Wed Nov 25", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char label[128];
        const char *text = skip_prefix(cases[i].line, label);
        cr_expect_str_eq(text + strspn(text, " "), cases[i].text, "%s", cases[i].line);
        cr_expect_str_eq(label, cases[i].label, "%s", cases[i].line);
    }
}

Test(source, xml_lines)
{
    static const char text[] =
        "<stdout rank=\"13\">a &lt;b&gt; &amp;&amp; c&#010;</stdout>\n<stdout rank=\"\">x</stdout>\n"
        "<stdout rank=\"1\">cut &am";
    struct lines *lines = allocate(1, sizeof *lines);
    lines_start(lines, text, sizeof text - 1);
    cr_assert(lines_next(lines));
    cr_expect_str_eq(lines->text, "[13]<stdout>:a <b> && c ");
    cr_assert(lines_next(lines));
    cr_expect_str_eq(lines->text, "<stdout rank=\"\">x</stdout>");
    cr_assert(lines_next(lines));
    cr_expect_str_eq(lines->text, "[1]<stdout>:cut &am");
    cr_expect(!lines_next(lines));
    free(lines);
}

/* Returns the number of JSON documents in a text; sets *cut if the last one is incomplete. */
static size_t pieces_of(const char *text, bool *cut, size_t *rows)
{
    struct source source = {.path = "x"};
    struct json_pieces pieces;
    json_t *root;
    size_t count = 0;
    *cut = false, *rows = 0;
    json_pieces_start(&pieces, text, strlen(text));
    silence(1);
    while ((root = json_pieces_next(&source, &pieces))) {
        count++;
        *cut = pieces.cut;
        *rows = json_array_size(json_is_array(root) ? root : json_object_get(root, "r"));
        json_decref(root);
    }
    return count;
}

Test(source, json_in_pieces)
{
    static const struct {
        const char *text;
        size_t pieces, rows;
        bool cut;
    } cases[] = {{"{\"r\":[{\"a\":1},{\"a\":2}]}", 1, 2, false},
                 {"{\"r\":[{\"a\":1},{\"a\":2}]}\n{\"r\":[]}", 2, 0, false},
                 {"{\"r\":[{\"a\":1},{\"a\":{\"b\":2", 1, 1, true},  /* the second row is incomplete */
                 {"{\"r\":[{\"a\":1},{\"a\":{\"b\":2}", 1, 1, true}, /* nor here */
                 {"{\"r\":[{\"a\":1},{\"a\":\"}]", 1, 1, true},      /* brackets within a string */
                 {"[{\"a\":1},{\"a\"", 1, 1, true},
                 {"{\"r\":[{\"a", 0, 0, false},
                 {"{\"r\": nonsense}\n{\"r\":[{}]}", 1, 1, false}, /* an invalid document is skipped */
                 {"text { \n [1]", 1, 1, false},
                 {"", 0, 0, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool cut;
        size_t rows, pieces = pieces_of(cases[i].text, &cut, &rows);
        cr_expect_eq(pieces, cases[i].pieces, "%s: %zu", cases[i].text, pieces);
        cr_expect_eq(cut, cases[i].cut, "%s", cases[i].text);
        cr_expect_eq(rows, cases[i].rows, "%s: %zu rows", cases[i].text, rows);
    }
}

Test(source, counts_in_names)
{
    static const struct {
        const char *name;
        int64_t ranks, nodes;
    } cases[] = {{"n2_ppn64/osu_allreduce.txt", 128, 2},
                 {"n2-ppn64/osu_allreduce.txt", 128, 2},
                 {"nodes2_ppn8/x", 16, 2},
                 {"nnodes=4,ppn=2/x", 8, 4},
                 {"2nodes_8ppn/x", 16, 2},
                 {"2n_ppn8/x", ABSENT, ABSENT}, /* "2n" may be anything */
                 {"osu_allreduce_2nodes_16tasks.out", 16, 2},
                 {"osu_allreduce_2nodes_8_tasks_per_node.out", 16, 2},
                 {"16_tasks_2_nodes.out", 16, 2},
                 {"study/np16/x", 16, ABSENT},
                 {"32_ranks/x", 32, ABSENT},
                 {"ranks16.out", 16, ABSENT},
                 {"ntasks_16.out", 16, ABSENT},
                 {"osu-allreduce-16.log", ABSENT, ABSENT},
                 {"osu_allreduce_2_ranks_4.log", 2, ABSENT},
                 {"2_ranks_4_ranks/x", ABSENT, ABSENT},
                 {"2nodes/4nodes_ppn8", ABSENT, ABSENT},
                 {"n2/osu_allreduce.txt", ABSENT, ABSENT},
                 {"np2/np4", ABSENT, ABSENT},
                 {"np64k.txt", ABSENT, ABSENT},
                 {"ppn64/x", ABSENT, ABSENT},
                 {"n0_ppn64/x", ABSENT, ABSENT}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct spoken spoken = read_spoken_name(cases[i].name);
        cr_expect_eq(spoken.ranks, cases[i].ranks, "%s: %lld ranks", cases[i].name, (long long)spoken.ranks);
        cr_expect_eq(spoken.nodes, cases[i].nodes, "%s: %lld nodes", cases[i].name, (long long)spoken.nodes);
    }
}

/* Rows whose counts of ranks and nodes are not known belong together. */
Test(source, rccl_rows_without_counts_are_one_table)
{
    static const char text[] = "[{\"name\":\"AllReduce\",\"nodes\":0,\"ranks\":0,\"size\":8,\"type\":"
                               "\"float\",\"inPlace\":0,\"time\":2},"
                               "{\"name\":\"AllReduce\",\"nodes\":-1,\"ranks\":0,\"size\":16,\"type\":"
                               "\"float\",\"inPlace\":0,\"time\":3}]";
    struct source source = {.path = "x"};
    cr_expect_eq(source_read_rccl_json(&source, text, strlen(text)), 1);
    cr_assert_eq(source.table_count, 1);
    cr_expect(source.tables[0].row_count == 2 && source.tables[0].ranks_said == ABSENT &&
              source.tables[0].nodes_said == ABSENT);
    source_free(&source);
}
