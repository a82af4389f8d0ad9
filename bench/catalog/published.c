#include "catalog/published.h"
#include "base/tsv.h"
#include "base/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const reach_names[REACH_COUNT] = {[REACH_HOST] = "one GPU host",
                                              [REACH_DOMAIN] = "one NVLink domain",
                                              [REACH_DOMAINS] = "across NVLink domains",
                                              [REACH_NO_LINK] = "hosts with NVLink off",
                                              [REACH_UNKNOWN] = "extent not known"};

static enum status count_cell(const struct tsv *table, size_t row, const char *column, int64_t *value)
{
    *value = INT64_MIN;
    return *tsv_cell(table, row, column) ? tsv_integer(table, row, column, 1, 1 << 24, value) : STATUS_OK;
}

static enum status read_words(struct arena *arena, const struct tsv *table, size_t row,
                              struct published_figure *figure)
{
    const char *name = tsv_cell(table, row, "collective"), *mnnvl = tsv_cell(table, row, "mnnvl");
    const struct collective *collective = collective_find(name);
    *figure = (struct published_figure){
        .provider = tsv_text(table, row, "provider", arena),
        .instance = tsv_text(table, row, "instance", arena),
        .gpu = tsv_text(table, row, "gpu", arena),
        .mnnvl = same(mnnvl, "on")    ? YES
                 : same(mnnvl, "off") ? NO
                                      : UNKNOWN,
        .collective = collective ? collective->name : NULL,
        .placement = tsv_text(table, row, "placement", arena),
        .dtype = tsv_text(table, row, "dtype", arena),
        .shape = tsv_text(table, row, "shape", arena),
        .statistic = tsv_text(table, row, "statistic", arena),
        .date = tsv_text(table, row, "date", arena),
        .source = tsv_text(table, row, "source", arena),
        .note = tsv_text(table, row, "note", arena),
        .line = table->lines[row + 1],
        .formula = "",
    };
    if (!collective && !same(name, "matmul"))
        return tsv_expected(table, row, "collective", "a collective or matmul");
    if (*mnnvl && figure->mnnvl == UNKNOWN) return tsv_expected(table, row, "mnnvl", "on, off or nothing");
    if (!*figure->source) return tsv_expected(table, row, "source", "the page that states the figure");
    if (!*figure->gpu) return tsv_expected(table, row, "gpu", "a GPU model");
    return STATUS_OK;
}

static enum status read_figure(struct arena *arena, const struct tsv *table, size_t row,
                               struct published_figure *figure)
{
    size_t bytes;
    const char *size = tsv_cell(table, row, "bytes");
    enum status status = read_words(arena, table, row, figure);
    if (!status) status = tsv_integer(table, row, "gpus", 1, 1 << 24, &figure->gpus);
    if (!status) status = count_cell(table, row, "nodes", &figure->nodes);
    if (!status) status = count_cell(table, row, "domains", &figure->domains);
    if (!status) status = tsv_number(table, row, "busbw_gbps", &figure->busbw_gbps);
    if (!status) status = tsv_number(table, row, "tflops", &figure->tflops);
    if (status) return status;
    figure->bytes = INT64_MIN;
    if (*size) {
        if (parse_size(size, &bytes) || bytes < 1 || bytes > SIZE_MOST)
            return tsv_expected(table, row, "bytes", "a size like 1G");
        figure->bytes = (int64_t)bytes;
    }
    double value = figure->collective ? figure->busbw_gbps : figure->tflops;
    const char *column = figure->collective ? "busbw_gbps" : "tflops";
    return value > 0 ? STATUS_OK : tsv_expected(table, row, column, "a figure above 0");
}

/* Sets what the figure spans (enum reach) and its bound, as far as the catalog has the machine. */
static void place(struct published_figure *figure, const struct catalog *catalog, struct arena *arena)
{
    const struct instance *instance = catalog_instance(catalog, figure->instance);
    const struct gpu_facts *gpu = catalog_gpu(catalog, figure->gpu);
    const struct collective *collective = figure->collective ? collective_find(figure->collective) : NULL;
    double bytes = figure->bytes > 0 ? (double)figure->bytes : 1e9; /* a bound's bandwidth has no size */
    struct machine machine;
    struct bound bound;
    figure->bound = NAN;
    figure->reach = figure->nodes == 1 ? REACH_HOST : REACH_UNKNOWN;
    figure->domains_used = figure->mnnvl == NO ? figure->nodes : figure->domains;
    if (!collective) {
        figure->bound = gpu_peak_tflops(gpu, figure->dtype);
        return;
    }
    if (machine_of(instance, gpu, figure->gpus, figure->nodes, figure->domains_used, &machine)) {
        figure->domains_used = machine.domains;
        if (bound_of(collective, bytes, &machine, BOUND_MACHINE, &bound)) {
            figure->bound = bound.busbw_gbps;
            figure->formula = arena_string(arena, bound.formula);
        }
    }
    if (figure->nodes <= 1) return;
    if (figure->mnnvl == NO && figure->domains <= 1)
        figure->reach = REACH_NO_LINK;
    else if (figure->domains_used >= 1)
        figure->reach = figure->domains_used > 1 ? REACH_DOMAINS : REACH_DOMAIN;
}

enum status published_parse(struct published *published, const struct catalog *catalog, const char *name,
                            const char *text, size_t length)
{
    static const char *const needed[] = {"provider", "instance", "gpu",        "gpus",  "nodes",
                                         "domains",  "mnnvl",    "collective", "bytes", "busbw_gbps",
                                         "tflops",   "date",     "source",     "note",  NULL};
    struct tsv table;
    *published = (struct published){0};
    enum status status = tsv_parse(name, text, length, &table);
    if (status) return status;
    status = tsv_need(&table, needed);
    published->path = arena_string(&published->arena, name);
    published->list = arena_memory(&published->arena, (table.rows + 1) * sizeof *published->list);
    for (size_t row = 0; !status && row < table.rows; row++) {
        struct published_figure *figure = &published->list[published->count];
        status = read_figure(&published->arena, &table, row, figure);
        if (status) break;
        place(figure, catalog, &published->arena);
        published->count++;
    }
    tsv_free(&table);
    if (status) published_free(published);
    return status;
}

enum status published_read(struct published *published, const struct catalog *catalog)
{
    enum { LARGEST_TABLE = 4 << 20 };
    struct text path = {0}, text = {0};
    *published = (struct published){0};
    const char *slash = catalog->clouds_path ? strrchr(catalog->clouds_path, '/') : NULL;
    if (!slash) return STATUS_OK;
    text_add_bytes(&path, catalog->clouds_path, (size_t)(slash - catalog->clouds_path) + 1);
    text_add(&path, "published.tsv");
    enum status status = STATUS_OK;
    if (access(path.data, F_OK) == 0) {
        status = text_add_file(&text, path.data, LARGEST_TABLE);
        if (!status) status = published_parse(published, catalog, path.data, text_get(&text), text.length);
    }
    text_free(&path);
    text_free(&text);
    return status;
}

void published_free(struct published *published)
{
    arena_free(&published->arena);
    *published = (struct published){0};
}

bool published_impossible(const struct published_figure *figure)
{
    double value = figure->collective ? figure->busbw_gbps : figure->tflops;
    return value > 1.005 * figure->bound; /* false where there is no bound */
}
