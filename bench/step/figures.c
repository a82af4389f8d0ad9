/* Computes the figures of a launch from its rounds, and writes the rows of its record. */
#include "stats/effective.h"
#include "stats/order.h"
#include "step/step.h"

#include <math.h>
#include <stdlib.h>

static double median_of(const struct step_launch *l, const struct timed *t)
{
    return l->rounds ? median(t->us, l->rounds) : NAN;
}

double step_time_us(const struct step_launch *l, enum replay what, size_t index)
{
    for (size_t i = 0; i < l->timed_count; i++)
        if (l->timed[i].what == what && (i < TIMED_PARTS || l->timed[i].index == index))
            return median_of(l, &l->timed[i]);
    return NAN;
}

void step_sides_us(const struct step_launch *l, const struct step_section *section, double *communication_us,
                   double *computation_us)
{
    *communication_us = *computation_us = 0;
    for (size_t i = section->first; i < section->last; i++) {
        const struct step_item *item = &l->schedule.items[i];
        const double us =
            step_time_us(l, item->is_call ? REPLAY_CALL : REPLAY_PRODUCT, item->index) * item->count;
        *(item->is_call ? communication_us : computation_us) += us;
    }
}

/* Exposed communication of a round: the share of the step's time that its matmuls alone do not need. */
static void set_exposed(const struct step_launch *l, struct step_figures *f)
{
    double *share = allocate(l->rounds, sizeof *share);
    const double *step = l->timed[TIMED_STEP].us, *computation = l->timed[TIMED_COMPUTATION].us;
    for (size_t i = 0; i < l->rounds; i++) share[i] = (step[i] - computation[i]) / step[i];
    f->exposed = median(share, l->rounds);
    if (!median_interval_effective(share, l->rounds, 0.05, &f->exposed_lo, &f->exposed_hi, NULL))
        f->exposed_lo = f->exposed_hi = NAN;
    free(share);
}

struct step_figures step_figures(const struct step_launch *l)
{
    struct step_figures f = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    if (!l->rounds) return f;
    const struct schedule *s = &l->schedule;
    f.step_us = median_of(l, &l->timed[TIMED_STEP]);
    if (!median_interval_effective(l->timed[TIMED_STEP].us, l->rounds, 0.05, &f.lo_us, &f.hi_us, NULL))
        f.lo_us = f.hi_us = NAN;
    f.computation_us = s->product_count ? median_of(l, &l->timed[TIMED_COMPUTATION]) : 0;
    set_exposed(l, &f);
    f.computed_us = f.ideal_us = 0;
    for (size_t i = 0; i < s->section_count; i++) {
        const struct step_section *section = &s->sections[i];
        double communication_us, computation_us;
        step_sides_us(l, section, &communication_us, &computation_us);
        const double alone_us = fmax(communication_us, computation_us),
                     us = section->overlap ? step_time_us(l, REPLAY_SECTION, i) : alone_us;
        f.computed_us += us * (double)section->in_step;
        f.ideal_us += alone_us * (double)section->in_step;
    }
    f.error = f.computed_us / f.step_us - 1;
    if (l->powers > 0) f.power_w = l->power_w / l->powers;
    return f;
}

/* ---- the record ---- */

static void put_real(json_t *object, const char *key, double value)
{
    if (isfinite(value)) json_object_set_new(object, key, json_real(value));
}

static void put_wrong(json_t *object, int64_t wrong)
{
    json_object_set_new(object, "wrong", wrong == ABSENT ? json_null() : json_integer(wrong));
}

static json_t *call_object(const struct step_launch *l, size_t at)
{
    const struct step_call *c = &l->schedule.calls[at];
    struct text words = {0};
    json_t *object = json_pack("{ss ss si sI sI sI}", "part", c->row->part, "dtype", dtypes[c->dtype].name,
                               "ranks", c->ranks, "bytes", (json_int_t)c->bytes, "calls",
                               (json_int_t)c->in_step, "line", (json_int_t)c->row->line);
    if (c->axes) json_object_set_new(object, "group", json_string(axes_words(c->axes, &words)));
    put_real(object, "time_us", step_time_us(l, REPLAY_CALL, at));
    put_wrong(object, l->call_wrong[at]);
    text_free(&words);
    return object;
}

static json_t *product_object(const struct step_launch *l, size_t at)
{
    const struct step_product *p = &l->schedule.products[at];
    json_t *object = json_pack("{ss ss sI sI sI sI sI}", "part", "matmul", "dtype", gemm_type_name(p->type),
                               "m", (json_int_t)p->m, "n", (json_int_t)p->n, "k", (json_int_t)p->k, "calls",
                               (json_int_t)p->in_step, "line", (json_int_t)p->row->line);
    put_real(object, "time_us", step_time_us(l, REPLAY_PRODUCT, at));
    put_wrong(object, l->product_wrong[at]);
    return object;
}

static json_t *section_object(const struct step_launch *l, size_t at)
{
    const struct step_section *section = &l->schedule.sections[at];
    double communication_us, computation_us;
    json_t *object = json_pack("{ss sI}", "overlap", section->overlap, "calls", (json_int_t)section->in_step);
    step_sides_us(l, section, &communication_us, &computation_us);
    put_real(object, "communication_us", communication_us);
    put_real(object, "computation_us", computation_us);
    put_real(object, "time_us", step_time_us(l, REPLAY_SECTION, at));
    return object;
}

static json_t *step_object(const struct step_launch *l)
{
    const struct schedule *s = &l->schedule;
    const struct step_figures f = step_figures(l);
    json_t *object = json_object(), *axes = json_object(), *parts = json_array();
    for (int axis = 0; axis < AXES; axis++)
        json_object_set_new(axes, axis_names[axis], json_integer((json_int_t)s->sizes[axis]));
    for (size_t i = 0; i < s->call_count; i++) json_array_append_new(parts, call_object(l, i));
    for (size_t i = 0; i < s->product_count; i++) json_array_append_new(parts, product_object(l, i));
    for (size_t i = 0; i < s->section_count; i++)
        if (s->sections[i].overlap) json_array_append_new(parts, section_object(l, i));
    json_object_set_new(object, "axes", axes);
    put_real(object, "tokens", s->workload->tokens);
    put_real(object, "computation_us", f.computation_us);
    put_real(object, "exposed_share", f.exposed);
    put_real(object, "exposed_lo", f.exposed_lo);
    put_real(object, "exposed_hi", f.exposed_hi);
    put_real(object, "computed_us", f.computed_us);
    put_real(object, "ideal_us", f.ideal_us);
    put_real(object, "error_percent", 100 * f.error);
    put_real(object, "power_w", f.power_w);
    json_object_set_new(object, "parts", parts);
    return object;
}

static int64_t wrong_of(const struct step_launch *l)
{
    int64_t wrong = 0;
    if (!l->settings.check || (l->status && l->status != STATUS_WRONG)) return ABSENT;
    for (size_t i = 0; i < l->schedule.call_count; i++) wrong = add_counts(wrong, l->call_wrong[i]);
    for (size_t i = 0; i < l->schedule.product_count; i++) wrong = add_counts(wrong, l->product_wrong[i]);
    return wrong;
}

enum status step_write(struct step_launch *l, bool last)
{
    if (l->driver.world.rank || (l->passes && l->written == l->rounds)) return STATUS_OK;
    struct case_row row = case_row_absent();
    row.pass = l->passes++;
    row.collective = "step";
    row.workload = l->schedule.label;
    row.progress = l->settings.sides.progress;
    row.mode = MODE_ISOLATED;
    row.sync = SYNC_BARRIER;
    row.cache = l->settings.sides.cache;
    row.memory = l->engine->memory;
    if (row.memory == MEMORY_DEVICE) row.registration = l->registration, row.cta = l->cta;
    row.nodes = l->driver.world.nodes;
    row.ranks = l->driver.world.ranks;
    row.group = "world";
    if (*l->algorithm) row.algorithm = l->algorithm;
    row.status = case_status_of(l->status);
    row.error = l->status ? l->reason : NULL;
    row.wrong = wrong_of(l);
    row.step = step_object(l);
    row.telemetry = l->telemetry;
    if (l->rounds > l->written) {
        row.samples_us = (struct samples){l->timed[TIMED_STEP].us + l->written, l->rounds - l->written};
        row.kept = KEPT_ALL;
        row.batch = 1;
        if (last) row.stopped_by = stop_reason_name(l->why);
        row.statistic = sampled_statistic(&row);
        row.rank_reduction = "max";
        case_row_summarise(&row);
        row.time_us = sampled_time_us(&row);
    }
    l->written = l->rounds;
    enum status status = journal_case(&l->driver.journal, &row);
    json_decref(row.step);
    return status;
}
