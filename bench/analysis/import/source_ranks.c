/* Determines the ranks and nodes of a table: the range that its figures allow, and the best statement within
   that range. */
#include "analysis/import/source_check.h"
#include "collective/dtype.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct interval of_printed(struct printed p)
{
    return (struct interval){p.value - p.step / 2, p.value + p.step / 2};
}

/* The intersection; lo > hi: there is none. */
static struct interval common(struct interval a, struct interval b)
{
    return (struct interval){fmax(a.lo, b.lo), fmin(a.hi, b.hi)};
}

struct interval rate_from_time(const struct source_row *row, const struct figures *f)
{
    struct interval time = of_printed(f->time_us);
    if (!(time.lo > 0)) return (struct interval){0, INFINITY};
    return (struct interval){algbw_gbps((double)row->bytes, time.hi),
                             algbw_gbps((double)row->bytes, time.lo)};
}

bool is_scattered(const struct collective *c)
{
    return c && c->divisor(2) == 2;
}

struct interval factor_of(const struct source_table *table)
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
                    rate = both; /* else check_row() warns; the printed ratio still counts */
            }
            if (!(rate.lo > 0)) continue;
            factor = common(factor, (struct interval){fmax(bus.lo, 0) / rate.hi, bus.hi / rate.lo});
        }
    return factor;
}

int64_t listed_ranks(const struct source_table *table, bool *complete)
{
    int64_t last = -1, sum = 0;
    for (size_t i = 0; i < table->device_count; i++) {
        int64_t rank = table->devices[i].rank;
        if (rank > 1 << 24) continue;
        if (rank > last) last = rank;
        sum += rank;
    }
    /* Complete: the number and the sum of the ranks are those of 0 to last. */
    *complete = last >= 0 && (int64_t)table->device_count == last + 1 && sum == last * (last + 1) / 2;
    return last >= 0 ? last + 1 : ABSENT;
}

bool fits_ratio(const struct source_table *table, int64_t ranks)
{
    return table->ranks_lo == ABSENT || (ranks >= table->ranks_lo && ranks <= table->ranks_hi);
}

/* Finds the numbers of ranks n whose factor lies in the interval: f = a(n-1)/n rises with n, so n =
   a/(a-f). */
void infer_ranks(struct source *source, struct source_table *table)
{
    double a = table->collective->id == ALL_REDUCE ? 2 : 1;
    struct interval factor = factor_of(table);
    if (isinf(factor.hi) || bus_factor(table->collective, 2) == bus_factor(table->collective, 3)) return;
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

/* For gathering and scattering collectives, where bytes = count x type size x ranks. */
int64_t exact_ranks(const struct source_table *table)
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

static void range_text(const struct source_table *table, char text[64])
{
    if (table->ranks_hi == INT64_MAX)
        snprintf(text, 64, "%lld or more", (long long)table->ranks_lo);
    else if (table->ranks_lo == table->ranks_hi)
        snprintf(text, 64, "%lld", (long long)table->ranks_lo);
    else
        snprintf(text, 64, "%lld to %lld", (long long)table->ranks_lo, (long long)table->ranks_hi);
}

/* Reads the last two parts of the path: "osu_allreduce_np64.txt", "n2_ppn64/allreduce.txt". */
static struct spoken spoken_by_path(const char *path)
{
    const char *name = path + strlen(path);
    for (int parts = 0; name > path && (name[-1] != '/' || ++parts < 2); name--) {
    }
    return read_spoken_name(name);
}

/* Takes the ranks from a heading before the table or from the file's name, with a warning. */
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

/* Takes the strongest statement about the ranks that the figures do not contradict. */
void choose_ranks(struct source *source, struct source_table *table, const struct source_given *given)
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
            source_warn(source, table, line, "%s %lld ranks; the record has %lld", words[i].said_by,
                        (long long)words[i].ranks, (long long)table->ranks);
    }
    if (table->ranks == ABSENT && table->ranks_lo != ABSENT && table->ranks_lo == table->ranks_hi)
        table->ranks = table->ranks_lo;
    if (table->ranks == ABSENT) ranks_by_prose(source, table);
    if (table->ranks == ABSENT && table->ranks_lo != ABSENT)
        source_warn(source, table, line,
                    "the number of ranks is not known: busbw/algbw says %s; give --ranks", range);
}

void choose_nodes(struct source *source, struct source_table *table, const struct source_given *given)
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
