/* What the files of nvml.h share: the functions of NVIDIA's library, found by name, and the state of a
   device. Types and numbers are those of nvml.h 13.4. */
#ifndef BUSBAR_NVML_LIBRARY_H
#define BUSBAR_NVML_LIBRARY_H

#include "gpu/nvml.h"

#include <pthread.h>
#include <stddef.h>

/* If NVIDIA's header is installed, the compiler compares our numbers and structures with it. */
#if __has_include(<nvml.h>)
#include <nvml.h>
#define SAME_AS_NVML(ours, theirs)                                                                           \
    _Static_assert((long long)(ours) == (long long)(theirs), #ours " is not as in nvml.h")
#endif

typedef int nvml_return; /* 0: success */
typedef void *nvml_handle;

/* nvmlFieldValue_t. */
struct field {
    unsigned id, scope;
    long long timestamp_us, latency_us;
    int type; /* of the value: 0 double, 1 unsigned, 2 unsigned long, 3 unsigned long long, 4 long long, 5 int
               */
    nvml_return result;
    union {
        double real;
        unsigned small;
        unsigned long long large;
        int number;
    } value;
};

struct event_data {
    nvml_handle device;
    unsigned long long type, data;
    unsigned gpu_instance, compute_instance;
};

struct violation {
    unsigned long long reference_ns, violation_ns;
};

/* Cumulative counters: for how long, in ms, the clocks were reduced (for power, by software for heat, by
   hardware for heat, by an external power brake, by limits of the board, for reliability); errors. */
enum counter {
    COUNT_POWER_CAP,
    COUNT_THERMAL,
    COUNT_HARDWARE_THERMAL,
    COUNT_POWER_BRAKE,
    COUNT_BOARD,
    COUNT_RELIABILITY,
    COUNT_ECC_CORRECTED,
    COUNT_ECC_UNCORRECTED,
    COUNT_NVLINK_ERRORS,
    COUNTERS
};

struct nvml {
    void *library;
    nvml_handle device, events;
    char driver[96];
    nvml_return (*shutdown)(void);
    nvml_return (*clock)(nvml_handle, int kind, unsigned *mhz);
    nvml_return (*power)(nvml_handle, unsigned *milliwatt);
    nvml_return (*temperature)(nvml_handle, int sensor, unsigned *celsius);
    nvml_return (*reasons)(nvml_handle, unsigned long long *bits);
    nvml_return (*violation)(nvml_handle, int policy, struct violation *);
    nvml_return (*ecc)(nvml_handle, int kind, int counter, unsigned long long *count);
    nvml_return (*link_errors)(nvml_handle, unsigned link, int counter, unsigned long long *count);
    nvml_return (*fields)(nvml_handle, int count, struct field *);
    nvml_return (*fabric_4)(nvml_handle, void *);
    nvml_return (*fabric_v)(nvml_handle, void *);
    nvml_return (*fabric)(nvml_handle, void *);
    nvml_return (*event_wait)(nvml_handle set, struct event_data *, unsigned timeout_ms);
    nvml_return (*event_free)(nvml_handle set);
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool has_thread, watching, ends;
    double sm_sum, memory_sum, power_sum; /* for the window's means; `lock` protects it and `window` */
    struct nvml_window window;
    double before[COUNTERS]; /* at the window's start */
};

/* nvml_counters.c. NAN: this device or driver does not have it. */
void nvml_counters(const struct nvml *, double now[COUNTERS]);
double nvml_clock_mhz(const struct nvml *, bool memory);
double nvml_power_w(const struct nvml *);
double nvml_temperature_c(const struct nvml *);

#endif
