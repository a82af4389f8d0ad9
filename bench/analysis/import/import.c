/* busbar import: converts the output of other benchmarks into records. */
#include "analysis/import/import.h"
#include "analysis/common/subcommand.h"
#include "analysis/trace/trace.h"
#include "base/word_list.h"
#include "catalog/catalog.h"
#include "record/flags.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

struct settings {
    const char *dir, *run, *collective, *cloud, *instance, *gpu, *label, *origin, *catalog, *workload;
    enum format format;
    int64_t ranks, nodes, domains, only, step;
    int check, no_hosts, repetitions, keep_going, table, template;
};

#define AT(member) offsetof(struct settings, member)
static const struct option options[] = {
    FLAG_OUTPUT(
            .argument = "PATH", .at = AT(dir), .group = "output",
            .help =
                "write records to PATH/RUN/LAUNCH.jsonl. Default: results. With --workload: write the table "
                "to the file PATH. Default: standard output"),
    FLAG_RUN(.at = AT(run),
             .help =
                 "all files are launches of this run. Default: a run for each file, with the file's name"),
    {.kind = OPTION_FLAG,
     .name = "check",
     .at = AT(check),
     .help = "read and check the files, but write no records"},
    {.kind = OPTION_FLAG,
     .name = "no-hosts",
     .at = AT(no_hosts),
     .help = "keep host names out of the records"},
    {.kind = OPTION_FLAG,
     .name = "keep-going",
     .at = AT(keep_going),
     .help = "end with status 0 even if a file reports wrong data; the records have them either way"},
    FLAG_FORMAT("text|csv|json", .at = AT(format), .initial = "text",
                .help = "format of the summary on standard output"),
    {.kind = OPTION_FLAG,
     .name = "table",
     .at = AT(table),
     .group = "published tables",
     .help = "the files are tables of published figures: tab-separated, with the columns that "
             "--table-template prints"},
    {.kind = OPTION_FLAG,
     .name = "table-template",
     .at = AT(template),
     .help = "print the columns of such a table, and an example"},
    {.kind = OPTION_TEXT,
     .name = "workload",
     .argument = "NAME",
     .at = AT(workload),
     .group = "traces",
     .help = "the file is a trace of one rank: write a workload of this name, a table like "
             "results/workloads.tsv, instead of records"},
    {.kind = OPTION_INTEGER,
     .name = "step",
     .argument = "N",
     .at = AT(step),
     .initial = "-1",
     .least = -1,
     .most = 9e15,
     .help = "take ProfilerStep#N of the trace; -1: the last whole step"},
    FLAG_COLLECTIVE(.at = AT(collective), .group = "what the files do not say",
                    .help = "all_reduce, all_gather, …: if the file does not say, or if its program's name "
                            "is unknown to busbar"),
    {.kind = OPTION_FLAG,
     .name = "repetitions",
     .at = AT(repetitions),
     .help = "tables and files with the same cases are repetitions of one test, so their figures may be "
             "combined. "
             "Default: only if the file says so"},
    {.kind = OPTION_INTEGER,
     .name = "only",
     .argument = "N",
     .at = AT(only),
     .initial = "0",
     .most = 1 << 20,
     .help = "import only the N-th table of each file, for example to give it its own --label; 0: all"},
    {.kind = OPTION_INTEGER,
     .name = "ranks",
     .argument = "N",
     .at = AT(ranks),
     .initial = "0",
     .most = 1 << 24,
     .help = "number of ranks; 0: what the file says"},
    {.kind = OPTION_INTEGER,
     .name = "nodes",
     .argument = "N",
     .at = AT(nodes),
     .initial = "0",
     .most = 1 << 24,
     .help = "number of hosts; 0: what the file says"},
    FLAG_DOMAINS(.at = AT(domains), .initial = "0",
                 .help = "number of NVLink domains (racks, or nodes); 0: not known"),
    FLAG_GPU(.at = AT(gpu), .help = "GPU model, as in results/gpus.tsv"),
    FLAG_CLOUD(.at = AT(cloud)),
    FLAG_INSTANCE(.at = AT(instance), .help = "instance type, as in results/clouds.tsv"),
    FLAG_LABEL(.at = AT(label)),
    {.kind = OPTION_TEXT,
     .name = "origin",
     .argument = "TEXT",
     .at = AT(origin),
     .help = "where the files come from: a page, a repository"},
    FLAG_CATALOG(.at = AT(catalog)),
    FLAG_LETTER_GONE('o', "output"),
    {.kind = OPTION_END},
};

static const struct command command = {
    "busbar import",
    "convert the output of other benchmarks to records",
    "[flags] FILE|FOLDER…",
    "Reads the text of nccl-tests, rccl-tests, OSU, the Intel MPI Benchmarks (IMB-MPI1), nccom-test, "
    "hccl_test, "
    "PARAM, DeepSpeed's communication log, perftest (ib_write_bw) and nvbandwidth (text and -j), the JSON of "
    "nccl-tests (-J), "
    "rccl-tests (-Z "
    "json) and NCCL Inspector, and the CSV of rccl-tests (-Z csv). Other text around the tables does not "
    "matter: "
    "prefixes of srun -l, mpirun --tag-output, mpirun --xml or kubectl, time stamps, colours, Markdown. A "
    "file may "
    "have several tables. From a folder, all files are read.\n\n"
    "Import checks each file against itself: sizes against counts, bandwidths against times, the number of "
    "ranks "
    "against busbw/algbw, the printed average against the rows. A mismatch is a warning with its line "
    "number, and "
    "the record keeps it. A mean stays a mean: it is never compared with a measured median. If a file "
    "reports wrong "
    "data, the records have its rows and the exit status is 3.\n\n"
    "With --workload, the file is one rank's trace of a PyTorch job: of its profiler (record_shapes=True, "
    "export_chrome_trace) or of its ExecutionTraceObserver (Chakra). Import takes one step and writes its "
    "collectives and matmuls, in the order in which the rank called them, as rows of a table of workloads. "
    "Rows that ran at the same time are marked. Standard error names the calls that it left out, and "
    "their number.",
    "busbar import all_reduce.log\n    records under results/all_reduce/\n"
    "busbar import --cloud aws --instance p5.48xlarge --nodes 2 --run p5 --repetitions night-*.log\n"
    "    repetitions of one test, as launches of one run\n"
    "busbar import --check --format csv *.log\n    only the summary\n"
    "busbar import --table figures.tsv\n    figures from a published page\n"
    "busbar import --workload mine trace.json >mine.tsv\n"
    "    a workload for build/step and busbar report, of a step of a training job\n",
    options,
    NULL,
    NULL};

static int any_collective_index(const char *name)
{
    const struct collective *found = collective_by_any_name(name, strlen(name));
    return found ? (int)found->id : -1;
}

/* Messages suggest busbar's names; those of other tools are accepted, too. */
static const struct word_set any_collective_words = {collective_word, any_collective_index};

enum { LARGEST_FILE = 1 << 30 };

/* The first instance type of the catalog that is a word of the file's path or of its first 60000 bytes. */
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
            return fail(STATUS_ENVIRONMENT,
                        "%s:%zu: left out: '%s' is not a collective that busbar knows; give --collective if "
                        "it is one",
                        source->path, table->line, table->program);
        return fail(STATUS_ENVIRONMENT, "%s:%zu: left out: the collective is not known: give --collective",
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

/* Imports the tables of the file, or the one that --only names. */
static enum status import_tables(struct source *source, const char *name, const struct settings *settings,
                                 const struct source_given *given, const struct catalog *catalog,
                                 struct summary *summary)
{
    enum status status = STATUS_OK;
    size_t only = (size_t)settings->only;
    if (only > source->table_count)
        return fail(STATUS_ENVIRONMENT, "%s: --only %zu: the file has %zu tables", source->path, only,
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
    const char *kind = found || settings->table ? NULL : source_kind(text_get(&data), data.length);
    if (kind)
        text_add(&why, "%s: this is %s", path, kind);
    else if (looks)
        text_add(&why, "%s: this is output of %s: not imported", path, looks);
    else
        text_add(&why, "%s: no table of a benchmark that is read here (busbar import --help)", path);
    if (!found && settings->table)
        status = STATUS_ENVIRONMENT; /* the reader printed the reason */
    else if (!found && input->from_folder)
        warn("%s", text_get(&why));
    else if (!found)
        status = fail(STATUS_ENVIRONMENT, "%s", text_get(&why));
    text_free(&why);
    if (catalog && found) source.instance = named_instance(catalog, path, text_get(&data));
    if (source.instance && given.instance && strcasecmp(source.instance, given.instance) != 0)
        warn("%s: --instance says '%s', the file names '%s'", path, given.instance, source.instance);
    summary->wrong |= source.wrong_data;
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
    int ignored;
    if (settings->collective)
        status = word_read("collective", settings->collective, &any_collective_words, &ignored);
    /* The catalog only adds instances and bounds: unless the user names it, the import works without it. */
    if (!status) {
        silence(!wants_catalog);
        enum status catalog_status = catalog_read(&catalog, settings->catalog);
        silence(0);
        has_catalog = catalog_status == STATUS_OK;
        if (settings->catalog) status = catalog_status;
    }
    if (!status && has_catalog && settings->instance && !catalog_instance(&catalog, settings->instance))
        warn("--instance: '%s' is not in %s: no bounds are given", settings->instance, catalog.clouds_path);
    /* A bad file does not stop the import of the others; the exit status is that of the first failure. */
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
    if (settings->format == FORMAT_JSON) {
        json_dumpf(summary.list, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
        puts("");
    }
    json_decref(summary.list);
    if (has_catalog) catalog_free(&catalog);
    if (!summary.wrong || settings->keep_going) return status;
    /* A record that could not be written counts more than one with wrong data. */
    enum status wrong =
        fail(STATUS_WRONG, "some data are wrong by the tools' own checks; the records say which");
    return status ? status : wrong;
}

/* Refuses the flags that are about records. */
static enum status import_workload(int count, char **paths, const struct settings *settings)
{
    const struct {
        bool given;
        const char *name;
    } others[] = {{settings->run, "run"},
                  {settings->table, "table"},
                  {settings->collective, "collective"},
                  {settings->repetitions, "repetitions"},
                  {settings->only, "only"},
                  {settings->nodes, "nodes"},
                  {settings->domains, "domains"},
                  {settings->gpu, "gpu"},
                  {settings->cloud, "cloud"},
                  {settings->instance, "instance"},
                  {settings->label, "label"},
                  {settings->origin, "origin"},
                  {settings->no_hosts, "no-hosts"},
                  {settings->keep_going, "keep-going"},
                  {settings->format != FORMAT_TEXT, "format"},
                  {settings->catalog, "catalog"}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i].given)
            return fail(STATUS_USAGE, "--%s: not with --workload, which writes no records", others[i].name);
    if (count != 1) return fail(STATUS_USAGE, "--workload: expected one file, the trace of one rank");
    struct trace_import import = {.workload = settings->workload,
                                  .output = settings->dir,
                                  .step = settings->step,
                                  .ranks = settings->ranks ? settings->ranks : NO_NUMBER,
                                  .check = settings->check};
    return trace_import(&import, paths[0]);
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
    if (!status && settings.step != NO_NUMBER && !settings.workload)
        status = fail(STATUS_USAGE, "--step: only with --workload NAME");
    if (!status && settings.workload)
        status = import_workload(argc - operand, argv + operand, &settings);
    else if (!status) {
        if (!settings.dir) settings.dir = "results";
        status = import_all(argc - operand, argv + operand, &settings);
    }
    options_free(&command, &settings);
    return status;
}

const struct subcommand import_subcommand = {&command, run};
