#include "analysis/report/workload.h"
#include "base/units.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- steps ---- */

static enum interval_kind weaker(enum interval_kind a, enum interval_kind b)
{
    return a < b ? a : b;
}

static struct figure sum(struct figure a, struct figure b)
{
    return (struct figure){a.point + b.point, a.lo + b.lo, a.hi + b.hi, weaker(a.kind, b.kind)};
}

static struct figure larger(struct figure a, struct figure b)
{
    return (struct figure){fmax(a.point, b.point), fmax(a.lo, b.lo), fmax(a.hi, b.hi),
                           weaker(a.kind, b.kind)};
}

/* The fastest sustained matmul at the number of GPUs of the basis: the rate that they can hold in training.
   At another number of GPUs power and temperature differ. */
static const struct case_summary *sustained_gemm(const struct run_summary *run, const char *dtype,
                                                 const struct basis *basis)
{
    const struct case_summary *best = NULL;
    for (size_t c = 0; c < run->case_count; c++) {
        const struct case_summary *line = &run->cases[c];
        int64_t of = line->row->ranks != ABSENT ? line->row->ranks : line->launch->header.ranks;
        if (!line->row->gemm || line->row->phase != PHASE_SUSTAINED || !same(line->row->dtype, dtype) ||
            of != basis->ranks || line->row->memory != basis->memory || !figure_present(line->tflops))
            continue;
        if (!best || line->tflops.point > best->tflops.point) best = line;
    }
    return best;
}

static void __attribute__((format(printf, 3, 4)))
miss(struct step *step, struct arena *arena, const char *format, ...)
{
    char line[256];
    va_list values;
    if (step->missing) return;
    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
    step->missing = arena_string(arena, line);
}

/* Finds the line of one part of the workload; sets step->missing if there is none or if it does not fit the
   others. */
static void take_part(struct step *step, const struct study *study, const struct workload_part *part,
                      const struct track *track, size_t p, struct arena *arena)
{
    const struct case_summary *line = track ? track_at(track, part->bytes) : NULL;
    char size[UNIT_TEXT];
    step->parts[p] = line;
    format_size((size_t)part->bytes, size);
    if (part->group) {
        miss(step, arena, "%s runs in groups (%s): only build/step measures that", part->name, part->group);
        return;
    }
    if (!line || !figure_present(line->time_us)) {
        miss(step, arena, "%s of %s was not measured", part->name, size);
        return;
    }
    const struct case_summary *impossible = impossible_line(study, track);
    if (impossible)
        miss(step, arena, "%s is above its bound (%.0f %%): impossible", part->name,
             impossible->bound_percent.point);
    struct basis basis = basis_of(track->scope, line);
    struct basis first = step->basis;
    if (p == 0) step->basis = basis;
    /* The operation and the imbalance may differ between collectives. */
    basis.op = first.op = basis.imbalance = first.imbalance = NULL;
    if (p && basis_order(&basis, &first) != 0)
        miss(step, arena, "its collectives were measured in unlike modes or statistics");
}

static void take_computation(struct step *step, const struct study *study, const struct workload *workload)
{
    const struct run_summary *run = &study->aggregate.runs[step->run];
    if (!isfinite(workload->flops)) return;
    if (workload->types_differ) {
        step->no_computation = "its matmuls are of several types";
        return;
    }
    step->gemm = sustained_gemm(run, workload->dtype, &step->basis);
    if (!step->gemm)
        step->no_computation = "sustained matmul was not measured at this number of GPUs";
    else if (impossible_in_world(run, step->gemm))
        step->gemm = NULL, step->no_computation = "matmul is above the peak of its GPU: impossible";
}

/* Computes the figures of a step from its lines, with simultaneous intervals for `rivals` steps. Adds the
   ends of the parts' intervals as if the errors of all parts had the same sign, which is conservative. */
static void measure(struct step *step, const struct workload *workload, size_t rivals)
{
    step->communication = step->computation = step->overlapped = step->serial = figure_absent();
    if (step->missing) return;
    for (size_t p = 0; p < workload->part_count; p++) {
        struct figure time =
            figure_scaled(simultaneous_time(step->parts[p], rivals), workload->parts[p].count * 1e-6);
        step->communication = p == 0 ? time : sum(step->communication, time);
    }
    if (!step->gemm) return;
    const struct case_row *row = step->gemm->row;
    double calls = workload->flops / case_flop(row);
    step->computation = figure_present(step->gemm->time_us)
                            ? figure_scaled(simultaneous_time(step->gemm, rivals), calls * 1e-6)
                            : figure_inverse(workload->flops * 1e-12, step->gemm->tflops);
    if (!figure_present(step->computation)) return;
    step->overlapped = larger(step->communication, step->computation);
    step->serial = sum(step->communication, step->computation);
}

static int by_words(const char *a, const char *b)
{
    if (!a || !b) return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

static double time_of(const struct step *step)
{
    return figure_present(step->serial) ? step->serial.point : step->communication.point;
}

static int compare_kind(const struct step *a, const struct step *b)
{
    bool p = figure_present(a->computation), q = figure_present(b->computation);
    if (p != q) return p ? -1 : 1;
    int order = basis_order(&a->basis, &b->basis);
    if (!order && p) order = by_words(statistic_name(a->gemm->statistic), statistic_name(b->gemm->statistic));
    return order;
}

static int by_group_and_time(const void *a, const void *b)
{
    const struct step *x = a, *y = b;
    if (!x->missing != !y->missing) return x->missing ? 1 : -1;
    int order = compare_kind(x, y);
    if (!order && !x->missing && time_of(x) != time_of(y)) order = time_of(x) < time_of(y) ? -1 : 1;
    if (!order) order = (x->run > y->run) - (x->run < y->run);
    return order;
}

bool steps_comparable(const struct step *a, const struct step *b)
{
    return !a->missing && !b->missing && compare_kind(a, b) == 0;
}

static struct figure ratio_of(struct figure a, struct figure b)
{
    return (struct figure){a.point / b.point, a.lo / b.hi, a.hi / b.lo, weaker(a.kind, b.kind)};
}

enum order steps_order(const struct step *a, const struct step *b, struct figure *ratio)
{
    bool whole = figure_present(a->serial) && figure_present(b->serial);
    struct figure serial =
        whole ? ratio_of(a->serial, b->serial) : ratio_of(a->communication, b->communication);
    struct figure overlapped = whole ? ratio_of(a->overlapped, b->overlapped) : serial;
    *ratio = (struct figure){serial.point, fmin(serial.lo, overlapped.lo), fmax(serial.hi, overlapped.hi),
                             weaker(serial.kind, overlapped.kind)};
    if (ratio->kind != INTERVAL_EXACT) return ORDER_UNDECIDED;
    return ratio->hi < 1 ? ORDER_FASTER : ratio->lo > 1 ? ORDER_SLOWER : ORDER_UNDECIDED;
}

/* ---- the list ---- */

static struct step *add_step(struct step **steps, size_t *count, size_t run, int64_t ranks)
{
    *steps = reallocate(*steps, *count + 1, sizeof **steps);
    struct step *step = &(*steps)[(*count)++];
    *step = (struct step){.run = run, .ranks = ranks, .world = "", .basis.ranks = ranks};
    return step;
}

/* Gives places to the steps of each basis. Recomputes their figures with simultaneous intervals for this. */
static void give_places(struct step *steps, size_t count, const struct workload *workload)
{
    struct step *wide = allocate(count, sizeof *wide);
    for (size_t first = 0, last; first < count; first = last) {
        for (last = first + 1; last < count && steps_comparable(&steps[first], &steps[last]);) last++;
        for (size_t i = first; i < last; i++) {
            wide[i] = steps[i];
            measure(&wide[i], workload, last - first);
        }
        for (size_t i = first; i < last; i++) {
            struct figure ratio;
            steps_order(&wide[i], &wide[i], &ratio);
            steps[i].place = ratio.kind == INTERVAL_EXACT;
            steps[i].slower_than_first = steps_order(&wide[first], &wide[i], &ratio) == ORDER_FASTER;
            for (size_t j = first; j < last && steps[i].place; j++)
                steps[i].place += steps_order(&wide[j], &wide[i], &ratio) == ORDER_FASTER;
        }
    }
    free(wide);
}

static const char *world_text(const struct tracks *tracks, const struct track *track, struct arena *arena)
{
    struct text text = {0};
    track_world(tracks, track, &text);
    const char *world = arena_string(arena, text_get(&text));
    text_free(&text);
    return world;
}

static struct tracks part_tracks(const struct study *study, const struct workload_part *part)
{
    struct tracks tracks = study_tracks(study, part->collective, FOR_BANDWIDTH);
    size_t kept = 0;
    for (size_t i = 0; i < tracks.count; i++)
        if (same(tracks.list[i].cases[0].row->imbalance, part->imbalance))
            tracks.list[kept++] = tracks.list[i];
    tracks.count = kept;
    return tracks;
}

struct step *workload_steps(const struct study *study, const struct workload *workload, size_t *count,
                            struct arena *arena)
{
    struct tracks *tracks = allocate(workload->part_count, sizeof *tracks);
    struct step *steps = NULL;
    *count = 0;
    for (size_t p = 0; p < workload->part_count; p++) tracks[p] = part_tracks(study, &workload->parts[p]);
    for (size_t r = 0; r < study->aggregate.count && workload->part_count; r++) {
        size_t before = *count;
        for (size_t t = 0; t < tracks[0].count; t++) {
            const struct track *world = &tracks[0].list[t];
            if (world->run != r || world->cases[0].row->ranks < 2) continue;
            struct step *step = add_step(&steps, count, r, world->cases[0].row->ranks);
            step->world = world_text(&tracks[0], world, arena);
            step->parts = arena_memory(arena, workload->part_count * sizeof *step->parts);
            for (size_t p = 0; p < workload->part_count; p++)
                take_part(step, study, &workload->parts[p], track_of_any_imbalance(&tracks[p], world), p,
                          arena);
            take_computation(step, study, workload);
            measure(step, workload, 1);
        }
        if (*count > before) continue;
        struct step *step = add_step(&steps, count, r, ABSENT);
        miss(step, arena, "%s was not measured on several ranks", workload->parts[0].name);
        measure(step, workload, 1);
    }
    for (size_t p = 0; p < workload->part_count; p++) free(tracks[p].list);
    free(tracks);
    if (*count) qsort(steps, *count, sizeof *steps, by_group_and_time);
    give_places(steps, *count, workload);
    return steps;
}
