/* A window of telemetry in the record's words. */
#include "gpu/nvml.h"

#include <math.h>

static const struct {
    uint64_t bit;
    const char *word;
    bool slowed; /* abnormal: not a consequence of load alone */
} reason_words[] = {
    {0x4, "power_cap", false},           {0x8, "hardware_slowdown", true},
    {0x10, "sync_boost", true},          {0x20, "thermal", true},
    {0x40, "hardware_thermal", true},    {0x80, "hardware_power_brake", true},
    {0x2, "applications_clocks", false}, {0x100, "display_clocks", false},
    {0x200, "board_limit", true},        {0x400, "reliability", true},
};

static void add(json_t *object, const char *key, double value)
{
    if (!isnan(value)) json_object_set_new(object, key, json_real(value));
}

json_t *nvml_window_json(const struct nvml_window *w)
{
    json_t *object = json_object(), *words = json_array();
    bool slowed = w->thermal_ms > 0 || w->hardware_thermal_ms > 0 || w->power_brake_ms > 0 ||
                  w->board_ms > 0 || w->reliability_ms > 0;
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
    add(object, "hardware_thermal_ms", w->hardware_thermal_ms);
    add(object, "power_brake_ms", w->power_brake_ms);
    add(object, "board_ms", w->board_ms);
    add(object, "reliability_ms", w->reliability_ms);
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
    a->hardware_thermal_ms = fmax(a->hardware_thermal_ms, b->hardware_thermal_ms);
    a->power_brake_ms = fmax(a->power_brake_ms, b->power_brake_ms);
    a->board_ms = fmax(a->board_ms, b->board_ms);
    a->reliability_ms = fmax(a->reliability_ms, b->reliability_ms);
    a->reasons = (double)((uint64_t)a->reasons | (uint64_t)b->reasons);
    a->xid = fmax(a->xid, b->xid);
    a->ecc_corrected = fmax(a->ecc_corrected, b->ecc_corrected);
    a->ecc_uncorrected = fmax(a->ecc_uncorrected, b->ecc_uncorrected);
    a->nvlink_errors = fmax(a->nvlink_errors, b->nvlink_errors);
    a->looks += b->looks;
}
