/* The flags of nccl-tests 2.19, OSU 7.4 and IMB 2021.11 that busbar's drivers lack or take for something else
   (bench/drivers/migrating.md). */
#include "base/text.h"
#include "base/units.h"
#include "launch/driver.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define OSU(letter_, name_, ...)                                                                             \
    {                                                                                                        \
        .tool = "OSU", .letter = letter_, .name = name_, __VA_ARGS__                                         \
    }
#define IMB(name_, ...)                                                                                      \
    {                                                                                                        \
        .tool = "IMB", .name = name_, __VA_ARGS__                                                            \
    }
#define NCCL(letter_, name_, ...)                                                                            \
    {                                                                                                        \
        .tool = "nccl-tests", .letter = letter_, .name = name_, __VA_ARGS__                                  \
    }
#define SIZES_ELSEWHERE .related = "sizes shapes workload"

/* ---- which values a tool can have ---- */
static bool is_missing(const char *value)
{
    return !value;
}

static bool is_given(const char *value)
{
    return value;
}

static bool is_count(const char *value)
{
    return value && *value && !value[strspn(value, "0123456789")];
}

static bool is_up_to(const char *value, char most)
{
    return value && *value >= '0' && *value <= most && !value[1];
}

static bool is_switch(const char *value)
{
    return is_up_to(value, '1');
}

static bool is_policy(const char *value)
{
    return is_up_to(value, '2');
}

static bool is_average(const char *value)
{
    return is_up_to(value, '3');
}

static bool is_range(const char *value)
{
    return value && strchr(value, ':');
}

static bool is_word_of(const char *value, const char *const *words)
{
    for (; value && *words; words++)
        if (strcasecmp(value, *words) == 0) return true;
    return false;
}

static bool is_accelerator(const char *value)
{
    static const char *const words[] = {"cuda", "managed", "openacc", "rocm", "sycl", NULL};
    return is_word_of(value, words);
}

static bool is_picture(const char *value)
{
    static const char *const words[] = {"tty", "png", "pdf", NULL};
    return value && is_word_of(value, words);
}

static bool is_mpi_type(const char *value)
{
    return value && (strncasecmp(value, "mpi_", 4) == 0 || same(value, "all"));
}

/* OSU's -z: nothing, or the percentiles in the same word. */
static bool is_percentiles(const char *value)
{
    return !value || strchr(value, ',') || (is_count(value) && !is_switch(value));
}

/* ---- busbar's flags for a value ---- */

/* "MIN:MAX" in bytes; either may be missing. */
static bool from_range(const char *value, struct text *flags)
{
    const char *colon = value ? strchr(value, ':') : NULL;
    if (!colon || (colon == value && !colon[1])) return false;
    struct text least = {0};
    text_add_bytes(&least, value, (size_t)(colon - value));
    if (least.length) text_add_word(flags, "-b"), text_add_word(flags, text_get(&least));
    if (colon[1]) text_add_word(flags, "-e"), text_add_word(flags, colon + 1);
    text_free(&least);
    return true;
}

static void add_power_of_two(struct text *flags, const char *flag, int64_t exponent)
{
    static const char units[] = " KMGTP";
    text_add_word(flags, flag);
    text_add(flags, " %d", 1 << exponent % 10);
    if (exponent >= 10) text_add(flags, "%c", units[exponent / 10]);
}

/* IMB's "[MIN:]MAX", exponents of two. IMB measures 0 bytes, too, which have no bandwidth. */
static bool from_exponents(const char *value, struct text *flags)
{
    const char *colon = value ? strchr(value, ':') : NULL;
    int64_t least = 0, most;
    struct text first = {0};
    if (!value) return false;
    if (colon) text_add_bytes(&first, value, (size_t)(colon - value));
    bool fits = !parse_integer(colon ? colon + 1 : value, &most) && most >= 0 && most < 60 &&
                (!colon || !parse_integer(text_get(&first), &least)) && least >= 0 && least <= most;
    text_free(&first);
    if (!fits) return false;
    add_power_of_two(flags, "-b", least);
    add_power_of_two(flags, "-e", most);
    return true;
}

static bool from_accelerator(const char *value, struct text *flags)
{
    if (!same(value, "cuda")) return false;
    text_add(flags, "--backend mpi --memory device");
    return true;
}

static bool from_type(const char *value, struct text *flags)
{
    static const char *const types[][2] = {
        {"mpi_char", "int8"}, {"mpi_int", "int32"}, {"mpi_float", "float"},   {"all", "int8,int32,float"},
        {"char", "int8"},     {"byte", "uint8"},    {"int", "int32"},         {"float", "float"},
        {"double", "double"}, {"float16", "half"},  {"bfloat16", "bfloat16"},
    };
    for (size_t i = 0; value && i < sizeof types / sizeof *types; i++)
        if (strcasecmp(value, types[i][0]) == 0) {
            text_add(flags, "-d %s", types[i][1]);
            return true;
        }
    return false;
}

static bool from_policy(const char *value, struct text *flags)
{
    static const char *const policies[] = {"default", "efficiency", "zero"};
    if (!is_policy(value)) return false;
    text_add(flags, "--cta %s", policies[*value - '0']);
    return true;
}

static bool from_average(const char *value, struct text *flags)
{
    if (same(value, "1")) text_add(flags, "--mode nccl-tests");
    return same(value, "1") || same(value, "3");
}

/* IMB's -iter N[,megabytes[,more]]. */
static bool from_iterations(const char *value, struct text *flags)
{
    const size_t digits = value ? strspn(value, "0123456789") : 0;
    if (!digits || (value[digits] && value[digits] != ',')) return false;
    text_add(flags, "-n %.*s", (int)digits, value);
    return true;
}

static bool is_on(const char *value)
{
    static const char *const words[] = {"on", "yes", "true", "enable", "1", NULL};
    return is_word_of(value, words);
}

static bool is_off(const char *value)
{
    static const char *const words[] = {"off", "no", "false", "disable", "0", NULL};
    return is_word_of(value, words);
}

static bool needs_none_if_on(const char *value, struct text *flags)
{
    (void)flags;
    return is_on(value);
}

static bool needs_none_if_off(const char *value, struct text *flags)
{
    (void)flags;
    return is_off(value);
}

static bool from_warm_up(const char *value, struct text *flags)
{
    if (is_off(value)) text_add(flags, "-w 0");
    return is_on(value) || is_off(value);
}

/* IMB's -mem_alloc_type; its host and shared are kinds of memory that busbar does not use. */
static bool from_memory(const char *value, struct text *flags)
{
    const bool on_device = same(value, "device");
    if (!on_device && !same(value, "cpu")) return false;
    text_add(flags, "--backend mpi --memory %s", on_device ? "device" : "host");
    return true;
}

static const char *collective_of_imb(const char *benchmark)
{
    static const char *const names[][2] = {
        {"allreduce", "all_reduce"},
        {"allgather", "all_gather"},
        {"reduce_scatter", "reduce_scatter"},
        {"reduce_scatter_block", "reduce_scatter"},
        {"bcast", "broadcast"},
        {"reduce", "reduce"},
        {"gather", "gather"},
        {"scatter", "scatter"},
        {"alltoall", "alltoall"},
        {"alltoallv", "alltoallv"},
        {"sendrecv", "sendrecv"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(benchmark, names[i][0]) == 0) return names[i][1];
    return NULL;
}

/* IMB's "Allgather,Bcast", in any case. */
static bool from_benchmarks(const char *value, struct text *flags)
{
    if (!value) return false;
    char *words = duplicate(value), *rest = words;
    const char *name = NULL, *separator = "--collectives ";
    for (const char *word; (word = strsep(&rest, ",")) && (name = collective_of_imb(word)); separator = ",")
        text_add(flags, "%s%s", separator, name);
    free(words);
    return name;
}

static bool from_cycles(const char *value, struct text *flags)
{
    if (!is_count(value) || same(value, "0")) return false; /* 0: for ever */
    text_add(flags, "--passes %s", value);
    return true;
}

static bool from_blocking(const char *value, struct text *flags)
{
    if (!same(value, "1")) return false;
    text_add(flags, "--mode isolated");
    return true;
}

/* OSU's -k fixed:RANK; -k rotate has no counterpart. */
static bool from_root(const char *value, struct text *flags)
{
    if (!value || strncmp(value, "fixed:", 6) || !is_count(value + 6)) return false;
    text_add(flags, "-r %s", value + 6);
    return true;
}

/* IMB's file has one size a line, 64K among them, beside empty lines and comments (#). */
static bool from_file_of_sizes(const char *value, struct text *flags)
{
    if (!value) return false;
    struct text file = {0};
    text_add_word(&file, value);
    text_add(flags, "--sizes \"$(grep '^[^#]' %s | paste -sd, -)\"", text_get(&file));
    text_free(&file);
    return true;
}

const struct foreign other_tools[] = {
    OSU('i', "iterations", .fits = is_count, .sure = true, .unless = "be", .instead = "-n %",
        .help = "use -n for the iterations; as an increment of sizes, -i needs -b or -e beside it"),
    NCCL('b', "minbytes", .instead = "-b %", SIZES_ELSEWHERE, .help = "use -b or --begin"),
    NCCL('e', "maxbytes", .instead = "-e %", SIZES_ELSEWHERE, .help = "use -e or --end"),
    NCCL('i', "stepbytes", .instead = "-i %", SIZES_ELSEWHERE, .help = "use -i or --increment"),
    NCCL('f', "stepfactor", .fits = is_count, .instead = "-f %", SIZES_ELSEWHERE,
         .help = "use -f or --factor"),
    NCCL('o', NULL, .instead = "-o %", .help = "use -o or --op"),
    NCCL('r', NULL, .instead = "-r %", .help = "use -r or --root"),
    NCCL('w', NULL, .instead = "-w %", .help = "use -w or --warmup_iters"),
    NCCL('m', NULL, .instead = "-m %", .fits = is_count, .help = "use -m or --agg_iters"),
    NCCL('G', NULL, .instead = "-G %", .fits = is_count, .help = "use -G or --cudagraph"),
    NCCL('R', NULL, .instead = "-R %", .fits = is_count, .help = "use -R or --local_register"),
    NCCL('p', "parallel_init", .instead = "", .help = "ranks are processes and always start in parallel"),
    NCCL('z', "blocking", .fits = is_switch, .accepted = "0", .convert = from_blocking,
         .help = "use --mode isolated, which waits for every operation"),
    NCCL('a', "average", .convert = from_average, .fits = is_average,
         .help =
             "times are the maximum over ranks, with --mode nccl-tests the mean; records keep the spread"),
    NCCL('N', "run_cycles", .accepted = "1", .fits = is_count, .convert = from_cycles,
         .help = "use --passes, and several launches (scripts/sweep)"),
    NCCL('C', "report_cputime", .accepted = "0",
         .help = "there is no separate CPU time: times are taken on the device, or on the host without one"),
    NCCL('x', "cta_policy", .fits = is_policy, .convert = from_policy,
         .help = "use --cta, or for OSU's -x, the warm-up, -w"),
    NCCL('J', "output_file", .fits = is_given, .instead = "",
         .help = "busbar export --format nccl-tests-json writes the file from the record"),
    NCCL('I', "per_iter_timing", .fits = is_count, .instead = "",
         .help = "every sample is in the records, and --mode isolated times single operations"),
    NCCL('K', "per_iter_skip", .instead = "", .help = "warm-up is not sampled: -w"),
    NCCL('S', "report_timestamps", .instead = "", .help = "the record of a launch says when it started"),
    NCCL('y', "stream_null", .accepted = "0", .help = "operations run on a stream of their own"),
    NCCL('D', "device_implementation", .accepted = "0", .fits = is_count,
         .help = "operations are those of the NCCL library"),
    NCCL('V', "device_cta_count", .fits = is_count,
         .help =
             "it is for nccl-tests' own kernels (-D), and operations are those of the NCCL library; --cta "
             "sets NCCL's CTAs"),
    NCCL('M', "memory_report", .fits = is_switch, .instead = "",
         .help = "a case that does not fit says how much it needs"),
    NCCL('u', "unalign", .fits = is_count, .help = "buffers are aligned as the library returns them"),

    OSU('m', "message-size", .fits = is_range, .sure = true, .convert = from_range, SIZES_ELSEWHERE,
        .help = "use -b and -e, in bytes; all_gather, alltoall and the like count a rank's whole buffer"),
    OSU('m', NULL, .fits = is_count, .instead = "-e %", SIZES_ELSEWHERE, .help = "use -e"),
    OSU('x', "warmup", .fits = is_count, .instead = "-w %", .help = "use -w, the warm-up"),
    OSU('c', "validation", .fits = is_missing, .sure = true, .instead = "-c 1",
        .help = "use -c 1, which is the default"),
    OSU('u', "validation-warmup", .fits = is_count, .instead = "",
        .help = "verification is not timed and needs no warm-up"),
    OSU('d', "accelerator", .fits = is_accelerator, .sure = true, .convert = from_accelerator,
        .help = "-d is the element type; buffers can be on CUDA GPUs: NCCL uses them, MPI with --backend mpi "
                "--memory device"),
    OSU('T', "type", .fits = is_mpi_type, .sure = true, .convert = from_type,
        .help = "use -d, the element type; -T is the time without progress until a launch ends"),
    OSU('f', "full", .fits = is_missing, .sure = true, .instead = "",
        .help = "the records have the spread over samples and ranks"),
    OSU('z', "tail-lat", .fits = is_percentiles, .instead = "", .help = "the records have p95_us and p99_us"),
    OSU('l', "in-place", .instead = "--placement in_place", .help = "use --placement in_place"),
    OSU('M', "mem-limit", .instead = "", .help = "what does not fit into memory is skipped, and said"),
    OSU('k', "root-rank", .convert = from_root, .help = "use -r or --root, which does not rotate"),
    OSU('G', "graph", .fits = is_picture, .sure = true, .instead = "",
        .help = "busbar plot draws the records; -G replays CUDA graphs"),
    OSU('t', "num-test-calls", .fits = is_count,
        .help = "build/overlap tests after each multiplication; -t starts ranks"),
    OSU('D', "ddt", .help = "there are no derived data types"),
    OSU('I', "session", .fits = is_missing, .help = "MPI is started by MPI_Init, not in a session"),
    OSU('P', "papi", .help = "no counters of PAPI are read"),
    OSU('W', "window-size", .fits = is_count, .help = "sendrecv has one message at a time; -m makes groups"),
    OSU('a', "array-size", .help = "build/overlap chooses its computation by --ratio and --shape"),
    OSU('v', NULL, .fits = is_missing, .instead = "--version", .help = "use --version"),

    IMB("msglog", .convert = from_exponents, SIZES_ELSEWHERE, .help = "use -b and -e, in bytes"),
    IMB("msglen", .convert = from_file_of_sizes, SIZES_ELSEWHERE, .help = "use --sizes"),
    IMB("msgsize", .instead = "--sizes %", SIZES_ELSEWHERE, .help = "use --sizes"),
    IMB("iter", .convert = from_iterations, .help = "use -n or --iters"),
    IMB("iter_policy", .instead = "", .help = "without -n a case is measured until it is precise"),
    IMB("warm_up", .convert = from_warm_up, .help = "ranks warm up until times are steady, unless -w says"),
    IMB("npmin", .instead = "", .help = "a launch has one number of ranks, that of the launcher"),
    IMB("multi", .instead = "--group %", .value_of = "npmin", .usual = "2",
        .help = "use --group N for groups of N ranks at a time (IMB: N of -npmin, then twice as many)"),
    IMB("time", .instead = "--max-seconds %", .help = "use --max-seconds"),
    IMB("mem", .instead = "", .help = "what does not fit into memory is skipped, and said"),
    IMB("off_cache", .instead = "--cache cold", .help = "use --cache cold"),
    IMB("map", .help = "the launcher places the ranks"),
    IMB("data_type", .convert = from_type, .help = "use -d, the element type"),
    IMB("red_data_type", .convert = from_type, .help = "use -d, the element type"),
    IMB("contig_type", .accepted = "base", .help = "there are no derived data types"),
    IMB("include", .convert = from_benchmarks, .help = "--collectives names all that is measured"),
    IMB("exclude", .help = "--collectives names what is measured"),
    IMB("input", .help = "--collectives names what is measured"),
    IMB("root_shift", .accepted = "off", .convert = needs_none_if_off,
        .help = "the root is that of -r and does not rotate"),
    IMB("sync", .accepted = "on", .convert = needs_none_if_on,
        .help = "ranks start each isolated operation after a barrier"),
    IMB("imb_barrier", .instead = "",
        .help = "ranks start together by the library's barrier, or --sync window"),
    IMB("zero_size", .accepted = "off", .convert = needs_none_if_off, .help = "0 bytes have no bandwidth"),
    IMB("window_size", .help = "sendrecv has one message at a time; -m makes groups"),
    IMB("msg_pause", .accepted = "off", .convert = needs_none_if_off,
        .help = "there is no pause between sizes"),
    IMB("mem_alloc_type", .convert = from_memory,
        .help = "NCCL's buffers are on GPUs; MPI's with --memory device"),
    IMB("thread_level", .help = "build/overlap asks for what --progress-by needs"),
    {0},
};
