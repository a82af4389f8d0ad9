/* The words of the record format as enums, each with a table of names. 0 means absent. The reader also keeps
   words that this version does not know: see value_of_word(). */
#ifndef BUSBAR_WORDS_H
#define BUSBAR_WORDS_H

#include "base/names.h"
#include "base/status.h"

#include <stdbool.h>

/* How operations are timed. Nccl-tests: on the host's clock around all operations, launches included, as
   nccl-tests does. MODE_BOTH occurs in settings only: isolated and pipelined. */
enum mode { MODE_ABSENT, MODE_ISOLATED, MODE_PIPELINED, MODE_NCCL_TESTS, MODE_BOTH };

/* One buffer for input and output, or two. PLACEMENT_BOTH: only in settings. */
enum placement { PLACEMENT_ABSENT, OUT_OF_PLACE, IN_PLACE, PLACEMENT_BOTH };

/* How the ranks start an isolated operation together. */
enum sync { SYNC_ABSENT, SYNC_BARRIER, SYNC_WINDOW, SYNC_DEVICE };

/* Cold: buffers rotate through more memory than the caches hold. */
enum cache { CACHE_ABSENT, CACHE_WARM, CACHE_COLD };

/* The memory that buffers are in. */
enum memory { MEMORY_ABSENT, MEMORY_HOST, MEMORY_DEVICE };

/* The transports that a launch may have to use, or else refuse to run (--expect-transport).
   gpu/nccl_transport.h defines each word. */
enum transport {
    TRANSPORT_ABSENT,
    TRANSPORT_P2P,
    TRANSPORT_NVLS,
    TRANSPORT_MNNVL,
    TRANSPORT_RDMA,
    TRANSPORT_GDR
};

/* Whether NCCL knows the buffers beforehand, in the order of -R 0, 1, 2. User: ncclCommRegister. Symmetric:
   symmetric windows, ncclCommWindowRegister. User_no_nvls: -R 1 where NVLink switches cannot use it. Graph:
   not asked for, but NCCL registers the buffers of captured graphs by itself (measure/labels.h). */
enum registration {
    REGISTRATION_ABSENT,
    REGISTRATION_NONE,
    REGISTRATION_USER,
    REGISTRATION_SYMMETRIC,
    REGISTRATION_USER_NO_NVLS,
    REGISTRATION_GRAPH
};

/* Phases of matmul. Burst: after a pause; sustained: without pauses. PHASE_BOTH: only in settings. */
enum phase { PHASE_ABSENT, PHASE_BURST, PHASE_SUSTAINED, PHASE_BOTH };

/* Which statistic of the samples a row's time_us is. STATISTIC_UNKNOWN, STATISTIC_MIXED: only in
   comparisons. */
enum statistic { STATISTIC_ABSENT, STATISTIC_MEDIAN, STATISTIC_MEAN, STATISTIC_UNKNOWN, STATISTIC_MIXED };

/* The type of matmul's partial sums. Fast: cuBLASLt's FAST_ACCUM, fewer bits than float. */
enum accumulator { ACCUMULATOR_ABSENT, ACCUMULATOR_FLOAT, ACCUMULATOR_DOUBLE, ACCUMULATOR_FAST };

/* Which samples of a case count (measure/aside.h). A sample is disturbed if a rank was preempted in it. */
enum kept_rule {
    KEPT_ABSENT,
    KEPT_ALL,         /* all: ranks share processors, so that preemption is normal */
    KEPT_UNDISTURBED, /* undisturbed ones; the others are set aside */
    KEPT_DISTURBED,   /* disturbed ones, since there are no others */
    KEPT_FILLED       /* undisturbed ones, filled up to the requested number with disturbed ones */
};

/* Who advances a collective while a matrix multiplication runs (driver overlap). */
enum overlap_progress {
    OVERLAP_ABSENT,
    OVERLAP_NONE,        /* nobody: a blocking collective, and then the multiplications, in one thread */
    OVERLAP_NONBLOCKING, /* MPI itself: a non-blocking collective, tested after each multiplication */
    OVERLAP_THREAD,      /* a second thread, in a blocking collective */
    OVERLAP_STREAMS,     /* the GPU: two streams, each fed by a thread of the host */
    OVERLAP_AUTO         /* only in settings */
};

/* How a case ended, in order of severity. */
enum case_status {
    CASE_ABSENT,
    CASE_OK,
    CASE_SKIPPED,
    CASE_UNSUPPORTED,
    CASE_TOO_LARGE,
    CASE_TIMEOUT,
    CASE_ERROR,
    CASE_WRONG
};

/* The kind of a line of a record file. Absent: a kind that this version does not know. */
enum record_kind { RECORD_ABSENT, RECORD_LAUNCH, RECORD_CASE, RECORD_END, RECORD_OVERLAP };

/* How a launch ended; absent: no end line, the launch died. */
enum end_status { END_ABSENT, END_COMPLETE, END_INTERRUPTED, END_FAILED };

/* Where figures come from. A launch may have several. */
enum provenance {
    PROVENANCE_ABSENT,
    PROVENANCE_MEASURED,
    PROVENANCE_IMPORTED,
    PROVENANCE_SIMULATED,
    PROVENANCE_EMULATED,
    PROVENANCE_FAULTED
};

extern const struct names mode_names, placement_names, sync_names, cache_names, memory_names, transport_names,
    registration_names, phase_names, overlap_progress_names, statistic_names, accumulator_names,
    kept_rule_names, case_status_names, record_kind_names, end_status_names;

/* The names; NULL if the value is absent. */
const char *mode_name(enum mode);
const char *placement_name(enum placement);
const char *sync_name(enum sync);
const char *cache_name(enum cache);
const char *memory_name(enum memory);
const char *registration_name(enum registration);
const char *phase_name(enum phase);
const char *statistic_name(enum statistic);
const char *accumulator_name(enum accumulator);
const char *case_status_name(enum case_status);
const char *end_status_name(enum end_status);
const char *provenance_name(enum provenance);

/* The record's word for the status with which measuring a case ended. */
enum case_status case_status_of(enum status);

/* From 1 (ok) up to wrong data. An unknown status, perhaps from a newer writer, is as severe as an error. */
int case_severity(enum case_status);

#endif
