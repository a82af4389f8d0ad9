/* Reads a GPU's state through NVML: clocks and why they are low, power, temperature, error counters, and the
   NVLink fabric. The library is loaded with dlopen, since a machine may lack it. */
#ifndef BUSBAR_NVML_H
#define BUSBAR_NVML_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct nvml; /* one device, sampled by its own thread */

/* Finds the device by UUID, else by PCI bus id. NULL, without a message, if the library or the device is
   missing. */
struct nvml *nvml_open(const char *uuid, const char *pci);
void nvml_close(struct nvml *); /* NULL is fine */

/* The driver's version; "" when unknown. */
const char *nvml_driver(const struct nvml *);

/* The NVLink domain, "CLUSTER-UUID.CLIQUE". false if the fabric manager has not finished, or if the UUID is
   all zeros: machines whose NVLink ends at the host report that, and it must not merge their hosts into one
   domain. */
enum { DOMAIN_TEXT = 96 };
bool nvml_domain(struct nvml *, char domain[DOMAIN_TEXT]);

/* The fabric manager has finished: NVLink switches connect this GPU. Also where the UUID is all zeros. */
bool nvml_fabric_completed(struct nvml *);

/* The driver's summary of the fabric's health, "healthy", "unhealthy" or "limited_capacity"; NULL: it gives
   none. */
const char *nvml_fabric_health(struct nvml *);

/* The device's state from watch_start to watch_stop. All members are doubles, so that MPI can gather the
   structure as an array; NAN: not known. */
struct nvml_window {
    double sm_mhz, sm_mhz_min, memory_mhz; /* mean, lowest, mean */
    double power_w, power_w_max, temperature_c;
    /* How long each reason held the clocks down, by the driver's counters. */
    double power_cap_ms, thermal_ms, hardware_thermal_ms, power_brake_ms, board_ms, reliability_ms;
    double reasons; /* NVML's bits for low clocks that were seen, ORed */
    double xid;     /* number of the last Xid error; 0: none */
    double ecc_corrected, ecc_uncorrected, nvlink_errors; /* new errors */
    double looks;                                         /* how often the state was read */
};

/* Both read the state once, and a thread reads it in between. Reading takes a lock in the driver for µs to
   ms, so call them outside the timed region. */
void nvml_watch_start(struct nvml *);
void nvml_watch_stop(struct nvml *, struct nvml_window *);

/* {"sm_mhz", "sm_mhz_min", "memory_mhz", "power_w", "power_w_max", "temperature_c", "throttle": [words],
   "power_cap_ms", "thermal_ms", …} omitting what is not known. "slowed" is true if heat or hardware held the
   clocks down. Power capping is normal under load: it only appears in "throttle", as "power_cap". */
json_t *nvml_window_json(const struct nvml_window *);

/* Merges `other` into the first: the lowest clocks, the highest temperature and power, all reasons, all
   errors. */
void nvml_window_worse(struct nvml_window *, const struct nvml_window *other);

#endif
