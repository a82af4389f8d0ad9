/* Finds the device, and reads it from time to time in a thread of its own. */
#include "gpu/nvml_library.h"

#include "base/status.h"

#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { EVENT_XID = 8, LOOK_MS = 50 };

static void find(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);
    memcpy(function, &found, sizeof found); /* from object to function pointer, as POSIX allows */
}

static bool bind(struct nvml *n)
{
    find(n->library, "nvmlShutdown", &n->shutdown);
    find(n->library, "nvmlDeviceGetClockInfo", &n->clock);
    find(n->library, "nvmlDeviceGetPowerUsage", &n->power);
    find(n->library, "nvmlDeviceGetTemperature", &n->temperature);
    find(n->library, "nvmlDeviceGetCurrentClocksEventReasons", &n->reasons);
    if (!n->reasons) find(n->library, "nvmlDeviceGetCurrentClocksThrottleReasons", &n->reasons);
    find(n->library, "nvmlDeviceGetViolationStatus", &n->violation);
    find(n->library, "nvmlDeviceGetTotalEccErrors", &n->ecc);
    find(n->library, "nvmlDeviceGetNvLinkErrorCounter", &n->link_errors);
    find(n->library, "nvmlDeviceGetFieldValues", &n->fields);
    find(n->library, "nvmlDeviceGetGpuFabricInfo_v4", &n->fabric_4);
    find(n->library, "nvmlDeviceGetGpuFabricInfoV", &n->fabric_v);
    find(n->library, "nvmlDeviceGetGpuFabricInfo", &n->fabric);
    return n->shutdown && n->clock;
}

static void watch_events(struct nvml *n)
{
    nvml_return (*create)(nvml_handle *), (*observe)(nvml_handle, unsigned long long, nvml_handle);
    find(n->library, "nvmlEventSetCreate", &create);
    find(n->library, "nvmlDeviceRegisterEvents", &observe);
    find(n->library, "nvmlEventSetWait_v2", &n->event_wait);
    find(n->library, "nvmlEventSetFree", &n->event_free);
    if (!create || !observe || !n->event_wait || !n->event_free || create(&n->events)) n->events = NULL;
    if (n->events && observe(n->device, EVENT_XID, n->events)) {
        n->event_free(n->events);
        n->events = NULL;
    }
}

static void *watch_main(void *);

static bool find_device(struct nvml *n, const char *uuid, const char *pci)
{
    nvml_return (*by_uuid)(const char *, nvml_handle *), (*by_pci)(const char *, nvml_handle *);
    nvml_return (*driver)(char *, unsigned);
    find(n->library, "nvmlDeviceGetHandleByUUID", &by_uuid);
    find(n->library, "nvmlDeviceGetHandleByPciBusId_v2", &by_pci);
    find(n->library, "nvmlSystemGetDriverVersion", &driver);
    if (driver && driver(n->driver, sizeof n->driver)) n->driver[0] = 0;
    return (by_uuid && by_uuid(uuid, &n->device) == 0) || (by_pci && by_pci(pci, &n->device) == 0);
}

struct nvml *nvml_open(const char *uuid, const char *pci)
{
    void *library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    nvml_return (*init)(void);
    if (!library) return NULL;
    find(library, "nvmlInit_v2", &init);
    struct nvml *n = allocate(1, sizeof *n);
    n->library = library;
    if (!init || !bind(n) || init()) {
        dlclose(library);
        free(n);
        return NULL;
    }
    pthread_mutex_init(&n->lock, NULL);
    pthread_cond_init(&n->changed, NULL);
    if (!find_device(n, uuid, pci)) {
        nvml_close(n);
        return NULL;
    }
    watch_events(n);
    n->has_thread = pthread_create(&n->thread, NULL, watch_main, n) == 0;
    return n;
}

void nvml_close(struct nvml *n)
{
    if (!n) return;
    pthread_mutex_lock(&n->lock);
    n->ends = true;
    pthread_cond_broadcast(&n->changed);
    pthread_mutex_unlock(&n->lock);
    if (n->has_thread) pthread_join(n->thread, NULL);
    if (n->events) n->event_free(n->events);
    n->shutdown();
    pthread_mutex_destroy(&n->lock);
    pthread_cond_destroy(&n->changed);
    dlclose(n->library);
    free(n);
}

const char *nvml_driver(const struct nvml *n)
{
    return n ? n->driver : "";
}

/* Reads the state once and adds it to the window. Calls the driver without holding the lock. */
static void look(struct nvml *n)
{
    unsigned long long bits = 0;
    double sm = nvml_clock_mhz(n, false), memory = nvml_clock_mhz(n, true), power = nvml_power_w(n),
           temperature = nvml_temperature_c(n);
    if (n->reasons && n->reasons(n->device, &bits)) bits = 0;
    pthread_mutex_lock(&n->lock);
    struct nvml_window *w = &n->window;
    w->looks++;
    n->sm_sum += sm, n->memory_sum += memory, n->power_sum += power;
    w->sm_mhz_min = fmin(w->sm_mhz_min, sm);
    w->power_w_max = fmax(w->power_w_max, power);
    w->temperature_c = fmax(w->temperature_c, temperature);
    w->reasons = (double)((uint64_t)w->reasons | bits);
    pthread_mutex_unlock(&n->lock);
}

static void take_events(struct nvml *n)
{
    struct event_data event;
    for (int most = 16; most > 0 && n->events && n->event_wait(n->events, &event, 0) == 0; most--)
        if (event.type == EVENT_XID) {
            pthread_mutex_lock(&n->lock);
            n->window.xid = (double)event.data;
            pthread_mutex_unlock(&n->lock);
        }
}

static void in_ms(struct timespec *t, long ms)
{
    clock_gettime(CLOCK_REALTIME, t);
    t->tv_nsec += ms % 1000 * 1000000;
    t->tv_sec += ms / 1000 + t->tv_nsec / 1000000000;
    t->tv_nsec %= 1000000000;
}

/* Disturbs the measurement as little as possible: lowest priority, and asleep between looks and outside
   windows. */
static void *watch_main(void *argument)
{
    struct nvml *n = argument;
    setpriority(PRIO_PROCESS, 0, 19); /* on Linux, this sets only this thread's priority */
    pthread_mutex_lock(&n->lock);
    while (!n->ends) {
        struct timespec until;
        if (!n->watching) {
            pthread_cond_wait(&n->changed, &n->lock);
            continue;
        }
        in_ms(&until, LOOK_MS);
        pthread_cond_timedwait(&n->changed, &n->lock, &until);
        if (!n->watching || n->ends) continue;
        pthread_mutex_unlock(&n->lock);
        look(n);
        pthread_mutex_lock(&n->lock);
    }
    pthread_mutex_unlock(&n->lock);
    return NULL;
}

void nvml_watch_start(struct nvml *n)
{
    pthread_mutex_lock(&n->lock);
    n->window = (struct nvml_window){.sm_mhz_min = NAN, .power_w_max = NAN, .temperature_c = NAN};
    n->sm_sum = n->memory_sum = n->power_sum = 0;
    pthread_mutex_unlock(&n->lock);
    take_events(n); /* drop events from before this window */
    n->window.xid = 0;
    nvml_counters(n, n->before);
    look(n);
    pthread_mutex_lock(&n->lock);
    n->watching = true;
    pthread_cond_broadcast(&n->changed);
    pthread_mutex_unlock(&n->lock);
}

void nvml_watch_stop(struct nvml *n, struct nvml_window *window)
{
    double now[COUNTERS];
    pthread_mutex_lock(&n->lock);
    n->watching = false;
    pthread_cond_broadcast(&n->changed);
    pthread_mutex_unlock(&n->lock);
    look(n);
    take_events(n);
    nvml_counters(n, now);
    pthread_mutex_lock(&n->lock);
    *window = n->window;
    window->sm_mhz = n->sm_sum / window->looks;
    window->memory_mhz = n->memory_sum / window->looks;
    window->power_w = n->power_sum / window->looks;
    pthread_mutex_unlock(&n->lock);
    for (int i = 0; i < COUNTERS; i++) now[i] -= n->before[i];
    window->power_cap_ms = now[COUNT_POWER_CAP];
    window->thermal_ms = now[COUNT_THERMAL];
    window->hardware_thermal_ms = now[COUNT_HARDWARE_THERMAL];
    window->power_brake_ms = now[COUNT_POWER_BRAKE];
    window->board_ms = now[COUNT_BOARD];
    window->reliability_ms = now[COUNT_RELIABILITY];
    window->ecc_corrected = now[COUNT_ECC_CORRECTED];
    window->ecc_uncorrected = now[COUNT_ECC_UNCORRECTED];
    window->nvlink_errors = now[COUNT_NVLINK_ERRORS];
    if (!n->events) window->xid = NAN;
}

#ifdef SAME_AS_NVML
SAME_AS_NVML(EVENT_XID, nvmlEventTypeXidCriticalError);
SAME_AS_NVML(sizeof(struct event_data), sizeof(nvmlEventData_t));
SAME_AS_NVML(offsetof(struct event_data, data), offsetof(nvmlEventData_t, eventData));
#endif
