/* busbar import: other tools' output becomes records. */
#include "analysis/analysis.h"
#include "analysis/import/source.h"
#include "collective/catalog.h"
#include "record/files.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

struct settings {
    const char *dir, *run, *collective, *cloud, *instance, *gpu, *label, *origin, *format, *catalog;
    int64_t ranks, nodes, domains, only;
    int check, no_hosts, repetitions, keep_going, table, template;
};

#define AT(member) offsetof(struct settings, member)
static const struct option options[] = {
    {OPTION_TEXT, 'o', "output", "DIR", AT(dir), "results", NULL, 0, 0, "output",
     "records go to DIR/RUN/LAUNCH.jsonl"},
    {OPTION_TEXT, 0, "run", "NAME", AT(run), NULL, NULL, 0, 0, NULL,
     "all files are launches of this run; default: one run per file, named like it"},
    {OPTION_FLAG, 0, "check", NULL, AT(check), NULL, NULL, 0, 0, NULL,
     "read and check only: no records are written"},
    {OPTION_FLAG, 0, "no-hosts", NULL, AT(no_hosts), NULL, NULL, 0, 0, NULL,
     "keep host names out of the records"},
    {OPTION_FLAG, 0, "keep-going", NULL, AT(keep_going), NULL, NULL, 0, 0, NULL,
     "wrong data are recorded as always, but do not end the import with status 3"},
    {OPTION_CHOICE, 0, "format", "FORMAT", AT(format), "text", "text|csv|json", 0, 0, NULL,
     "of the summary on standard output"},
    {OPTION_FLAG, 0, "table", NULL, AT(table), NULL, NULL, 0, 0, "published tables",
     "the files are tables of published figures: tab-separated, with named columns (--table-template)"},
    {OPTION_FLAG, 0, "table-template", NULL, AT(template), NULL, NULL, 0, 0, NULL,
     "print such a table's columns with an example"},
    {OPTION_TEXT, 0, "collective", "NAME", AT(collective), NULL, NULL, 0, 0, "what the files do not say",
     "all_reduce, all_gather, …; also where the program's name is not known here"},
    {OPTION_FLAG, 0, "repetitions", NULL, AT(repetitions), NULL, NULL, 0, 0, NULL,
     "tables and files with the same cases are repetitions of one test: they may be combined into one "
     "figure. "
     "Without it, each table is a launch of its own, unless the file says so"},
    {OPTION_INTEGER, 0, "only", "N", AT(only), "0", NULL, 0, 1 << 20, NULL,
     "import only the N-th table of each file, to give it a --label of its own; 0: all"},
    {OPTION_INTEGER, 0, "ranks", "N", AT(ranks), "0", NULL, 0, 1 << 24, NULL, "0: as the file says"},
    {OPTION_INTEGER, 0, "nodes", "N", AT(nodes), "0", NULL, 0, 1 << 24, NULL, "hosts; 0: as the file says"},
    {OPTION_INTEGER, 0, "domains", "N", AT(domains), "0", NULL, 0, 1 << 24, NULL,
     "NVLink domains (racks, or nodes); 0: not said"},
    {OPTION_TEXT, 0, "gpu", "NAME", AT(gpu), NULL, NULL, 0, 0, NULL, "GPU model, as in results/gpus.tsv"},
    {OPTION_TEXT, 0, "cloud", "NAME", AT(cloud), NULL, NULL, 0, 0, NULL, "provider"},
    {OPTION_TEXT, 0, "instance", "NAME", AT(instance), NULL, NULL, 0, 0, NULL,
     "instance type, as in results/clouds.tsv"},
    {OPTION_TEXT, 0, "label", "TEXT", AT(label), NULL, NULL, 0, 0, NULL, "a name for reports"},
    {OPTION_TEXT, 0, "origin", "TEXT", AT(origin), NULL, NULL, 0, 0, NULL,
     "where the files come from: a page, a repository"},
    {OPTION_TEXT, 0, "catalog", "FOLDER", AT(catalog), NULL, NULL, 0, 0, NULL,
     "where clouds.tsv and gpus.tsv are; default: $BUSBAR_CATALOG, else results/"},
    {0},
};

static const struct command command = {
    "busbar import",
    "output of other benchmarks becomes records",
    "[flags] FILE|FOLDER…",
    "Reads, in any wrapping (srun -l, mpirun --tag-output and --xml, kubectl, time stamps, colours, "
    "Markdown, several "
    "tables in a file): the text of nccl-tests, rccl-tests, OSU, the Intel MPI Benchmarks (IMB-MPI1), "
    "nccom-test, "
    "hccl_test, PARAM, DeepSpeed's communication log and perftest (ib_write_bw), and the JSON of nccl-tests "
    "(-J), "
    "rccl-tests (-Z json) and NCCL Inspector. Of a folder every file is read.\n\n"
    "What a file says of itself is checked: sizes against counts, bandwidths against times, the number of "
    "ranks "
    "against busbw/algbw, the printed average against the rows. What does not fit is a warning with its "
    "line, and is "
    "kept in the records. A mean stays a mean: it is never compared with a measured median. Wrong data end "
    "the import "
    "with status 3; the records have the rows.",
    "busbar import all_reduce.log\n    records under results/all_reduce/\n"
    "busbar import --cloud aws --instance p5.48xlarge --nodes 2 --run p5 --repetitions night-*.log\n"
    "    repetitions of one test, as launches of one run\n"
    "busbar import --check --format csv *.log\n    only the summary\n"
    "busbar import --table figures.tsv\n    figures from a published page\n",
    options,
    NULL};

enum { LARGEST_FILE = 1 << 30 };

/* A file to import. */
struct input {
    char *path;
    char name[160];   /* of its run or launch: the file's without folder and ending */
    bool from_folder; /* found in a folder: it may be anything */
    dev_t device;
    ino_t inode;
};

struct inputs {
    struct input *list;
    size_t count;
};

/* "dir/all_reduce.log": "all_reduce", a plain file name whatever the path was; with its folder
   "dir-all_reduce". */
static void stem(const char *path, bool with_folder, char name[160])
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    const char *folder = slash;
    size_t length = dot && dot > base ? (size_t)(dot - base) : strlen(base);
    if (length > 150) length = 150;
    while (folder && folder > path && folder[-1] != '/') folder--;
    size_t folder_length = with_folder && slash ? (size_t)(slash - folder) : 0;
    if (folder_length + length > 150) folder_length = 0;
    snprintf(name, 160, "%.*s%s%.*s", (int)folder_length, folder_length ? folder : "",
             folder_length ? "-" : "", (int)length, base);
    for (char *c = name; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f) *c = '_';
    if (*name == '.' || !*name) strcpy(name, "imported");
}

/* One file by several paths (links) is read once. */
static void add_input(struct inputs *inputs, const char *path, bool from_folder)
{
    struct input input = {.from_folder = from_folder};
    struct stat facts;
    bool exists = stat(path, &facts) == 0; /* else reading it says why not */
    for (size_t i = 0; exists && i < inputs->count; i++)
        if (inputs->list[i].inode == facts.st_ino && inputs->list[i].device == facts.st_dev) {
            if (!from_folder) warn("%s is the same file as %s: it is read once", path, inputs->list[i].path);
            return;
        }
    if (exists) input.device = facts.st_dev, input.inode = facts.st_ino;
    input.path = duplicate(path);
    inputs->list = reallocate(inputs->list, inputs->count + 1, sizeof *inputs->list);
    inputs->list[inputs->count++] = input;
}

static int by_input_name(const void *a, const void *b)
{
    return strcmp((*(const struct input *const *)a)->name, (*(const struct input *const *)b)->name);
}

/* Files of one name in several folders carry the folder's name too. */
static void name_inputs(struct inputs *inputs)
{
    struct input **sorted = allocate(inputs->count, sizeof *sorted);
    for (size_t i = 0; i < inputs->count; i++) {
        sorted[i] = &inputs->list[i];
        stem(inputs->list[i].path, false, inputs->list[i].name);
    }
    qsort(sorted, inputs->count, sizeof(struct input *), by_input_name);
    for (size_t from = 0, to; from < inputs->count; from = to) {
        for (to = from + 1; to < inputs->count && strcmp(sorted[to]->name, sorted[from]->name) == 0;) to++;
        for (size_t i = from; to - from > 1 && i < to; i++) stem(sorted[i]->path, true, sorted[i]->name);
    }
    free(sorted);
}

static enum status find_inputs(struct inputs *inputs, int count, char **operands)
{
    enum status status = STATUS_OK;
    for (int i = 0; !status && i < count; i++) {
        struct stat facts;
        struct paths paths = {0};
        bool is_folder = stat(operands[i], &facts) == 0 && S_ISDIR(facts.st_mode);
        if (is_folder) status = find_files(operands[i], "", &paths);
        for (size_t p = 0; p < paths.count; p++) add_input(inputs, paths.list[p], true);
        if (!is_folder) add_input(inputs, operands[i], false);
        paths_free(&paths);
    }
    name_inputs(inputs);
    return status;
}

static void inputs_free(struct inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++) free(inputs->list[i].path);
    free(inputs->list);
}

/* The first instance of the catalog that the file's beginning or its name has as a word. */
static const char *named_instance(const struct catalog *catalog, const char *path, const char *data)
{
    char head[65536];
    snprintf(head, sizeof head, "%s\n%.60000s", path, data);
    for (size_t i = 0; i < catalog->instance_count; i++) {
        const char *name = catalog->instances[i].name;
        for (const char *at = head; (at = strcasestr(at, name)); at++) {
            bool starts = at == head || !isalnum((unsigned char)at[-1]),
                 ends = !isalnum((unsigned char)at[strlen(name)]);
            if (starts && ends) return name;
        }
    }
    return NULL;
}

struct summary {
    const char *format;
    json_t *list; /* --format json */
    size_t lines;
    size_t tables; /* imported */
    bool wrong;    /* some data were wrong */
};

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
    json_object_set_new(item, "format", json_string(source->format));
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

static void number_text(double value, int decimals, char text[24])
{
    if (!isfinite(value))
        strcpy(text, "-");
    else if (decimals < 0)
        snprintf(text, 24, "%g", value); /* as nccl-tests prints its average */
    else
        snprintf(text, 24, "%.*f", decimals, value);
}

/* Double quotes, as RFC 4180 has them; control characters are left out. */
static void print_csv_text(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if ((unsigned char)*text < ' ') continue;
        if (*text == '"') putchar('"');
        putchar(*text);
    }
    putchar('"');
}

static void summarise(struct summary *summary, const struct source *source, size_t number, const char *launch)
{
    const struct source_table *t = &source->tables[number];
    int64_t least = INT64_MAX, most = 0;
    for (size_t i = 0; i < t->row_count; i++) {
        if (t->rows[i].bytes < least) least = t->rows[i].bytes;
        if (t->rows[i].bytes > most) most = t->rows[i].bytes;
    }
    if (same(summary->format, "json")) {
        add_to_json(summary->list, source, number, launch);
        return;
    }
    char ranks[24], nodes[24], lo[24], hi[24], likely[24], peak[2][24], largest[2][24], printed[24],
        recomputed[24];
    integer_text(t->ranks, ranks), integer_text(t->nodes, nodes);
    integer_text(t->ranks_lo, lo), integer_text(t->ranks_hi, hi), integer_text(t->ranks_likely, likely);
    number_text(t->peak[0], 2, peak[0]), number_text(t->peak[1], 2, peak[1]);
    number_text(t->at_largest[0], 2, largest[0]), number_text(t->at_largest[1], 2, largest[1]);
    number_text(t->printed_average, -1, printed), number_text(t->recomputed_average, 2, recomputed);
    const char *collective = t->collective ? t->collective->name : "-";
    if (same(summary->format, "csv")) {
        if (summary->lines++ == 0)
            puts("file,table,collective,rows,min_bytes,max_bytes,ranks,nodes,ranks_listed,ranks_least,ranks_"
                 "most,ranks_likely,"
                 "peak_busbw_out_of_place,peak_busbw_in_place,largest_busbw_out_of_place,"
                 "largest_busbw_in_place,avg_busbw_printed,avg_busbw_recomputed,warnings");
        print_csv_text(source->path);
        printf(",%zu,%s,%zu,%lld,%lld,%s,%s,%zu,%s,%s,%s,%s,%s,%s,%s,%s,%s,%zu\n", number + 1, collective,
               t->row_count, (long long)least, (long long)most, ranks, nodes, t->device_count, lo, hi, likely,
               peak[0], peak[1], largest[0], largest[1], printed, recomputed, json_array_size(t->warnings));
        return;
    }
    if (summary->lines++ == 0)
        printf("%-15s %5s %6s %6s  %22s  %12s  %s\n", "collective", "rows", "ranks", "nodes",
               "peak busbw (GB/s)", "average", "launch");
    printf("%-15s %5zu %6s %6s  %10s %11s  %12s  %s%s\n", collective, t->row_count, ranks, nodes, peak[0],
           peak[1], recomputed, launch ? launch : "(checked)",
           json_array_size(t->warnings) ? "  (warnings)" : "");
}

static enum status import_table(struct source *source, size_t number, const char *name,
                                const struct settings *settings, const struct source_given *given,
                                const struct catalog *catalog, struct summary *summary)
{
    const struct source_table *table = &source->tables[number];
    char launch[200];
    if (!table->collective) {
        if (table->unscaled)
            return fail(STATUS_ENVIRONMENT, "%s:%zu: left out: its sizes are one rank's share: give --ranks",
                        source->path, table->line);
        if (table->program && table->collective_from == FROM_TABLE)
            return fail(
                STATUS_ENVIRONMENT,
                "%s:%zu: left out: '%s' is none of the collectives here; give --collective if it is one",
                source->path, table->line, table->program);
        return fail(STATUS_ENVIRONMENT,
                    "%s:%zu: left out: nothing tells which collective this is: give --collective",
                    source->path, table->line);
    }
    if (source->table_count > 1)
        snprintf(launch, sizeof launch, "%s-%zu", name, number + 1);
    else
        snprintf(launch, sizeof launch, "%s", name);
    struct text path = {0};
    const char *run_name = settings->run ? settings->run : name;
    enum status status = source_record(source, number, given, catalog, settings->check ? NULL : settings->dir,
                                       run_name, launch, &summary->wrong);
    text_add(&path, "%s/%s/%s.jsonl", settings->dir, run_name, launch);
    if (!status) summarise(summary, source, number, settings->check ? NULL : path.data);
    summary->tables += !status;
    text_free(&path);
    return status;
}

/* Every table of the file that is asked for. */
static enum status import_tables(struct source *source, const char *name, const struct settings *settings,
                                 const struct source_given *given, const struct catalog *catalog,
                                 struct summary *summary)
{
    enum status status = STATUS_OK;
    size_t only = (size_t)settings->only;
    if (only > source->table_count)
        return fail(STATUS_ENVIRONMENT, "%s: --only %zu: it has %zu tables", source->path, only,
                    source->table_count);
    source_check(source, given);
    if (!only) source_tell_apart(source, given);
    for (size_t i = 0; i < source->table_count; i++) {
        if (only && i + 1 != only) continue;
        enum status one = import_table(source, i, name, settings, given, catalog, summary);
        if (one && !status) status = one;
    }
    return status;
}

static enum status import_file(const struct input *input, const struct settings *settings,
                               const struct catalog *catalog, struct summary *summary)
{
    const char *path = input->path;
    struct text data = {0};
    struct source source = {0};
    struct source_given given = {
        .collective = settings->collective,
        .cloud = settings->cloud,
        .instance = settings->instance,
        .gpu = settings->gpu,
        .label = settings->label,
        .origin = settings->origin,
        .ranks = settings->ranks ? settings->ranks : ABSENT,
        .nodes = settings->nodes ? settings->nodes : ABSENT,
        .domains = settings->domains ? settings->domains : ABSENT,
        .no_hosts = settings->no_hosts,
        .repetitions = settings->repetitions,
    };
    enum status status = text_add_file(&data, path, LARGEST_FILE);
    if (status) {
        text_free(&data);
        return status;
    }
    size_t found = settings->table
                       ? source_read_as(&source, &source_published, path, text_get(&data), data.length)
                       : source_read(&source, path, text_get(&data), data.length);
    const char *looks = found || settings->table ? NULL : source_looks_like(text_get(&data), data.length);
    struct text why = {0};
    if (looks)
        text_add(&why, "%s: this is output of %s: not imported", path, looks);
    else
        text_add(&why, "%s: no table of a benchmark that is read here (busbar import --help)", path);
    if (!found && settings->table)
        status = STATUS_ENVIRONMENT; /* the reader has said why */
    else if (!found && input->from_folder)
        warn("%s", text_get(&why));
    else if (!found)
        status = fail(STATUS_ENVIRONMENT, "%s", text_get(&why));
    text_free(&why);
    if (catalog && found) source.instance = named_instance(catalog, path, text_get(&data));
    if (source.instance && given.instance && strcasecmp(source.instance, given.instance) != 0)
        warn("%s: --instance says '%s', the file names '%s'", path, given.instance, source.instance);
    if (found) status = import_tables(&source, input->name, settings, &given, catalog, summary);
    source_free(&source);
    text_free(&data);
    return status;
}

static enum status import_all(int count, char **paths, const struct settings *settings)
{
    struct catalog catalog;
    struct summary summary = {.format = settings->format, .list = json_array()};
    bool wants_catalog = settings->catalog || settings->instance, has_catalog = false;
    enum status status = STATUS_OK;
    if (settings->collective && !collective_by_any_name(settings->collective, strlen(settings->collective)))
        status = fail(STATUS_USAGE, "--collective: '%s' is no collective", settings->collective);
    /* The catalog adds instances and bounds; without one, the import is as good. */
    if (!status) {
        silence(!wants_catalog);
        enum status catalog_status = catalog_read(&catalog, settings->catalog);
        silence(0);
        has_catalog = catalog_status == STATUS_OK;
        if (settings->catalog) status = catalog_status;
    }
    if (!status && has_catalog && settings->instance && !catalog_instance(&catalog, settings->instance))
        warn("--instance: '%s' is not in %s: no bounds are given", settings->instance, catalog.clouds_path);
    /* One bad file does not keep the others out; the first failure is the end's. */
    struct inputs inputs = {0};
    if (!status) status = find_inputs(&inputs, count, paths);
    enum status first = status;
    for (size_t i = 0; !status && i < inputs.count; i++) {
        enum status one = import_file(&inputs.list[i], settings, has_catalog ? &catalog : NULL, &summary);
        if (!first) first = one;
    }
    status = first;
    inputs_free(&inputs);
    if (!status && summary.tables == 0) status = fail(STATUS_ENVIRONMENT, "nothing was imported");
    if (same(settings->format, "json")) {
        json_dumpf(summary.list, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
        puts("");
    }
    json_decref(summary.list);
    if (has_catalog) catalog_free(&catalog);
    if (summary.wrong && !settings->keep_going)
        return fail(STATUS_WRONG,
                    "some of the data are wrong, by the tools' own checks: the records say which");
    return status;
}

static enum status run(int argc, char **argv)
{
    struct settings settings = {0};
    int operand;
    enum status status = options_parse(&command, argc, argv, &settings, &operand);
    if (!status && settings.template) {
        published_template(stdout);
        options_free(&command, &settings);
        return STATUS_OK;
    }
    if (!status && operand == argc) status = fail(STATUS_USAGE, "import needs files: busbar import FILE…");
    if (!status) status = import_all(argc - operand, argv + operand, &settings);
    options_free(&command, &settings);
    return status;
}

const struct subcommand import_subcommand = {&command, run};
