/* What the tables of another tool say about themselves, weighed: which collective, how many ranks, and what
 * does not fit. */
#include "analysis/import/source.h"
#include "collective/dtype.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The interval that a value can lie in. */
struct interval {
    double lo, hi;
};

static struct interval of_printed(struct printed p)
{
    return (struct interval){p.value - p.step / 2, p.value + p.step / 2};
}

static struct interval common(struct interval a, struct interval b)
{
    return (struct interval){fmax(a.lo, b.lo), fmin(a.hi, b.hi)};
}

/* algbw from size and time, and as printed: both hold. lo > hi: they contradict each other. */
static struct interval rate_from_time(const struct source_row *row, const struct figures *f)
{
    struct interval time = of_printed(f->time_us);
    if (!(time.lo > 0)) return (struct interval){0, INFINITY};
    return (struct interval){(double)row->bytes / time.hi * 1e-3, (double)row->bytes / time.lo * 1e-3};
}

static bool is_scattered(const struct collective *c)
{
    return c && c->divisor(2) == 2;
}

/* The factor busbw/algbw over all rows that tell it: each row's interval holds, so the common one does.
   lo > hi: rows contradict each other. lo 0, hi INFINITY: no row tells. */
static struct interval factor_of(const struct source_table *table)
{
    struct interval factor = {0, INFINITY};
    for (size_t i = 0; i < table->row_count; i++)
        for (int p = 0; p < 2; p++) {
            const struct figures *f = &table->rows[i].figures[p];
            if (!f->present || !(f->algbw_gbps.value > 0) || !(f->busbw_gbps.value >= 0)) continue;
            struct interval rate = of_printed(f->algbw_gbps), bus = of_printed(f->busbw_gbps);
            if (!table->cpu_time && isfinite(f->time_us.value)) {
                struct interval both = common(rate, rate_from_time(&table->rows[i], f));
                if (both.lo <= both.hi)
                    rate = both; /* else the row is reported; its own ratio still counts */
            }
            if (!(rate.lo > 0)) continue;
            factor = common(factor, (struct interval){fmax(bus.lo, 0) / rate.hi, bus.hi / rate.lo});
        }
    return factor;
}

/* Ranks whose factor lies in the interval: f = a(n-1)/n rises with n, so n = a/(a-f). */
static void infer_ranks(struct source *source, struct source_table *table)
{
    double a = table->collective->id == ALL_REDUCE ? 2 : 1;
    struct interval factor = factor_of(table);
    if (isinf(factor.hi) || table->collective->bus_factor(2) == table->collective->bus_factor(3)) return;
    if (factor.lo > factor.hi) {
        source_warn(source, table, table->rows[0].line,
                    "busbw/algbw differs from row to row: no number of ranks fits all");
        return;
    }
    const double slack = 1e-9;
    double lo = factor.lo <= 0 ? 1 : a / (a - factor.lo),
           hi = factor.hi >= a ? INFINITY : a / (a - factor.hi);
    double mid = (factor.lo + fmin(factor.hi, a)) / 2;
    if (factor.lo >= a || lo > 1e9) {
        source_warn(source, table, table->rows[0].line,
                    "busbw/algbw is %.4g: no number of ranks of %s gives that (%.4g at most)", factor.lo,
                    table->collective->name, a);
        return;
    }
    table->ranks_lo = (int64_t)ceil(lo * (1 - slack));
    table->ranks_hi = hi > 1e9 ? INT64_MAX : (int64_t)floor(hi * (1 + slack));
    if (table->ranks_lo > table->ranks_hi) {
        source_warn(source, table, table->rows[0].line,
                    "busbw/algbw is between %.5g and %.5g: that is no whole number of ranks of %s", factor.lo,
                    factor.hi, table->collective->name);
        table->ranks_lo = table->ranks_hi = ABSENT;
        return;
    }
    double likely = mid >= a ? (double)table->ranks_lo : round(a / (a - mid));
    likely = fmax(likely, (double)table->ranks_lo);
    if (table->ranks_hi != INT64_MAX) likely = fmin(likely, (double)table->ranks_hi);
    table->ranks_likely = (int64_t)likely;
}

/* bytes = count x type size x ranks, of gathering and scattering collectives. */
static int64_t exact_ranks(const struct source_table *table)
{
    int64_t found = ABSENT;
    if (!is_scattered(table->collective)) return ABSENT;
    for (size_t i = 0; i < table->row_count; i++) {
        const struct source_row *row = &table->rows[i];
        int64_t size = row->dtype ? (int64_t)dtypes[dtype_find(row->dtype)].size : 0;
        if (row->count <= 0 || row->bytes <= 0 || size == 0 || row->count > INT64_MAX / size) continue;
        int64_t ranks = row->bytes / (row->count * size);
        if (row->bytes % (row->count * size) || (found != ABSENT && found != ranks)) return ABSENT;
        found = ranks;
    }
    return found;
}

/* What the device lines say: one per rank when complete; of a cut list, the last rank named. */
static int64_t listed_ranks(const struct source_table *table, bool *complete)
{
    int64_t last = -1, sum = 0;
    for (size_t i = 0; i < table->device_count; i++) {
        int64_t rank = table->devices[i].rank;
        if (rank > 1 << 24) continue;
        if (rank > last) last = rank;
        sum += rank;
    }
    /* Ranks 0 to last, each once: their number and their sum agree. */
    *complete = last >= 0 && (int64_t)table->device_count == last + 1 && sum == last * (last + 1) / 2;
    return last >= 0 ? last + 1 : ABSENT;
}

static bool fits_ratio(const struct source_table *table, int64_t ranks)
{
    return table->ranks_lo == ABSENT || (ranks >= table->ranks_lo && ranks <= table->ranks_hi);
}

static void range_text(const struct source_table *table, char text[64])
{
    if (table->ranks_hi == INT64_MAX)
        snprintf(text, 64, "%lld or more", (long long)table->ranks_lo);
    else if (table->ranks_lo == table->ranks_hi)
        snprintf(text, 64, "%lld", (long long)table->ranks_lo);
    else
        snprintf(text, 64, "%lld to %lld", (long long)table->ranks_lo, (long long)table->ranks_hi);
}

/* What the last two parts of the path say: "osu_allreduce_np64.txt", "4nodes-8ppn/allreduce.txt". */
static struct spoken spoken_by_path(const char *path)
{
    const char *name = path + strlen(path);
    for (int parts = 0; name > path && (name[-1] != '/' || ++parts < 2); name--) {
    }
    struct spoken spoken = read_spoken(name);
    for (const char *at = name; spoken.ranks == ABSENT && (at = strcasestr(at, "np")); at += 2) {
        const char *digits = at + 2 + strspn(at + 2, "-_=");
        size_t length = strspn(digits, "0123456789");
        bool starts = at == name || !isalnum((unsigned char)at[-1]);
        if (starts && length > 0 && length < 8) spoken.ranks = strtoll(digits, NULL, 10);
    }
    return spoken;
}

/* Where neither the tool nor the user says the ranks: a heading before the table, or the file's name. */
static void ranks_by_prose(struct source *source, struct source_table *table)
{
    struct spoken title = read_spoken(table->title ? table->title : ""), path = spoken_by_path(source->path),
                  *spoken = title.ranks != ABSENT ? &title : &path;
    int64_t found = spoken->ranks;
    if (found == ABSENT || found < 1 || found > 1 << 24 || !fits_ratio(table, found)) return;
    table->ranks = found;
    source_warn(source, table, table->rows[0].line, "%lld ranks, as %s says: the tool does not print them",
                (long long)found, spoken == &title ? "the heading" : "the file's name");
    if (table->nodes_said == ABSENT) table->nodes_said = spoken->nodes;
}

/* Takes the strongest word on the ranks that the figures do not contradict. */
static void choose_ranks(struct source *source, struct source_table *table, const struct source_given *given)
{
    bool complete;
    int64_t listed = listed_ranks(table, &complete);
    const struct {
        int64_t ranks;
        const char *said_by;
    } words[] = {{given->ranks, "--ranks says"},
                 {table->ranks_said, "the file says"},
                 {table->ranks_exact, "size/count says"},
                 {listed, complete ? "the device lines say" : "the last device line means"}};
    char range[64];
    size_t line = table->rows[0].line;
    range_text(table, range);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (words[i].ranks == ABSENT || words[i].ranks > 1 << 24) continue;
        if (!fits_ratio(table, words[i].ranks))
            source_warn(source, table, line, "%s %lld ranks, busbw/algbw says %s", words[i].said_by,
                        (long long)words[i].ranks, range);
        else if (table->ranks == ABSENT)
            table->ranks = words[i].ranks;
        if (table->ranks != ABSENT && words[i].ranks != table->ranks)
            source_warn(source, table, line, "%s %lld ranks, taken are %lld", words[i].said_by,
                        (long long)words[i].ranks, (long long)table->ranks);
    }
    if (table->ranks == ABSENT && table->ranks_lo != ABSENT && table->ranks_lo == table->ranks_hi)
        table->ranks = table->ranks_lo;
    if (table->ranks == ABSENT) ranks_by_prose(source, table);
    if (table->ranks == ABSENT && table->ranks_lo != ABSENT)
        source_warn(source, table, line,
                    "the number of ranks is not known: busbw/algbw says %s; give --ranks", range);
}

static void choose_nodes(struct source *source, struct source_table *table, const struct source_given *given)
{
    bool complete;
    struct world_host *list;
    int64_t listed = listed_ranks(table, &complete), hosts = (int64_t)source_hosts(table, &list);
    free(list);
    bool whole = complete && listed == table->ranks && hosts > 0;
    table->nodes = whole ? hosts : table->nodes_said;
    if (given->nodes == ABSENT) return;
    if (whole && given->nodes != hosts)
        source_warn(source, table, table->rows[0].line, "--nodes says %lld, the device lines say %lld hosts",
                    (long long)given->nodes, (long long)hosts);
    table->nodes = given->nodes;
}

/* Whether the columns and busbw/algbw can be this collective's. nccl-tests prints an operation for every
   reduction and for sendrecv, "none" for the rest. */
static bool fits_figures(const struct source_table *table, const struct collective *collective)
{
    const struct source_row *row = &table->rows[table->row_count - 1];
    struct interval factor = factor_of(table);
    bool has_count = row->count != ABSENT; /* OSU has neither counts nor operations */
    if (has_count && collective->reduces && !row->op) return false;
    if (has_count && !collective->reduces && row->op && collective->id != SEND_RECV) return false;
    if (factor.lo > factor.hi || isinf(factor.hi) || factor.hi < 0.45)
        return true; /* they do not tell; one rank's factor is 0 */
    if (collective->id == ALL_REDUCE) return factor.hi >= 0.999;
    if (is_scattered(collective)) return factor.lo <= 1;
    return factor.lo <= 1 && factor.hi >= 1;
}

/* Whether in-place results are checked as the others: all-gather's are, nccl-tests never checks all-to-all's.
 */
static bool in_place_is_checked(const struct source_row *row)
{
    return row->figures[0].present && row->figures[1].present && row->figures[0].wrong != ABSENT &&
           row->figures[1].wrong != ABSENT;
}

static bool in_place_is_unchecked(const struct source_row *row)
{
    return row->figures[0].present && row->figures[1].present && row->figures[0].wrong != ABSENT &&
           row->figures[1].wrong == ABSENT;
}

/* Without a word on it: the factor and the columns tell most collectives apart. */
static const struct collective *collective_by_figures(const struct source_table *table)
{
    const struct source_row *row = &table->rows[table->row_count - 1];
    struct interval factor = factor_of(table);
    if (factor.lo > factor.hi || isinf(factor.hi) || factor.hi < 0.45) return NULL;
    if (factor.lo > 1.001) return &collectives[ALL_REDUCE];
    bool is_one = factor.lo <= 1 && factor.hi >= 1 && (factor.hi - factor.lo < 1e-3 || table->no_sendrecv);
    bool rooted = row->root != ABSENT && row->root >= 0, less = factor.hi < 1;
    if (is_one && rooted) return &collectives[row->op ? REDUCE : BROADCAST];
    bool complete;
    bool is_pair = table->no_sendrecv && listed_ranks(table, &complete) == 2;
    if (is_one && row->op && is_pair) return &collectives[ALL_REDUCE]; /* 2(n-1)/n of two ranks */
    if (is_one && row->op && !table->no_sendrecv) return &collectives[SEND_RECV];
    if (less && row->op && !rooted) return &collectives[REDUCE_SCATTER];
    if (less && !row->op && !rooted && in_place_is_checked(row)) return &collectives[ALL_GATHER];
    if (less && !row->op && !rooted && in_place_is_unchecked(row)) return &collectives[ALL_TO_ALL];
    return NULL; /* unchecked all-gather and all-to-all look alike; so do gather and scatter */
}

static const struct collective *collective_by_path(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    static const char *const words[] = {"reduce_scatter", "reduce-scatter", "reducescatter", "all_reduce",
                                        "all-reduce",     "allreduce",      "all_gather",    "all-gather",
                                        "allgather",      "alltoall",       "all_to_all",    "all-to-all",
                                        "sendrecv",       "send_recv",      "broadcast",     "bcast"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(name, words[i])) return collective_by_any_name(words[i], strlen(words[i]));
    return NULL;
}

static void choose_collective(struct source *source, struct source_table *table,
                              const struct source_given *given)
{
    size_t line = table->rows[0].line;
    const struct collective *said =
        given->collective ? collective_by_any_name(given->collective, strlen(given->collective)) : NULL;
    if (said && table->collective_from >= FROM_COMMAND && table->collective != said)
        source_warn(source, table, line, "--collective says %s, the file says %s", said->name,
                    table->collective ? table->collective->name
                    : table->program  ? table->program
                                      : "another");
    if (said &&
        (table->collective_from < FROM_COMMAND || !table->collective)) /* a name not known here, too */
        table->collective = said, table->collective_from = FROM_COMMAND;
    /* Words around a table may be another's: they yield to its figures. */
    bool yields = table->collective != said && (table->collective_from < FROM_TABLE || table->inherited);
    if (table->collective && yields && !fits_figures(table, table->collective))
        table->collective = NULL, table->collective_from = FROM_NOTHING;
    const struct collective *named = collective_by_path(source->path),
                            *figured = collective_by_figures(table);
    if (table->collective_from < FROM_FILE_NAME && named && fits_figures(table, named))
        table->collective = named, table->collective_from = FROM_FILE_NAME;
    if (table->collective_from < FROM_FIGURES && figured)
        table->collective = figured, table->collective_from = FROM_FIGURES;
    if (table->collective && !fits_figures(table, table->collective))
        source_warn(source, table, line,
                    "%s is said to be measured, but busbw/algbw and the columns are not of that%s%s",
                    table->collective->name, figured ? ": they look like " : "",
                    figured ? figured->name : "");
}

/* Whether the row's size follows from its count. */
static bool size_fits(const struct source_table *table, const struct source_row *row)
{
    int64_t size = row->dtype ? (int64_t)dtypes[dtype_find(row->dtype)].size : 0;
    if (row->count == ABSENT || size == 0) return true;
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
    const double slack = 1e-4; /* relative: two roundings of the same number */
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
                     (double)row->bytes / f->time_us.value * 1e-3);
            contradict(source, table, row, text);
        }
        double factor = table->ranks != ABSENT && table->collective
                            ? table->collective->bus_factor((int)table->ranks)
                            : NAN;
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

/* nccl-tests of NCCL 2.4 and older print milliseconds under the same heading: then every bandwidth is bytes
   over time taken so, and none is over microseconds. */
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
    source_warn(source, table, 0, "times are in milliseconds, as the bandwidths show: taken so");
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
                    "the printed average bus bandwidth is %.6g, of the rows here it is %.6g: rows are "
                    "missing or were changed",
                    table->printed_average, table->recomputed_average);
}

/* Where the tool prints no bandwidth: from size and time, by the collective's factor. */
static void derive_peaks(struct source_table *table)
{
    int64_t largest[2] = {-1, -1};
    double factor = table->ranks == ABSENT ? NAN : table->collective->bus_factor((int)table->ranks);
    if (!(factor > 0)) return;
    for (size_t i = 0; i < table->row_count; i++)
        for (int p = 0; p < 2; p++) {
            const struct source_row *row = &table->rows[i];
            const struct figures *f = &row->figures[p];
            bool has_rate = isfinite(f->busbw_gbps.value) || table->cpu_time;
            if (!f->present || has_rate || !(f->time_us.value > 0) || row->bytes == 0) continue;
            double rate = (double)row->bytes / f->time_us.value * 1e-3 * factor;
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
            /* A deviation is no count, but the tool itself says how many rows were beyond its tolerance. */
            if (f->has_error && f->wrong == ABSENT && table->out_of_bounds == 0) f->wrong = 0;
            failed += f->failed;
            if (f->wrong == ABSENT) continue;
            counted = true;
            wrong += f->wrong > 0;
        }
    if (failed)
        source_warn(
            source, table, table->rows[0].line,
            "%lld measurements failed the tool's validation; it does not print how many elements were "
            "wrong",
            (long long)failed);
    if (counted && wrong)
        source_warn(source, table, table->rows[0].line, "%lld measurements have wrong elements",
                    (long long)wrong);
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

/* Sizes of one rank's share become the whole. false: the ranks are not known. */
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

void source_check(struct source *source, const struct source_given *given)
{
    for (size_t i = 0; i < source->table_count; i++) {
        struct source_table *table = &source->tables[i];
        scale_milliseconds(source, table);
        choose_collective(source, table, given);
        check_average(source, table);
        if (!table->collective) continue; /* the caller says so */
        table->ranks_exact = exact_ranks(table);
        infer_ranks(source, table);
        /* An earlier opening's device lines are not this table's when they do not fit it. */
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
