#include "measure/settings.h"
#include "base/text.h"
#include "base/units.h"
#include "measure/group.h"

#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct settings, member)
/* A send and a receive buffer of that many bytes, rounded up to pages, still have a size_t's and an int64_t's
 * room. */
#define SIZE_OF_BUFFER_MOST ((size_t)1 << 60)

static const struct option collective_options[] = {
    {OPTION_TEXT, 0, "collectives", "LIST", AT(collectives_text), NULL, NULL, 0, 0, "what to measure",
     "several in one launch, e.g. all_reduce,all_gather; all: every one.\nWithout it, the one that the "
     "program is named after"},
    {OPTION_SIZE, 'b', "begin", "SIZE", AT(begin), "8", NULL, 1, 0x1p60, NULL,
     "smallest size, in bytes; 8K, 1M and 1G are binary"},
    {OPTION_SIZE, 'e', "end", "SIZE", AT(end), "16M", NULL, 1, 0x1p60, NULL, "largest size"},
    {OPTION_INTEGER, 'f', "factor", "N", AT(step_factor), "2", NULL, 2, 1 << 30, NULL,
     "each size is the one before times N"},
    {OPTION_SIZE, 'i', "increment", "SIZE", AT(step_bytes), NULL, NULL, 1, 0x1p60, NULL,
     "or each size is the one before plus SIZE"},
    {OPTION_TEXT, 0, "sizes", "LIST", AT(sizes_text), NULL, NULL, 0, 0, NULL,
     "or exactly these, e.g. 8,64K,1M"},
    {OPTION_TEXT, 'd', "datatype", "LIST", AT(dtypes_text), "float", NULL, 0, 0, NULL,
     "element types, e.g. float,double; all: every one that is known"},
    {OPTION_TEXT, 'o', "op", "LIST", AT(ops_text), "sum", NULL, 0, 0, NULL,
     "operations, e.g. sum,max; all: every one that is known"},
    {OPTION_INTEGER, 'r', "root", "RANK", AT(root), "0", NULL, 0, 1e9, NULL,
     "root of broadcast, reduce, gather and scatter"},
    {OPTION_CHOICE, 0, "placement", NULL, AT(placement), "both", "both|out_of_place|in_place", 0, 0, NULL,
     "separate buffers, or one buffer for input and output"},
    {OPTION_CHOICE, 0, "mode", NULL, AT(mode), NULL, "isolated|pipelined|both", 0, 0, NULL,
     "isolated: latency, as OSU and IMB measure it: all ranks start an operation together and wait for it;\n"
     "pipelined: throughput, as nccl-tests measures it: operations back to back.\n"
     "Default: isolated; with --format nccl-tests, pipelined"},

    {OPTION_TEXT, 0, "group", "LIST", AT(group), "world", NULL, 0, 0, NULL,
     "groups of ranks that run at the same time, each list item measured: world, node, domain, rail,\n"
     "pairs (rank r with r + ranks/2), N ranks each; hosts:K or rails:K: hosts in pairs, round K;\n"
     "bisect: as rails:K, each host with the one half the hosts away"},
    {OPTION_CHOICE, 0, "sync", NULL, AT(sync), "barrier", "barrier|window", 0, 0, NULL,
     "how isolated operations start together: after a barrier, or at a time\nset on synchronised clocks "
     "(then records tell who arrives late)"},

    {OPTION_REAL, 0, "precision", "PERCENT", AT(precision_percent), "1", NULL, 0.01, 100,
     "how long to measure", "stop when the median is known to this, either way (95 %)"},
    {OPTION_SECONDS, 0, "max-seconds", "TIME", AT(max_seconds), "0.5", NULL, 0.001, 1e6, NULL,
     "most time for a case (size, type, …); samples during which a rank was scheduled away do not count,\n"
     "so on a busy machine a case may take up to three times as long"},
    {OPTION_SECONDS, 0, "time-budget", "TIME", AT(time_budget_s), NULL, NULL, 0.1, 1e7, NULL,
     "time for the whole launch, spread over its cases, cheap sizes first"},
    {OPTION_INTEGER, 'n', "iters", "N", AT(samples), "0", NULL, 0, 1e9, NULL,
     "exactly N samples of each case; 0: until precise"},
    {OPTION_INTEGER, 'w', "warmup_iters", "N", AT(warmup), "-1", NULL, -1, 1e9, NULL,
     "exactly N warm-up calls; -1: until steady"},
    {OPTION_INTEGER, 0, "passes", "N", AT(passes), "5", NULL, 1, 1000, NULL,
     "rounds over all cases, each in another order, so that drift\ndoes not look like an effect of size"},
    {OPTION_INTEGER, 0, "seed", "N", AT(seed), "1", NULL, 0, 9e18, NULL,
     "of the order of cases and of the data"},

    {OPTION_INTEGER, 'c', "check", "0|1", AT(check), "1", NULL, 0, 1e9, "correctness",
     "verify every element on every rank for each case"},
    {OPTION_INTEGER, 0, "check-every", "N", AT(check_every), "0", NULL, 0, 1e9, NULL,
     "verify after every N samples too (for rare corruption)"},

    {OPTION_TEXT, 0, "backend", "NAME", AT(backend), "auto", NULL, 0, 0, "how",
     "auto, mpi (host memory) or nccl; auto: nccl where it finds a GPU"},
    {OPTION_CHOICE, 0, "memory", NULL, AT(memory), NULL, "host|device", 0, 0, NULL,
     "where buffers are; default: the backend's own"},
    {OPTION_CHOICE, 0, "cache", NULL, AT(cache), "warm", "warm|cold", 0, 0, NULL,
     "warm: the same buffers every time, as nccl-tests, OSU and IMB do;\n"
     "cold: buffers rotate through more memory than the caches hold. Choose it where the application's\n"
     "data is not in cache, as gradient buckets far larger than the caches are not. On a GPU both give\n"
     "the same beyond the size of its L2 cache"},
    {OPTION_INTEGER, 'G', "cudagraph", "N", AT(graph), "0", NULL, 0, 1e6, NULL,
     "replay graphs of N calls; 0: no graphs"},
    {OPTION_INTEGER, 'R', "local_register", "0|1|2", AT(registration), "0", NULL, 0, 2, NULL,
     "register buffers: 0 no, 1 user buffers, 2 symmetric windows"},
    {OPTION_TEXT, 0, "cta", "POLICY", AT(cta), NULL, NULL, 0, 0, NULL,
     "how NCCL spends thread blocks: default, efficiency, zero, or how many\n(channels): N, or N-M for at "
     "least N and at most M"},
    {OPTION_FLAG, 0, "largest", NULL, AT(largest), NULL, NULL, 0, 0, NULL,
     "measure nothing: print the largest of the sizes for which every rank's buffers fit into its memory"},
    {OPTION_INTEGER, 0, "expect-domain", "N", AT(expect_domain), "0", NULL, 0, 1e9, NULL,
     "refuse to run unless the ranks are in NVLink domains of N GPUs"},
    {OPTION_SECONDS, 'T', "timeout", "TIME", AT(driver.timeout_s), "120", NULL, 0, 1e7, NULL,
     "end the launch (status 4) when a rank makes no progress for so long; 0: never"},
    {OPTION_INTEGER, 0, "expect-ranks", "N", AT(driver.expect_ranks), "0", NULL, 0, 1e9, NULL,
     "refuse to run on another number of ranks"},
    {OPTION_INTEGER, 0, "expect-hosts", "N", AT(driver.expect_hosts), "0", NULL, 0, 1e9, NULL,
     "refuse to run on another number of hosts"},
    {OPTION_TEXT, 0, "fault", "TEXT", AT(fault), NULL, NULL, 0, 0, NULL,
     "inject a fault, to see alarms ring: wrong:rank=1, slow:rank=2,us=500,\n"
     "away:rank=1,call=3, fail|hang|stop|kill|exit:rank=1,call=10"},

    {OPTION_CHOICE, 0, "format", NULL, AT(driver.format), "text", "text|json|nccl-tests", 0, 0,
     "what is kept and printed", "text: a table; json: the records; nccl-tests: its text"},
    {OPTION_REAL, 0, "network-gbit", "X", AT(network_gbit), "0", NULL, 0, 1e9, NULL,
     "what one host's network carries, each direction, in Gbit/s: the bound between\nhosts where the tables "
     "of instances and GPUs tell none"},

    {OPTION_REFUSED, 0, "minbytes", NULL, 0, NULL, NULL, 0, 0, NULL, "use -b or --begin"},
    {OPTION_REFUSED, 0, "maxbytes", NULL, 0, NULL, NULL, 0, 0, NULL, "use -e or --end"},
    {OPTION_REFUSED, 0, "stepbytes", NULL, 0, NULL, NULL, 0, 0, NULL, "use -i or --increment"},
    {OPTION_REFUSED, 0, "stepfactor", NULL, 0, NULL, NULL, 0, 0, NULL, "use -f or --factor"},
    {OPTION_REFUSED, 't', "nthreads", NULL, 0, NULL, "1", 0, 0, NULL,
     "one process drives one device; start more ranks instead"},
    {OPTION_REFUSED, 'g', "ngpus", NULL, 0, NULL, "1", 0, 0, NULL,
     "one process drives one device; start more ranks instead"},
    {OPTION_REFUSED, 'm', "agg_iters", NULL, 0, NULL, "1", 0, 0, NULL,
     "use --mode pipelined, which runs operations back to back"},
    {OPTION_REFUSED, 'p', "parallel_init", NULL, 0, NULL, NULL, 0, 0, NULL,
     "ranks are processes and always start in parallel"},
    {OPTION_REFUSED, 'z', "blocking", NULL, 0, NULL, NULL, 0, 0, NULL,
     "use --mode isolated, which waits for every operation"},
    {OPTION_REFUSED, 'a', "average", NULL, 0, NULL, NULL, 0, 0, NULL,
     "times are the maximum over ranks; records keep the ranks' spread too"},
    {OPTION_REFUSED, 'N', "run_cycles", NULL, 0, NULL, "1", 0, 0, NULL,
     "use --passes, and several launches (scripts/sweep)"},
    {OPTION_REFUSED, 'C', "report_cputime", NULL, 0, NULL, "0", 0, 0, NULL,
     "times are taken on the device, or on the host without one"},
    {OPTION_REFUSED, 'x', "cta_policy", NULL, 0, NULL, NULL, 0, 0, NULL, "use --cta"},
    {OPTION_REFUSED, 'J', "output_file", NULL, 0, NULL, NULL, 0, 0, NULL,
     "use busbar export --format nccl-tests-json on the records"},
    {OPTION_REFUSED, 'I', "per_iter_timing", NULL, 0, NULL, NULL, 0, 0, NULL,
     "every sample is in the records, and --mode isolated times single operations"},
    {OPTION_REFUSED, 'K', "per_iter_skip", NULL, 0, NULL, NULL, 0, 0, NULL, "warm-up is not sampled: -w"},
    {OPTION_REFUSED, 'S', "report_timestamps", NULL, 0, NULL, NULL, 0, 0, NULL,
     "the record of a launch says when it started"},
    {OPTION_REFUSED, 'y', "stream_null", NULL, 0, NULL, NULL, 0, 0, NULL,
     "operations run on a stream of their own"},
    {OPTION_REFUSED, 'D', "device_implementation", NULL, 0, NULL, NULL, 0, 0, NULL,
     "operations are those of the NCCL library"},
    {OPTION_REFUSED, 'V', "device_cta_count", NULL, 0, NULL, NULL, 0, 0, NULL, "use --cta"},
    {OPTION_REFUSED, 'M', "memory_report", NULL, 0, NULL, NULL, 0, 0, NULL,
     "a case that does not fit says how much it needs"},
    {OPTION_REFUSED, 'u', "unalign", NULL, 0, NULL, NULL, 0, 0, NULL,
     "buffers are aligned as the library returns them"},
    {.kind = OPTION_END},
};

struct command collective_command(const char *name, const char *summary)
{
    return (struct command){
        .name = name,
        .summary = summary,
        .synopsis = "[flags]",
        .description =
            "Start it with mpirun (or srun): one process for each GPU, or for each CPU core that takes "
            "part.\n"
            "Every figure is the median over samples of the slowest rank's time; every result is verified.",
        .examples = "  mpirun -np 2 build/all_reduce\n      8 bytes to 16 MiB, float, sum\n"
                    "  mpirun -np 4 build/all_reduce --collectives all_reduce,all_gather --sizes 8,64K,1M -d "
                    "float,double\n"
                    "      several collectives, sizes and types in one launch\n"
                    "  mpirun -np 8 build/all_reduce -b 1M -e 1G --mode pipelined --time-budget 5m\n"
                    "      throughput, in five minutes\n",
        .options = collective_options,
        .more = driver_options,
    };
}

/* Appends the index of `word` in `names` (NULL-terminated) to the list, once. */
static enum status add_named(const char *flag, const char *word, int index, const char *const *names,
                             int *list, int *count)
{
    if (index < 0) {
        const char *near = nearest(word, names);
        struct text all = {0};
        for (size_t i = 0; names[i]; i++) text_add(&all, "%s%s", i ? ", " : "", names[i]);
        if (near)
            fail(STATUS_USAGE, "--%s: unknown '%s'; did you mean '%s'?", flag, word, near);
        else
            fail(STATUS_USAGE, "--%s: unknown '%s'; expected all or some of %s", flag, word, text_get(&all));
        text_free(&all);
        return STATUS_USAGE;
    }
    for (int i = 0; i < *count; i++)
        if (list[i] == index) return STATUS_OK;
    list[(*count)++] = index;
    return STATUS_OK;
}

static int find_collective_index(const char *name)
{
    const struct collective *found = collective_find(name);
    return found ? (int)found->id : -1;
}

/* Reads a comma-separated list of names into indices; "all" is every one. */
static enum status read_names(const char *flag, const char *list_text, int (*find)(const char *),
                              const char *const *names, int *list, int *count)
{
    enum status status = STATUS_OK;
    *count = 0;
    if (same(list_text, "all")) {
        for (; names[*count]; ++*count) list[*count] = *count;
        return STATUS_OK;
    }
    char *copy = duplicate(list_text), *rest = copy, *word;
    while (!status && (word = strsep(&rest, ",")))
        status = add_named(flag, word, find(word), names, list, count);
    free(copy);
    return status;
}

static enum status read_lists(const struct command *command, struct settings *s)
{
    const char *collective_names[COLLECTIVE_COUNT + 1] = {NULL}, *dtype_names[DTYPE_COUNT + 1] = {NULL};
    int indices[MOST_LIST];
    for (int i = 0; i < COLLECTIVE_COUNT; i++) collective_names[i] = collectives[i].name;
    for (int i = 0; i < DTYPE_COUNT; i++) dtype_names[i] = dtypes[i].name;
    const char *which = s->collectives_text ? s->collectives_text : command->name;
    enum status status = read_names("collectives", which, find_collective_index, collective_names, indices,
                                    &s->collective_count);
    if (status) return status;
    for (int i = 0; i < s->collective_count; i++) s->collectives[i] = &collectives[indices[i]];
    status = read_names("datatype", s->dtypes_text, dtype_find, dtype_names, indices, &s->dtype_count);
    if (status) return status;
    for (int i = 0; i < s->dtype_count; i++) s->dtypes[i] = (enum dtype)indices[i];
    status = read_names("op", s->ops_text, op_find, op_names, indices, &s->op_count);
    for (int i = 0; !status && i < s->op_count; i++) s->ops[i] = (enum op)indices[i];
    return status;
}

/* A size that is named twice is one case. */
static void drop_repeated(size_t *sizes, size_t *count)
{
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        size_t j = 0;
        while (j < kept && sizes[j] != sizes[i]) j++;
        if (j == kept) sizes[kept++] = sizes[i];
    }
    *count = kept;
}

static enum status read_sizes(struct settings *s)
{
    enum { MOST_SIZES = 100000 };
    if (s->sizes_text) {
        if (parse_sizes(s->sizes_text, &s->sizes, &s->size_count))
            return fail(STATUS_USAGE, "--sizes: '%s' is not a list of sizes in bytes such as 8,64K,1M",
                        s->sizes_text);
        for (size_t i = 0; i < s->size_count; i++)
            if (s->sizes[i] > SIZE_OF_BUFFER_MOST)
                return fail(STATUS_USAGE, "--sizes: %zu is more than 2^60 bytes", s->sizes[i]);
        drop_repeated(s->sizes, &s->size_count);
        return STATUS_OK;
    }
    if (s->end < s->begin) return fail(STATUS_USAGE, "--end: %zu is less than --begin %zu", s->end, s->begin);
    for (size_t size = s->begin;;
         size = s->step_bytes ? size + s->step_bytes : size * (size_t)s->step_factor) {
        if (s->size_count == MOST_SIZES)
            return fail(STATUS_USAGE, "--increment: more than %d sizes", MOST_SIZES);
        s->sizes = reallocate(s->sizes, s->size_count + 1, sizeof *s->sizes);
        s->sizes[s->size_count++] = size;
        if (s->step_bytes ? size > s->end - s->step_bytes || s->step_bytes > s->end
                          : size > s->end / (size_t)s->step_factor)
            break;
    }
    return STATUS_OK;
}

enum status settings_read(const struct command *command, int argc, char **argv, struct settings *s)
{
    int operand;
    *s = (struct settings){0};
    enum status status = options_parse(command, argc, argv, s, &operand);
    if (!status && operand < argc)
        status =
            fail(STATUS_USAGE, "unexpected '%s': all settings are flags (--help lists them)", argv[operand]);
    if (!status) status = read_lists(command, s);
    if (!status) status = read_sizes(s);
    if (!status) status = splits_check(s->group);
    if (!status) status = backend_check_name(s->backend);
    if (!s->mode) s->mode = same(s->driver.format, "nccl-tests") ? "pipelined" : "isolated";
    if (!status && same(s->sync, "window") && same(s->mode, "pipelined"))
        status = fail(STATUS_USAGE, "--sync window starts isolated operations: --mode isolated or both");
    if (status) {
        settings_free(s);
        return status;
    }
    if (s->largest) s->driver.output = "none", s->driver.format = "text";
    s->out_of_place = !same(s->placement, "in_place");
    s->in_place = !same(s->placement, "out_of_place");
    s->pipelined = !same(s->mode, "isolated");
    s->isolated = !same(s->mode, "pipelined");
    return STATUS_OK;
}

void settings_free(struct settings *s)
{
    free(s->sizes);
    s->sizes = NULL;
}
