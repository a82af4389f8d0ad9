/* Checks the tables of other tools for contradictions. Each becomes a warning; one within a row also marks
   the row. */
#include "analysis/import/source_check.h"
#include "collective/dtype.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Does the row's size follow from its count? */
static bool size_fits(const struct source_table *table, const struct source_row *row)
{
    int64_t size = row->dtype ? (int64_t)dtypes[dtype_find(row->dtype)].size : 0;
    if (row->count == ABSENT || size == 0) return true;
    /* nccl-tests prints the busiest rank's bytes, and as count what an equal part would have (0: a
       matrix). */
    if (table->collective->id == ALL_TO_ALL_V) return true;
    if (row->count > INT64_MAX / size) return false;
    int64_t part = row->count * size;
    if (row->bytes == part) return true;
    if (!is_scattered(table->collective) || part == 0 || row->bytes % part) return false;
    return table->ranks == ABSENT || row->bytes / part == table->ranks;
}

static void contradict(struct source *source, struct source_table *table, struct source_row *row,
                       const char *text)
{
    row->contradiction = arena_string(&source->arena, text);
    source_warn(source, table, row->line, "%s", text);
}

static void check_row(struct source *source, struct source_table *table, struct source_row *row)
{
    static const char *const placements[] = {"out of place", "in place"};
    const double slack = 1e-4; /* relative: the same number may be rounded twice */
    char text[256];
    if (!size_fits(table, row)) {
        snprintf(text, sizeof text, "size %lld is not count %lld x %zu bytes of %s%s", (long long)row->bytes,
                 (long long)row->count, dtypes[dtype_find(row->dtype)].size, row->dtype,
                 is_scattered(table->collective) ? " x ranks" : "");
        contradict(source, table, row, text);
    }
    for (int p = 0; p < 2; p++) {
        const struct figures *f = &row->figures[p];
        if (!f->present || !isfinite(f->algbw_gbps.value) || row->bytes == 0) continue;
        if (table->rate_is_not_bytes) continue;
        struct interval rate = of_printed(f->algbw_gbps), by_time = rate_from_time(row, f);
        if (isfinite(f->time_us.value) && !table->cpu_time &&
            (by_time.lo > rate.hi * (1 + slack) || by_time.hi < rate.lo * (1 - slack))) {
            snprintf(text, sizeof text, "%s: algbw %.6g GB/s is not %lld bytes in %.6g us (%.6g GB/s)",
                     placements[p], f->algbw_gbps.value, (long long)row->bytes, f->time_us.value,
                     algbw_gbps((double)row->bytes, f->time_us.value));
            contradict(source, table, row, text);
        }
        double factor = bus_factor(table->collective, table->ranks);
        struct interval bus = of_printed(f->busbw_gbps);
        if (isfinite(factor) && isfinite(f->busbw_gbps.value) &&
            (rate.lo * factor > bus.hi * (1 + slack) || rate.hi * factor < bus.lo * (1 - slack))) {
            snprintf(text, sizeof text, "%s: busbw %.6g GB/s is not algbw %.6g x %.6g of %lld ranks",
                     placements[p], f->busbw_gbps.value, f->algbw_gbps.value, factor,
                     (long long)table->ranks);
            contradict(source, table, row, text);
        }
    }
}

/* nccl-tests of NCCL 2.4 and older print milliseconds under the same heading. Recognises this when every
   bandwidth is bytes / time in milliseconds, and none is bytes / time in microseconds. */
static void scale_milliseconds(struct source *source, struct source_table *table)
{
    bool found = false;
    for (size_t i = 0; i < table->row_count; i++)
        for (int p = 0; p < 2; p++) {
            const struct source_row *row = &table->rows[i];
            const struct figures *f = &row->figures[p];
            if (!f->present || !(f->algbw_gbps.value > 0) || !(f->time_us.value > 0)) continue;
            struct interval rate = of_printed(f->algbw_gbps), by_us = rate_from_time(row, f);
            bool is_ms = by_us.lo * 1e-3 <= rate.hi * 1.01 && by_us.hi * 1e-3 >= rate.lo * 0.99;
            bool is_us = by_us.lo <= rate.hi * 1.01 && by_us.hi >= rate.lo * 0.99;
            if (!is_ms || is_us) return;
            found = true;
        }
    if (!found || table->cpu_time || table->rate_is_not_bytes) return;
    for (size_t i = 0; i < table->row_count; i++)
        for (int p = 0; p < 2; p++) {
            struct printed *time = &table->rows[i].figures[p].time_us;
            time->value *= 1000, time->step *= 1000;
        }
    source_warn(source, table, 0, "times are in milliseconds, as the bandwidths show: converted");
}

static void check_average(struct source *source, struct source_table *table)
{
    double sum = 0, step = 0;
    int64_t largest[2] = {-1, -1};
    size_t count = 0;
    for (size_t i = 0; i < table->row_count; i++)
        for (int p = 0; p < 2; p++) {
            const struct figures *f = &table->rows[i].figures[p];
            if (!f->present || !isfinite(f->busbw_gbps.value)) continue;
            sum += f->busbw_gbps.value;
            step = fmax(step, f->busbw_gbps.step);
            count++;
            if (!(table->peak[p] >= f->busbw_gbps.value)) table->peak[p] = f->busbw_gbps.value;
            if (table->rows[i].bytes >= largest[p]) {
                largest[p] = table->rows[i].bytes;
                table->at_largest[p] = f->busbw_gbps.value;
            }
        }
    if (count == 0) return;
    table->recomputed_average = sum / (double)count;
    double allowed = (step + table->average_step) / 2 + 1e-6 * table->recomputed_average;
    if (isfinite(table->printed_average) &&
        fabs(table->printed_average - table->recomputed_average) > allowed)
        source_warn(source, table, table->rows[0].line,
                    "the printed average bus bandwidth is %.6g, that of the rows is %.6g: rows are "
                    "missing or were changed",
                    table->printed_average, table->recomputed_average);
}

/* Fills in the peaks of a tool that prints no bandwidth: from size, time and the collective's factor. */
static void derive_peaks(struct source_table *table)
{
    int64_t largest[2] = {-1, -1};
    if (!(bus_factor(table->collective, table->ranks) > 0)) return;
    for (size_t i = 0; i < table->row_count; i++)
        for (int p = 0; p < 2; p++) {
            const struct source_row *row = &table->rows[i];
            const struct figures *f = &row->figures[p];
            bool has_rate = isfinite(f->busbw_gbps.value) || table->cpu_time;
            if (!f->present || has_rate || !(f->time_us.value > 0) || row->bytes == 0) continue;
            double rate = busbw_gbps(table->collective, table->ranks, (double)row->bytes, f->time_us.value);
            if (!(table->peak[p] >= rate)) table->peak[p] = rate;
            if (row->bytes >= largest[p]) largest[p] = row->bytes, table->at_largest[p] = rate;
        }
}

static void check_wrong(struct source *source, struct source_table *table)
{
    int64_t wrong = 0, failed = 0;
    bool counted = false, deviations = false;
    for (size_t i = 0; i < table->row_count; i++)
        for (int p = 0; p < 2; p++) {
            struct figures *f = &table->rows[i].figures[p];
            deviations |= f->has_error;
            /* A deviation is not a count. But where the tool's last line says that none was out of bounds, no
               element is wrong. */
            if (f->has_error && f->wrong == ABSENT && table->out_of_bounds == 0) f->wrong = 0;
            failed += f->failed;
            if (f->wrong == ABSENT) continue;
            counted = true;
            wrong += f->wrong > 0;
        }
    if (failed)
        source_warn(
            source, table, table->rows[0].line,
            "%lld measurement%s failed the tool's validation; it does not print how many elements were "
            "wrong",
            (long long)failed, failed == 1 ? "" : "s");
    if (counted && wrong)
        source_warn(source, table, table->rows[0].line, "%lld measurement%s ha%s wrong elements",
                    (long long)wrong, wrong == 1 ? "" : "s", wrong == 1 ? "s" : "ve");
    if (table->out_of_bounds > 0 && !wrong)
        source_warn(source, table, table->rows[0].line, "%lld values out of bounds are printed, %s",
                    (long long)table->out_of_bounds,
                    deviations ? "as deviations without a count" : "the rows here have none");
}

static void check_devices(struct source *source, struct source_table *table, const struct source_given *given)
{
    const char *gpu = NULL;
    for (size_t i = 0; i < table->device_count; i++) {
        const char *found = table->devices[i].gpu;
        if (gpu && found && found != gpu) {
            source_warn(source, table, table->rows[0].line,
                        "the device lines name several GPUs: '%s' and '%s'", gpu, found);
            break;
        }
        if (found) gpu = found;
    }
    if (given->gpu && gpu && !strcasestr(gpu, given->gpu) && !strcasestr(given->gpu, gpu))
        source_warn(source, table, table->rows[0].line, "--gpu says '%s', the device lines say '%s'",
                    given->gpu, gpu);
}

/* Multiplies sizes that are one rank's share by the ranks. false: the ranks are not known, or a size would
   overflow. */
static bool scale_bytes(struct source *source, struct source_table *table)
{
    if (!table->bytes_per_rank) return true;
    for (size_t i = 0; i < table->row_count; i++) {
        if (table->ranks == ABSENT || table->rows[i].bytes > INT64_MAX / table->ranks) {
            source_warn(source, table, table->rows[i].line, "sizes here are one rank's share: give --ranks");
            table->unscaled = true;
            return false;
        }
        table->rows[i].bytes *= table->ranks;
    }
    return true;
}

/* In nccl-tests' hypercube the algorithm bandwidth is the bus bandwidth: takes size / time instead. */
static void drop_hypercube_algbw(struct source_table *table)
{
    if (!table->collective || table->collective->id != HYPERCUBE) return;
    for (size_t i = 0; i < table->row_count; i++)
        for (int p = 0; p < 2; p++) table->rows[i].figures[p].algbw_gbps.value = NAN;
}

void source_check(struct source *source, const struct source_given *given)
{
    for (size_t i = 0; i < source->table_count; i++) {
        struct source_table *table = &source->tables[i];
        drop_hypercube_algbw(table);
        scale_milliseconds(source, table);
        choose_collective(source, table, given);
        check_average(source, table);
        if (!table->collective) continue; /* the caller prints a message */
        table->ranks_exact = exact_ranks(table);
        infer_ranks(source, table);
        /* Drops device lines that were taken over from an earlier table and do not fit this one. */
        bool complete;
        int64_t listed = listed_ranks(table, &complete);
        if (table->inherited && listed != ABSENT && !fits_ratio(table, listed)) table->device_count = 0;
        choose_ranks(source, table, given);
        choose_nodes(source, table, given);
        if (table->ranks == 1 && !table->mode)
            source_warn(source, table, table->rows[0].line,
                        "one rank has no bus bandwidth (started by mpirun or srun, a test built without MPI "
                        "runs as separate jobs)");
        if (!scale_bytes(source, table))
            table->collective = NULL;
        else
            for (size_t r = 0; r < table->row_count; r++) check_row(source, table, &table->rows[r]);
        if (table->collective) derive_peaks(table);
        check_wrong(source, table);
        check_devices(source, table, given);
    }
}
