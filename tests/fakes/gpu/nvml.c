/* The functions of libnvidia-ml that bench/gpu/nvml_*.c call, emulated. The fault "throttle" lowers the
   clocks and increases the violation counters; "xid" reports one Xid 79; "nvlink" counts an error on a
   link. */
#include "fake.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int nvml_return;
enum { SUCCESS = 0, NOT_SUPPORTED = 3, NOT_FOUND = 6, TIMEOUT = 10, VERSION_MISMATCH = 25 };

EXPORTED nvml_return nvmlInit_v2(void);
EXPORTED nvml_return nvmlShutdown(void);
EXPORTED nvml_return nvmlSystemGetDriverVersion(char *text, unsigned length);
EXPORTED nvml_return nvmlDeviceGetHandleByUUID(const char *uuid, void **device);
EXPORTED nvml_return nvmlDeviceGetClockInfo(void *device, int kind, unsigned *mhz);
EXPORTED nvml_return nvmlDeviceGetPowerUsage(void *device, unsigned *milliwatt);
EXPORTED nvml_return nvmlDeviceGetTemperature(void *device, int sensor, unsigned *celsius);
EXPORTED nvml_return nvmlDeviceGetCurrentClocksThrottleReasons(void *device, unsigned long long *bits);
EXPORTED nvml_return nvmlDeviceGetViolationStatus(void *device, int policy, unsigned long long times[2]);
EXPORTED nvml_return nvmlDeviceGetTotalEccErrors(void *device, int kind, int counter,
                                                 unsigned long long *count);
EXPORTED nvml_return nvmlDeviceGetNvLinkErrorCounter(void *device, unsigned link, int counter,
                                                     unsigned long long *count);
EXPORTED nvml_return nvmlDeviceGetFieldValues(void *device, int count, void *values);
EXPORTED nvml_return nvmlDeviceGetGpuFabricInfoV(void *device, void *info);
EXPORTED nvml_return nvmlDeviceGetGpuFabricInfo_v4(void *device, void *info);
EXPORTED nvml_return nvmlEventSetCreate(void **set);
EXPORTED nvml_return nvmlEventSetFree(void *set);
EXPORTED nvml_return nvmlDeviceRegisterEvents(void *device, unsigned long long kinds, void *set);
EXPORTED nvml_return nvmlEventSetWait_v2(void *set, void *data, unsigned timeout_ms);

static int the_device, the_set;

static bool throttled(void)
{
    return fake_fault("throttle", "nvml") != NULL;
}

/* Asks the emulated runtime that the process has loaded. */
static bool is_idle(void)
{
    static const char *const runtimes[] = {"libcudart.so.13", "libcudart.so.12"};
    for (int i = 0; i < 2; i++) {
        void *runtime = dlopen(runtimes[i], RTLD_NOW | RTLD_NOLOAD), *found = NULL;
        double (*idle_s)(void) = NULL;
        if (runtime) found = dlsym(runtime, "fake_idle_s");
        memcpy(&idle_s, &found, sizeof idle_s);
        if (runtime) dlclose(runtime);
        if (idle_s) return idle_s() > 0.5;
    }
    return false;
}

nvml_return nvmlInit_v2(void)
{
    return fake_fault("fail", "nvmlInit_v2") ? NOT_SUPPORTED : SUCCESS;
}

nvml_return nvmlShutdown(void)
{
    return SUCCESS;
}

nvml_return nvmlSystemGetDriverVersion(char *text, unsigned length)
{
    const char *number = getenv("FAKEGPU_NVML");
    snprintf(text, length, "%s (emulated)", number ? number : "999.99");
    return SUCCESS;
}

nvml_return nvmlDeviceGetHandleByUUID(const char *uuid, void **device)
{
    *device = &the_device;
    return strncmp(uuid, "GPU-", 4) == 0 ? SUCCESS : NOT_FOUND;
}

nvml_return nvmlDeviceGetClockInfo(void *device, int kind, unsigned *mhz)
{
    (void)device;
    long idle_mhz = fake_number("FAKEGPU_IDLE_MHZ", 0);
    *mhz = kind == 2 ? 2619 : throttled() ? 810 : idle_mhz && is_idle() ? (unsigned)idle_mhz : 1980;
    return SUCCESS;
}

/* The mean of the last second, which is that of an idle GPU. */
nvml_return nvmlDeviceGetPowerUsage(void *device, unsigned *milliwatt)
{
    (void)device;
    *milliwatt = 70000;
    return SUCCESS;
}

nvml_return nvmlDeviceGetTemperature(void *device, int sensor, unsigned *celsius)
{
    (void)device, (void)sensor;
    *celsius = throttled() ? 91 : 55;
    return SUCCESS;
}

nvml_return nvmlDeviceGetCurrentClocksThrottleReasons(void *device, unsigned long long *bits)
{
    (void)device;
    *bits = (unsigned long long)fake_number("FAKEGPU_REASONS", throttled() ? 0x20 : 0);
    return SUCCESS;
}

/* Cumulative nanoseconds; policy 0: power, 1: thermal. From compute capability 10.3 on, NVML has these only
   as field values. */
static unsigned long long held_down_ns(int policy)
{
    return policy == 1 && throttled() ? (unsigned long long)(fake_now_s() * 1e9) / 2 : 5000000;
}

nvml_return nvmlDeviceGetViolationStatus(void *device, int policy, unsigned long long times[2])
{
    (void)device;
    if (fake_number("FAKEGPU_SM", 100) >= 103) return NOT_SUPPORTED;
    times[0] = (unsigned long long)(fake_now_s() * 1e9);
    times[1] = held_down_ns(policy);
    return SUCCESS;
}

nvml_return nvmlDeviceGetTotalEccErrors(void *device, int kind, int counter, unsigned long long *count)
{
    (void)device, (void)counter;
    *count = kind ? 0 : 2;
    return SUCCESS;
}

/* Four links. The counters of each are field values: on Hopper others than on Blackwell, before Hopper
   none. */
enum { FOUR_LINKS = 4 };
static unsigned long long link_count(unsigned link)
{
    static unsigned long long errors;
    if (link == 0 && fake_fault("nvlink", "nvml")) errors++;
    return link == 0 ? errors : 0;
}

nvml_return nvmlDeviceGetNvLinkErrorCounter(void *device, unsigned link, int counter,
                                            unsigned long long *count)
{
    (void)device;
    if (link >= FOUR_LINKS || fake_number("FAKEGPU_SM", 100) >= 100) return NOT_SUPPORTED;
    *count = counter ? 0 : link_count(link);
    return SUCCESS;
}

/* The value of a field of the emulated GPU; false: it has none. */
static bool field_value(unsigned id, unsigned scope, unsigned long long *value)
{
    const long sm = fake_number("FAKEGPU_SM", 100);
    enum { POWER_INSTANT = 186 };
    *value = 0;
    switch (id) {
    case POWER_INSTANT:
        *value = 400000;
        return fake_number("FAKEGPU_POWER", 1);
    case 74: /* NVML_FI_DEV_CLOCKS_EVENT_REASON_...: SW_POWER_CAP */
        *value = held_down_ns(0);
        return sm >= 100;
    case 77: /* NVML_FI_DEV_PERF_POLICY_BOARD_LIMIT, RELIABILITY */
    case 79:
    case 270: /* HW_THERM_SLOWDOWN, HW_POWER_BRAKE_SLOWDOWN; in older drivers settings of power smoothing */
    case 271:
        return sm >= 100;
    case 269: /* SW_THERM_SLOWDOWN; in older drivers the active preset profile */
        *value = getenv("FAKEGPU_NVML") ? 1 : held_down_ns(1);
        return sm >= 100;
    case 161: /* NVML_FI_DEV_NVLINK_ERROR_DL_REPLAY */
        if (sm >= 90 && sm < 100 && scope < FOUR_LINKS) *value = link_count(scope);
        return sm >= 90 && sm < 100 && scope < FOUR_LINKS;
    case 162:
    case 163:
        return sm >= 90 && sm < 100 && scope < FOUR_LINKS;
    case 215: /* NVML_FI_DEV_NVLINK_COUNT_LINK_RECOVERY_EVENTS */
        if (sm >= 100 && scope < FOUR_LINKS) *value = link_count(scope);
        return sm >= 100 && scope < FOUR_LINKS;
    case 219:
        return sm >= 100 && scope < FOUR_LINKS;
    default:
        return false;
    }
}

nvml_return nvmlDeviceGetFieldValues(void *device, int count, void *values)
{
    struct {
        unsigned id, scope;
        long long timestamp_us, latency_us;
        int type;
        nvml_return result;
        unsigned long long value;
    } *field = values;
    (void)device;
    for (int i = 0; i < count; i++) {
        field[i].type = 3;
        field[i].result = field_value(field[i].id, field[i].scope, &field[i].value) ? SUCCESS : NOT_SUPPORTED;
    }
    return SUCCESS;
}

/* What FAKEGPU_FABRIC says. */
struct fabric {
    unsigned char cluster[16];
    unsigned clique;
    unsigned char state, summary;
};

static bool read_fabric(struct fabric *f)
{
    const char *text = getenv("FAKEGPU_FABRIC");
    char *end;
    if (!text) return false;
    unsigned long cluster = strtoul(text, &end, 0);
    *f = (struct fabric){.state = 3, .summary = 1};
    for (int i = 0; i < 8; i++) f->cluster[i] = (unsigned char)(cluster >> (8 * i));
    if (*end == ':') f->clique = (unsigned)strtoul(end + 1, &end, 0);
    if (*end == ':') f->state = (unsigned char)strtoul(end + 1, &end, 0);
    if (*end == ':') f->summary = (unsigned char)strtoul(end + 1, &end, 0);
    return true;
}

/* The newest version of the information that the emulated driver gives. */
static unsigned fabric_version(void)
{
    return (unsigned)fake_number("FAKEGPU_FABRIC_VERSION", 4);
}

nvml_return nvmlDeviceGetGpuFabricInfoV(void *device, void *data)
{
    struct {
        unsigned version;
        unsigned char cluster[16];
        nvml_return status;
        unsigned clique;
        unsigned char state;
        unsigned health;
        unsigned char summary; /* from version 3 on */
    } *info = data;
    struct fabric f;
    (void)device;
    if (!read_fabric(&f)) return NOT_SUPPORTED;
    const unsigned number = info->version >> 24, bytes = info->version & 0xffffff;
    if (number < 2 || number > 3 || number > fabric_version() || bytes != (number == 3 ? 40 : 36))
        return VERSION_MISMATCH;
    memcpy(info->cluster, f.cluster, sizeof f.cluster);
    info->clique = f.clique;
    info->state = f.state;
    info->status = SUCCESS;
    info->health = 0;
    if (number == 3) info->summary = f.summary;
    return SUCCESS;
}

nvml_return nvmlDeviceGetGpuFabricInfo_v4(void *device, void *data)
{
    struct {
        unsigned char cluster[16];
        nvml_return status;
        struct {
            unsigned char type;
            unsigned id;
        } cliques[64];
        unsigned count;
        unsigned char state;
        unsigned health;
        unsigned char summary;
    } *info = data;
    struct fabric f;
    (void)device;
    if (fabric_version() < 4 || !read_fabric(&f)) return NOT_SUPPORTED;
    memset(info, 0, sizeof *info);
    memcpy(info->cluster, f.cluster, sizeof f.cluster);
    info->cliques[0].id = f.clique;
    info->cliques[1].type = 1;
    info->cliques[1].id = f.clique + 90;
    info->count = 2;
    info->state = f.state;
    info->summary = f.summary;
    return SUCCESS;
}

nvml_return nvmlEventSetCreate(void **set)
{
    *set = &the_set;
    return SUCCESS;
}

nvml_return nvmlEventSetFree(void *set)
{
    (void)set;
    return SUCCESS;
}

nvml_return nvmlDeviceRegisterEvents(void *device, unsigned long long kinds, void *set)
{
    (void)device, (void)kinds, (void)set;
    return SUCCESS;
}

nvml_return nvmlEventSetWait_v2(void *set, void *data, unsigned timeout_ms)
{
    struct {
        void *device;
        unsigned long long type, number;
    } *event = data;
    (void)set, (void)timeout_ms;
    if (!fake_fault("xid", "nvml")) return TIMEOUT;
    event->type = 8;
    event->number = 79;
    return SUCCESS;
}
