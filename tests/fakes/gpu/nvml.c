/* The functions of libnvidia-ml that bench/gpu/nvml.c calls, emulated. The fault "throttle" lowers the clocks
   and increases the violation counters; "xid" reports one Xid 79; "nvlink" counts an error on a link. */
#include "fake.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int nvml_return;
enum { SUCCESS = 0, NOT_SUPPORTED = 3, NOT_FOUND = 6, TIMEOUT = 10 };

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
    snprintf(text, length, "000.00 (emulated)");
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
    *bits = throttled() ? 0x20 : 0;
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

/* Four links. On Blackwell, NVML has field values instead of the old counters. */
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

nvml_return nvmlDeviceGetFieldValues(void *device, int count, void *values)
{
    struct {
        unsigned id, scope;
        long long timestamp_us, latency_us;
        int type;
        nvml_return result;
        unsigned long long value;
    } *field = values;
    enum { POWER_INSTANT = 186 };
    bool has_fields = fake_number("FAKEGPU_SM", 100) >= 100;
    (void)device;
    for (int i = 0; i < count; i++) {
        bool policy = field[i].id >= 74 && field[i].id < 80;
        bool link = (field[i].id == 215 || field[i].id == 219) && field[i].scope < FOUR_LINKS;
        bool power = field[i].id == POWER_INSTANT && fake_number("FAKEGPU_POWER", 1);
        field[i].result = power || (has_fields && (policy || link)) ? SUCCESS : NOT_SUPPORTED;
        field[i].type = power ? 1 : 3;
        field[i].value = power                ? 400000
                         : policy             ? held_down_ns((int)field[i].id - 74)
                         : field[i].id == 215 ? link_count(field[i].scope)
                                              : 0;
    }
    return SUCCESS;
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
    } *info = data;
    const char *fabric = getenv("FAKEGPU_FABRIC");
    char *end;
    (void)device;
    if (!fabric) return NOT_SUPPORTED;
    unsigned long cluster = strtoul(fabric, &end, 0);
    memset(info->cluster, 0, sizeof info->cluster);
    for (int i = 0; i < 8; i++) info->cluster[i] = (unsigned char)(cluster >> (8 * i));
    info->clique = *end == ':' ? (unsigned)strtoul(end + 1, &end, 0) : 0;
    info->state = *end == ':' ? (unsigned char)strtoul(end + 1, &end, 0) : 3;
    info->status = SUCCESS;
    info->health = 0;
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
