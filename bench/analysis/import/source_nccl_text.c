/* Reads the text output of nccl-tests and rccl-tests, versions 2.0 to 2.19, with any prefixes and wrapping
   that launchers, loggers or pages added. */
#include "analysis/import/source_nccl.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct stream *stream_of(struct parser *parser, const char *label)
{
    enum { MOST_STREAMS = 8192 };
    for (size_t i = 0; i < parser->stream_count; i++)
        if (strcmp(parser->streams[i]->label, label) == 0) return parser->streams[i];
    if (parser->stream_count == MOST_STREAMS) return parser->streams[0];
    parser->streams = reallocate(parser->streams, parser->stream_count + 1, sizeof *parser->streams);
    struct stream *stream = parser->streams[parser->stream_count++] = allocate(1, sizeof *stream);
    stream->label = arena_string(&parser->source->arena, label);
    return stream;
}

struct source_table *nccl_table_of(struct parser *parser, const struct stream *stream)
{
    return stream->table ? &parser->source->tables[stream->table - 1] : NULL;
}

struct source_table *nccl_open_table(struct parser *parser, struct stream *stream, bool inherit)
{
    size_t before = stream->table;
    struct source_table *table = source_add_table(parser->source, parser->lines.number);
    const struct source_table *old = before ? &parser->source->tables[before - 1] : NULL;
    table->label = *stream->label ? stream->label : NULL;
    table->title = parser->title;
    parser->title = NULL;
    table->backend = "nccl", table->memory = "device", table->statistic = "mean", table->includes_launch = 1;
    if (inherit && old) {
        table->inherited = true;
        table->collective = old->collective, table->collective_from = old->collective_from,
        table->program = old->program;
        table->min_bytes = old->min_bytes, table->step = old->step,
        table->step_is_factor = old->step_is_factor;
        table->warmup = old->warmup, table->iterations = old->iterations, table->batch = old->batch;
        table->graph = old->graph, table->average = old->average;
        json_object_update(table->facts, old->facts);
        for (size_t i = 0; i < old->device_count; i++) source_add_device(table, old->devices[i]);
    }
    stream->table = parser->source->table_count;
    stream->footer = stream->seen_version = stream->seen_start = stream->seen_threads = false;
    if (!inherit) stream->columns = (struct columns){0};
    return table;
}

/* Returns the table that a line before the rows belongs to. *seen: the table has had a line of this kind; a
   second one then begins a new table. seen NULL: the line may occur several times. */
static struct source_table *opening_table(struct parser *parser, struct stream *stream, bool *seen)
{
    struct source_table *table = nccl_table_of(parser, stream);
    if (!table || table->row_count || stream->footer || (seen && *seen))
        table = nccl_open_table(parser, stream, false);
    if (seen) *seen = true;
    return table;
}

/* The integer that follows `key` in the line; ABSENT: none. */
static int64_t number_after(const char *line, const char *key)
{
    const char *at = strstr(line, key);
    if (!at) return ABSENT;
    at += strlen(key);
    at += strspn(at, " ");
    return isdigit((unsigned char)*at) ? strtoll(at, NULL, 10) : ABSENT;
}

/* "nThread 1 nGpus 1 minBytes 8 maxBytes 8589934592 step: 2(factor) warmup iters: 5 iters: 20 agg iters: 1
 * validation: 1 graph: 0" */
static void read_parameters(struct source_table *table, const char *line)
{
    const char *step = strstr(line, "step:"), *warmup = strstr(line, "warmup iters:");
    table->min_bytes = number_after(line, "minBytes");
    table->step = number_after(line, "step:");
    table->step_is_factor = step && strstr(step, "(factor)") != NULL;
    table->warmup = number_after(line, "warmup iters:");
    table->iterations =
        warmup ? number_after(warmup + strlen("warmup iters:"), "iters:") : number_after(line, " iters:");
    table->batch = number_after(line, "agg iters:");
    table->graph = number_after(line, "graph:");
}

/* Adds the first word at `text` as a fact. */
static void word_fact(struct source_table *table, const char *key, const char *text)
{
    text += strspn(text, " :");
    source_fact(table, key, text, strcspn(text, " ,"));
}

/* Adds the version as a fact. A development build, "2.17.9-develop:0123abcdef", also names its commit. */
static void tests_version(struct source_table *table, const char *key, const char *text)
{
    char commit_key[64];
    text += strspn(text, " ");
    size_t length = strcspn(text, " ,:"), commit = text[length] == ':' ? strcspn(text + length + 1, " ,") : 0;
    snprintf(commit_key, sizeof commit_key, "%s_commit", key);
    source_fact(table, key, text, length);
    if (commit) source_fact(table, commit_key, text + length + 1, commit);
}

/* "# rccl-tests version 2.17.9-develop:0123abcdef rccl-headers=22803 rccl-library=22707": the version of the
   headers is RCCL's release. Also adds the library's version if it differs. */
static void read_rccl_version(struct parser *parser, struct source_table *table, const char *line)
{
    int64_t headers = number_after(line, "rccl-headers="), library = number_after(line, "rccl-library=");
    tests_version(table, "rccl_tests", line + strlen("rccl-tests version "));
    source_nccl_version(table, "rccl", headers != ABSENT ? headers : library);
    if (headers == ABSENT || library == ABSENT || headers == library) return;
    source_nccl_version(table, "rccl_library", library);
    source_warn(parser->source, table, parser->lines.number,
                "built with RCCL %s, run with the library of %s: both are kept",
                json_string_value(json_object_get(table->facts, "rccl")),
                json_string_value(json_object_get(table->facts, "rccl_library")));
}

/* Adds a version as a fact to the process's current table and to the whole file, because any process may
   print it before or within a table. */
static void version_fact(struct parser *parser, const char *label, const char *key, const char *text)
{
    text += strspn(text, " :");
    size_t length = strcspn(text, " +");
    struct source_table file = {.facts = parser->facts};
    struct stream *stream = NULL;
    for (size_t i = 0; i < parser->stream_count && !stream; i++)
        if (strcmp(parser->streams[i]->label, label) == 0 && parser->streams[i]->table)
            stream = parser->streams[i];
    struct source_table *places[] = {stream && !stream->footer ? nccl_table_of(parser, stream) : NULL, &file};
    if (!isdigit((unsigned char)*text)) return;
    for (size_t i = 0; i < 2; i++) {
        if (!places[i]) continue;
        source_fact(places[i], key, text, length);
        if (strncmp(text + length, "+cuda", 5) == 0) word_fact(places[i], "cuda", text + length + 5);
    }
}

static void read_versions(struct parser *parser, const char *line, const char *label)
{
    const char *at;
    if ((at = strstr(line, "RCCL version")))
        version_fact(parser, label, "rccl", at + 12);
    else if ((at = strstr(line, "NCCL version")))
        version_fact(parser, label, "nccl", at + 12);
    if ((at = strstr(line, "HIP version"))) version_fact(parser, label, "hip", at + 11);
    if ((at = strstr(line, "ROCm version"))) version_fact(parser, label, "rocm", at + 12);
    if ((at = strstr(line, "rccl-tests: Version "))) {
        struct source_table file = {.facts = parser->facts};
        word_fact(&file, "rccl_tests", at + 20);
    }
}

/* "#  Rank  0 Group  0 Pid 2627782 on host device  0 [0000:1b:00] NVIDIA H100 80GB HBM3"; versions
   before 2.17 have no Group. */
static bool read_device(struct parser *parser, struct stream *stream, const char *line)
{
    char copy[LINE_LIMIT];
    struct word words[WORD_LIMIT];
    const char *bracket = strchr(line, '['), *name = bracket ? strchr(bracket, ']') : NULL;
    size_t rank = 0, on = 0, device = 0, count = split_words(strcpy(copy, line), words);
    while (rank < count && strcmp(words[rank].text, "Rank") != 0) rank++;
    if (rank + 1 >= count || !bracket || !is_integer_word(words[rank + 1].text)) return false;
    for (on = rank; on < count && strcmp(words[on].text, "on") != 0;) on++;
    for (device = on; device < count && strcmp(words[device].text, "device") != 0;) device++;
    if (device + 1 >= count || !is_integer_word(words[device + 1].text)) return false;
    struct source_device found = {.rank = strtoll(words[rank + 1].text, NULL, 10),
                                  .device = strtoll(words[device + 1].text, NULL, 10)};
    if (on + 1 < device) found.host = arena_string(&parser->source->arena, words[on + 1].text);
    if (name) {
        char gpu[128];
        name += 1 + strspn(name + 1, " ");
        size_t length = strlen(name);
        /* Drops markup that a page or a launcher added after the model ("NVIDIA H100`", "| NVIDIA H100
           |"). */
        while (length && !isalnum((unsigned char)name[length - 1]) && name[length - 1] != ')') length--;
        if (length && length < sizeof gpu) {
            memcpy(gpu, name, length);
            gpu[length] = 0;
            found.gpu = arena_string(&parser->source->arena, gpu);
        }
    }
    source_add_device(opening_table(parser, stream, NULL), found);
    return true;
}

static void set_hint(struct parser *parser, const struct collective *collective, enum evidence from)
{
    if (from < parser->hint_from && !parser->hint_used) return;
    parser->hint = collective;
    parser->hint_from = from;
    parser->hint_used = false;
}

/* Finds a collective that up to three words name together: "All Reduce", "All 2 All". */
static const struct collective *spoken_collective(const struct word *words, size_t count)
{
    char joined[64] = "";
    for (size_t i = 0; i < count && i < 3; i++) {
        const char *word = strcmp(words[i].text, "2") == 0 ? "to" : words[i].text;
        if (strlen(joined) + strlen(word) >= sizeof joined) return NULL;
        strcat(joined, word);
        const struct collective *found = collective_by_any_name(joined, strcspn(joined, ":,.`"));
        /* The names of the others are also plain English words. */
        if (found && (found->id == ALL_REDUCE || found->id == ALL_GATHER || found->id == REDUCE_SCATTER ||
                      found->id == ALL_TO_ALL))
            return found;
    }
    return NULL;
}

/* Looks for a collective in lines outside tables: "…/all_reduce_perf -b 8", "run_nccl_tests.sh -t
   all_gather", "## All-to-All, 2 nodes". */
static void read_hints(struct parser *parser, const struct word *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *word = words[i].text, *slash = strrchr(word, '/');
        if (slash) word = slash + 1;
        size_t length = strcspn(word, "'\"`,;:");
        const struct collective *found = collective_by_any_name(word, length), *spoken;
        bool is_command = is_perf_program(word, length);
        bool is_option = i > 0 && words[i - 1].text[0] == '-';
        if (found && (is_command || is_option))
            set_hint(parser, found, FROM_COMMAND);
        else if ((spoken = spoken_collective(words + i, count - i)))
            set_hint(parser, spoken, FROM_WORDS);
        for (size_t k = i + 1; found && is_command && k + 1 < count; k++)
            if (strcmp(words[k].text, "-a") == 0 && is_integer_word(words[k + 1].text))
                parser->average = strtoll(words[k + 1].text, NULL, 10);
    }
}

static void set_program(struct parser *parser, struct source_table *table, const char *name)
{
    name += strspn(name, " ");
    size_t length = strcspn(name, " ");
    char word[64];
    if (length == 0 || length >= sizeof word) return;
    memcpy(word, name, length);
    word[length] = 0;
    nccl_set_program(&parser->source->arena, table, word);
}

void nccl_set_program(struct arena *arena, struct source_table *table, const char *word)
{
    size_t stem = strlen(word);
    table->program = arena_string(arena, word);
    table->collective = collective_by_any_name(word, stem);
    table->collective_from = FROM_TABLE;
    table->rate_is_not_bytes = table->collective && table->collective->id == ALL_TO_ALL_V;
}

/* Reads the lines that begin and end a test. false: the line is none of them. */
static bool read_frame(struct parser *parser, const char *line, const char *label)
{
    const char *at;
    struct stream *stream;
    if ((at = strstr(line, "nccl-tests version ")) || (at = strstr(line, "rccl-tests version "))) {
        stream = stream_of(parser, label);
        nccl_flush(parser, stream);
        struct source_table *table = opening_table(parser, stream, &stream->seen_version);
        if (*at == 'r') {
            read_rccl_version(parser, table, at);
        } else {
            tests_version(table, "nccl_tests", at + strlen("nccl-tests version "));
            source_nccl_version(table, "nccl", number_after(at, "nccl-library="));
        }
    } else if ((at = strstr(line, "Collective test starting:"))) {
        stream = stream_of(parser, label);
        nccl_flush(parser, stream);
        set_program(parser, opening_table(parser, stream, &stream->seen_start), at + 25);
    } else if ((at = strstr(line, "nThread ")) && strstr(at, "minBytes ")) {
        stream = stream_of(parser, label);
        nccl_flush(parser, stream);
        read_parameters(opening_table(parser, stream, &stream->seen_threads), at);
    } else if ((at = strstr(line, "Out of bounds values")) || (at = strstr(line, "Avg bus bandwidth")) ||
               (at = strstr(line, "Collective test concluded:"))) {
        stream = stream_of(parser, label);
        nccl_flush(parser, stream);
        struct source_table *table = nccl_table_of(parser, stream);
        const char *colon = strchr(at, ':');
        char number[32];
        struct printed printed;
        if (!table || !colon) return true;
        snprintf(number, sizeof number, "%.*s", (int)strcspn(colon + 1 + strspn(colon + 1, " "), " "),
                 colon + 1 + strspn(colon + 1, " "));
        if (*at == 'O' && is_integer_word(number)) table->out_of_bounds = strtoll(number, NULL, 10);
        if (*at == 'A' && read_printed(number, &printed) && isnan(table->printed_average))
            table->printed_average = printed.value, table->average_step = printed.step;
        if (*at == 'C' && !table->program) set_program(parser, table, colon + 1);
        if (*at != 'O' && table->row_count) stream->footer = true;
    } else {
        return false;
    }
    return true;
}

static void read_line(struct parser *parser)
{
    char label[128], copy[LINE_LIMIT];
    struct word words[WORD_LIMIT];
    char *line = parser->lines.text;
    char *nccl = strstr(line, " NCCL INFO "), *nccl_warning = strstr(line, " NCCL WARN ");
    char *text = line + (skip_prefix(line, label) - line);
    blank_repeated_label(text, label);
    read_versions(parser, line, label);
    if (nccl) *nccl = 0;
    if (nccl_warning) *nccl_warning = 0;
    if (!*text || read_frame(parser, text, label)) return;
    size_t count = split_words(strcpy(copy, text), words);
    if (count < 3) return;
    struct columns columns;
    if (strstr(text, "Rank ") && strstr(text, " device ") &&
        read_device(parser, stream_of(parser, label), text))
        return;
    if (nccl_read_columns(words, count, &columns)) {
        struct stream *stream = stream_of(parser, label);
        nccl_flush(parser, stream);
        struct source_table *table = nccl_table_of(parser, stream);
        if (!table || table->row_count || stream->footer) nccl_open_table(parser, stream, true);
        stream->columns = columns;
    } else if (nccl_is_row(words, count)) {
        nccl_read_row(parser, stream_of(parser, label), words, count);
    } else if (!(nccl_is_figure(words[0].text) &&
                 nccl_read_continuation(parser, stream_of(parser, label), words, count))) {
        const char *title = prose_title(&parser->source->arena, text);
        if (title) parser->title = title;
        read_hints(parser, words, count);
    }
}

/* Copies the facts of the whole file to each table. Marks tables without a footer as interrupted: they may
   have lost rows. */
static void finish_tables(struct parser *parser, size_t first)
{
    for (size_t i = first; i < parser->source->table_count; i++) {
        struct source_table *table = &parser->source->tables[i];
        const char *key;
        json_t *value;
        json_object_foreach(parser->facts, key, value)
        {
            if (!json_object_get(table->facts, key)) json_object_set(table->facts, key, value);
        }
        if (table->device_count && table->devices[0].gpu)
            source_fact(table, "gpu", table->devices[0].gpu, strlen(table->devices[0].gpu));
        if (json_object_get(table->facts, "rccl") || json_object_get(table->facts, "rccl_tests"))
            table->backend = "rccl";
        table->rank_reduction = nccl_rank_reduction(table->average);
        if (isnan(table->printed_average)) table->interrupted = true;
    }
}

size_t source_read_nccl_text(struct source *source, const char *data, size_t length)
{
    size_t first = source->table_count; /* another reader may have found tables */
    struct parser *parser = allocate(1, sizeof *parser);
    *parser = (struct parser){.source = source, .average = ABSENT, .facts = json_object()};
    lines_start(&parser->lines, data, length);
    while (lines_next(&parser->lines)) read_line(parser);
    for (size_t i = 0; i < parser->stream_count; i++) nccl_flush(parser, parser->streams[i]);
    source_drop_empty(source);
    finish_tables(parser, first);
    for (size_t i = 0; i < parser->stream_count; i++) free(parser->streams[i]);
    free(parser->streams);
    json_decref(parser->facts);
    free(parser);
    return source->table_count;
}
