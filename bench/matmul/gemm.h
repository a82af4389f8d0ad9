/* Matrix multiplication engines: C (m x n) = op(A) (m x k) op(B) (k x n), no C on the right-hand side (alpha
   1, beta 0). One descriptor per library (cblas.c; the cublaslt plug-in), like backend.h: descriptors are
   constant, `open` returns the state. No MPI here: an engine sees one rank's device; matmul.c
   (bench/matmul/matmul.c) lines the ranks up and reduces over them.

   Who does what
   - The driver decides: cases, phases, batch, number of samples, when to stop, who runs at once; it reduces
   over ranks, computes TFLOP/s = 2 m n k / time, looks the peak up and writes the rows.
   - The engine decides: memory, data, rotation, algorithm, and how a batch is timed (CLOCK_MONOTONIC, or
   events).
   - Deadlines are the watchdog's (bench/measure); `abort` is called from its thread. */
#ifndef BUSBAR_GEMM_H
#define BUSBAR_GEMM_H

#include "base/status.h"
#include "record/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Types of the operands. The names follow dtype.h where it has them; see gemm_types[] for what goes with
 * each. */
enum gemm_type {
    GEMM_DOUBLE,
    GEMM_FLOAT,
    GEMM_TF32,
    GEMM_BFLOAT16,
    GEMM_HALF,
    GEMM_FP8_E4M3,
    GEMM_MXFP8,
    GEMM_NVFP4,
    GEMM_TYPE_COUNT
};

struct gemm_type_facts {
    const char *name;   /* "double": --dtype and the record's dtype */
    const char *alias;  /* "fp64" */
    const char *peak;   /* its column in results/gpus.tsv: "fp64"; NULL: none */
    const char *output; /* type of C */
    enum accumulator accumulator;
    const char *scaling;     /* "none", "tensor", "block32_ue8m0", "block16_ue4m3" */
    double operand_bytes;    /* per element of A and B, scales included */
    size_t output_bytes;     /* per element of C */
    double output_unit;      /* unit roundoff of C's type */
    double accumulator_unit; /* of one addition, see gemm_tolerance */
    double accumulator_step; /* products added between two roundings */
    bool truncates;          /* the accumulator cuts off instead of rounding (tensor cores do) */
};

extern const struct gemm_type_facts gemm_types[GEMM_TYPE_COUNT];
int gemm_type_find(const char *name); /* name or alias; -1: none */

struct gemm_problem {
    enum gemm_type type;
    int64_t m, n, k;
    /* op(A), op(B) as cuBLAS and column-major BLAS count: "NN" "TN" "NT" "TT". Column-major: A is m x k (N)
       or k x m (T), no padding between columns. */
    char layout[3];
    uint64_t seed; /* of the data */
    bool fast;     /* fp8 on Ada and Hopper: partial sums stay in the tensor cores' short accumulator */
};

/* Where the rank runs. */
struct gemm_place {
    int local_rank, local_ranks; /* on this host: the device is local_rank modulo the visible ones */
    int cores;                   /* this rank's share of the cores */
    size_t last_level_bytes;     /* of the CPU's last caches together; 0: not known */
};

struct gemm_options {
    const char *library; /* --blas: path or name of the library; NULL: the fastest found */
    const char *kernel;  /* --blas-kernel: only this one of its kernels; NULL: the fastest */
    int threads;         /* 0: place.cores */
    bool cold;           /* rotate operands so that a call does not find them in the last cache */
    const char *fault;   /* "wrong": one element of C is changed before it is checked; NULL: nothing */
    double tune_s;       /* time that choosing an algorithm may take, per case */
};

struct gemm;      /* an open engine, defined by each engine */
struct gemm_work; /* a prepared problem, defined by each engine */

/* What prepare settled on. Strings live as long as the work. */
struct gemm_choice {
    const char
        *algorithm; /* "OpenBLAS 0.3.21 SkylakeX, 2 threads"; "cublasLt heuristic 3 of 8: tile 256x128 …" */
    int heuristics; /* how many were timed; 0: the library gives no choice */
    double first_us; /* a call by the library's own first choice, timed like the winner; NAN: no choice */
    size_t slots;    /* sets of operands that are rotated */
};

/* Found by gemm check on this rank. */
struct gemm_verdict {
    uint64_t wrong; /* rows (times column blocks) of C whose residual is beyond the tolerance: 0 is right */
    double worst;   /* largest |residual| / tolerance; > 1 is wrong (NaN in C: INFINITY) */
};

struct gemm_engine {
    const char *name, *about;
    enum memory memory;

    /* On error prints one line and returns a status; *gemm is set only on success. */
    enum status (*open)(const struct gemm_place *, const struct gemm_options *, struct gemm **gemm);
    /* STATUS_OK, or STATUS_UNSUPPORTED with a reason that is static or the engine's own. Prints nothing. */
    enum status (*supports)(struct gemm *, const struct gemm_problem *, const char **reason);
    /* Memory that a case may take on this rank now, in bytes. */
    size_t (*free_bytes)(struct gemm *);
    /* Allocates, fills with Gaussian data (gaussian.h; rounded to the type), poisons C, chooses the algorithm
       (all heuristics timed, the winner then timed afresh beside the first), runs each exact call once.
       STATUS_TOO_LARGE: does not fit. STATUS_UNSUPPORTED: the library offers nothing for it. */
    enum status (*prepare)(struct gemm *, const struct gemm_problem *, struct gemm_work **work);
    void (*choice)(const struct gemm_work *, struct gemm_choice *);
    /* One sample: `batch` multiplications back to back on successive slots; *elapsed_s of the whole batch. */
    enum status (*run)(struct gemm_work *, int batch, double *elapsed_s);
    /* Poisons C of the next slot, multiplies once more by the same call, and checks every element of C by
       Freivalds' method with x drawn afresh from `seed` (freivalds.h). */
    enum status (*check)(struct gemm_work *, uint64_t seed, struct gemm_verdict *);
    void (*finish)(struct gemm_work *);
    /* Adds to header->facts (library, version, kernel, device) and to its provenance ("emulated"). */
    void (*facts)(struct gemm *, struct launch_header *);
    /* The GPU's name as gpus.tsv may know it ("NVIDIA H100 80GB HBM3"), for the peak; NULL on a CPU. */
    const char *(*device)(struct gemm *);
    /* Clocks, power, temperature, throttling from start to stop, in the record's form; both NULL where there
     * is none. */
    void (*watch_start)(struct gemm *);
    json_t *(*watch_stop)(struct gemm *);
    void (*abort)(struct gemm *); /* from another thread; may be NULL */
    void (*close)(struct gemm *);
};

extern const struct gemm_engine gemm_cblas;
extern const struct gemm_engine *const gemm_engines[]; /* NULL-terminated: those compiled in */

/* "auto": cublaslt when its plug-in loads and finds a device, else cblas, saying so. One line and NULL when
   it cannot be had. A plug-in's descriptor is a struct gemm_engine (gemm_plugin.h). */
const struct gemm_engine *gemm_engine_find(const char *name);

/* As backend_devices (backend/backend.h), for that engine. */
int gemm_engine_devices(const char *name, int local_rank);

/* STATUS_OK for a name that gemm_engine_find may find; else one line and STATUS_USAGE. */
enum status gemm_engine_check_name(const char *name);

/* The type's, or ACCUMULATOR_FAST. */
enum accumulator gemm_accumulator(const struct gemm_problem *);

/* How far a computed element of C may be from the exact one, in units of the norm of its row of op(A), when
   op(B) is Gaussian with variance 1: the derivation stands in freivalds.h. */
double gemm_tolerance(enum gemm_type, int64_t k);

#endif
