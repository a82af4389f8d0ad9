#include "record/overlap.h"
#include "stats/effective.h"
#include "stats/order.h"

#include <math.h>
#include <stdlib.h>

#define OVERLAP(kind_, member)                                                                               \
    {                                                                                                        \
        .kind = FIELD_##kind_, .key = #member, .offset = offsetof(struct overlap_row, member)                \
    }
#define OVERLAP_WORD(member, names_)                                                                         \
    {                                                                                                        \
        .kind = FIELD_WORD, .key = #member, .offset = offsetof(struct overlap_row, member), .names = &names_ \
    }

const struct field overlap_fields[] = {
    OVERLAP(STRING, key),
    OVERLAP(STRING, collective),
    OVERLAP(STRING, dtype),
    OVERLAP(STRING, op),
    OVERLAP(INTEGER, requested_bytes),
    OVERLAP(INTEGER, bytes),
    OVERLAP(INTEGER, count),
    OVERLAP(STRING, gemm_dtype),
    OVERLAP(STRING, layout),
    OVERLAP(INTEGER, m),
    OVERLAP(INTEGER, n),
    OVERLAP(INTEGER, k),
    OVERLAP(REAL, ratio),
    OVERLAP_WORD(progress, overlap_progress_names),
    OVERLAP_WORD(cache, cache_names),
    OVERLAP_WORD(memory, memory_names),
    OVERLAP_WORD(registration, registration_names),
    OVERLAP(STRING, cta),
    OVERLAP(INTEGER, nodes),
    OVERLAP(INTEGER, ranks),
    OVERLAP(INTEGER, operations),
    OVERLAP(INTEGER, matmuls),
    OVERLAP(SAMPLES, communication_us),
    OVERLAP(SAMPLES, computation_us),
    OVERLAP(SAMPLES, both_us),
    OVERLAP(SAMPLES, communication_beside_us),
    OVERLAP(SAMPLES, computation_beside_us),
    OVERLAP(STRING, stopped_by),
    OVERLAP(STRING, algorithm),
    OVERLAP(REAL, communication_time_us),
    OVERLAP(REAL, computation_time_us),
    OVERLAP(REAL, both_time_us),
    OVERLAP(REAL, hidden_share),
    OVERLAP(REAL, hidden_lo),
    OVERLAP(REAL, hidden_hi),
    OVERLAP(REAL, communication_slowdown),
    OVERLAP(REAL, communication_slowdown_lo),
    OVERLAP(REAL, communication_slowdown_hi),
    OVERLAP(REAL, computation_slowdown),
    OVERLAP(REAL, computation_slowdown_lo),
    OVERLAP(REAL, computation_slowdown_hi),
    OVERLAP(NULLABLE, wrong),
    OVERLAP(NULLABLE, gemm_wrong),
    OVERLAP_WORD(status, case_status_names),
    OVERLAP(STRING, error),
    {.kind = FIELD_END},
};

struct overlap_row overlap_row_absent(void)
{
    struct overlap_row row = {0};
    set_absent(overlap_fields, &row);
    return row;
}

static void part(struct text *key, const char *value)
{
    text_add(key, "/%s", value ? value : "-");
}

void overlap_key(const struct overlap_row *row, struct text *key)
{
    text_add(key, "overlap");
    part(key, row->collective);
    part(key, row->dtype);
    part(key, row->op ? row->op : "none");
    text_add(key, "/%lld", (long long)row->requested_bytes);
    part(key, row->gemm_dtype);
    text_add(key, "/%lldx%lldx%lld", (long long)row->m, (long long)row->n, (long long)row->k);
    part(key, row->layout);
    text_add(key, "/ratio=%.6g", row->ratio);
    text_add(key, "/progress=%s", row->progress ? name_of(&overlap_progress_names, (int)row->progress) : "-");
    part(key, cache_name(row->cache));
    part(key, memory_name(row->memory));
    if (row->registration && row->registration != REGISTRATION_NONE)
        text_add(key, "/registration=%s", registration_name(row->registration));
    if (row->cta && !same(row->cta, "default")) text_add(key, "/cta=%s", row->cta);
    if (row->nodes != ABSENT) text_add(key, "/nodes=%lld", (long long)row->nodes);
    if (row->ranks != ABSENT) text_add(key, "/ranks=%lld", (long long)row->ranks);
}

int64_t overlap_wrong(const struct overlap_row *row)
{
    const int64_t found =
        add_counts(row->wrong > 0 ? row->wrong : 0, row->gemm_wrong > 0 ? row->gemm_wrong : 0);
    return found || (row->wrong != ABSENT && row->gemm_wrong != ABSENT) ? found : ABSENT;
}

bool overlap_is_wrong(const struct overlap_row *row)
{
    return row->status == CASE_WRONG || overlap_wrong(row) > 0;
}

double hidden_share(double communication, double computation, double both)
{
    double shorter = fmin(communication, computation);
    return shorter > 0 ? (communication + computation - both) / shorter : NAN;
}

/* The median over rounds with its interval; NAN where there is none. */
static void estimate(const double *values, size_t n, double *point, double *lo, double *hi)
{
    *point = median(values, n);
    if (n == 0 || !median_interval_effective(values, n, 0.05, lo, hi, NULL)) *lo = *hi = NAN;
}

/* The medians over rounds of beside / alone. Leaves out rounds that took no time. `room`: for n values. */
static void slowdown(const struct samples *alone, const struct samples *beside, double *room, double *point,
                     double *lo, double *hi)
{
    size_t n = 0;
    for (size_t i = 0; i < alone->count; i++)
        if (alone->us[i] > 0) room[n++] = beside->us[i] / alone->us[i];
    estimate(room, n, point, lo, hi);
}

void overlap_row_summarise(struct overlap_row *row)
{
    const struct samples *c = &row->communication_us, *m = &row->computation_us, *both = &row->both_us;
    size_t rounds = both->count, n = 0;
    if (rounds == 0 || c->count != rounds || m->count != rounds ||
        row->communication_beside_us.count != rounds || row->computation_beside_us.count != rounds)
        return;
    double *room = allocate(rounds, sizeof *room);
    row->communication_time_us = median(c->us, rounds);
    row->computation_time_us = median(m->us, rounds);
    row->both_time_us = median(both->us, rounds);
    for (size_t i = 0; i < rounds; i++) {
        double share = hidden_share(c->us[i], m->us[i], both->us[i]);
        if (isfinite(share)) room[n++] = share;
    }
    estimate(room, n, &row->hidden_share, &row->hidden_lo, &row->hidden_hi);
    slowdown(c, &row->communication_beside_us, room, &row->communication_slowdown,
             &row->communication_slowdown_lo, &row->communication_slowdown_hi);
    slowdown(m, &row->computation_beside_us, room, &row->computation_slowdown, &row->computation_slowdown_lo,
             &row->computation_slowdown_hi);
    free(room);
}
