#include "base/fault_text.h"
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
    FLAG_SHAPES(
            .at = AT(shapes_text), .group = "what to measure",
            .help =
                "shapes of C (MxN) = A (MxK) B (KxN), e.g. 2048,4096x512x1024,square: an edge N for squares, "
                "MxNxK,\n"
                "or a preset: square, transformer (layers of a model with 70 billion parameters).\n"
                "Default: 512,1024,2048 on a CPU and 4096,8192,16384 on a GPU"),
    FLAG_TYPES(.at = AT(dtypes_text), .word = gemm_type_word,
               .help = "double, float, tf32, bfloat16, half, fp8_e4m3, mxfp8, nvfp4. "
                       "Default: all that the CPU or GPU supports"),
    {.kind = OPTION_TEXT,
     .name = "layout",
     .argument = "LIST",
     .at = AT(layouts_text),
     .help = "NN, TN, NT, TT: whether A and B are transposed (T) or not (N); matrices are column-major.\n"
             "Default: NN on a CPU; TN on a GPU, since fp8 needs it"},
    {.kind = OPTION_CHOICE,
     .name = "accumulator",
     .at = AT(accumulator),
     .initial = "float",
     .choices = "float|fast",
     .names = &accumulator_names,
     .help = "how fp8_e4m3 is accumulated on Ada and Hopper GPUs. float: partial sums are moved to float "
             "regularly;\n"
             "fast: they are not (cuBLASLt's FAST_ACCUM, PyTorch's use_fast_accum), which is faster and less "
             "exact"},
    {.kind = OPTION_CHOICE,
     .name = "phase",
     .at = AT(phase),
     .initial = "both",
     .choices = "burst|sustained|both",
     .names = &phase_names,
     .help = "burst: a short time on a machine that has rested; sustained: without pauses, as in training"},
    FLAG_SUSTAIN(.at = AT(sustain_s),
                 .help = "length of the sustained phase. Default: 1 s on a CPU, 30 s on a GPU"),
    {.kind = OPTION_CHOICE,
     .name = "ranks-at-once",
     .at = AT(at_once),
     .initial = "all",
     .choices = "all|one",
     .names = &at_once_names,
     .help = "all: all ranks multiply at the same time; one: one rank of each host at a time"},

    FLAG_PRECISION(
            .at = AT(precision_percent), .group = "how long to measure",
            .help =
                "end a burst when the 95 % interval of the median is within this distance of it, on every "
                "rank"),
    FLAG_MAX_SECONDS(.at = AT(max_seconds), .initial = "1", .help = "maximum time for a burst"),
    FLAG_TIME_BUDGET(.at = AT(time_budget_s),
                     .help = "time for the whole launch, divided among its cases; cheap cases run first"),
    FLAG_ITERS(.at = AT(samples),
               .help = "take exactly N samples of each burst; 0: until --precision is reached"),
    FLAG_WARMUP(.at = AT(warmup), .initial = "1", .help = "number of warm-up calls before a burst"),
    FLAG_PASSES(.at = AT(passes), .initial = "1",
                .help = "measure all cases N times, each time in another order"),
    FLAG_SEED(.at = AT(seed), .help = "seed of the random order of cases and of the data"),

    FLAG_CHECK(
            .at = AT(check), .group = "correctness",
            .help =
                "1: check every element of the result after each phase, by Freivalds' method with new random "
                "numbers; 0: do not"),

    FLAG_BACKEND(.at = AT(engine), .group = "how to measure",
                 .help = "auto, cblas (CPU) or cublaslt (GPU); auto: cublaslt if it finds a GPU, else cblas"),
    FLAG_BLAS(.at = AT(library)),
    FLAG_BLAS_KERNEL(.at = AT(kernel)),
    FLAG_THREADS(.at = AT(threads)),
    FLAG_CACHE(
            .at = AT(cache), .initial = "cold",
            .help =
                "cold: operands rotate through more memory than the caches hold, as the weights and "
                "activations "
                "of a model do;\n"
                "warm: the same operands every time, which makes shapes that fit into the cache look fast"),
    FLAG_TIMEOUT(.at = AT(driver.timeout_s), .initial = "300"),
    FLAG_EXPECT_RANKS(.at = AT(driver.expect_ranks)),
    FLAG_EXPECT_HOSTS(.at = AT(driver.expect_hosts)),
    FLAG_FAULT(.at = AT(fault_text), .help = "inject a fault, to test that it is noticed: wrong:rank=1, "
                                             "slow:rank=2,us=500, fail:rank=1, hang:rank=1"),

    FLAG_FORMAT("text|json", .at = AT(driver.format), .initial = "text", .group = "what is kept and printed",
                .help = "text: a table; json: the records"),
    {.kind = OPTION_END},
};

struct command matmul_command(void)
{
    return (struct command){
        .name = "matmul",
        .summary = "matrix-multiplication throughput of every GPU or CPU, on all ranks at once",
        .synopsis = "[flags]",
        .description = "Start it with mpirun (or srun): one process for each GPU; on CPUs one for each host "
                       "or socket, not\n"
                       "bound to single cores (mpirun --bind-to none or --map-by socket).\n"
                       "Each rank multiplies its own Gaussian matrices. Figures are those of the slowest "
                       "rank, which the "
                       "table names.",
        .examples = "  build/matmul\n      this machine, all cores\n"
                    "  mpirun -np 8 build/matmul -d bfloat16,fp8_e4m3 --shapes 8192,transformer\n"
                    "      eight GPUs at once\n"
                    "  build/matmul --blas openblas --blas-kernel Haswell --phase burst -n 20\n"
                    "      one library's kernel, twenty samples\n",
        .options = matmul_options,
        .more = driver_options,
        .foreign = other_tools,
    };
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
    static const char *const kinds[] = {"wrong", "slow", "fail", "hang", NULL};
    const struct fault_number numbers[] = {{"rank", &s->fault_rank}, {"us", &s->fault_us}, {NULL, NULL}};
    int kind;
    if (!s->fault_text) return STATUS_OK;
    s->fault_us = 1000;
    enum status status = fault_parse(s->fault_text, kinds, &kind, numbers);
    s->fault = (enum matmul_fault)(FAULT_WRONG + kind);
    return status;
}

enum status matmul_settings_read(const struct command *command, int argc, char **argv,
                                 struct matmul_settings *s)
{
    *s = (struct matmul_settings){0};
    enum status status = options_parse(command, argc, argv, s, NULL);
    if (!status) status = gemm_engine_check_name(s->engine);
    if (!status) status = gemm_types_parse("datatype", s->dtypes_text, s->types, &s->type_count);
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
