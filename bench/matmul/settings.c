#include "base/text.h"
#include "base/units.h"
#include "matmul/matmul.h"
#include "record/flags.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define AT(member) offsetof(struct matmul_settings, member)

const char *const gemm_layouts[LAYOUTS + 1] = {"NN", "TN", "NT", "TT", NULL};

static const struct names at_once_names = NAMES("all", "one");

static const struct option matmul_options[] = {
    FLAG_SHAPES(.at = AT(shapes_text), .group = "what to measure",
                .help =
                    "C (MxN) = A (MxK) B (KxN): sizes of squares, MxNxK, and the presets square and\n"
                    "transformer (layers of a 70-billion-parameter model), e.g. 2048,4096x512x1024,square.\n"
                    "Without it 512,1024,2048 on a CPU and 4096,8192,16384 on a GPU"),
    FLAG_TYPES(.at = AT(dtypes_text), .word = gemm_type_word,
               .help = "double, float, tf32, bfloat16, half, fp8_e4m3, mxfp8, nvfp4; "
                       "without it all that can be had"),
    {.kind = OPTION_TEXT,
     .name = "layout",
     .argument = "LIST",
     .at = AT(layouts_text),
     .help = "NN, TN, NT, TT: which of A and B are transposed (column-major, as BLAS counts);\n"
             "without it NN on a CPU and TN on a GPU, which is what fp8 needs"},
    {.kind = OPTION_CHOICE,
     .name = "accumulator",
     .at = AT(accumulator),
     .initial = "float",
     .choices = "float|fast",
     .names = &accumulator_names,
     .help =
         "of fp8_e4m3 on Ada and Hopper: float: partial sums go over into float now and then; fast: never\n"
         "(cuBLASLt's FAST_ACCUM, PyTorch's use_fast_accum): quicker, less exact"},
    {.kind = OPTION_CHOICE,
     .name = "phase",
     .at = AT(phase),
     .initial = "both",
     .choices = "burst|sustained|both",
     .names = &phase_names,
     .help = "burst: from a rested machine; sustained: without a pause, as training does"},
    FLAG_SUSTAIN(.at = AT(sustain_s),
                 .help = "length of the sustained phase; without it 1 s on a CPU and 30 s on a GPU"),
    {.kind = OPTION_CHOICE,
     .name = "ranks-at-once",
     .at = AT(at_once),
     .initial = "all",
     .choices = "all|one",
     .names = &at_once_names,
     .help = "all ranks multiply at the same time, or one rank of each host after the other"},

    FLAG_PRECISION(.at = AT(precision_percent), .group = "how long to measure",
                   .help = "a burst ends when the median is known to this, either way (95 %), on every rank"),
    FLAG_MAX_SECONDS(.at = AT(max_seconds), .initial = "1", .help = "most time for a burst"),
    FLAG_TIME_BUDGET(.at = AT(time_budget_s)),
    FLAG_ITERS(.at = AT(samples), .help = "exactly N samples of each burst; 0: until precise"),
    FLAG_WARMUP(.at = AT(warmup), .initial = "1", .help = "warm-up calls before a burst"),
    FLAG_PASSES(.at = AT(passes), .initial = "1", .help = "rounds over all cases, each in another order"),
    FLAG_SEED(.at = AT(seed), .help = "of the order of cases and of the data"),

    FLAG_CHECK(.at = AT(check), .group = "correctness",
               .help = "check every element of the result after each phase, by Freivalds' method with fresh "
                       "random numbers"),

    FLAG_BACKEND(.at = AT(engine), .group = "how",
                 .help = "auto, cblas (CPU) or cublaslt (GPU); auto: cublaslt where it finds a GPU"),
    {.kind = OPTION_TEXT,
     .name = "blas",
     .argument = "LIBRARY",
     .at = AT(library),
     .help = "CPU library: openblas, blis, mkl, nvpl, armpl, blas, or a file; without it the fastest found"},
    {.kind = OPTION_TEXT,
     .name = "blas-kernel",
     .argument = "NAME",
     .at = AT(kernel),
     .help = "the library's kernel, e.g. SkylakeX; without it each that this CPU can run is timed, and the "
             "fastest used"},
    {.kind = OPTION_INTEGER,
     .name = "threads",
     .argument = "N",
     .at = AT(threads),
     .initial = "0",
     .most = 4096,
     .help = "threads of a rank on the CPU; 0: its share of the cores that it may use"},
    FLAG_CACHE(.at = AT(cache), .initial = "cold",
               .help = "cold: operands rotate through more memory than the caches hold, as weights and "
                       "activations of a\n"
                       "model do; warm: the same operands every time, which flatters shapes that fit into "
                       "the cache"),
    FLAG_TIMEOUT(.at = AT(driver.timeout_s), .initial = "300"),
    FLAG_EXPECT_RANKS(.at = AT(driver.expect_ranks)),
    FLAG_EXPECT_HOSTS(.at = AT(driver.expect_hosts)),
    FLAG_FAULT(.at = AT(fault_text), .help = "inject a fault, to see alarms ring: wrong:rank=1, "
                                             "slow:rank=2,us=500, fail:rank=1, hang:rank=1"),

    FLAG_FORMAT("text|json", .at = AT(driver.format), .initial = "text", .group = "what is kept and printed",
                .help = "text: a table; json: the records"),
    {.kind = OPTION_END},
};

struct command matmul_command(void)
{
    return (struct command){
        .name = "matmul",
        .summary = "matrix-multiplication throughput of every GPU or CPU, all ranks at once",
        .synopsis = "[flags]",
        .description = "Start it with mpirun (or srun): one process for each GPU; on CPUs one for each host "
                       "or socket, not\n"
                       "bound to single cores (mpirun --bind-to none or --map-by socket).\n"
                       "Each rank multiplies Gaussian matrices of its own; figures are the slowest rank's, "
                       "which is named.",
        .examples = "  build/matmul\n      this machine, all cores\n"
                    "  mpirun -np 8 build/matmul -d bfloat16,fp8_e4m3 --shapes 8192,transformer\n"
                    "      eight GPUs at once\n"
                    "  build/matmul --blas openblas --blas-kernel Haswell --phase burst -n 20\n"
                    "      one library's kernel, twenty samples\n",
        .options = matmul_options,
        .more = driver_options,
    };
}

static enum status read_types(struct matmul_settings *s)
{
    const char *names[GEMM_TYPE_COUNT + 1] = {NULL};
    enum status status = STATUS_OK;
    if (!s->dtypes_text || same(s->dtypes_text, "all")) return STATUS_OK;
    for (int i = 0; i < GEMM_TYPE_COUNT; i++) names[i] = gemm_types[i].name;
    char *copy = duplicate(s->dtypes_text), *rest = copy;
    for (char *word; !status && (word = strsep(&rest, ","));) {
        int type = gemm_type_find(word);
        const char *near = nearest(word, names);
        bool known = false;
        for (int i = 0; i < s->type_count; i++) known |= (int)s->types[i] == type;
        if (type < 0)
            status = fail(STATUS_USAGE,
                          "--datatype: unknown '%s'%s%s%s (double, float, tf32, bfloat16, half, fp8_e4m3, "
                          "mxfp8, nvfp4)",
                          word, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        else if (!known)
            s->types[s->type_count++] = (enum gemm_type)type;
    }
    free(copy);
    return status;
}

static enum status read_layouts(struct matmul_settings *s)
{
    enum status status = STATUS_OK;
    if (!s->layouts_text) return STATUS_OK;
    char *copy = duplicate(s->layouts_text), *rest = copy;
    for (char *word; !status && (word = strsep(&rest, ","));) {
        int found = -1;
        for (int i = 0; i < LAYOUTS; i++)
            if (strcasecmp(word, gemm_layouts[i]) == 0) found = i;
        for (int i = 0; i < s->layout_count && found >= 0; i++)
            if (s->layouts[i] == gemm_layouts[found]) found = LAYOUTS;
        if (found < 0)
            status = fail(STATUS_USAGE, "--layout: '%s' is not one of NN, TN, NT, TT", word);
        else if (found < LAYOUTS)
            s->layouts[s->layout_count++] = gemm_layouts[found];
    }
    free(copy);
    return status;
}

static enum status read_fault(struct matmul_settings *s)
{
    if (!s->fault_text) return STATUS_OK;
    char copy[256];
    if (strlen(s->fault_text) >= sizeof copy) return fail(STATUS_USAGE, "--fault: the text is too long");
    strcpy(copy, s->fault_text);
    char *rest = copy, *word = strsep(&rest, ":");
    static const char *const kinds[] = {"", "wrong", "slow", "fail", "hang"};
    for (int kind = FAULT_WRONG; kind <= FAULT_HANG; kind++)
        if (same(word, kinds[kind])) s->fault = (enum matmul_fault)kind;
    if (!s->fault) return fail(STATUS_USAGE, "--fault: '%s' is not one of wrong, slow, fail, hang", word);
    s->fault_us = 1000;
    while (rest && (word = strsep(&rest, ","))) {
        char *value = word, *name = strsep(&value, "=");
        int64_t *place = same(name, "rank") ? &s->fault_rank : same(name, "us") ? &s->fault_us : NULL;
        if (!place || !value || parse_integer(value, place) || *place < 0)
            return fail(STATUS_USAGE, "--fault: '%s' is not rank=N or us=N", name);
    }
    return STATUS_OK;
}

enum status matmul_settings_read(const struct command *command, int argc, char **argv,
                                 struct matmul_settings *s)
{
    int operand;
    *s = (struct matmul_settings){0};
    enum status status = options_parse(command, argc, argv, s, &operand);
    if (!status && operand < argc)
        status =
            fail(STATUS_USAGE, "unexpected '%s': all settings are flags (--help lists them)", argv[operand]);
    if (!status) status = gemm_engine_check_name(s->engine);
    if (!status) status = read_types(s);
    if (!status) status = read_layouts(s);
    if (!status && s->shapes_text) status = shapes_parse(s->shapes_text, &s->shapes, &s->shape_count);
    if (!status) status = read_fault(s);
    if (status) matmul_settings_free(s);
    return status;
}

void matmul_settings_free(struct matmul_settings *s)
{
    free(s->shapes);
    s->shapes = NULL;
}
