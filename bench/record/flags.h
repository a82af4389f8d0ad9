/* Flags that several programs share, each with the same name, letter, argument and range everywhere. A
   program adds the other members: FLAG_SEED(.at = AT(seed), .help = "…"). A letter has the same meaning as in
   nccl-tests, or none there. */
#ifndef BUSBAR_FLAGS_H
#define BUSBAR_FLAGS_H

#include "base/format.h"
#include "base/options.h"
#include "record/words.h"

#define FLAG(kind_, letter_, name_, ...)                                                                     \
    {                                                                                                        \
        .kind = OPTION_##kind_, .letter = letter_, .name = name_, __VA_ARGS__                                \
    }

/* ---- what is measured ---- */
#define FLAG_BEGIN(...) FLAG(SIZE, 'b', "begin", .argument = "SIZE", .least = 1, .most = 0x1p60, __VA_ARGS__)
#define FLAG_END(...)   FLAG(SIZE, 'e', "end", .argument = "SIZE", .least = 1, .most = 0x1p60, __VA_ARGS__)
#define FLAG_FACTOR(...)                                                                                     \
    FLAG(INTEGER, 'f', "factor", .argument = "N", .least = 2, .most = 1 << 30, __VA_ARGS__)
#define FLAG_COLLECTIVES(...) FLAG(TEXT, 0, "collectives", .argument = "LIST", __VA_ARGS__)
#define FLAG_SIZES(...)       FLAG(TEXT, 0, "sizes", .argument = "LIST", __VA_ARGS__)
#define FLAG_TYPES(...)       FLAG(TEXT, 'd', "datatype", .argument = "LIST", __VA_ARGS__)
#define FLAG_OPS(...)         FLAG(TEXT, 'o', "op", .argument = "LIST", __VA_ARGS__)
#define FLAG_SHAPES(...)      FLAG(TEXT, 0, "shapes", .argument = "LIST", __VA_ARGS__)
#define FLAG_GROUP(...)       FLAG(TEXT, 0, "group", .argument = "LIST", __VA_ARGS__)
#define FLAG_MODE(...)                                                                                       \
    FLAG(CHOICE, 0, "mode", .choices = "isolated|pipelined|nccl-tests|both", .names = &mode_names,           \
         __VA_ARGS__)
#define FLAG_PLACEMENT(...)                                                                                  \
    FLAG(CHOICE, 0, "placement", .choices = "out_of_place|in_place|both", .names = &placement_names,         \
         .help = "separate buffers for input and output, or one buffer for both", __VA_ARGS__)
#define FLAG_CACHE(...) FLAG(CHOICE, 0, "cache", .choices = "warm|cold", .names = &cache_names, __VA_ARGS__)

#define FLAG_REGISTER(...)                                                                                   \
    FLAG(INTEGER, 'R', "local_register", .argument = "0|1|2", .initial = "0", .most = 2,                     \
         .help = "register the buffers with NCCL: 0 no, 1 as user buffers, 2 as symmetric windows, which\n"  \
                 "copy engines need (--cta zero)",                                                           \
         __VA_ARGS__)
#define FLAG_CTA(...)                                                                                        \
    FLAG(TEXT, 0, "cta", .argument = "POLICY",                                                               \
         .help =                                                                                             \
             "thread blocks (CTAs) that NCCL uses: a policy (default, efficiency or zero), or a number\n"    \
             "of channels: N, or N-M for at least N and at most M",                                          \
         __VA_ARGS__)
#define FLAG_PROGRESS_BY(...)                                                                                \
    FLAG(CHOICE, 0, "progress-by", .initial = "auto", .choices = "auto|none|nonblocking|thread|streams",     \
         .names = &overlap_progress_names, __VA_ARGS__)
#define FLAG_GEMM_TYPE(...)                                                                                  \
    FLAG(TEXT, 0, "gemm-datatype", .argument = "TYPE", .word = gemm_type_word, __VA_ARGS__)
#define FLAG_GEMM_SHAPE(...) FLAG(TEXT, 0, "shape", .argument = "MxNxK", __VA_ARGS__)
#define FLAG_BLAS(...)                                                                                       \
    FLAG(TEXT, 0, "blas", .argument = "LIBRARY",                                                             \
         .help =                                                                                             \
             "CPU library: openblas, blis, mkl, nvpl, armpl, blas, or a file. Default: the fastest that "    \
             "is found",                                                                                     \
         __VA_ARGS__)
#define FLAG_BLAS_KERNEL(...)                                                                                \
    FLAG(TEXT, 0, "blas-kernel", .argument = "LIST",                                                         \
         .help = "kernels of the library, such as SkylakeX,Haswell: the first that it has is used. The "     \
                 "word fastest:\ntime all that this CPU can run, and use the fastest, which is the default", \
         __VA_ARGS__)
#define FLAG_THREADS(...)                                                                                    \
    FLAG(INTEGER, 0, "threads", .argument = "N", .initial = "0", .most = 4096,                               \
         .help =                                                                                             \
             "threads of a rank's matmul on the CPU; 0: an equal share of the cores that the rank may use",  \
         __VA_ARGS__)

/* ---- how long ---- */
#define FLAG_PRECISION(...)                                                                                  \
    FLAG(REAL, 0, "precision", .argument = "PERCENT", .initial = "1", .least = 0.01, .most = 100, __VA_ARGS__)
#define FLAG_MAX_SECONDS(...)                                                                                \
    FLAG(SECONDS, 0, "max-seconds", .argument = "TIME", .least = 0.001, .most = 1e6, __VA_ARGS__)
#define FLAG_SUSTAIN(...)                                                                                    \
    FLAG(SECONDS, 0, "sustain", .argument = "TIME", .least = 0.01, .most = 1e6, __VA_ARGS__)
#define FLAG_ITERS(...) FLAG(INTEGER, 'n', "iters", .argument = "N", .initial = "0", .most = 1e9, __VA_ARGS__)
#define FLAG_TIME_BUDGET(...)                                                                                \
    FLAG(SECONDS, 0, "time-budget", .argument = "TIME", .least = 0.1, .most = 1e7, __VA_ARGS__)
#define FLAG_WARMUP(...) FLAG(INTEGER, 'w', "warmup_iters", .argument = "N", .most = 1e9, __VA_ARGS__)
#define FLAG_PASSES(...) FLAG(INTEGER, 0, "passes", .argument = "N", .least = 1, .most = 1000, __VA_ARGS__)
#define FLAG_SEED(...)   FLAG(INTEGER, 0, "seed", .argument = "N", .initial = "1", .most = 9e18, __VA_ARGS__)

/* ---- flags of the drivers ---- */
#define FLAG_CHECK(...)                                                                                      \
    FLAG(INTEGER, 'c', "check", .argument = "0|1", .initial = "1", .most = 1e9, __VA_ARGS__)
#define FLAG_BACKEND(...) FLAG(TEXT, 0, "backend", .argument = "NAME", .initial = "auto", __VA_ARGS__)
#define FLAG_FAULT(...)   FLAG(TEXT, 0, "fault", .argument = "TEXT", __VA_ARGS__)
#define FLAG_EXPECT_RANKS(...)                                                                               \
    FLAG(INTEGER, 0, "expect-ranks", .argument = "N", .initial = "0", .most = 1e9,                           \
         .help = "refuse to run on another number of ranks; 0: any", __VA_ARGS__)
#define FLAG_EXPECT_HOSTS(...)                                                                               \
    FLAG(INTEGER, 0, "expect-hosts", .argument = "N", .initial = "0", .most = 1e9,                           \
         .help = "refuse to run on another number of hosts; 0: any", __VA_ARGS__)
#define FLAG_TIMEOUT(...)                                                                                    \
    FLAG(SECONDS, 'T', "timeout", .argument = "TIME", .most = 1e7,                                           \
         .help = "end the launch with status 4 if a rank makes no progress for this long; 0: never",         \
         __VA_ARGS__)

/* ---- the contents of records, and their place ---- */
#define FLAG_RUN(...)   FLAG(TEXT, 0, "run", .argument = "NAME", __VA_ARGS__)
#define FLAG_CLOUD(...) FLAG(TEXT, 0, "cloud", .argument = "NAME", .help = "the cloud provider", __VA_ARGS__)
#define FLAG_LABEL(...)                                                                                      \
    FLAG(TEXT, 0, "label", .argument = "TEXT", .help = "name for plots and reports", __VA_ARGS__)
#define FLAG_INSTANCE(...)   FLAG(TEXT, 0, "instance", .argument = "NAME", __VA_ARGS__)
#define FLAG_GPU(...)        FLAG(TEXT, 0, "gpu", .argument = "NAME", __VA_ARGS__)
#define FLAG_DOMAINS(...)    FLAG(INTEGER, 0, "domains", .argument = "N", .most = 1 << 20, __VA_ARGS__)
#define FLAG_COLLECTIVE(...) FLAG(TEXT, 0, "collective", .argument = "NAME", __VA_ARGS__)
#define FLAG_CATALOG(...)                                                                                    \
    FLAG(TEXT, 0, "catalog", .argument = "DIR",                                                              \
         .help = "folder of clouds.tsv and gpus.tsv. Default: $BUSBAR_CATALOG, else beside the program",     \
         __VA_ARGS__)

/* ---- busbar's commands. They have no letters: -d, -f, -g and -o mean something else in nccl-tests ---- */
/* The letter that a flag had in busbar 0.1. */
#define FLAG_LETTER_GONE(letter_, name_)                                                                     \
    {                                                                                                        \
        .kind = OPTION_REFUSED, .letter = letter_, .help = "use --" name_                                    \
    }
#define FLAG_OUTPUT(...) FLAG(TEXT, 0, "output", __VA_ARGS__)
#define FLAG_FORMAT(choices_, ...)                                                                           \
    FLAG(CHOICE, 0, "format", .choices = choices_, .names = &format_names, __VA_ARGS__)
#define FLAG_GATE(...)   FLAG(TEXT, 0, "gate", .argument = "FILE", __VA_ARGS__)
#define FLAG_STRICT(...) FLAG(FLAG, 0, "strict", __VA_ARGS__)
#define USUAL_DELTA      "3%"
#define USUAL_ALPHA      "0.05"
#define FLAG_DELTA(...)  FLAG(TEXT, 0, "delta", .argument = "SHARE", .initial = USUAL_DELTA, __VA_ARGS__)
#define FLAG_ALPHA(...)  FLAG(REAL, 0, "alpha", .argument = "P", .least = 1e-6, .most = 0.5, __VA_ARGS__)
#define FLAG_PLOTS(...)  FLAG(TEXT, 0, "plots", .argument = "DIR", __VA_ARGS__)
#define FLAG_WIDE(...)   FLAG(FLAG, 0, "wide", __VA_ARGS__)
/* The help of FLAG_WIDE. */
#define ALL_COLUMNS "text: print all columns, in lines of any length. Default: fit 80 columns"

#endif
