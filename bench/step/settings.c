#include "base/text.h"
#include "base/units.h"
#include "record/flags.h"
#include "record/word_sets.h"
#include "step/step.h"

#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct step_settings, member)

static const struct option step_options[] = {
    {.kind = OPTION_TEXT,
     .name = "workload",
     .argument = "NAME",
     .at = AT(workload_name),
     .group = "what to measure",
     .help = "the workload whose step is replayed, e.g. gpt2-ddp, llama-70b-fsdp"},
    {.kind = OPTION_TEXT,
     .name = "workloads",
     .argument = "FILE",
     .at = AT(workloads_path),
     .help = "table of workloads. Default: workloads.tsv of the catalog; results/README.md describes it"},
    {.kind = OPTION_INTEGER,
     .name = "tensor",
     .argument = "N",
     .at = AT(tensor),
     .initial = "0",
     .most = 1 << 20,
     .help = "ranks of a tensor-parallel group, which are next to each other; 0: as the workload suggests, "
             "or 1"},
    {.kind = OPTION_INTEGER,
     .name = "expert",
     .argument = "N",
     .at = AT(expert),
     .initial = "0",
     .most = 1 << 20,
     .help = "ranks of an expert-parallel group; 0: as for --tensor"},
    {.kind = OPTION_INTEGER,
     .name = "pipeline",
     .argument = "N",
     .at = AT(pipeline),
     .initial = "0",
     .most = 1 << 20,
     .help = "ranks of a pipeline; 0: as for --tensor. Data-parallel groups have the remaining ranks"},
    FLAG(TEXT, 'd', "datatype", .argument = "TYPE", .at = AT(dtype_text), .word = dtype_word,
         .help = "element type of all collectives. Default: each row's, else float; reductions are sums"),
    FLAG_GEMM_TYPE(.at = AT(gemm_text), .help = "type of all matrices. Default: each row's"),
    FLAG_GEMM_SHAPE(.at = AT(shape_text), .help = "shape of one multiplication, or the edge of a square, for "
                                                  "matmuls of the workload that have FLOPs but no shape"),
    {.kind = OPTION_REAL,
     .name = "price",
     .argument = "USD",
     .at = AT(usd_per_hour),
     .initial = "0",
     .most = 1e6,
     .help = "US$ per GPU and hour, for US$ per million tokens. 0: that of --instance in the catalog, if it "
             "has one"},

    FLAG_PRECISION(.at = AT(precision_percent), .group = "how long to measure",
                   .help =
                       "end when the 95 % interval of the step's median time is within this distance of it"),
    FLAG_MAX_SECONDS(.at = AT(max_seconds), .initial = "60",
                     .help = "maximum time for all rounds; a step that takes longer than this is refused"),
    FLAG_TIME_BUDGET(.at = AT(time_budget_s), .help = "time for the whole launch"),
    FLAG_ITERS(.at = AT(rounds), .help =
                                     "measure exactly N rounds; 0: until --precision is reached. A round\n"
                                     "measures the step, its matmuls alone and each of its parts, in "
                                     "random order"),
    FLAG_SEED(.at = AT(seed), .help = "seed of the order in a round and of the data"),

    FLAG_CHECK(.at = AT(check), .group = "correctness",
               .help = "1: before the rounds, verify every element of each collective and each product; 0: "
                       "do not"),

    FLAG_PROGRESS_BY(.at = AT(sides.progress), .group = "how",
                     .help = "what advances the collectives that overlap with matmuls, as in build/overlap: "
                             "thread\nor nonblocking (MPI), streams (GPU), or none: one side after the "
                             "other. auto: streams on a GPU,\nelse thread where MPI allows it, else "
                             "nonblocking"),
    FLAG_BACKEND(.at = AT(backend), .help = "auto, mpi (with a CPU's BLAS) or nccl (with cuBLASLt)"),
    FLAG_BLAS(.at = AT(sides.library)),
    FLAG_BLAS_KERNEL(.at = AT(sides.kernel)),
    FLAG_THREADS(.at = AT(sides.threads)),
    FLAG_CACHE(
            .at = AT(sides.cache), .initial = "cold",
            .help =
                "cold: the data of each part rotate through more memory than the caches hold, as a model's "
                "do;\nwarm: the same buffers every time"),
    FLAG_CTA(.at = AT(sides.cta)),
    FLAG_REGISTER(.at = AT(sides.registration)),
    FLAG_TIMEOUT(.at = AT(driver.timeout_s), .initial = "120"),
    FLAG_EXPECT_RANKS(.at = AT(driver.expect_ranks)),
    FLAG_EXPECT_HOSTS(.at = AT(driver.expect_hosts)),
    FLAG_FAULT(
            .at = AT(fault_text),
            .help =
                "inject a fault, to test that it is noticed: delay:rank=1,us=50000 (each collective, matmul "
                "and side\nof an overlap sleeps at its end), or a fault of all_reduce"),

    FLAG_FORMAT("text|json", .at = AT(driver.format), .initial = "text", .group = "what is kept and printed",
                .help = "text: a table; json: the records"),
    {.kind = OPTION_END},
};

struct command step_command(void)
{
    return (struct command){
        .name = "step",
        .summary =
            "seconds per training or inference step: a workload's collectives and matmuls in their order",
        .synopsis = "--workload NAME [flags]",
        .description =
            "Start it with mpirun (or srun): one process for each GPU, or for each CPU core or socket.\n"
            "Replays the rows of a workload in the order of the file, with the loops, groups and overlaps "
            "that it declares. The same launch measures the step's matmuls alone and each part alone. The "
            "time that is computed from the parts stands beside the measured one. Exposed communication is "
            "the share of the step's time that its matmuls alone do not need.",
        .examples = "  mpirun -np 2 --bind-to none build/step --workload gpt2-ddp\n"
                    "      GPT-2 with data-parallel ranks, on CPUs\n"
                    "  build/step -g 8 --workload llama-70b-fsdp --price 6.88\n"
                    "      eight GPUs; with US$ per million tokens\n"
                    "  mpirun -np 16 build/step --workload mine --workloads mine.tsv --tensor 8\n"
                    "      a workload of yours, two tensor-parallel groups of eight\n",
        .options = step_options,
        .more = driver_options,
        .foreign = other_tools,
    };
}

static enum status read_types(struct step_settings *s)
{
    s->options.dtype = s->options.gemm_type = -1;
    enum status status = STATUS_OK;
    if (s->dtype_text) status = word_read("datatype", s->dtype_text, &dtype_words, &s->options.dtype);
    if (!status && s->gemm_text)
        status = word_read("gemm-datatype", s->gemm_text, &gemm_type_words, &s->options.gemm_type);
    return status;
}

/* Reads the workload from --workloads, or from workloads.tsv of the catalog. */
static enum status read_workload(struct step_settings *s)
{
    struct catalog catalog = {0};
    struct text path = {0};
    if (!s->workload_name)
        return fail(STATUS_USAGE,
                    "--workload: which one? For example gpt2-ddp; results/workloads.tsv has them");
    enum status status = s->workloads_path ? STATUS_OK : catalog_folder(&path);
    if (!s->workloads_path) text_add(&path, "/workloads.tsv");
    if (!status)
        status =
            workloads_read(&s->workloads, &catalog, s->workloads_path ? s->workloads_path : text_get(&path));
    if (!status) status = workload_choose(&s->workloads, s->workload_name, &s->workload);
    text_free(&path);
    return status;
}

/* Without --price, takes the catalog's price of --instance. */
static enum status read_price(struct step_settings *s)
{
    struct catalog catalog = {0};
    if (s->usd_per_hour > 0 || !s->driver.instance) return STATUS_OK;
    if (catalog_read(&catalog, NULL)) return STATUS_OK; /* it has warned: no price */
    const struct instance *instance = catalog_instance(&catalog, s->driver.instance);
    if (instance && instance->usd_per_gpu_hour > 0) s->usd_per_hour = instance->usd_per_gpu_hour;
    catalog_free(&catalog);
    return STATUS_OK;
}

enum status step_settings_read(const struct command *command, int argc, char **argv, struct step_settings *s)
{
    *s = (struct step_settings){0};
    enum status status = options_parse(command, argc, argv, s, NULL);
    if (!status) status = backend_check_name(s->backend);
    if (!status) status = read_types(s);
    if (!status) status = shape_read("shape", s->shape_text, &s->options.shape);
    if (!status) status = sides_fault_read(s->fault_text, &s->fault);
    if (!status) status = read_workload(s);
    if (!status) status = read_price(s);
    s->options.sizes[PARALLEL_TENSOR] = s->tensor;
    s->options.sizes[PARALLEL_EXPERT] = s->expert;
    s->options.sizes[PARALLEL_PIPELINE] = s->pipeline;
    if (status) step_settings_free(s);
    return status;
}

void step_settings_free(struct step_settings *s)
{
    workloads_free(&s->workloads);
    *s = (struct step_settings){.driver = s->driver};
}
