/* busbar plan: makes one row per launch from drivers, sizes, nodes and repeats. */
#include "analysis/plan/plan.h"
#include "analysis/common/subcommand.h"
#include "analysis/common/terminal.h"
#include "base/units.h"
#include "collective/collective.h"
#include "collective/dtype.h"
#include "record/flags.h"
#include "record/group_names.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define AT(member) offsetof(struct plan_settings, member)

static const struct option options[] = {
    {.kind = OPTION_TEXT,
     .name = "drivers",
     .word = plan_driver_word,
     .argument = "LIST",
     .at = AT(drivers),
     .initial = "all_reduce,all_gather,matmul",
     .group = "What is measured",
     .help = "collectives, matmul, overlap and step; one launch measures all the collectives"},
    {.kind = OPTION_FLAG, .name = "apart", .at = AT(apart), .help = "a separate launch for each collective"},
    FLAG_SIZES(.at = AT(sizes), .help = "exactly these sizes in bytes, e.g. 8,64K,1M"),
    FLAG_BEGIN(.at = AT(begin), .initial = "8", .help = "smallest size in bytes"),
    FLAG_END(.at = AT(end), .help = "largest size in bytes. Default: 64M; with --gpus 16G"),
    FLAG_FACTOR(.at = AT(factor), .help = "each size is the previous one times N. Default: 4; with --gpus 2"),
    FLAG_TYPES(.at = AT(datatypes), .word = dtype_word, .initial = "float",
               .help = "element types of the collectives; all: every type"),
    FLAG_OPS(.at = AT(ops), .word = op_word, .initial = "sum",
             .help = "reduction operations of the collectives; all: every operation"),
    FLAG_MODE(.at = AT(mode), .initial = "both",
              .help = "how the collectives are timed (all_reduce --help explains the modes)"),
    FLAG_PLACEMENT(.at = AT(placement), .initial = "out_of_place"),
    FLAG_CACHE(.at = AT(cache), .initial = "warm",
               .help =
                   "buffers of the collectives. warm: the same every time, as in nccl-tests, OSU and IMB;\n"
                   "cold: they rotate through more memory than the caches hold"),
    FLAG_MAX_SECONDS(.at = AT(case_seconds),
                     .help =
                         "maximum time for a case of the collectives. Default: 0.5 s; with --gpus 0.25 s"),
    FLAG_SHAPES(.at = AT(shapes),
                .help = "shapes of matmul. Default: those of the matmul program; with --gpus 8192"),
    {.kind = OPTION_TEXT,
     .name = "matmul-datatype",
     .argument = "LIST",
     .at = AT(matmul_types),
     .help = "types of matmul. Default: all that the CPU supports; with --gpus bfloat16,fp8_e4m3,nvfp4\n"
             "(types that the GPU does not support are recorded as unsupported)"},
    FLAG_SUSTAIN(.at = AT(sustain_s),
                 .help = "length of matmul's sustained phase. Default: 1 s; with --gpus 30 s"),
    {.kind = OPTION_TEXT,
     .name = "workload",
     .argument = "LIST",
     .at = AT(workloads),
     .help = "workloads of step, a launch for each. Default: gpt2-ddp; with --gpus llama-70b-fsdp"},
    {.kind = OPTION_LIST,
     .name = "driver-arg",
     .argument = "WORDS",
     .at = AT(driver_args),
     .help = "further arguments for the collectives, such as '-n 20 -w 5'; may be repeated"},
    {.kind = OPTION_LIST,
     .name = "matmul-arg",
     .argument = "WORDS",
     .at = AT(matmul_args),
     .help = "further arguments for matmul; may be repeated"},
    {.kind = OPTION_LIST,
     .name = "overlap-arg",
     .argument = "WORDS",
     .at = AT(overlap_args),
     .help =
         "further arguments for overlap, such as '--collectives all_gather --ratio 1,2'; may be repeated"},
    {.kind = OPTION_LIST,
     .name = "step-arg",
     .argument = "WORDS",
     .at = AT(step_args),
     .help = "further arguments for step, such as '--tensor 8'; may be repeated"},

    {.kind = OPTION_TEXT,
     .name = "nodes",
     .argument = "LIST",
     .at = AT(nodes),
     .initial = "auto",
     .group = "Where to run",
     .help = "numbers of nodes, e.g. 1,2,4,all; auto: the powers of two up to the allocation, and all.\n"
             "matmul runs on the largest number only"},
    {.kind = OPTION_INTEGER,
     .name = "available",
     .argument = "N",
     .at = AT(available),
     .initial = "1",
     .least = 1,
     .most = 1e6,
     .help = "number of nodes in the allocation"},
    {.kind = OPTION_INTEGER,
     .name = "ranks-per-node",
     .argument = "N",
     .at = AT(ranks_per_node),
     .initial = "2",
     .least = 1,
     .most = 4096,
     .help = "number of ranks on each node"},
    {.kind = OPTION_FLAG,
     .name = "gpus",
     .at = AT(gpus),
     .help = "the ranks have GPUs: changes the defaults of --end, --factor, --max-seconds, --shapes,\n"
             "--matmul-datatype, --sustain, --workload and --start-seconds"},
    FLAG_GROUP(.at = AT(groups), .initial = "world", .word = group_word,
               .help = "how to split the ranks into groups, each split measured: world, node, domain, rail, "
                       "pairs, or a "
                       "number of ranks"),
    {.kind = OPTION_FLAG,
     .name = "concurrent",
     .at = AT(concurrent),
     .help =
         "measure all numbers of nodes that divide the largest in one launch on all nodes, side by side,\n"
         "as groups of that many ranks"},
    {.kind = OPTION_CHOICE,
     .name = "domains",
     .choices = "packed|spread|both",
     .names = &domains_names,
     .at = AT(domains),
     .initial = "packed",
     .help = "packed: fill one NVLink domain after another; spread: take a host from each domain in turn"},
    {.kind = OPTION_INTEGER,
     .name = "launches",
     .argument = "N",
     .at = AT(launches),
     .initial = "6",
     .least = 1,
     .most = 1000,
     .group = "Order",
     .help = "number of launches of each kind; a 95 % interval needs at least six"},
    FLAG_SEED(.at = AT(seed), .help = "seed of the random order"),
    {.kind = OPTION_SECONDS,
     .name = "start-seconds",
     .argument = "TIME",
     .at = AT(start_seconds),
     .help = "time to start a launch, for the estimate. Default: 3 s; with --gpus 10 s"},

    {.kind = OPTION_TEXT,
     .name = "read",
     .argument = "FILE",
     .at = AT(read),
     .group = "Output",
     .help = "read a plan that --format tsv printed, instead of making one"},
    {.kind = OPTION_TEXT,
     .name = "like",
     .argument = "FOLDER",
     .at = AT(like),
     .help =
         "with --read: take settings that the plan leaves to the drivers' defaults (cache, type, …) from\n"
         "the records of its launches in FOLDER, a run or a baseline"},
    {.kind = OPTION_TEXT,
     .name = "into",
     .argument = "FOLDER",
     .at = AT(into),
     .help = "folder of a run: report for each launch whether its record is there and complete"},
    FLAG_FORMAT("text|tsv|json", .at = AT(format), .initial = "text",
                .help = "a table, tab-separated values, or JSON Lines"),
    FLAG_WIDE(.at = AT(wide), .help = ALL_COLUMNS),
    {.kind = OPTION_END},
};

static const struct command command = {
    .name = "busbar plan",
    .summary = "plan the launches of a sweep: which drivers, sizes and nodes, how often, in which order",
    .synopsis = "[flags]",
    .description =
        "A plan has a row for each launch, with all that scripts/sweep needs to start it. The name of a "
        "launch contains a hash of its content (program, arguments, nodes, ranks, placement), so that a "
        "changed plan reuses the launches that did not change.",
    .examples = "  busbar plan --drivers all_reduce,matmul --available 18 --ranks-per-node 4 -e 8G\n"
                "      six launches each on 1, 2, 4, 8, 16 and 18 nodes; matmul on 18\n",
    .options = options,
};

static const char *const state_names[] = {"todo", "done", "partial"};

void plan_print_tsv(const struct plan *plan, FILE *out)
{
    fputs("launch\tstate\tkey\tdriver\tnodes\tranks\tranks_per_"
          "node\tgroup\tdomains\trepeat\tcases\testimate_s\targs\twhy\n",
          out);
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_row *row = &plan->rows[i];
        fprintf(out, "%s\t%s\t%s\t%s\t%lld\t%lld\t%lld\t%s\t%s\t%lld\t%lld\t%.1f\t%s\t%s\n", row->launch,
                state_names[row->state], row->key, row->driver, (long long)row->nodes,
                (long long)(row->nodes * row->ranks_per_node), (long long)row->ranks_per_node, row->group,
                name_of(&domains_names, (int)row->domains), (long long)row->repeat, (long long)row->cases,
                row->estimate_s, *row->args ? row->args : "-", row->why ? row->why : "-");
    }
}

static void print_json(const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_row *row = &plan->rows[i];
        json_t *object = json_pack(
            "{ss ss ss ss sI sI sI ss ss sI sI sf ss ss*}", "launch", row->launch, "state",
            state_names[row->state], "key", row->key, "driver", row->driver, "nodes", (json_int_t)row->nodes,
            "ranks", (json_int_t)(row->nodes * row->ranks_per_node), "ranks_per_node",
            (json_int_t)row->ranks_per_node, "group", row->group, "domains",
            name_of(&domains_names, (int)row->domains), "repeat", (json_int_t)row->repeat, "cases",
            (json_int_t)row->cases, "estimate_s", row->estimate_s, "args", row->args, "why", row->why);
        char *line = json_dumps(object, JSON_COMPACT);
        puts(line ? line : "{}");
        free(line);
        json_decref(object);
    }
}

static void print_text(const struct plan *plan, bool wide)
{
    static const char *const names[] = {"#",     "<launch", "<state",      "nodes",
                                        "ranks", "cases",   "+<arguments", NULL};
    struct table table = {0};
    struct text out = {0};
    size_t done = 0;
    double left = 0;
    char duration[UNIT_TEXT];
    table_columns(&table, names);
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_row *row = &plan->rows[i];
        table_cell(&table, "%zu", i + 1);
        table_cell(&table, "%s", row->launch);
        table_cell(&table, "%s", state_names[row->state]);
        table_integer(&table, row->nodes);
        table_integer(&table, row->nodes * row->ranks_per_node);
        table_integer(&table, row->cases);
        table_cell(&table, "%s%s%s", row->driver, *row->args ? " " : "", row->args);
        if (row->state == LAUNCH_DONE)
            done++;
        else
            left += row->estimate_s;
    }
    terminal_table(&table, wide, &out);
    fputs(text_get(&out), stdout);
    printf("%zu launch%s, %zu done, at most about %s left\n", plan->count, plan->count == 1 ? "" : "es", done,
           format_duration(left, duration));
    table_free(&table);
    text_free(&out);
}

static bool is_partly_done(const struct plan *plan)
{
    size_t done = 0;
    for (size_t i = 0; i < plan->count; i++) done += plan->rows[i].state == LAUNCH_DONE;
    return done > 0 && done < plan->count;
}

static enum status parse(int argc, char **argv, struct plan_settings *settings)
{
    int operand;
    enum status status = options_parse(&command, argc, argv, settings, &operand);
    if (!status && operand < argc)
        status = fail(STATUS_USAGE, "plan: '%s' is not a flag; plan takes flags only", argv[operand]);
    if (!status && settings->like && !settings->read)
        status = fail(STATUS_USAGE, "plan: --like needs --read: it completes that plan");
    plan_set_defaults(settings);
    return status;
}

static enum status make(const struct plan_settings *settings, struct plan *plan)
{
    enum status status = settings->read ? plan_read(settings->read, plan) : plan_build(settings, plan);
    if (status) return status;
    if (settings->like) status = plan_complete(plan, settings->like);
    if (!status && settings->into) plan_read_states(plan, settings->into);
    /* If a version with other defaults continues a run, the run keeps the settings of its first launches. */
    if (!status && settings->read && settings->into && is_partly_done(plan))
        status = plan_complete(plan, settings->into);
    if (status) plan_free(plan);
    return status;
}

enum status plan_of_words(int argc, char **argv, struct plan *plan)
{
    struct plan_settings settings = {0};
    enum status status = parse(argc, argv, &settings);
    if (!status) status = make(&settings, plan);
    options_free(&command, &settings);
    return status;
}

static enum status run(int argc, char **argv)
{
    struct plan_settings settings = {0};
    struct plan plan = {0};
    enum status status = parse(argc, argv, &settings);
    if (!status) status = make(&settings, &plan);
    if (!status) {
        if (settings.format == FORMAT_TSV)
            plan_print_tsv(&plan, stdout);
        else if (settings.format == FORMAT_JSON)
            print_json(&plan);
        else
            print_text(&plan, settings.wide);
        plan_free(&plan);
    }
    options_free(&command, &settings);
    return status;
}

const struct subcommand plan_subcommand = {&command, run};
