/* The heatmap of a scan: the rate of each pair of hosts, in the order of the hosts, with lines between
   domains. */
#include "analysis/plot/charts.h"
#include "base/units.h"
#include "stats/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* MOST_CELLS: cells on each side; more would not be legible. */
enum { MOST_HOSTS = 4096, MOST_CELLS = 64, FEWEST_PAIRS = 3 };

/* The rate of one pair of hosts. rail: the local rank, if a pair consists of two ranks. */
struct pair {
    size_t rail, a, b;
    double gbps;
};

struct pairs {
    struct pair *list;
    size_t count, capacity;
};

static size_t host_index(const struct launch_header *header, const char *name)
{
    size_t i = 0;
    while (i < header->host_count && !same(header->hosts[i].name, name)) i++;
    return i;
}

static void add_row(struct pairs *pairs, const struct launch_header *header, const struct case_row *row)
{
    size_t i;
    json_t *group;
    json_array_foreach(row->groups, i, group)
    {
        json_t *hosts = json_object_get(group, "hosts"), *rate = json_object_get(group, "busbw_gbps");
        json_t *ranks = json_object_get(group, "ranks"), *rank = json_array_get(ranks, 0);
        bool on_a_rail =
            json_array_size(ranks) == 2 && header->ranks_per_node > 1 && json_integer_value(rank) >= 0;
        size_t rail = on_a_rail ? (size_t)(json_integer_value(rank) % header->ranks_per_node) : 0;
        size_t a = host_index(header, json_string_value(json_array_get(hosts, 0)));
        size_t b = host_index(header, json_string_value(json_array_get(hosts, 1)));
        double gbps = json_number_value(rate);
        if (json_array_size(hosts) != 2 || a >= header->host_count || b >= header->host_count || a == b ||
            !(gbps > 0))
            continue;
        if (pairs->count == pairs->capacity) {
            pairs->capacity = pairs->capacity ? 2 * pairs->capacity : 64;
            pairs->list = reallocate(pairs->list, pairs->capacity, sizeof *pairs->list);
        }
        pairs->list[pairs->count++] = (struct pair){rail, a < b ? a : b, a < b ? b : a, gbps};
    }
}

static int by_place(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    if (x->rail != y->rail) return x->rail < y->rail ? -1 : 1;
    if (x->a != y->a) return x->a < y->a ? -1 : 1;
    if (x->b != y->b) return x->b < y->b ? -1 : 1;
    return (x->gbps > y->gbps) - (x->gbps < y->gbps);
}

/* Replaces repeated measurements of a pair by their median. */
static void merge(struct pairs *pairs)
{
    size_t kept = 0;
    qsort(pairs->list, pairs->count, sizeof *pairs->list, by_place);
    for (size_t first = 0, last; first < pairs->count; first = last) {
        for (last = first + 1; last < pairs->count && pairs->list[last].rail == pairs->list[first].rail &&
                               pairs->list[last].a == pairs->list[first].a &&
                               pairs->list[last].b == pairs->list[first].b;)
            last++;
        struct pair pair = pairs->list[first];
        size_t middle = first + (last - first) / 2;
        pair.gbps = (last - first) % 2 ? pairs->list[middle].gbps
                                       : (pairs->list[middle - 1].gbps + pairs->list[middle].gbps) / 2;
        pairs->list[kept++] = pair;
    }
    pairs->count = kept;
}

static double median_rate(const struct pairs *pairs)
{
    double *rates = allocate(pairs->count, sizeof *rates);
    for (size_t i = 0; i < pairs->count; i++) rates[i] = pairs->list[i].gbps;
    double middle = median(rates, pairs->count);
    free(rates);
    return middle;
}

/* Draws the pairs of one rail; `rails`: there are several. */
static void draw(struct drawings *drawings, const struct study *study, const struct run_summary *run,
                 const struct launch_header *header, const struct case_row *row, const struct pairs *pairs,
                 bool rails)
{
    struct text title = {0}, caption = {0}, label = {0};
    char size[UNIT_TEXT];
    double middle = median_rate(pairs);
    size_t block = (header->host_count + MOST_CELLS - 1) / MOST_CELLS,
           side = (header->host_count + block - 1) / block;
    text_add(&title, "pairs of hosts, %s %s", row->collective,
             row->bytes >= 0 ? format_size((size_t)row->bytes, size) : "");
    if (rails) text_add(&title, ", rail %zu", pairs->list[0].rail);
    text_add(&title, "%s%s", study->aggregate.count > 1 ? ": " : "",
             study->aggregate.count > 1 ? run->label : "");
    text_add(&caption,
             "Bus bandwidth of each pair of hosts as a percentage of the median pair (%.4g GB/s), on a fixed "
             "scale; hosts in their order, lines "
             "between NVLink domains or racks. A slow host is a slow row and column, a slow link one cell. "
             "Grey: not measured. ",
             middle);
    if (block > 1) text_add(&caption, "A cell is the slowest pair of %zu by %zu hosts. ", block, block);
    text_add(&caption, "Provenance: %s.", run->provenance);
    struct drawing *drawing = drawing_add(drawings, "scan", text_get(&title));
    drawing->caption = arena_string(&drawings->arena, text_get(&caption));
    drawing->x_label = block > 1 ? "number of the block of hosts" : "number of the host";
    text_add(&label, "bus bandwidth, percent of the median pair (%.4g GB/s); grey: not measured", middle);
    drawing->y_label = arena_string(&drawings->arena, text_get(&label));
    struct heat *heat = &drawing->heat;
    *heat = (struct heat){.side = side, .least = 50, .most = 100};
    heat->values = arena_memory(&drawings->arena, side * side * sizeof *heat->values);
    heat->names = arena_memory(&drawings->arena, side * sizeof *heat->names);
    heat->cuts = arena_memory(&drawings->arena, side * sizeof *heat->cuts);
    for (size_t i = 0; i < side * side; i++) heat->values[i] = NAN;
    for (size_t i = 0; i < pairs->count; i++) {
        const struct pair *pair = &pairs->list[i];
        double percent = 100 * pair->gbps / middle,
               *cell = &heat->values[pair->a / block * side + pair->b / block];
        /* fmin ignores NAN */
        *cell = heat->values[pair->b / block * side + pair->a / block] = fmin(*cell, percent);
    }
    for (size_t i = 0; i < side; i++) {
        const struct world_host *host = &header->hosts[i * block], *before = i ? host - block : host;
        struct text name = {0};
        text_add(&name, "%zu %s", i, host->name ? host->name : "");
        heat->names[i] = arena_string(&drawings->arena, text_get(&name));
        text_free(&name);
        if (i && host->domain && !same(host->domain, before->domain)) heat->cuts[heat->cut_count++] = i;
    }
    text_free(&title);
    text_free(&caption);
    text_free(&label);
}

/* Draws a scan from all its rounds: every row of the run with the same settings and with figures per group.
   The hosts are those of the first launch. */
static void scan_of(struct drawings *drawings, const struct study *study, const struct run_summary *run,
                    size_t first, bool *seen)
{
    const struct case_row *row = run->cases[first].row;
    const struct launch_header *header = &run->cases[first].points[0].launch->header;
    struct pairs pairs = {0};
    for (size_t c = first; c < run->case_count; c++) {
        const struct case_summary *line = &run->cases[c];
        if (!line->row->groups || !same_question(line->row, row)) continue;
        seen[c] = true;
        for (size_t i = 0; i < line->launches; i++) add_row(&pairs, header, line->points[i].row);
    }
    if (pairs.count) merge(&pairs);
    bool rails = pairs.count && pairs.list[0].rail != pairs.list[pairs.count - 1].rail;
    for (size_t begin = 0, end; begin < pairs.count; begin = end) {
        for (end = begin; end < pairs.count && pairs.list[end].rail == pairs.list[begin].rail;) end++;
        struct pairs rail = {.list = pairs.list + begin, .count = end - begin};
        if (rail.count >= FEWEST_PAIRS && header->host_count <= MOST_HOSTS)
            draw(drawings, study, run, header, row, &rail, rails);
    }
    free(pairs.list);
}

void chart_scan(struct drawings *drawings, const struct study *study)
{
    for (size_t r = 0; r < study->aggregate.count; r++) {
        const struct run_summary *run = &study->aggregate.runs[r];
        bool *seen = allocate(run->case_count, sizeof *seen);
        for (size_t c = 0; c < run->case_count; c++)
            if (run->cases[c].launches && run->cases[c].row->groups && !seen[c])
                scan_of(drawings, study, run, c, seen);
        free(seen);
    }
}
