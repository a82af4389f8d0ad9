/* Finds hosts that are slow inside, without the network between hosts. Uses the rows of --group node, in
   which the ranks of each host communicate only with each other (GPUs: over NVLink). */
#include "analysis/common/table.h"
#include "analysis/scan/scan.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void print_one(const char *host, const struct suspect *suspect, enum format format)
{
    if (format == FORMAT_JSON) {
        json_t *line = json_pack("{ss ss sf sf}", "suspect", "inside", "host", host, "gbps", suspect->value,
                                 "typical_gbps", suspect->typical);
        char *text = json_dumps(line, JSON_COMPACT);
        puts(text ? text : "{}");
        free(text);
        json_decref(line);
    } else if (format == FORMAT_TEXT) {
        print_plain("suspect host %s, among its own ranks: %.4g GB/s, %.0f %% of the median of %.4g", host,
                    suspect->value, suspect->value / suspect->typical * 100, suspect->typical);
    }
}

static size_t judge_row(const struct case_row *row, enum format format, double threshold)
{
    size_t i, n = json_array_size(row->groups);
    double *gbps = allocate(n + 1, sizeof *gbps);
    const char **hosts = allocate(n + 1, sizeof *hosts);
    struct judgement judgement;
    struct text host = {0};
    json_t *group;
    json_array_foreach(row->groups, i, group)
    {
        const json_t *names = json_object_get(group, "hosts");
        double value = json_number_value(json_object_get(group, "busbw_gbps"));
        hosts[i] = json_array_size(names) == 1 ? json_string_value(json_array_get(names, 0)) : NULL;
        gbps[i] = hosts[i] && value > 0 ? value : NAN;
        if (format != FORMAT_CSV || !isfinite(gbps[i])) continue;
        text_clear(&host);
        csv_text(&host, hosts[i]);
        printf("inside,%s,,%.6g\n", text_get(&host), gbps[i]);
    }
    scan_judge_ranks(gbps, n, threshold, &judgement);
    for (i = 0; i < judgement.count; i++)
        print_one(hosts[judgement.list[i].rank], &judgement.list[i], format);
    size_t count = judgement.count;
    free(judgement.list);
    text_free(&host);
    free(hosts);
    free(gbps);
    return count;
}

void scan_inside(const struct archive *archive, enum format format, double threshold, size_t *suspects)
{
    for (size_t i = 0; i < archive->count; i++)
        for (size_t c = 0; c < archive->launches[i].case_count; c++) {
            const struct case_row *row = &archive->launches[i].cases[c];
            if (same(row->group, "node") && row->status == CASE_OK && row->groups)
                *suspects += judge_row(row, format, threshold);
        }
}
