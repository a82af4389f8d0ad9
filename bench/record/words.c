#include "record/words.h"

const struct names mode_names = NAMES("isolated", "pipelined", "nccl-tests", "both");
const struct names placement_names = NAMES("out_of_place", "in_place", "both");
const struct names sync_names = NAMES("barrier", "window", "device");
const struct names cache_names = NAMES("warm", "cold");
const struct names memory_names = NAMES("host", "device");
const struct names transport_names = NAMES("p2p", "nvls", "mnnvl", "rdma", "gdr");
const struct names registration_names = NAMES("none", "user", "symmetric", "user_no_nvls", "graph");
const struct names phase_names = NAMES("burst", "sustained", "both");
const struct names overlap_progress_names = NAMES("none", "nonblocking", "thread", "streams", "auto");
const struct names statistic_names = NAMES("median", "mean", "unknown", "mixed");
const struct names accumulator_names = NAMES("float", "double", "fast");
const struct names kept_rule_names = NAMES("all", "undisturbed", "disturbed", "filled");
const struct names case_status_names =
    NAMES("ok", "skipped", "unsupported", "too_large", "timeout", "error", "wrong");
const struct names record_kind_names = NAMES("launch", "case", "end", "overlap");
const struct names end_status_names = NAMES("complete", "interrupted", "failed");
static const struct names provenance_names =
    NAMES("measured", "imported", "simulated", "emulated", "faulted");

const char *mode_name(enum mode mode)
{
    return name_of(&mode_names, (int)mode);
}

const char *placement_name(enum placement placement)
{
    return name_of(&placement_names, (int)placement);
}

const char *sync_name(enum sync sync)
{
    return name_of(&sync_names, (int)sync);
}

const char *cache_name(enum cache cache)
{
    return name_of(&cache_names, (int)cache);
}

const char *memory_name(enum memory memory)
{
    return name_of(&memory_names, (int)memory);
}

const char *registration_name(enum registration registration)
{
    return name_of(&registration_names, (int)registration);
}

const char *phase_name(enum phase phase)
{
    return name_of(&phase_names, (int)phase);
}

const char *statistic_name(enum statistic statistic)
{
    return name_of(&statistic_names, (int)statistic);
}

const char *accumulator_name(enum accumulator accumulator)
{
    return name_of(&accumulator_names, (int)accumulator);
}

const char *case_status_name(enum case_status status)
{
    return name_of(&case_status_names, (int)status);
}

const char *end_status_name(enum end_status status)
{
    return name_of(&end_status_names, (int)status);
}

const char *provenance_name(enum provenance provenance)
{
    return name_of(&provenance_names, (int)provenance);
}

enum case_status case_status_of(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return CASE_OK;
    case STATUS_SKIPPED:
        return CASE_SKIPPED;
    case STATUS_UNSUPPORTED:
        return CASE_UNSUPPORTED;
    case STATUS_TOO_LARGE:
        return CASE_TOO_LARGE;
    case STATUS_TIMEOUT:
        return CASE_TIMEOUT;
    case STATUS_WRONG:
        return CASE_WRONG;
    default:
        return CASE_ERROR;
    }
}

int case_severity(enum case_status status)
{
    return status <= CASE_WRONG ? (int)status : CASE_ERROR;
}
