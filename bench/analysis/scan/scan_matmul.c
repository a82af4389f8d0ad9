/* Finds ranks with slow matmul. A matmul record has a separate figure for every rank, in which no network
   takes part, so that a slow one points to the GPU (or CPU) itself. */
#include "analysis/common/table.h"
#include "analysis/scan/scan.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The figures of a row's ranks. */
struct figures {
    double *tflops;     /* by rank; NAN: none */
    const char **hosts; /* by rank */
    size_t ranks;
};

static struct figures figures_of(const struct case_row *row)
{
    enum { MOST_RANKS = 1 << 20 };
    struct figures f = {0};
    size_t i, n = row->ranks > 1 && row->ranks <= MOST_RANKS ? (size_t)row->ranks : 0;
    json_t *one;
    if (!row->gemm || row->status != CASE_OK || !row->groups || !n) return f;
    f = (struct figures){allocate(n, sizeof *f.tflops), allocate(n, sizeof *f.hosts), n};
    for (size_t r = 0; r < n; r++) f.tflops[r] = NAN;
    json_array_foreach(row->groups, i, one)
    {
        const json_t *rank = json_array_get(json_object_get(one, "ranks"), 0);
        const char *host = json_string_value(json_array_get(json_object_get(one, "hosts"), 0));
        double tflops = json_number_value(json_object_get(one, "tflops"));
        json_int_t r = json_integer_value(rank);
        if (!json_is_integer(rank) || r < 0 || (size_t)r >= n || !host || !(tflops > 0)) continue;
        f.tflops[r] = tflops;
        f.hosts[r] = host;
    }
    return f;
}

static void print_one(const struct case_row *row, const struct launch_header *header, const struct figures *f,
                      const struct suspect *suspect, enum format format)
{
    size_t rank = suspect->rank;
    int64_t device = row->memory == MEMORY_DEVICE && header->ranks_per_node > 0
                         ? (int64_t)rank % header->ranks_per_node
                         : ABSENT;
    double share = suspect->value / suspect->typical, unit = suspect->typical < 1 ? 1e3 : 1;
    if (format == FORMAT_JSON) {
        json_t *line =
            json_pack("{ss ss sI sf sf}", "suspect", "matmul", "host", f->hosts[rank], "rank",
                      (json_int_t)rank, "tflops", suspect->value, "typical_tflops", suspect->typical);
        if (line && device != ABSENT) json_object_set_new(line, "device", json_integer(device));
        char *text = json_dumps(line, JSON_COMPACT);
        puts(text ? text : "{}");
        free(text);
        json_decref(line);
    } else if (format == FORMAT_TEXT) {
        char gpu[32] = "";
        if (device != ABSENT) snprintf(gpu, sizeof gpu, ", GPU %lld", (long long)device);
        print_plain(
            "suspect matmul %s, rank %zu%s: %s %lldx%lldx%lld %s at %.4g %s, %.0f %% of the median of %.4g",
            f->hosts[rank], rank, gpu, row->dtype ? row->dtype : "?", (long long)row->m, (long long)row->n,
            (long long)row->k, row->phase ? phase_name(row->phase) : "", suspect->value * unit,
            unit > 1 ? "GFLOP/s" : "TFLOP/s", share * 100, suspect->typical * unit);
    }
}

static void print_csv(const char *host, size_t rank, double tflops)
{
    struct text name = {0};
    csv_text(&name, host);
    printf("matmul,%s,%zu,%.6g\n", text_get(&name), rank, tflops);
    text_free(&name);
}

void scan_matmul(const struct archive *archive, enum format format, double threshold, size_t *rows,
                 size_t *suspects)
{
    for (size_t i = 0; i < archive->count; i++)
        for (size_t c = 0; c < archive->launches[i].case_count; c++) {
            const struct case_row *row = &archive->launches[i].cases[c];
            struct figures f = figures_of(row);
            struct judgement judgement;
            if (!f.ranks) continue;
            scan_judge_ranks(f.tflops, f.ranks, threshold, &judgement);
            for (size_t r = 0; format == FORMAT_CSV && r < f.ranks; r++)
                if (f.hosts[r]) print_csv(f.hosts[r], r, f.tflops[r]);
            for (size_t s = 0; s < judgement.count; s++)
                print_one(row, &archive->launches[i].header, &f, &judgement.list[s], format);
            ++*rows;
            *suspects += judgement.count;
            free(judgement.list);
            free(f.tflops);
            free(f.hosts);
        }
}
