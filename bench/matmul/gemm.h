/* Matrix multiplication engines: C (m x n) = op(A) (m x k) op(B) (k x n), that is, GEMM with alpha 1 and beta
   0. There is one descriptor per library (cblas.c; the cublaslt plug-in), as in backend.h: descriptors are
   constant, and `open` returns the state. An engine does not use MPI: it sees one rank's device. matmul.c and
   sample.c synchronise the ranks and reduce over them.

   Division of work
   - The driver chooses cases, phases, batch, number of samples, when to stop, and which ranks run at the same
     time. It reduces over ranks, computes TFLOP/s = 2 m n k / time, looks up the peak and writes the rows.
   - The engine chooses memory, data, rotation, algorithm, and how to time a batch (CLOCK_MONOTONIC or
     events).
   - The watchdog (launch/watch.h) enforces deadlines; its thread calls `abort`. */
#ifndef BUSBAR_GEMM_H
#define BUSBAR_GEMM_H

#include "base/status.h"
#include "record/gemm_type.h"
#include "record/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The properties of a type. */
struct gemm_type_facts {
    const char *peak;   /* its column in results/gpus.tsv: "fp64"; NULL: none */
    const char *output; /* type of C */
    enum accumulator accumulator;
    const char *scaling;     /* "none", "tensor", "block32_ue8m0", "block16_ue4m3" */
    size_t output_bytes;     /* per element of C */
    double output_unit;      /* unit roundoff of C's type */
    double accumulator_unit; /* unit roundoff of one rounding of the accumulator, see gemm_tolerance() */
    double accumulator_step; /* products that are added between two roundings */
    bool truncates;          /* the accumulator truncates instead of rounding, as tensor cores do */
};

extern const struct gemm_type_facts gemm_types[GEMM_TYPE_COUNT];

struct gemm_problem {
    enum gemm_type type;
    int64_t m, n, k;
    /* op(A), op(B) as in cuBLAS and column-major BLAS: "NN" "TN" "NT" "TT". A is stored column-major as m x k
       (N) or k x m (T), without padding between columns. */
    char layout[3];
    uint64_t seed; /* of the data */
    bool fast;     /* fp8 on Ada and Hopper: partial sums stay in the tensor cores' short accumulator */
};

/* Where the rank runs. */
struct gemm_place {
    int local_rank, local_ranks; /* on this host; the device is local_rank modulo the visible devices */
    int cores;                   /* this rank's share of the cores */
    size_t last_level_bytes;     /* sum of the CPU's last-level caches; 0: not known */
};

struct gemm_options {
    const char *library; /* --blas: path or name of the library; NULL: the fastest found */
    const char *kernel;  /* --blas-kernel: names, the first that a library has is used; NULL: the fastest */
    int threads;         /* 0: place.cores */
    bool cold;           /* rotate operands, so that no call finds them in the last-level cache */
    const char *fault;   /* "wrong": change one element of C before the check; NULL: no fault */
    double tune_s;       /* time limit for choosing an algorithm, per case, s */
};

struct gemm;      /* an open engine, defined by each engine */
struct gemm_work; /* a prepared problem, defined by each engine */

/* The algorithm that `prepare` chose. Strings live as long as the work. */
struct gemm_choice {
    /* "OpenBLAS 0.3.21 SkylakeX, 2 threads"; "cublasLt heuristic 3 of 8: tile 256x128 …" */
    const char *algorithm;
    int heuristics;  /* number of algorithms that were timed; 0: there was no choice */
    double first_us; /* time of a call by the library's own first choice; NAN: there was no choice */
    size_t slots;    /* sets of operands in rotation */
};

/* The result of a check on this rank. */
struct gemm_verdict {
    uint64_t wrong; /* residuals beyond the tolerance, one per row and column block of C; 0: C is correct */
    double worst;   /* largest |residual| / tolerance; above 1: wrong; INFINITY: a NaN in C */
};

struct gemm_engine {
    const char *name, *about;
    enum memory memory;

    /* On error prints one line and returns a status; *gemm is set only on success. */
    enum status (*open)(const struct gemm_place *, const struct gemm_options *, struct gemm **gemm);
    /* STATUS_OK, or STATUS_UNSUPPORTED with a reason (static, or owned by the engine). Prints nothing. */
    enum status (*supports)(struct gemm *, const struct gemm_problem *, const char **reason);
    /* Bytes that a case may allocate on this rank now. */
    size_t (*free_bytes)(struct gemm *);
    /* Allocates the operands, fills them with Gaussian data (gaussian.h; rounded to the type), poisons C,
       times the algorithms that the library offers and chooses the fastest, and runs the problem at least
       once. STATUS_TOO_LARGE: not enough memory. STATUS_UNSUPPORTED: the library has no algorithm for it. */
    enum status (*prepare)(struct gemm *, const struct gemm_problem *, struct gemm_work **work);
    void (*choice)(const struct gemm_work *, struct gemm_choice *);
    /* One sample: `batch` multiplications back to back on successive slots. *elapsed_s: of the whole
       batch; NAN: discard the sample. */
    enum status (*run)(struct gemm_work *, int batch, double *elapsed_s);
    /* Poisons C of the next slot, multiplies once more by the same call, and checks every element of C by
       Freivalds' method with a new random x from `seed` (freivalds.h). */
    enum status (*check)(struct gemm_work *, uint64_t seed, struct gemm_verdict *);
    void (*finish)(struct gemm_work *);
    /* Adds facts (library, version, kernel, device) to the launch header, and "emulated" to its provenance if
       that applies. */
    void (*facts)(struct gemm *, struct launch_header *);
    /* The GPU's name ("NVIDIA H100 80GB HBM3"), to look up its peak in gpus.tsv; NULL on a CPU. */
    const char *(*device)(struct gemm *);
    /* Record clocks, power, temperature and throttling from watch_start to watch_stop, which returns them as
       JSON for the record. Both may be NULL. */
    void (*watch_start)(struct gemm *);
    json_t *(*watch_stop)(struct gemm *);
    void (*abort)(struct gemm *); /* called by the watchdog's thread; may be NULL */
    void (*close)(struct gemm *);
};

extern const struct gemm_engine gemm_cblas;

/* Of gemm_cblas: what ranks that differ from this one multiply with, [{"library", "kernel", "threads",
   "first_rank", "ranks": how many}], becomes part of its facts and of its algorithm's name. Nothing if the
   list is empty. */
void gemm_cblas_others(struct gemm *, json_t *others);

/* The engine of that name, also from a plug-in (gemm_plugin.h); NULL after printing one line if it is not
   available. "auto": cublaslt if its plug-in loads and finds a device; else cblas, with a warning. */
const struct gemm_engine *gemm_engine_find(const char *name);

/* As backend_devices() (backend/backend.h), for this engine. */
int gemm_engine_devices(const char *name, int local_rank);

/* STATUS_OK if gemm_engine_find() may find this name; else STATUS_USAGE after printing one line. */
enum status gemm_engine_check_name(const char *name);

/* ACCUMULATOR_FAST for a fast problem, else the accumulator of its type. */
enum accumulator gemm_accumulator(const struct gemm_problem *);

/* The tolerated error of an element of C, in units of the norm of its row of op(A), if op(B) is Gaussian with
   variance 1. freivalds.h has the derivation. */
double gemm_tolerance(enum gemm_type, int64_t k);

#endif
