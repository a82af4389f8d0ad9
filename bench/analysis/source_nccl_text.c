/* nccl-tests' and rccl-tests' text, versions 2.0 to 2.19, however it was wrapped on its way into a file. */
#include "analysis/source.h"
#include "analysis/source_line.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum column { OTHER, OP, ROOT, TIME, CPU_TIME, ALGBW, BUSBW, WRONG, ERROR, ITER_MIN, ITER_MAX, ITER_P99 };

/* The columns behind the type, as the header line names them. */
struct columns {
    enum column list[32];
    size_t count;
    size_t first;      /* of the first placement */
    size_t group;      /* columns of one placement */
    size_t placements; /* 0: no header line was seen */
    bool has_root;
};

/* A row whose figures have not all come: NCCL's own lines may stand between (its log goes to stdout too). */
struct pending {
    bool active, after_gap; /* after_gap: the out-of-place columns are blank */
    size_t line;
    int64_t bytes, count, root;
    const char *dtype, *op;
    char figures[WORD_LIMIT][24];
    size_t figure_count;
};

/* What one process printed. */
struct stream {
    const char *label;
    size_t table; /* index + 1 of the open table; 0: none */
    bool footer, seen_version, seen_start, seen_threads;
    struct columns columns;
    struct pending pending;
};

struct parser {
    struct source *source;
    struct stream **streams;
    size_t stream_count;
    const struct collective *hint; /* from a command or words before a table */
    enum evidence hint_from;
    bool hint_used;  /* by a table: mere words may replace it */
    int64_t average; /* of a command line's -a */
    json_t *facts;   /* of the whole file */
    struct lines lines;
};

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

static struct source_table *table_of(struct parser *parser, const struct stream *stream)
{
    return stream->table ? &parser->source->tables[stream->table - 1] : NULL;
}

/* A new table in the stream. One that continues an earlier (a second column header, or rows after a footer,
   without a new start) is of the same job: it inherits what was said there. */
static struct source_table *open_table(struct parser *parser, struct stream *stream, bool inherit)
{
    size_t before = stream->table;
    struct source_table *table = source_add_table(parser->source, parser->lines.number);
    const struct source_table *old = before ? &parser->source->tables[before - 1] : NULL;
    table->label = *stream->label ? stream->label : NULL;
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

/* The table that a line of a test's opening belongs to. seen: that line came before in it; NULL: it comes
 * often. */
static struct source_table *opening_table(struct parser *parser, struct stream *stream, bool *seen)
{
    struct source_table *table = table_of(parser, stream);
    if (!table || table->row_count || stream->footer || (seen && *seen))
        table = open_table(parser, stream, false);
    if (seen) *seen = true;
    return table;
}

/* The whole number behind `key`; ABSENT: none. */
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

/* The first word at `text`, as a fact. */
static void word_fact(struct source_table *table, const char *key, const char *text)
{
    text += strspn(text, " :");
    source_fact(table, key, text, strcspn(text, " ,"));
}

/* Versions may come from any process, before or inside a table: they go to the open table and to the file. */
static void version_fact(struct parser *parser, const char *label, const char *key, const char *text)
{
    text += strspn(text, " :");
    size_t length = strcspn(text, " +");
    struct source_table file = {.facts = parser->facts};
    struct stream *stream = NULL;
    for (size_t i = 0; i < parser->stream_count && !stream; i++)
        if (strcmp(parser->streams[i]->label, label) == 0 && parser->streams[i]->table)
            stream = parser->streams[i];
    struct source_table *places[] = {stream && !stream->footer ? table_of(parser, stream) : NULL, &file};
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

/* "#  Rank  0 Group  0 Pid 2627782 on host device  0 [0000:1b:00] NVIDIA H100 80GB HBM3"; before 2.17 without
 * Group. */
static bool read_device(struct parser *parser, struct stream *stream, const char *line)
{
    char copy[LINE_LIMIT];
    struct word words[WORD_LIMIT];
    const char *bracket = strchr(line, '['), *name = bracket ? strchr(bracket, ']') : NULL;
    size_t rank = 0, on = 0, device = 0, count = split_words(strcpy(copy, line), words);
    while (rank < count && strcmp(words[rank].text, "Rank") != 0) rank++;
    if (rank > 1 || rank + 1 >= count || !is_integer_word(words[rank + 1].text)) return false;
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
        while (length && name[length - 1] == ' ') length--;
        if (length && length < sizeof gpu) {
            memcpy(gpu, name, length);
            gpu[length] = 0;
            found.gpu = arena_string(&parser->source->arena, gpu);
        }
    }
    source_add_device(opening_table(parser, stream, NULL), found);
    return true;
}

static enum column column_of(const char *word)
{
    static const struct {
        const char *word;
        enum column column;
    } names[] = {{"redop", OP},         {"op", OP},         {"root", ROOT},   {"time", TIME},
                 {"cputime", CPU_TIME}, {"algbw", ALGBW},   {"busbw", BUSBW}, {"#wrong", WRONG},
                 {"wrong", WRONG},      {"error", ERROR},   {"res", ERROR},   {"i_min", ITER_MIN},
                 {"i_max", ITER_MAX},   {"i_p99", ITER_P99}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(word, names[i].word) == 0) return names[i].column;
    return OTHER;
}

static bool is_time(enum column column)
{
    return column == TIME || column == CPU_TIME;
}

/* The header line "size count type [redop] [root] time algbw busbw #wrong …". */
static bool read_columns(const struct word *words, size_t count, struct columns *columns)
{
    size_t type = 0;
    while (type < count && strcmp(words[type].text, "type") != 0) type++;
    if (type < 2 || type == count || strcmp(words[type - 1].text, "count") != 0) return false;
    struct columns found = {0};
    size_t times = 0;
    for (size_t i = type + 1; i < count && found.count < 32; i++) {
        enum column column = column_of(words[i].text);
        if (strcmp(words[i].text, "#") == 0 || strcmp(words[i].text, "timestamp") == 0) continue;
        if (is_time(column) && times++ == 0) found.first = found.count;
        found.has_root |= column == ROOT;
        found.list[found.count++] = column;
    }
    if (times == 0 || times > 2) return false;
    found.placements = times;
    found.group = (found.count - found.first) / times;
    *columns = found;
    return found.group >= 3;
}

static const struct columns standard_columns = {
    .list = {TIME, ALGBW, BUSBW, WRONG}, .count = 4, .first = 0, .group = 4};
static const struct columns iteration_columns = {
    .list = {TIME, ALGBW, BUSBW, WRONG, ITER_MIN, ITER_MAX, ITER_P99, OTHER},
    .count = 8,
    .first = 0,
    .group = 8};

static bool is_figure(const char *word)
{
    struct printed ignored;
    return strlen(word) < 24 && (strcmp(word, "N/A") == 0 || read_printed(word, &ignored));
}

static void set_figure(struct figures *figures, enum column column, const char *word)
{
    struct printed value = {NAN, 0};
    read_printed(word, &value);
    switch (column) {
    case TIME:
        figures->time_us = value;
        break;
    case CPU_TIME:
        figures->cpu_time_us = value.value;
        break;
    case ALGBW:
        figures->algbw_gbps = value;
        break;
    case BUSBW:
        figures->busbw_gbps = value;
        break;
    case ITER_MIN:
        figures->min_us = value.value;
        break;
    case ITER_MAX:
        figures->max_us = value.value;
        break;
    case ITER_P99:
        figures->p99_us = value.value;
        break;
    case ERROR:
    case WRONG:
        /* A deviation looks like 5e-07 or 0e+00, a count never does. Without any deviation no element is
         * wrong. */
        figures->has_error =
            isfinite(value.value) && (column == ERROR || strstr(word, "e-") || strcmp(word, "0e+00") == 0);
        if (value.value == 0)
            figures->wrong = 0;
        else if (!figures->has_error && value.value > 0 && value.value < 9e18)
            figures->wrong = (int64_t)value.value;
        break;
    case OP:
    case ROOT:
    case OTHER:
        break;
    }
}

/* Figures per placement for `count` figures in a row; 0: does not fit. */
static const struct columns *layout(const struct stream *stream, size_t count, bool *has_root)
{
    const struct columns *candidates[] = {&stream->columns, &standard_columns, &iteration_columns};
    for (size_t i = 0; i < 3; i++) {
        size_t group = candidates[i]->group;
        if (group == 0 || (i && stream->columns.group)) continue;
        for (size_t root = 0; root < 2; root++)
            if (count == 2 * group + root) {
                *has_root = root == 1;
                return candidates[i];
            }
    }
    return NULL;
}

static struct source_table *row_table(struct parser *parser, struct stream *stream)
{
    struct source_table *table = table_of(parser, stream);
    if (!table || stream->footer) table = open_table(parser, stream, true);
    if (table->row_count == 0 && table->collective_from < parser->hint_from)
        table->collective = parser->hint, table->collective_from = parser->hint_from,
        parser->hint_used = true;
    if (table->average == ABSENT) table->average = parser->average;
    return table;
}

/* Adds the pending row with what it has; placements: how many groups of figures stand in it, from `at` on. */
static void finish_row(struct parser *parser, struct stream *stream, const struct columns *columns, size_t at,
                       size_t placements, size_t placement)
{
    struct pending *pending = &stream->pending;
    struct source_table *table = row_table(parser, stream);
    struct source_row *row = source_add_row(table, pending->line);
    row->bytes = pending->bytes, row->count = pending->count, row->root = pending->root;
    row->dtype = pending->dtype, row->op = pending->op;
    for (size_t p = 0; p < placements; p++) {
        struct figures *figures = &row->figures[placement + p];
        figures->present = true;
        for (size_t i = 0; i < columns->group; i++) {
            enum column column = columns->list[columns->first + i];
            set_figure(figures, column, pending->figures[at + p * columns->group + i]);
            table->cpu_time |= column == CPU_TIME;
        }
    }
    pending->active = false;
}

/* No more figures will come for the pending row: it is taken when one placement is whole. */
static void flush(struct parser *parser, struct stream *stream)
{
    struct pending *pending = &stream->pending;
    if (!pending->active) return;
    const struct columns *columns = stream->columns.group ? &stream->columns : &standard_columns;
    bool has_root = pending->root == ABSENT && pending->figure_count &&
                    pending->figure_count % columns->group == 1 && !strchr(pending->figures[0], '.');
    size_t figures = pending->figure_count - has_root;
    if (figures >= columns->group) {
        if (has_root) pending->root = strtoll(pending->figures[0], NULL, 10);
        size_t line = pending->line;
        bool cut = stream->columns.placements == 2 && !pending->after_gap;
        finish_row(parser, stream, columns, has_root, 1, pending->after_gap);
        if (cut)
            source_warn(parser->source, table_of(parser, stream), line,
                        "the row has figures of one placement only");
        return;
    }
    pending->active = false;
    struct source_table *table = row_table(parser, stream);
    table->incomplete++;
    source_warn(parser->source, table, pending->line, "the row of %lld bytes is cut off: left out",
                (long long)pending->bytes);
}

static bool add_figures(struct pending *pending, const struct word *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_figure(words[i].text) || pending->figure_count == WORD_LIMIT) return false;
        strcpy(pending->figures[pending->figure_count++], words[i].text);
    }
    return true;
}

static void complete(struct parser *parser, struct stream *stream, bool more_may_come)
{
    struct pending *pending = &stream->pending;
    bool has_root = false;
    const struct columns *columns = layout(stream, pending->figure_count, &has_root);
    if (columns && has_root && pending->root != ABSENT) columns = NULL;
    if (columns) {
        if (has_root) pending->root = strtoll(pending->figures[0], NULL, 10);
        finish_row(parser, stream, columns, has_root, 2, 0);
    } else if (!more_may_come ||
               (stream->columns.placements == 1 && pending->figure_count >= stream->columns.group)) {
        flush(parser, stream);
    }
}

/* The place of the type in a row "size count type …", wherever the row begins; 0: this is no row. The size
 * may be glued to a prefix. */
static size_t find_row(const struct word *words, size_t count, int64_t *bytes, int64_t *elements)
{
    for (size_t i = 2; i < count && i < 24; i++) {
        if (!dtype_by_any_name(words[i].text) || !is_integer_word(words[i - 1].text)) continue;
        const char *size = words[i - 2].text;
        size_t length = strlen(size), digits = 0;
        while (digits < length && isdigit((unsigned char)size[length - digits - 1])) digits++;
        if (digits == 0 || digits > 18 || (digits < length && !strchr(":>])=#", size[length - digits - 1])))
            continue;
        *bytes = strtoll(size + length - digits, NULL, 10);
        *elements = strtoll(words[i - 1].text, NULL, 10);
        return i;
    }
    return 0;
}

/* A date and a time at the end (-T), which would count as figures. */
static size_t without_stamp(const struct word *words, size_t count)
{
    while (count && (strchr(words[count - 1].text, ':') ||
                     (strlen(words[count - 1].text) == 10 && words[count - 1].text[4] == '-' &&
                      words[count - 1].text[7] == '-')))
        count--;
    return count;
}

/* Cuts a host's name off the count of wrong elements before it: "0node-1:4000:5000" and
 * "N/Anode-1:4000:5000". */
static bool unglue(char *word)
{
    size_t length = strncmp(word, "N/A", 3) == 0 ? 3 : strspn(word, "0123456789");
    if (length == 0 || !isalpha((unsigned char)word[length]) || !strchr(word + length, ':')) return false;
    word[length] = 0;
    return true;
}

static bool read_row(struct parser *parser, struct stream *stream, const struct word *words, size_t count)
{
    int64_t bytes, elements;
    size_t type = find_row(words, count, &bytes, &elements), at = type + 1;
    if (type == 0) return false;
    flush(parser, stream);
    struct pending *pending = &stream->pending;
    *pending = (struct pending){
        .active = true, .line = parser->lines.number, .bytes = bytes, .count = elements, .root = ABSENT};
    pending->dtype = dtype_by_any_name(words[type].text);
    if (at < count && (op_by_any_name(words[at].text) || strcmp(words[at].text, "none") == 0))
        pending->op = op_by_any_name(words[at++].text);
    /* "-1host:12:34 [0] NCCL INFO …": the root, and NCCL's line glued to it. */
    char *rest = NULL;
    if (at < count && (isdigit((unsigned char)words[at].text[words[at].text[0] == '-'])))
        strtoll(words[at].text, &rest, 10);
    if (rest && isalpha((unsigned char)*rest) && *rest != 'e') {
        pending->root = strtoll(words[at].text, NULL, 10);
        return true;
    }
    size_t figures = 0, end = without_stamp(words, count),
           group = stream->columns.group ? stream->columns.group : 4;
    while (at + figures < end && is_figure(words[at + figures].text)) figures++;
    /* The same behind the out-of-place figures: "0host:12:34 …". */
    if (at + figures < end && figures + 1 == group + stream->columns.has_root &&
        unglue(words[at + figures].text))
        figures++;
    add_figures(pending, words + at, figures);
    /* Out-of-place figures that were not taken are printed as blanks (trace replay). */
    if (figures == group + 1)
        pending->after_gap = words[at + 1].at - (words[at].at + strlen(words[at].text)) > 24;
    complete(parser, stream, !pending->after_gap);
    return true;
}

/* A line of nothing but figures ends a row that was begun before. */
static bool read_continuation(struct parser *parser, struct stream *stream, const struct word *words,
                              size_t count)
{
    struct pending before = stream->pending;
    size_t end = without_stamp(words, count);
    if (!before.active || end < 3) return false;
    if (!add_figures(&stream->pending, words, end)) {
        stream->pending = before;
        return false;
    }
    complete(parser, stream, true);
    return true;
}

static void set_hint(struct parser *parser, const struct collective *collective, enum evidence from)
{
    if (from < parser->hint_from && !parser->hint_used) return;
    parser->hint = collective;
    parser->hint_from = from;
    parser->hint_used = false;
}

/* "All Reduce", "All 2 All": up to three words that name a collective together. */
static const struct collective *spoken_collective(const struct word *words, size_t count)
{
    char joined[64] = "";
    for (size_t i = 0; i < count && i < 3; i++) {
        const char *word = strcmp(words[i].text, "2") == 0 ? "to" : words[i].text;
        if (strlen(joined) + strlen(word) >= sizeof joined) return NULL;
        strcat(joined, word);
        const struct collective *found = collective_by_any_name(joined, strcspn(joined, ":,.`"));
        /* The others are words of plain English. */
        if (found && (found->id == ALL_REDUCE || found->id == ALL_GATHER || found->id == REDUCE_SCATTER ||
                      found->id == ALL_TO_ALL))
            return found;
    }
    return NULL;
}

/* A collective named on the way: "…/all_reduce_perf -b 8", "run_nccl_tests.sh -t all_gather", "## All-to-All,
 * 2 nodes". */
static void read_hints(struct parser *parser, const struct word *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *word = words[i].text, *slash = strrchr(word, '/');
        if (slash) word = slash + 1;
        size_t length = strcspn(word, "'\"`,;:");
        const struct collective *found = collective_by_any_name(word, length), *spoken;
        bool is_command = length > 5 && strncmp(word + length - 5, "_perf", 5) == 0;
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
    table->program = arena_string(&parser->source->arena, word);
    table->collective = collective_by_any_name(word, length);
    table->collective_from = FROM_TABLE;
}

/* The lines that open and close a test; false: it is none of them. */
static bool read_frame(struct parser *parser, const char *line, const char *label)
{
    const char *at;
    struct stream *stream;
    if ((at = strstr(line, "nccl-tests version "))) {
        stream = stream_of(parser, label);
        flush(parser, stream);
        struct source_table *table = opening_table(parser, stream, &stream->seen_version);
        word_fact(table, "nccl_tests", at + 19);
        source_nccl_version(table, number_after(at, "nccl-library="));
    } else if ((at = strstr(line, "Collective test starting:"))) {
        stream = stream_of(parser, label);
        flush(parser, stream);
        set_program(parser, opening_table(parser, stream, &stream->seen_start), at + 25);
    } else if ((at = strstr(line, "nThread ")) && strstr(at, "minBytes ")) {
        stream = stream_of(parser, label);
        flush(parser, stream);
        read_parameters(opening_table(parser, stream, &stream->seen_threads), at);
    } else if ((at = strstr(line, "Out of bounds values")) || (at = strstr(line, "Avg bus bandwidth")) ||
               (at = strstr(line, "Collective test concluded:"))) {
        stream = stream_of(parser, label);
        flush(parser, stream);
        struct source_table *table = table_of(parser, stream);
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
    const char *text = skip_prefix(line, label);
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
    int64_t ignored;
    if (read_columns(words, count, &columns)) {
        struct stream *stream = stream_of(parser, label);
        flush(parser, stream);
        struct source_table *table = table_of(parser, stream);
        if (!table || table->row_count || stream->footer) open_table(parser, stream, true);
        stream->columns = columns;
    } else if (find_row(words, count, &ignored, &ignored)) {
        read_row(parser, stream_of(parser, label), words, count);
    } else if (!(is_figure(words[0].text) &&
                 read_continuation(parser, stream_of(parser, label), words, count))) {
        read_hints(parser, words, count);
    }
}

/* Tables without rows are dropped: a header whose test never got to its first row. */
static void drop_empty(struct parser *parser)
{
    struct source *source = parser->source;
    size_t kept = 0;
    for (size_t i = 0; i < source->table_count; i++) {
        struct source_table *table = &source->tables[i];
        if (table->row_count) {
            const char *key;
            json_t *value;
            json_object_foreach(parser->facts, key, value)
            {
                if (!json_object_get(table->facts, key)) json_object_set(table->facts, key, value);
            }
            if (table->device_count && table->devices[0].gpu)
                source_fact(table, "gpu", table->devices[0].gpu, strlen(table->devices[0].gpu));
            source->tables[kept++] = *table;
            continue;
        }
        if (table->program || table->min_bytes != ABSENT)
            warn("%s:%zu: a test begins here, but no row of it follows", source->path, table->line);
        free(table->devices);
        json_decref(table->facts);
        json_decref(table->warnings);
    }
    source->table_count = kept;
}

size_t source_read_nccl_text(struct source *source, const char *data, size_t length)
{
    struct parser *parser = allocate(1, sizeof *parser);
    *parser = (struct parser){.source = source, .average = ABSENT, .facts = json_object()};
    lines_start(&parser->lines, data, length);
    while (lines_next(&parser->lines)) read_line(parser);
    for (size_t i = 0; i < parser->stream_count; i++) flush(parser, parser->streams[i]);
    drop_empty(parser);
    for (size_t i = 0; i < parser->stream_count; i++) free(parser->streams[i]);
    free(parser->streams);
    json_decref(parser->facts);
    free(parser);
    return source->table_count;
}
