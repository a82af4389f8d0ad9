/* Prints what an import found, one line for each table, as text, CSV or JSON. */
#include "analysis/common/table.h"
#include "analysis/import/import.h"
#include "base/wrap.h"

#include <math.h>
#include <string.h>

static void add_to_json(json_t *list, const struct source *source, size_t number, const char *launch)
{
    const struct source_table *t = &source->tables[number];
    json_t *item = json_object();
    const struct {
        const char *key;
        double value;
    } numbers[] = {{"peak_busbw_out_of_place_gbps", t->peak[0]},
                   {"peak_busbw_in_place_gbps", t->peak[1]},
                   {"largest_busbw_out_of_place_gbps", t->at_largest[0]},
                   {"largest_busbw_in_place_gbps", t->at_largest[1]},
                   {"avg_busbw_printed_gbps", t->printed_average},
                   {"avg_busbw_recomputed_gbps", t->recomputed_average}};
    const struct {
        const char *key;
        int64_t value;
    } integers[] = {{"table", (int64_t)number + 1},
                    {"rows", (int64_t)t->row_count},
                    {"ranks", t->ranks},
                    {"nodes", t->nodes},
                    {"ranks_listed", (int64_t)t->device_count},
                    {"ranks_inferred_least", t->ranks_lo},
                    {"ranks_inferred_most", t->ranks_hi},
                    {"ranks_inferred_likely", t->ranks_likely}};
    json_object_set_new(item, "file", clean_string(source->path));
    json_object_set_new(item, "format", json_string(t->format));
    json_object_set_new(item, "launch", launch ? clean_string(launch) : json_null());
    json_object_set_new(item, "collective", t->collective ? json_string(t->collective->name) : json_null());
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        json_object_set_new(item, integers[i].key,
                            integers[i].value == ABSENT || integers[i].value == INT64_MAX
                                ? json_null()
                                : json_integer(integers[i].value));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        json_object_set_new(item, numbers[i].key,
                            isfinite(numbers[i].value) ? json_real(numbers[i].value) : json_null());
    json_object_set(item, "warnings", t->warnings);
    json_array_append_new(list, item);
}

static void integer_text(int64_t value, char text[24])
{
    if (value == ABSENT)
        strcpy(text, "-");
    else if (value == INT64_MAX)
        strcpy(text, "inf");
    else
        snprintf(text, 24, "%lld", (long long)value);
}

static void figure_text(double value, int decimals, char text[24])
{
    if (!isfinite(value))
        strcpy(text, "-");
    else if (decimals < 0)
        snprintf(text, 24, "%g", value); /* as nccl-tests prints its average */
    else
        snprintf(text, 24, "%.*f", decimals, value);
}

void summarise(struct summary *summary, const struct source *source, size_t number, const char *launch)
{
    const struct source_table *t = &source->tables[number];
    int64_t least = ABSENT, most = ABSENT;
    for (size_t i = 0; i < t->row_count; i++) {
        int64_t bytes = t->rows[i].bytes;
        if (bytes == ABSENT) continue;
        if (least == ABSENT || bytes < least) least = bytes;
        if (most == ABSENT || bytes > most) most = bytes;
    }
    if (summary->format == FORMAT_JSON) {
        add_to_json(summary->list, source, number, launch);
        return;
    }
    char smallest[24], biggest[24], ranks[24], nodes[24], lo[24], hi[24], likely[24], peak[2][24],
        largest[2][24], printed[24], recomputed[24];
    integer_text(least, smallest), integer_text(most, biggest);
    integer_text(t->ranks, ranks), integer_text(t->nodes, nodes);
    integer_text(t->ranks_lo, lo), integer_text(t->ranks_hi, hi), integer_text(t->ranks_likely, likely);
    figure_text(t->peak[0], 2, peak[0]), figure_text(t->peak[1], 2, peak[1]);
    figure_text(t->at_largest[0], 2, largest[0]), figure_text(t->at_largest[1], 2, largest[1]);
    figure_text(t->printed_average, -1, printed), figure_text(t->recomputed_average, 2, recomputed);
    const char *collective = t->collective ? t->collective->name : "-";
    if (summary->format == FORMAT_CSV) {
        if (summary->lines++ == 0)
            puts("file,table,collective,rows,min_bytes,max_bytes,ranks,nodes,ranks_listed,ranks_least,ranks_"
                 "most,ranks_likely,"
                 "peak_busbw_out_of_place,peak_busbw_in_place,largest_busbw_out_of_place,"
                 "largest_busbw_in_place,avg_busbw_printed,avg_busbw_recomputed,warnings");
        struct text path = {0};
        csv_text(&path, source->path);
        printf("%s,%zu,%s,%zu,%s,%s,%s,%s,%zu,%s,%s,%s,%s,%s,%s,%s,%s,%s,%zu\n", text_get(&path), number + 1,
               collective, t->row_count, smallest, biggest, ranks, nodes, t->device_count, lo, hi, likely,
               peak[0], peak[1], largest[0], largest[1], printed, recomputed, json_array_size(t->warnings));
        text_free(&path);
        return;
    }
    if (summary->lines++ == 0)
        printf("%-15s %5s %6s %6s  %22s  %11s  %s\n", "collective", "rows", "ranks", "nodes",
               "peak busbw (GB/s)", "average", "launch");
    char figures[160];
    const bool warned = json_array_size(t->warnings) > 0;
    const char *name = launch ? launch : "(checked)",
               *notes = t->ranks == ABSENT ? warned ? "  (warnings; ranks unknown: give --ranks N)"
                                                    : "  (ranks unknown: give --ranks N)"
                        : warned           ? "  (warnings)"
                                           : "";
    snprintf(figures, sizeof figures, "%-15s %5zu %6s %6s  %10s %11s  %11s", collective, t->row_count, ranks,
             nodes, peak[0], peak[1], recomputed);
    bool fits = strlen(figures) + 2 + strlen(name) + strlen(notes) <= TERMINAL_COLUMNS;
    if (fits) {
        print_plain("%s  %s%s", figures, name, notes);
    } else {
        print_plain("%s", figures);
        print_plain("    %s%s", name, notes);
    }
}
