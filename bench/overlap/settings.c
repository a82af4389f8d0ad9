#include "base/fault_text.h"
#include "base/text.h"
#include "base/units.h"
#include "collective/collective.h"
#include "overlap/overlap.h"
#include "record/flags.h"
#include "record/grid.h"
#include "record/word_sets.h"

#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct overlap_settings, member)

static const struct option overlap_options[] = {
    FLAG_COLLECTIVES(.at = AT(collectives_text), .word = collective_word, .initial = "all_reduce",
                     .group = "what to measure", .help = "e.g. all_reduce,reduce_scatter; all: every one"),
    FLAG_SIZES(.at = AT(sizes_text),
               .help = "sizes of the collective, e.g. 1M,64M. Default: 1M in host memory, 64M on a GPU"),
    FLAG(TEXT, 'd', "datatype", .argument = "TYPE", .at = AT(dtype_text), .word = dtype_word,
         .initial = "float", .help = "element type of the collective; reductions are sums"),
    FLAG_GEMM_SHAPE(
            .at = AT(shape_text),
            .help =
                "shape of one multiplication, or the edge of a square. Default: 256 on a CPU, 4096 on a GPU"),
    FLAG_GEMM_TYPE(.at = AT(gemm_text),
                   .help = "type of the matrices. Default: float on a CPU, bfloat16 on a GPU"),
    {.kind = OPTION_TEXT,
     .name = "ratio",
     .argument = "LIST",
     .at = AT(ratios_text),
     .initial = "0.25,0.5,1,2,4",
     .help = "computation time over communication time, each alone. It sets the number of multiplications in "
             "a sample"},
    {.kind = OPTION_INTEGER,
     .name = "operations",
     .argument = "N",
     .at = AT(operations),
     .initial = "0",
     .most = 100000,
     .help = "collectives in a sample, back to back; 0: enough for 5 ms, and for four multiplications at the "
             "smallest ratio"},

    FLAG_PRECISION(.at = AT(precision_percent), .group = "how long to measure",
                   .help = "end a case when the 95 % interval of the median time of both is within this "
                           "distance of it"),
    FLAG_MAX_SECONDS(.at = AT(max_seconds), .initial = "3", .help = "maximum time for a size and ratio"),
    FLAG_TIME_BUDGET(.at = AT(time_budget_s),
                     .help = "time for the whole launch, divided among its sizes and ratios"),
    FLAG_ITERS(.at = AT(rounds), .help = "measure exactly N rounds of each case; 0: until --precision is "
                                         "reached. A round\nmeasures communication, computation and both, in "
                                         "random order"),
    FLAG_SEED(.at = AT(seed), .help = "seed of the order in a round and of the data"),

    FLAG_CHECK(.at = AT(check), .group = "correctness",
               .help = "1: verify every element of both results, of calls that ran at once; 0: do not"),

    FLAG_PROGRESS_BY(.at = AT(sides.progress), .group = "how to measure",
                     .help =
                         "what advances the collective during the multiplications.\n"
                         "MPI: thread: a second thread in a blocking collective (it takes a processor: see "
                         "--threads);\n"
                         "nonblocking: a non-blocking collective, tested after each multiplication.\n"
                         "GPU: streams: two streams. none: one side after the other, so nothing overlaps.\n"
                         "auto: streams on a GPU, else thread where MPI allows it, else nonblocking"),
    FLAG_BACKEND(.at = AT(backend), .help = "auto, mpi (with a CPU's BLAS) or nccl (with cuBLASLt)"),
    FLAG_BLAS(.at = AT(sides.library)),
    FLAG_BLAS_KERNEL(.at = AT(sides.kernel)),
    FLAG_THREADS(.at = AT(sides.threads)),
    FLAG_CACHE(.at = AT(sides.cache), .initial = "cold",
               .help = "cold: both sides' data rotate through more memory than the caches hold, as a model's "
                       "do;\nwarm: the same buffers every time"),
    FLAG(TEXT, 0, "cta", .argument = "LIST", .at = AT(sides.cta),
         .help = "thread blocks (CTAs) that NCCL may use, e.g. default,4,8-16,efficiency,zero: policies or "
                 "numbers\n"
                 "of channels (N, or N-M for at least N and at most M); each has a communicator of its own"),
    FLAG_REGISTER(.at = AT(sides.registration)),
    FLAG_TIMEOUT(.at = AT(driver.timeout_s), .initial = "120"),
    FLAG_EXPECT_RANKS(.at = AT(driver.expect_ranks)),
    FLAG_EXPECT_HOSTS(.at = AT(driver.expect_hosts)),
    FLAG_FAULT(.at = AT(fault_text),
               .help =
                   "inject a fault, to test that it is noticed: delay:rank=1,us=50000 (each side sleeps at "
                   "its end,\nso that both overlap where they can), or a fault of all_reduce"),

    FLAG_FORMAT("text|json", .at = AT(driver.format), .initial = "text", .group = "what is kept and printed",
                .help = "text: a table; json: the records"),
    {.kind = OPTION_END},
};

struct command overlap_command(void)
{
    return (struct command){
        .name = "overlap",
        .summary =
            "how much of a collective a matrix multiplication hides, and how much each slows the other",
        .synopsis = "[flags]",
        .description =
            "Start it with mpirun (or srun): one process for each GPU, or for each CPU core or socket.\n"
            "Measures in turns the communication alone (Tc), the computation alone (Tm) and both at once. "
            "The hidden share is\n"
            "(Tc + Tm - both) / min(Tc, Tm): 0 where one follows the other, 1 where the shorter one is free, "
            "negative where both\n"
            "take longer than one after the other. The slowdown of a side is its own time beside the other "
            "over its time alone.",
        .examples = "  mpirun -np 2 --bind-to none build/overlap\n      1 MiB all-reduce, five ratios\n"
                    "  build/overlap -g 8 --collectives reduce_scatter --sizes 64M,256M --cta default,4,8\n"
                    "      eight GPUs; NCCL may use any number of channels, four, eight\n"
                    "  mpirun -np 2 build/overlap --progress-by nonblocking --ratio 1\n"
                    "      what MPI does without a thread\n",
        .options = overlap_options,
        .more = driver_options,
        .foreign = other_tools,
    };
}

static enum status read_words(struct overlap_settings *s)
{
    int indices[COLLECTIVE_COUNT], dtype = 0;
    enum status status =
        word_list_read("collectives", s->collectives_text, &collective_words, indices, &s->collective_count);
    for (int i = 0; !status && i < s->collective_count; i++) s->collectives[i] = &collectives[indices[i]];
    if (!status) status = word_read("datatype", s->dtype_text, &dtype_words, &dtype);
    s->dtype = (enum dtype)dtype;
    s->gemm_type = -1;
    if (!status && s->gemm_text)
        status = word_read("gemm-datatype", s->gemm_text, &gemm_type_words, &s->gemm_type);
    return status;
}

static enum status read_ratios(struct overlap_settings *s)
{
    enum status status = STATUS_OK;
    char *copy = duplicate(s->ratios_text), *rest = copy, *word;
    while (!status && (word = strsep(&rest, ","))) {
        double ratio;
        if (parse_real(word, &ratio) || !(ratio >= 0.01) || !(ratio <= 100))
            status = fail(STATUS_USAGE, "--ratio: '%s' is not a number from 0.01 to 100", word);
        bool known = false;
        for (size_t i = 0; i < s->ratio_count && !status; i++) known |= s->ratios[i] == ratio;
        if (status || known) continue;
        s->ratios = reallocate(s->ratios, s->ratio_count + 1, sizeof *s->ratios);
        s->ratios[s->ratio_count++] = ratio;
    }
    free(copy);
    return status;
}

static int largest_first(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x < y) - (x > y);
}

enum status overlap_settings_read(const struct command *command, int argc, char **argv,
                                  struct overlap_settings *s)
{
    *s = (struct overlap_settings){0};
    enum status status = options_parse(command, argc, argv, s, NULL);
    if (!status) status = backend_check_name(s->backend);
    if (!status) status = read_words(s);
    if (!status) status = shape_read("shape", s->shape_text, &s->shape);
    if (!status) status = read_ratios(s);
    if (!status) status = overlap_policies_read(s);
    if (!status) status = sides_fault_read(s->fault_text, &s->fault);
    const struct size_grid grid = {.list = s->sizes_text, .begin = 1, .end = 1, .factor = 2};
    if (!status && s->sizes_text) status = size_grid_read(&grid, &s->sizes, &s->size_count);
    if (status)
        overlap_settings_free(s);
    else if (s->size_count)
        qsort(s->sizes, s->size_count, sizeof *s->sizes, largest_first);
    return status;
}

void overlap_settings_free(struct overlap_settings *s)
{
    free(s->sizes);
    free(s->ratios);
    free(s->policies);
    free(s->policies_copy);
    s->sizes = NULL;
    s->ratios = NULL;
    s->policies = NULL;
    s->policies_copy = NULL;
}
