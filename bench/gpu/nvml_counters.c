/* Clocks, power, temperature and counters of a GPU. */
#include "gpu/nvml_library.h"

#include <math.h>
#include <stdio.h>

enum {
    CLOCK_SM = 1,
    CLOCK_MEMORY = 2,
    TEMPERATURE_GPU = 0,
    ECC_CORRECTED = 0,
    ECC_UNCORRECTED = 1,
    ECC_VOLATILE = 0,
    NO_POLICY = -1,
    POLICY_POWER = 0,
    POLICY_THERMAL = 1,
    POLICY_BOARD = 3,
    POLICY_RELIABILITY = 5
};

/* Fields (NVML_FI_...). */
enum {
    FIELD_POLICY_POWER = 74,
    FIELD_POLICY_THERMAL = 75,
    FIELD_POLICY_BOARD = 77,
    FIELD_POLICY_RELIABILITY = 79,
    FIELD_POWER_INSTANT = 186, /* mW */
    FIELD_REASON_THERMAL = 269,
    FIELD_REASON_HARDWARE_THERMAL = 270,
    FIELD_REASON_POWER_BRAKE = 271,
};

/* Errors of each link: up to Hopper replays, recoveries and CRC errors; from Blackwell on, which lacks these,
   recoveries and effective errors. */
static const unsigned link_fields[] = {161, 162, 163, 215, 219};
enum { LINK_FIELDS = sizeof link_fields / sizeof *link_fields, LINKS = 36 };

double nvml_clock_mhz(const struct nvml *n, bool memory)
{
    unsigned mhz;
    return n->clock(n->device, memory ? CLOCK_MEMORY : CLOCK_SM, &mhz) == 0 ? mhz : NAN;
}

double nvml_temperature_c(const struct nvml *n)
{
    unsigned celsius;
    return n->temperature && n->temperature(n->device, TEMPERATURE_GPU, &celsius) == 0 ? celsius : NAN;
}

static double field_value(const struct field *f)
{
    if (f->result) return NAN;
    switch (f->type) {
    case 0:
        return f->value.real;
    case 1:
        return f->value.small;
    case 5:
        return f->value.number;
    default:
        return (double)f->value.large;
    }
}

/* The power now. From Ampere on, except on A100, nvmlDeviceGetPowerUsage returns the mean of the last second
   (NVML's reference), which for a burst of 50 ms is mostly idle power. Drivers before 530 have nothing
   else. */
double nvml_power_w(const struct nvml *n)
{
    struct field now = {.id = FIELD_POWER_INSTANT};
    unsigned milliwatt;
    if (n->fields && n->fields(n->device, 1, &now) == 0 && now.result == 0) return field_value(&now) * 1e-3;
    return n->power && n->power(n->device, &milliwatt) == 0 ? milliwatt * 1e-3 : NAN;
}

/* For how long the clocks have been reduced, in ns. NVML 13 deprecates the policies and names the fields that
   follow them; compute capability 10.3 has the fields only. */
static const struct {
    int policy;
    unsigned field, older_field; /* 0: there is none */
} reductions[] = {
    [COUNT_POWER_CAP] = {POLICY_POWER, FIELD_POLICY_POWER, 0},
    [COUNT_THERMAL] = {POLICY_THERMAL, FIELD_REASON_THERMAL, FIELD_POLICY_THERMAL},
    [COUNT_HARDWARE_THERMAL] = {NO_POLICY, FIELD_REASON_HARDWARE_THERMAL, 0},
    [COUNT_POWER_BRAKE] = {NO_POLICY, FIELD_REASON_POWER_BRAKE, 0},
    [COUNT_BOARD] = {POLICY_BOARD, FIELD_POLICY_BOARD, 0},
    [COUNT_RELIABILITY] = {POLICY_RELIABILITY, FIELD_POLICY_RELIABILITY, 0},
};
enum { REDUCTIONS = sizeof reductions / sizeof *reductions };

/* Asks for all fields in one call, since each call takes a lock in the driver. They are the fields of
   `reductions`, two each, then those of the links. */
enum { FIELDS = 2 * REDUCTIONS + LINKS * LINK_FIELDS };
static bool ask_fields(const struct nvml *n, struct field fields[FIELDS])
{
    for (unsigned i = 0; i < FIELDS; i++) {
        unsigned link = (i - 2 * REDUCTIONS) / LINK_FIELDS;
        fields[i] =
            i < 2 * REDUCTIONS
                ? (struct field){.id = i % 2 ? reductions[i / 2].older_field : reductions[i / 2].field}
                : (struct field){.id = link_fields[(i - 2 * REDUCTIONS) % LINK_FIELDS], .scope = link};
        if (fields[i].id == 0) fields[i].id = reductions[i / 2].field;
        fields[i].result = -1;
    }
    return n->fields && n->fields(n->device, FIELDS, fields) == 0;
}

/* Whether the driver has the fields FIELD_REASON_... under these numbers: from 580.95 on (nvml.h 13.0.87).
   From 575 to 580.82 (nvml.h 12.9 and 13.0.39) the same numbers are those of settings for power smoothing. */
static bool has_reason_fields(const struct nvml *n)
{
    int major, minor;
    return sscanf(n->driver, "%d.%d", &major, &minor) == 2 && (major > 580 || (major == 580 && minor >= 95));
}

static double reduced_ms(const struct nvml *n, unsigned i, const struct field *fields)
{
    struct violation v;
    if (n->violation && reductions[i].policy != NO_POLICY &&
        n->violation(n->device, reductions[i].policy, &v) == 0)
        return (double)v.violation_ns * 1e-6;
    double ns = NAN;
    if (fields && (reductions[i].field < FIELD_REASON_THERMAL || has_reason_fields(n)))
        ns = field_value(&fields[2 * i]);
    if (isnan(ns) && fields && reductions[i].older_field) ns = field_value(&fields[2 * i + 1]);
    return ns * 1e-6;
}

/* Errors so far, summed over all links; NAN: this device has no such counters. */
static double link_errors(const struct nvml *n, const struct field *fields)
{
    enum { OLD_COUNTERS = 5 };
    unsigned long long count;
    double sum = NAN;
    for (unsigned i = 2 * REDUCTIONS; fields && i < FIELDS; i++)
        if (!isnan(field_value(&fields[i]))) sum = (isnan(sum) ? 0 : sum) + field_value(&fields[i]);
    if (!isnan(sum) || !n->link_errors) return sum;
    for (unsigned link = 0; link < LINKS; link++)
        for (int counter = 0; counter < OLD_COUNTERS; counter++)
            if (n->link_errors(n->device, link, counter, &count) == 0)
                sum = (isnan(sum) ? 0 : sum) + (double)count;
    return sum;
}

static double ecc_errors(const struct nvml *n, int kind)
{
    unsigned long long count;
    return n->ecc && n->ecc(n->device, kind, ECC_VOLATILE, &count) == 0 ? (double)count : NAN;
}

void nvml_counters(const struct nvml *n, double now[COUNTERS])
{
    struct field asked[FIELDS];
    const struct field *fields = ask_fields(n, asked) ? asked : NULL;
    for (unsigned i = 0; i < REDUCTIONS; i++) now[i] = reduced_ms(n, i, fields);
    now[COUNT_ECC_CORRECTED] = ecc_errors(n, ECC_CORRECTED);
    now[COUNT_ECC_UNCORRECTED] = ecc_errors(n, ECC_UNCORRECTED);
    now[COUNT_NVLINK_ERRORS] = link_errors(n, fields);
}

#ifdef SAME_AS_NVML
SAME_AS_NVML(CLOCK_SM, NVML_CLOCK_SM);
SAME_AS_NVML(CLOCK_MEMORY, NVML_CLOCK_MEM);
SAME_AS_NVML(TEMPERATURE_GPU, NVML_TEMPERATURE_GPU);
SAME_AS_NVML(ECC_CORRECTED, NVML_MEMORY_ERROR_TYPE_CORRECTED);
SAME_AS_NVML(ECC_UNCORRECTED, NVML_MEMORY_ERROR_TYPE_UNCORRECTED);
SAME_AS_NVML(ECC_VOLATILE, NVML_VOLATILE_ECC);
SAME_AS_NVML(POLICY_POWER, NVML_PERF_POLICY_POWER);
SAME_AS_NVML(POLICY_THERMAL, NVML_PERF_POLICY_THERMAL);
SAME_AS_NVML(POLICY_BOARD, NVML_PERF_POLICY_BOARD_LIMIT);
SAME_AS_NVML(POLICY_RELIABILITY, NVML_PERF_POLICY_RELIABILITY);
SAME_AS_NVML(FIELD_POLICY_POWER, NVML_FI_DEV_PERF_POLICY_POWER);
SAME_AS_NVML(FIELD_POLICY_THERMAL, NVML_FI_DEV_PERF_POLICY_THERMAL);
SAME_AS_NVML(FIELD_POLICY_BOARD, NVML_FI_DEV_PERF_POLICY_BOARD_LIMIT);
SAME_AS_NVML(FIELD_POLICY_RELIABILITY, NVML_FI_DEV_PERF_POLICY_RELIABILITY);
SAME_AS_NVML(sizeof(struct violation), sizeof(nvmlViolationTime_t));
SAME_AS_NVML(sizeof(struct field), sizeof(nvmlFieldValue_t));
SAME_AS_NVML(offsetof(struct field, type), offsetof(nvmlFieldValue_t, valueType));
SAME_AS_NVML(offsetof(struct field, value), offsetof(nvmlFieldValue_t, value));
#ifdef NVML_FI_DEV_POWER_INSTANT
SAME_AS_NVML(FIELD_POWER_INSTANT, NVML_FI_DEV_POWER_INSTANT);
#endif
/* has_reason_fields() says why a header may have 251 here. */
#if defined NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN &&                                             \
    NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN != 251
SAME_AS_NVML(FIELD_REASON_THERMAL, NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN);
SAME_AS_NVML(FIELD_REASON_HARDWARE_THERMAL, NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN);
SAME_AS_NVML(FIELD_REASON_POWER_BRAKE, NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN);
#endif
#endif
