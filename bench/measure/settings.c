#include "measure/settings.h"
#include "base/text.h"
#include "base/units.h"
#include "measure/group.h"
#include "record/flags.h"
#include "record/grid.h"
#include "record/word_sets.h"
#include "record/group_names.h"

#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct settings, member)

static const struct option collective_options[] = {
    FLAG_COLLECTIVES(.at = AT(collectives_text), .word = collective_word, .group = "what to measure",
                     .help = "several in one launch, e.g. all_reduce,all_gather; all: every one.\n"
                             "Default: the one that the program is named after"),
    FLAG_BEGIN(.at = AT(begin), .initial = "8",
               .help = "smallest size in bytes; 8K, 1M and 1G are powers of 1024"),
    FLAG_END(.at = AT(end), .initial = "16M", .help = "largest size"),
    FLAG_FACTOR(.at = AT(step_factor), .initial = "2", .help = "each size is the previous one times N"),
    {.kind = OPTION_SIZE,
     .letter = 'i',
     .name = "increment",
     .argument = "SIZE",
     .at = AT(step_bytes),
     .least = 1,
     .most = 0x1p60,
     .help = "or each size is the previous one plus SIZE"},
    FLAG_SIZES(.at = AT(sizes_text),
               .help =
                   "or exactly these, e.g. 8,64K,1M; matrix: the sizes in the file of --matrix, not scaled"),
    FLAG_TYPES(.at = AT(dtypes_text), .word = dtype_word, .initial = "float",
               .help = "element types, e.g. float,double; all: every type"),
    FLAG_OPS(.at = AT(ops_text), .word = op_word, .initial = "sum",
             .help = "reduction operations, e.g. sum,max; all: every operation"),
    {.kind = OPTION_INTEGER,
     .letter = 'r',
     .name = "root",
     .argument = "RANK",
     .at = AT(root),
     .initial = "0",
     .most = 1e9,
     .help = "root of broadcast, reduce, gather and scatter"},
    {.kind = OPTION_TEXT,
     .name = "imbalance",
     .argument = "LIST",
     .at = AT(imbalance),
     .initial = "1",
     .help =
         "alltoallv: how much the busiest rank receives, divided by the mean over ranks, e.g. 1,1.5,2:\n"
         "a case for each. The ranks' shares follow Zipf's law. 1.5:7 draws the busy ranks with the seed 7.\n"
         "1.5:send turns every pair around: the busiest rank sends 1.5 times the mean.\n"
         "The size of a case is that of the busiest rank"},
    {.kind = OPTION_TEXT,
     .name = "matrix",
     .argument = "FILE",
     .at = AT(matrix),
     .help =
         "alltoallv: instead of --imbalance, a file whose line i has what rank i sends to each rank. The\n"
         "numbers are scaled to each size of the launch. --sizes matrix sends them as they are: bytes, or\n"
         "elements of the type if a line \"# unit: counts\" stands above them"},
    FLAG_PLACEMENT(.at = AT(placement), .initial = "both"),
    FLAG_MODE(
            .at = AT(mode),
            .help =
                "isolated: latency, as OSU and IMB measure it: all ranks start each operation together "
                "and wait for it.\n"
                "pipelined: throughput: operations run back to back; on GPUs the device's clock times them, "
                "without launches.\n"
                "nccl-tests: timed as nccl-tests does: back to back, by the host's clock, launches included, "
                "mean over operations and ranks.\n"
                "both: isolated and pipelined. Default: isolated; with --format nccl-tests: nccl-tests"),

    FLAG_GROUP(
            .at = AT(group), .word = group_word, .initial = "world",
            .help =
                "how to split the ranks into groups that run at the same time; items of the list are "
                "measured one after the other.\n"
                "world: one group of all ranks. node, domain, rail: a group for each host, NVLink domain or "
                "local rank. N: groups of N ranks. "
                "pairs: rank r with r + ranks/2.\n"
                "hosts:K: the hosts in pairs, round K; rails:K: the same, with a group for each local rank.\n"
                "bisect: as rails:K, host i with host i + hosts/2.\n"
                "match:A-B/C-D: as rails:K, with these pairs of hosts, numbered from 0"),
    {.kind = OPTION_TEXT,
     .name = "beside",
     .argument = "COLLECTIVE:SIZE",
     .at = AT(beside_text),
     .help = "measure each case twice, in turn: idle, and beside a load, e.g. alltoall:256M, that runs all "
             "the time.\n"
             "Every second rank of each host runs the load, the others measure. The records and the table "
             "say how\n"
             "much slower the case is with it"},
    {.kind = OPTION_CHOICE,
     .name = "sync",
     .at = AT(sync),
     .initial = "barrier",
     .choices = "barrier|window",
     .names = &sync_names,
     .help = "how ranks start an isolated operation together: after a barrier, or at an agreed\n"
             "time of synchronised clocks (then the records tell which ranks arrive late)"},

    FLAG_PRECISION(.at = AT(precision_percent), .group = "how long to measure",
                   .help = "stop when the 95 % interval of the median is within this distance of it"),
    FLAG_MAX_SECONDS(.at = AT(max_seconds), .initial = "0.5",
                     .help = "maximum time for a case (size, type, …). Samples during which a rank was "
                             "preempted do not count,\n"
                             "so on a busy machine a case may take up to three times as long"),
    FLAG_TIME_BUDGET(.at = AT(time_budget_s),
                     .help = "time for the whole launch, divided among its cases; cheap cases run first"),
    FLAG_ITERS(.at = AT(operations), .help = "measure exactly N operations of each case, over all passes; 0: "
                                             "until --precision is reached.\n"
                                             "pipelined runs them in batches of 20 to 1000, and a few more "
                                             "than N if no such batch divides N;\n"
                                             "nccl-tests in one loop, or in several of up to 1000"),
    FLAG_WARMUP(.at = AT(warmup), .initial = "-1", .least = -1,
                .help = "exactly N warm-up calls in each pass; -1: until times are steady. With -n and "
                        "without -w: until\n"
                        "times are steady, but at most a fifth of the measured samples; if those are under "
                        "20, 5 calls"),
    FLAG_PASSES(.at = AT(passes), .initial = "5",
                .help = "measure all cases N times, each time in another order, so that drift\n"
                        "does not look like an effect of size"),
    FLAG_SEED(.at = AT(seed), .help = "seed of the random order of cases and of the data"),

    FLAG_CHECK(.at = AT(check), .group = "correctness",
               .help = "1: verify every element on every rank, for each case; 0: do not"),
    {.kind = OPTION_INTEGER,
     .name = "check-every",
     .argument = "N",
     .at = AT(check_every),
     .initial = "0",
     .most = 1e9,
     .help = "verify after every N samples too, to find rare corruption; 0: do not"},

    FLAG_BACKEND(.at = AT(backend), .group = "how to measure",
                 .help = "auto, mpi (host memory) or nccl; auto: nccl if it finds a GPU, else mpi"),
    {.kind = OPTION_CHOICE,
     .name = "memory",
     .at = AT(memory),
     .choices = "host|device",
     .names = &memory_names,
     .help = "where the buffers are. Default: what the backend uses"},
    FLAG_CACHE(.at = AT(cache), .initial = "warm",
               .help = "warm: the same buffers every time, as nccl-tests, OSU and IMB use them.\n"
                       "cold: buffers rotate through more memory than the caches hold; choose it if the "
                       "application's data are not in the caches.\n"
                       "On a GPU there is no difference for buffers larger than its L2 cache"),
    {.kind = OPTION_INTEGER,
     .letter = 'G',
     .name = "cudagraph",
     .argument = "N",
     .at = AT(graph),
     .initial = "0",
     .most = 1e6,
     .help = "replay CUDA graphs of N calls; 0: no graphs"},
    {.kind = OPTION_INTEGER,
     .letter = 'm',
     .name = "agg_iters",
     .argument = "N",
     .at = AT(aggregate),
     .initial = "1",
     .least = 1,
     .most = 1024,
     .help =
         "every call is a group of N operations, each with buffers of its own; -n and -w count groups, and\n"
         "times are per operation"},
    FLAG_REGISTER(.at = AT(registration)),
    FLAG_CTA(.at = AT(cta)),
    {.kind = OPTION_FLAG,
     .name = "show-algorithm",
     .at = AT(show_algorithm),
     .help = "show in the table and the records which algorithm, protocol and channels NCCL uses.\n"
             "NCCL is asked once for each case, before it is timed (NCCL 2.27 and later)"},
    {.kind = OPTION_FLAG,
     .name = "largest",
     .at = AT(largest),
     .help =
         "measure nothing; print the largest of the sizes whose buffers fit into the memory of every rank"},
    {.kind = OPTION_INTEGER,
     .name = "expect-domain",
     .argument = "N",
     .at = AT(expect_domain),
     .initial = "0",
     .most = 1e9,
     .help = "refuse to run unless the ranks are in NVLink domains of N GPUs"},
    {.kind = OPTION_TEXT,
     .name = "expect-transport",
     .argument = "LIST",
     .at = AT(transports_text),
     .word = transport_word,
     .help =
         "refuse to run if NCCL does not use all of these transports, e.g. nvls,rdma, so that a fallback is "
         "not mistaken for a slow machine.\n"
         "p2p: GPUs of one host reach each other directly, not through shared memory.\n"
         "nvls: NVLink switches reduce (NVLink SHARP). mnnvl: NVLink between the hosts of an NVLink domain; "
         "if all ranks are in one, no network.\n"
         "rdma: an RDMA network between hosts, not TCP. gdr: rdma, and NICs access GPU memory directly, "
         "in all connections and both directions"},
    FLAG_TIMEOUT(.at = AT(driver.timeout_s), .initial = "120"),
    FLAG_EXPECT_RANKS(.at = AT(driver.expect_ranks)),
    FLAG_EXPECT_HOSTS(.at = AT(driver.expect_hosts)),
    FLAG_FAULT(.at = AT(fault),
               .help = "inject a fault, to test that it is noticed: wrong:rank=1, slow:rank=2,us=500,\n"
                       "away:rank=1,call=3, fail|hang|stop|kill|exit:rank=1,call=10"),

    FLAG_FORMAT("text|json|nccl-tests", .at = AT(driver.format), .initial = "text",
                .group = "what is kept and printed",
                .help = "text: a table; json: the records; nccl-tests: the text that nccl-tests prints"),
    {.kind = OPTION_REAL,
     .name = "network-gbit",
     .argument = "X",
     .at = AT(network_gbit),
     .initial = "0",
     .most = 1e9,
     .help = "rate of one host's network in each direction, Gbit/s, from which the bound between hosts\n"
             "is computed if the catalog does not have this machine; 0: not known"},
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
        .examples = "  build/all_reduce -g 0\n      every GPU of this machine; starts its ranks itself\n"
                    "  mpirun -np 2 build/all_reduce\n      8 bytes to 16 MiB, float, sum\n"
                    "  mpirun -np 4 build/all_reduce --collectives all_reduce,all_gather --sizes 8,64K,1M -d "
                    "float,double\n"
                    "      several collectives, sizes and types in one launch\n"
                    "  mpirun -np 8 build/all_reduce -b 1M -e 1G --mode pipelined --time-budget 5m\n"
                    "      throughput, in five minutes\n",
        .options = collective_options,
        .more = driver_options,
        .foreign = other_tools,
    };
}

/* --sizes matrix: the only size is what the file's busiest rank moves. */
static enum status size_of_matrix(struct settings *s)
{
    if (s->imbalances->counts && s->dtype_count > 1)
        return fail(STATUS_USAGE,
                    "--sizes matrix: %s has counts, which are other sizes in each type: give one type by -d",
                    s->matrix);
    s->sizes = allocate(1, sizeof *s->sizes);
    s->size_count = 1;
    return matrix_size(s->matrix, s->imbalances, dtypes[s->dtypes[0]].size, s->sizes);
}

/* Reads --imbalance or --matrix. A
   plan can name no file: its "--imbalance matrix:HASH" demands the file with this hash, "--imbalance matrix"
   any file. */
static enum status read_traffic(struct settings *s)
{
    const bool own_size = same(s->sizes_text, "matrix"), any = same(s->imbalance, "matrix");
    const bool wanted = any || strncmp(s->imbalance, "matrix:", 7) == 0;
    if (!s->matrix && wanted)
        return fail(STATUS_USAGE, "--imbalance %s: give the file with --matrix FILE", s->imbalance);
    if (!s->matrix)
        return own_size ? fail(STATUS_USAGE, "--sizes matrix: there is no --matrix FILE")
                        : imbalances_read(s->imbalance, &s->imbalances, &s->imbalance_count);
    if (!wanted && !same(s->imbalance, "1"))
        return fail(STATUS_USAGE, "--matrix says how uneven alltoallv is: leave out --imbalance");
    s->imbalances = allocate(1, sizeof *s->imbalances);
    enum status status = matrix_read(s->matrix, s->imbalances);
    if (status) return status;
    s->imbalance_count = 1;
    if (wanted && !any && !same(s->imbalance, s->imbalances->label))
        return fail(STATUS_USAGE, "--matrix %s is %s, but --imbalance demands %s: give the file of that time",
                    s->matrix, s->imbalances->label, s->imbalance);
    return own_size ? size_of_matrix(s) : STATUS_OK;
}

static enum status read_load(struct settings *s)
{
    if (!is_world(s->group))
        return fail(STATUS_USAGE, "--beside divides the ranks by itself: leave out --group");
    if (s->driver.format == FORMAT_NCCL_TESTS)
        return fail(STATUS_USAGE,
                    "--beside: nccl-tests' text has no place for it; use --format text or json");
    return load_request_read(s->beside_text, &s->beside);
}

static enum status read_sizes(struct settings *s)
{
    const struct size_grid grid = {s->sizes_text, s->begin, s->end, (size_t)s->step_factor, s->step_bytes};
    return s->sizes ? STATUS_OK : size_grid_read(&grid, &s->sizes, &s->size_count);
}

static enum status read_lists(const struct command *command, struct settings *s)
{
    int indices[MOST_LIST], count = 0;
    const char *which = s->collectives_text ? s->collectives_text : command->name;
    enum status status =
        word_list_read("collectives", which, &collective_words, indices, &s->collective_count);
    if (status) return status;
    for (int i = 0; i < s->collective_count; i++) s->collectives[i] = &collectives[indices[i]];
    status = word_list_read("datatype", s->dtypes_text, &dtype_words, indices, &s->dtype_count);
    if (status) return status;
    for (int i = 0; i < s->dtype_count; i++) s->dtypes[i] = (enum dtype)indices[i];
    status = word_list_read("op", s->ops_text, &op_words, indices, &s->op_count);
    for (int i = 0; !status && i < s->op_count; i++) s->ops[i] = (enum op)indices[i];
    if (!status && s->transports_text)
        status = word_list_read("expect-transport", s->transports_text, &transport_words, indices, &count);
    for (int i = 0; !status && i < count; i++) s->expect_transports |= 2u << indices[i];
    return status;
}

enum status settings_read(const struct command *command, int argc, char **argv, struct settings *s)
{
    *s = (struct settings){0};
    enum status status = options_parse(command, argc, argv, s, NULL);
    if (!status) status = read_lists(command, s);
    if (!status) status = read_traffic(s);
    if (!status) status = read_sizes(s);
    if (!status) status = splits_check(s->group);
    if (!status) status = backend_check_name(s->backend);
    if (!status && s->beside_text) status = read_load(s);
    if (!s->mode) s->mode = s->driver.format == FORMAT_NCCL_TESTS ? MODE_NCCL_TESTS : MODE_ISOLATED;
    if (!status && s->sync == SYNC_WINDOW && !settings_measure(s, MODE_ISOLATED))
        status = fail(STATUS_USAGE, "--sync window needs --mode isolated or both");
    if (status) {
        settings_free(s);
        return status;
    }
    if (s->largest) s->driver.output = "none", s->driver.format = FORMAT_TEXT;
    s->out_of_place = s->placement != IN_PLACE;
    s->in_place = s->placement != OUT_OF_PLACE;
    return STATUS_OK;
}

enum registration settings_registration(const struct settings *s)
{
    return (enum registration)(REGISTRATION_NONE + s->registration);
}

bool settings_measure(const struct settings *s, enum mode mode)
{
    return s->mode == mode || (s->mode == MODE_BOTH && (mode == MODE_ISOLATED || mode == MODE_PIPELINED));
}

bool settings_only_network(const struct settings *s)
{
    const unsigned network = 1u << TRANSPORT_RDMA | 1u << TRANSPORT_GDR;
    return s->expect_transports && !(s->expect_transports & ~network);
}

void settings_free(struct settings *s)
{
    free(s->sizes);
    imbalances_free(s->imbalances, s->imbalance_count);
    s->sizes = NULL;
    s->imbalances = NULL;
}
