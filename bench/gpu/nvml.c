#include "gpu/nvml.h"

#include "base/status.h"

#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* From NVIDIA's NVML API reference. */
typedef int nvml_return; /* 0: success */
typedef void *nvml_handle;
enum {
    CLOCK_SM = 1,
    CLOCK_MEMORY = 2,
    TEMPERATURE_GPU = 0,
    ECC_CORRECTED = 0,
    ECC_UNCORRECTED = 1,
    ECC_VOLATILE = 0
};
enum {
    POLICY_POWER = 0,
    POLICY_THERMAL = 1,
    POLICY_BOARD = 3,
    FABRIC_COMPLETED = 3,
    LINKS = 18,
    LINK_COUNTERS = 5
};
enum { EVENT_XID = 8, LOOK_MS = 50 };

/* nvmlFieldValue_t. Newer drivers report some values only through fields: for how long a policy (POLICY_...)
   reduced the clocks, in ns, and the counters of each NVLink 5 link (Blackwell). */
enum {
    FIELD_POLICY = 74,
    FIELD_POWER_INSTANT = 186, /* mW */
    FIELD_LINK_RECOVERY_EVENTS = 215,
    FIELD_LINK_EFFECTIVE_ERRORS = 219,
    LINK_FIELDS = 2
};
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

struct violation {
    unsigned long long reference_ns, violation_ns;
};

struct fabric_1 {
    unsigned char cluster[16];
    nvml_return status;
    unsigned clique;
    unsigned char state;
};

struct fabric_2 {
    unsigned version;
    unsigned char cluster[16];
    nvml_return status;
    unsigned clique;
    unsigned char state;
    unsigned health;
};

struct event_data {
    nvml_handle device;
    unsigned long long type, data;
    unsigned gpu_instance, compute_instance;
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
    nvml_return (*fabric_v)(nvml_handle, struct fabric_2 *);
    nvml_return (*fabric)(nvml_handle, struct fabric_1 *);
    nvml_return (*event_wait)(nvml_handle set, struct event_data *, unsigned timeout_ms);
    nvml_return (*event_free)(nvml_handle set);
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool has_thread, watching, ends;
    double sm_sum, memory_sum, power_sum; /* for the window's means; `lock` protects it and `window` */
    struct nvml_window window;
    double before[6]; /* cumulative counters at the window's start */
};

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

/* ---- fabric ---- */

static bool domain_of(const unsigned char cluster[16], unsigned clique, int state, nvml_return status,
                      char domain[DOMAIN_TEXT])
{
    static const unsigned char none[16];
    size_t at = 0;
    if (state != FABRIC_COMPLETED || status != 0 || memcmp(cluster, none, 16) == 0) return false;
    for (int i = 0; i < 16; i++)
        at += (size_t)snprintf(domain + at, DOMAIN_TEXT - at, "%s%02x",
                               i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", cluster[i]);
    snprintf(domain + at, DOMAIN_TEXT - at, ".%u", clique);
    return true;
}

bool nvml_domain(struct nvml *n, char domain[DOMAIN_TEXT])
{
    struct fabric_2 info = {.version = sizeof info | 2u << 24};
    struct fabric_1 old = {.state = 0};
    if (!n) return false;
    if (n->fabric_v && n->fabric_v(n->device, &info) == 0)
        return domain_of(info.cluster, info.clique, info.state, info.status, domain);
    if (n->fabric && n->fabric(n->device, &old) == 0)
        return domain_of(old.cluster, old.clique, old.state, old.status, domain);
    return false;
}

/* ---- looks ---- */

static double clock_mhz(const struct nvml *n, int kind)
{
    unsigned mhz;
    return n->clock(n->device, kind, &mhz) == 0 ? mhz : NAN;
}

static double field_value(const struct field *f)
{
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

/* How long a policy has reduced the clocks so far, by the driver's cumulative counter; NAN: it has none. */
static double held_down_ms(const struct nvml *n, int policy)
{
    struct violation v;
    struct field f = {.id = (unsigned)(FIELD_POLICY + policy)};
    if (n->violation && n->violation(n->device, policy, &v) == 0) return (double)v.violation_ns * 1e-6;
    return n->fields && n->fields(n->device, 1, &f) == 0 && f.result == 0 ? field_value(&f) * 1e-6 : NAN;
}

/* Errors so far, summed over all links; NAN: this device has no such counters. */
static double link_errors(const struct nvml *n)
{
    struct field fields[LINKS * LINK_FIELDS];
    unsigned long long count;
    double sum = NAN;
    for (unsigned link = 0; n->link_errors && link < LINKS; link++)
        for (int counter = 0; counter < LINK_COUNTERS; counter++)
            if (n->link_errors(n->device, link, counter, &count) == 0)
                sum = (isnan(sum) ? 0 : sum) + (double)count;
    if (!isnan(sum) || !n->fields) return sum;
    for (unsigned i = 0; i < LINKS * LINK_FIELDS; i++)
        fields[i] =
            (struct field){.id = i % LINK_FIELDS ? FIELD_LINK_EFFECTIVE_ERRORS : FIELD_LINK_RECOVERY_EVENTS,
                           .scope = i / LINK_FIELDS};
    if (n->fields(n->device, LINKS * LINK_FIELDS, fields)) return NAN;
    for (unsigned i = 0; i < LINKS * LINK_FIELDS; i++)
        if (fields[i].result == 0) sum = (isnan(sum) ? 0 : sum) + field_value(&fields[i]);
    return sum;
}

/* Reads the cumulative counters: ms of clocks reduced for power, heat and board; ECC errors corrected and
   not; NVLink errors. NAN: not supported here. */
static void counters(const struct nvml *n, double now[6])
{
    static const int policies[] = {POLICY_POWER, POLICY_THERMAL, POLICY_BOARD};
    unsigned long long count;
    for (int i = 0; i < 3; i++) now[i] = held_down_ms(n, policies[i]);
    for (int i = 0; i < 2; i++)
        now[3 + i] =
            n->ecc && n->ecc(n->device, i ? ECC_UNCORRECTED : ECC_CORRECTED, ECC_VOLATILE, &count) == 0
                ? (double)count
                : NAN;
    now[5] = link_errors(n);
}

/* The power now. From Ampere on, except on A100, nvmlDeviceGetPowerUsage returns the mean of the last second
   (NVML's reference), which for a burst of 50 ms is mostly idle power. Drivers before 530 have nothing
   else. */
static double power_w(const struct nvml *n)
{
    struct field now = {.id = FIELD_POWER_INSTANT};
    unsigned milliwatt;
    if (n->fields && n->fields(n->device, 1, &now) == 0 && now.result == 0) return field_value(&now) * 1e-3;
    return n->power && n->power(n->device, &milliwatt) == 0 ? milliwatt * 1e-3 : NAN;
}

/* Reads the state once and adds it to the window. Calls the driver without holding the lock. */
static void look(struct nvml *n)
{
    unsigned celsius = 0;
    unsigned long long bits = 0;
    double sm = clock_mhz(n, CLOCK_SM), memory = clock_mhz(n, CLOCK_MEMORY);
    double power = power_w(n);
    double temperature =
        n->temperature && n->temperature(n->device, TEMPERATURE_GPU, &celsius) == 0 ? celsius : NAN;
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
    counters(n, n->before);
    look(n);
    pthread_mutex_lock(&n->lock);
    n->watching = true;
    pthread_cond_broadcast(&n->changed);
    pthread_mutex_unlock(&n->lock);
}

void nvml_watch_stop(struct nvml *n, struct nvml_window *window)
{
    double now[6];
    pthread_mutex_lock(&n->lock);
    n->watching = false;
    pthread_cond_broadcast(&n->changed);
    pthread_mutex_unlock(&n->lock);
    look(n);
    take_events(n);
    counters(n, now);
    pthread_mutex_lock(&n->lock);
    *window = n->window;
    window->sm_mhz = n->sm_sum / window->looks;
    window->memory_mhz = n->memory_sum / window->looks;
    window->power_w = n->power_sum / window->looks;
    pthread_mutex_unlock(&n->lock);
    window->power_cap_ms = now[0] - n->before[0];
    window->thermal_ms = now[1] - n->before[1];
    window->board_ms = now[2] - n->before[2];
    window->ecc_corrected = now[3] - n->before[3];
    window->ecc_uncorrected = now[4] - n->before[4];
    window->nvlink_errors = now[5] - n->before[5];
    if (!n->events) window->xid = NAN;
}

/* ---- in words ---- */

static const struct {
    uint64_t bit;
    const char *word;
    bool slowed; /* abnormal: not a consequence of load alone */
} reason_words[] = {
    {0x4, "power_cap", false},           {0x8, "hardware_slowdown", true},
    {0x10, "sync_boost", true},          {0x20, "thermal", true},
    {0x40, "hardware_thermal", true},    {0x80, "hardware_power_brake", true},
    {0x2, "applications_clocks", false},
};

static void add(json_t *object, const char *key, double value)
{
    if (!isnan(value)) json_object_set_new(object, key, json_real(value));
}

json_t *nvml_window_json(const struct nvml_window *w)
{
    json_t *object = json_object(), *words = json_array();
    bool slowed = w->thermal_ms > 0 || w->board_ms > 0;
    for (size_t i = 0; i < sizeof reason_words / sizeof *reason_words; i++)
        if ((uint64_t)w->reasons & reason_words[i].bit) {
            json_array_append_new(words, json_string(reason_words[i].word));
            slowed |= reason_words[i].slowed;
        }
    add(object, "sm_mhz", w->sm_mhz);
    add(object, "sm_mhz_min", w->sm_mhz_min);
    add(object, "memory_mhz", w->memory_mhz);
    add(object, "power_w", w->power_w);
    add(object, "power_w_max", w->power_w_max);
    add(object, "temperature_c", w->temperature_c);
    json_object_set_new(object, "throttle", words);
    add(object, "power_cap_ms", w->power_cap_ms);
    add(object, "thermal_ms", w->thermal_ms);
    add(object, "board_ms", w->board_ms);
    json_object_set_new(object, "slowed", json_boolean(slowed));
    add(object, "xid", w->xid);
    add(object, "ecc_corrected", w->ecc_corrected);
    add(object, "ecc_uncorrected", w->ecc_uncorrected);
    add(object, "nvlink_errors", w->nvlink_errors);
    return object;
}

void nvml_window_worse(struct nvml_window *a, const struct nvml_window *b)
{
    a->sm_mhz = fmin(a->sm_mhz, b->sm_mhz);
    a->sm_mhz_min = fmin(a->sm_mhz_min, b->sm_mhz_min);
    a->memory_mhz = fmin(a->memory_mhz, b->memory_mhz);
    a->power_w = fmax(a->power_w, b->power_w);
    a->power_w_max = fmax(a->power_w_max, b->power_w_max);
    a->temperature_c = fmax(a->temperature_c, b->temperature_c);
    a->power_cap_ms = fmax(a->power_cap_ms, b->power_cap_ms);
    a->thermal_ms = fmax(a->thermal_ms, b->thermal_ms);
    a->board_ms = fmax(a->board_ms, b->board_ms);
    a->reasons = (double)((uint64_t)a->reasons | (uint64_t)b->reasons);
    a->xid = fmax(a->xid, b->xid);
    a->ecc_corrected = fmax(a->ecc_corrected, b->ecc_corrected);
    a->ecc_uncorrected = fmax(a->ecc_uncorrected, b->ecc_uncorrected);
    a->nvlink_errors = fmax(a->nvlink_errors, b->nvlink_errors);
    a->looks += b->looks;
}
