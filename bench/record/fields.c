#include "record/fields.h"

#include <math.h>
#include <stddef.h>

#define CASE(kind_, member)                                                                                  \
    {                                                                                                        \
        .kind = FIELD_##kind_, .key = #member, .offset = offsetof(struct case_row, member)                   \
    }
#define CASE_WORD(member, names_)                                                                            \
    {                                                                                                        \
        .kind = FIELD_WORD, .key = #member, .offset = offsetof(struct case_row, member), .names = &names_    \
    }
#define CASE_SPREAD(member, extreme_)                                                                        \
    {                                                                                                        \
        .kind = FIELD_SPREAD, .key = #member, .offset = offsetof(struct case_row, member),                   \
        .extreme = extreme_                                                                                  \
    }
#define LAUNCH(kind_, key_, member)                                                                          \
    {                                                                                                        \
        .kind = FIELD_##kind_, .key = key_, .offset = offsetof(struct launch_header, member)                 \
    }
#define END(kind_, member)                                                                                   \
    {                                                                                                        \
        .kind = FIELD_##kind_, .key = #member, .offset = offsetof(struct launch_end, member)                 \
    }

const struct field case_fields[] = {
    CASE(STRING, key),
    CASE(INTEGER, pass),
    CASE(STRING, collective),
    CASE(STRING, gemm),
    CASE_WORD(mode, mode_names),
    CASE_WORD(placement, placement_names),
    CASE_WORD(sync, sync_names),
    CASE_WORD(cache, cache_names),
    CASE_WORD(memory, memory_names),
    CASE(INTEGER, graph),
    CASE(INTEGER, aggregate),
    CASE_WORD(registration, registration_names),
    CASE(STRING, cta),
    CASE(STRING, imbalance),
    CASE(STRING, beside),
    CASE(STRING, workload),
    CASE_WORD(progress, overlap_progress_names),
    CASE(INTEGER, requested_bytes),
    CASE(INTEGER, bytes),
    CASE(INTEGER, send_bytes),
    CASE(INTEGER, recv_bytes),
    CASE(INTEGER, count),
    CASE(STRING, dtype),
    CASE(STRING, op),
    CASE(INTEGER, root),
    CASE(INTEGER, nodes),
    CASE(INTEGER, ranks),
    CASE(STRING, group),
    CASE(INTEGER, m),
    CASE(INTEGER, n),
    CASE(INTEGER, k),
    CASE(STRING, layout),
    CASE_WORD(accumulator, accumulator_names),
    CASE(STRING, scaling),
    CASE_WORD(phase, phase_names),
    CASE(STRING, algorithm),
    CASE(STRING, protocol),
    CASE(INTEGER, channels),
    CASE(SAMPLES, samples_us),
    CASE(SAMPLES, global_us),
    CASE(INTEGER, batch),
    CASE(INTEGER, warmup),
    CASE(COUNT, preempted),
    CASE(STRING, stopped_by),
    CASE_WORD(kept, kept_rule_names),
    CASE(REAL, line_ns),
    CASE(REAL, drift),
    CASE(REAL, time_us),
    CASE_WORD(statistic, statistic_names),
    CASE(STRING, rank_reduction),
    CASE(BOOL, includes_launch),
    CASE(REAL, median_us),
    CASE(REAL, lo_us),
    CASE(REAL, hi_us),
    CASE(REAL, min_us),
    CASE(REAL, max_us),
    CASE(REAL, p95_us),
    CASE(REAL, p99_us),
    CASE(REAL, p99_lo_us),
    CASE(REAL, p99_hi_us),
    CASE(COUNT, load.operations),
    CASE(REAL, load.share),
    CASE(REAL, load.us),
    CASE(COUNT, load.wrong),
    CASE(REAL, slowdown),
    CASE(REAL, slowdown_lo),
    CASE(REAL, slowdown_hi),
    CASE(REAL, p99_slowdown),
    CASE(REAL, p99_slowdown_lo),
    CASE(REAL, p99_slowdown_hi),
    CASE(REAL, algbw_gbps),
    CASE(REAL, busbw_gbps),
    CASE(REAL, tflops),
    CASE(REAL, peak_tflops),
    CASE(REAL, first_us),
    CASE(INTEGER, heuristics),
    CASE(REAL, bound_us),
    CASE(STRING, bound),
    CASE(NULLABLE, wrong),
    CASE_SPREAD(rank_wait_us, "longest"),
    CASE_SPREAD(arrival_us, "latest"),
    CASE_SPREAD(rank_time_us, "slowest"),
    CASE(REAL, skew_us),
    CASE(JSON, telemetry),
    CASE(JSON, groups),
    CASE(JSON, step),
    CASE_WORD(status, case_status_names),
    CASE(STRING, error),
    CASE(INTEGER, source_line),
    {.kind = FIELD_END},
};

const struct field launch_fields[] = {
    LAUNCH(INTEGER, "schema", schema),
    LAUNCH(STRING, "run", run),
    LAUNCH(STRING, "launch", launch),
    LAUNCH(STRING, "started", started),
    LAUNCH(STRING, "driver", driver),
    LAUNCH(STRING, "backend", backend),
    LAUNCH(JSON, "provenance", provenance),
    LAUNCH(STRING, "cloud.provider", cloud_provider),
    LAUNCH(STRING, "cloud.instance", cloud_instance),
    LAUNCH(STRING, "cloud.label", cloud_label),
    LAUNCH(JSON, "args", args),
    LAUNCH(STRING, "allocation.id", allocation_id),
    LAUNCH(STRING, "allocation.hosts_hash", allocation_hosts_hash),
    LAUNCH(STRING, "allocation.placement", allocation_placement),
    LAUNCH(INTEGER, "world.nodes", nodes),
    LAUNCH(INTEGER, "world.ranks", ranks),
    LAUNCH(INTEGER, "world.ranks_per_node", ranks_per_node),
    LAUNCH(INTEGER, "world.domains", domains),
    LAUNCH(JSON, "facts", facts),
    LAUNCH(JSON, "env", env),
    LAUNCH(JSON, "source", source),
    {.kind = FIELD_END},
};

const struct field end_fields[] = {{.kind = FIELD_WORD,
                                    .key = "status",
                                    .offset = offsetof(struct launch_end, status),
                                    .names = &end_status_names},
                                   END(COUNT, cases),
                                   END(REAL, elapsed_s),
                                   END(STRING, error),
                                   {.kind = FIELD_END}};

static const struct spread no_spread = {NAN, NAN, NAN, ABSENT, ABSENT, NULL};

void set_absent(const struct field *fields, void *record)
{
    for (const struct field *field = fields; field->kind; field++) {
        void *place = (char *)record + field->offset;
        switch (field->kind) {
        case FIELD_STRING:
            *(const char **)place = NULL;
            break;
        case FIELD_WORD:
            *(int *)place = 0;
            break;
        case FIELD_INTEGER:
        case FIELD_COUNT:
        case FIELD_NULLABLE:
        case FIELD_BOOL:
            *(int64_t *)place = ABSENT;
            break;
        case FIELD_REAL:
            *(double *)place = NAN;
            break;
        case FIELD_SAMPLES:
            *(struct samples *)place = (struct samples){0};
            break;
        case FIELD_SPREAD:
            *(struct spread *)place = no_spread;
            break;
        case FIELD_JSON:
            *(json_t **)place = NULL;
            break;
        case FIELD_END:
            break;
        }
    }
}

struct case_row case_row_absent(void)
{
    struct case_row row = {0};
    set_absent(case_fields, &row);
    row.rank_median_us = NAN;
    return row;
}

struct load load_absent(void)
{
    return (struct load){ABSENT, ABSENT, NAN, NAN};
}

struct launch_header launch_header_absent(void)
{
    struct launch_header header = {0};
    set_absent(launch_fields, &header);
    header.schema = RECORD_SCHEMA;
    return header;
}

static void part(struct text *key, const char *value)
{
    text_add(key, "/%s", value ? value : "-");
}

static void named(struct text *key, const char *name, const char *value, const char *standard)
{
    if (value && !same(value, standard)) text_add(key, "/%s=%s", name, value);
}

static void numbered(struct text *key, const char *name, int64_t value, int64_t standard)
{
    if (value != ABSENT && value != standard) text_add(key, "/%s=%lld", name, (long long)value);
}

void case_key(const struct case_row *row, struct text *key)
{
    if (row->gemm) {
        text_add(key, "%s/%s/%lldx%lldx%lld", row->gemm, row->dtype ? row->dtype : "-", (long long)row->m,
                 (long long)row->n, (long long)row->k);
        part(key, phase_name(row->phase));
        named(key, "layout", row->layout, NULL);
        named(key, "accumulator", accumulator_name(row->accumulator), NULL);
        named(key, "scaling", row->scaling, NULL);
    } else {
        text_add(key, "%s/%s/%s", row->collective ? row->collective : "-", row->dtype ? row->dtype : "-",
                 row->op ? row->op : "none");
        if (row->workload) /* a step has a workload in place of a size */
            part(key, row->workload);
        else if (row->requested_bytes == ABSENT)
            part(key, NULL); /* an import whose source prints no size */
        else
            text_add(key, "/%lld", (long long)row->requested_bytes);
        part(key, placement_name(row->placement));
        part(key, mode_name(row->mode));
        part(key, sync_name(row->sync));
        numbered(key, "root", row->root, 0);
        named(key, "imbalance", row->imbalance, NULL);
        named(key, "beside", row->beside, NULL);
        if (row->progress) named(key, "progress", name_of(&overlap_progress_names, (int)row->progress), NULL);
    }
    part(key, cache_name(row->cache));
    part(key, memory_name(row->memory));
    numbered(key, "graph", row->graph, 0);
    numbered(key, "aggregate", row->aggregate, 1);
    named(key, "registration", registration_name(row->registration), "none");
    named(key, "cta", row->cta, "default");
    numbered(key, "nodes", row->nodes, ABSENT);
    numbered(key, "ranks", row->ranks, ABSENT);
    named(key, "group", row->group, NULL);
}

bool is_world(const char *group)
{
    return !group || same(group, "world");
}

void launch_add_provenance(struct launch_header *header, enum provenance provenance)
{
    json_array_append_new(header->provenance, json_string(provenance_name(provenance)));
}

bool launch_has_provenance(const struct launch_header *header, enum provenance provenance)
{
    size_t i;
    json_t *item;
    json_array_foreach(header->provenance, i, item)
    {
        if (same(json_string_value(item), provenance_name(provenance))) return true;
    }
    return false;
}
