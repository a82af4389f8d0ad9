/* Reads the rows of nccl-tests' tables. Finds the columns by the header line or by their number; handles rows
   that come in pieces, and rows with one placement. */
#include "analysis/import/source_nccl.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

bool nccl_read_columns(const struct word *words, size_t count, struct columns *columns)
{
    size_t type = 0;
    while (type < count && strcmp(words[type].text, "type") != 0) type++;
    if (type < 2 || type == count) return false;
    bool is_old = strcmp(words[type - 1].text, "N") == 0 && strcmp(words[type - 2].text, "bytes") == 0;
    if (!is_old && strcmp(words[type - 1].text, "count") != 0) return false;
    struct columns found = {.is_old = is_old};
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
static const struct columns unchecked_columns = {
    .list = {TIME, ALGBW, BUSBW}, .count = 3, .first = 0, .group = 3};
static const struct columns iteration_columns = {
    .list = {TIME, ALGBW, BUSBW, WRONG, ITER_MIN, ITER_MAX, ITER_P99, OTHER},
    .count = 8,
    .first = 0,
    .group = 8};

bool nccl_is_figure(const char *word)
{
    struct printed ignored;
    return strlen(word) < 24 && (strcmp(word, "N/A") == 0 || read_printed(word, &ignored));
}

/* Sets the figure of a column. *wrong: the printed count of wrong elements if it is not 0. */
static void set_figure(struct figures *figures, enum column column, const char *word, double *wrong)
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
        /* A deviation looks like 5e-07 or 0e+00, a count never does. A deviation of 0 means no wrong
           elements. */
        figures->has_error =
            isfinite(value.value) && (column == ERROR || strstr(word, "e-") || strcmp(word, "0e+00") == 0);
        if (value.value == 0)
            figures->wrong = 0;
        else if (!figures->has_error && isfinite(value.value))
            *wrong = value.value;
        else if (column == WRONG && isdigit((unsigned char)*word) && isnan(value.value))
            *wrong = INFINITY; /* more than a double holds */
        break;
    case OP:
    case ROOT:
    case OTHER:
        break;
    }
}

/* Must the first figure of the pending row be the root, by the header line? Without this rule, a row that
   lost its last figure would still fit, with all figures shifted by one column. */
static bool begins_with_root(const struct stream *stream)
{
    return stream->columns.has_root && stream->pending.root == ABSENT;
}

/* Are the figures consistent when read by these columns? algbw must be bytes / time (µs; ms in old versions)
   within rounding. */
static bool fits_columns(const struct pending *pending, const struct columns *columns, size_t at,
                         size_t placements)
{
    for (size_t p = 0; p < placements; p++, at += columns->group) {
        struct printed time = {NAN, 0}, rate = {NAN, 0};
        for (size_t i = 0; i < columns->group; i++) {
            enum column column = columns->list[columns->first + i];
            if (column == TIME) read_printed(pending->figures[at + i], &time);
            if (column == ALGBW) read_printed(pending->figures[at + i], &rate);
        }
        if (!(time.value > 0)) return false;
        double expected = algbw_gbps((double)pending->bytes, time.value);
        double slack = rate.step + expected * (time.step / time.value + 1e-3);
        if (!(fabs(expected - rate.value) <= slack || fabs(expected * 1e-3 - rate.value) <= slack))
            return false;
    }
    return true;
}

/* Finds the columns for a row of `count` figures: those of the header, or a standard layout if the header
   does not fit and the figures are consistent with that layout. NULL: none fits. */
static const struct columns *layout(const struct stream *stream, size_t count, bool *has_root,
                                    size_t *placements)
{
    const struct columns *candidates[] = {&stream->columns, &standard_columns, &iteration_columns,
                                          &unchecked_columns};
    for (size_t i = 0; i < 4; i++) {
        size_t group = candidates[i]->group;
        bool by_position = i && (stream->columns.group || candidates[i] == &unchecked_columns);
        if (group == 0) continue;
        for (size_t root = begins_with_root(stream); root < 2; root++)
            for (size_t p = by_position || stream->columns.placements == 1 ? 1 : 2; p <= 2; p++) {
                if (count != p * group + root) continue;
                if (by_position && !fits_columns(&stream->pending, candidates[i], root, p)) continue;
                *has_root = root == 1, *placements = p;
                return candidates[i];
            }
    }
    return NULL;
}

static struct source_table *row_table(struct parser *parser, struct stream *stream)
{
    struct source_table *table = nccl_table_of(parser, stream);
    if (!table || stream->footer) table = nccl_open_table(parser, stream, true);
    if (table->row_count == 0 && table->collective_from < parser->hint_from)
        table->collective = parser->hint, table->collective_from = parser->hint_from,
        parser->hint_used = true;
    if (table->average == ABSENT) table->average = parser->average;
    if (stream->columns.is_old) table->no_sendrecv = true;
    return table;
}

/* Adds the pending row to the table. Its figures from index `at` on are those of `placements` placements, of
   which the first is `placement`. */
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
        double wrong = NAN;
        figures->present = true;
        for (size_t i = 0; i < columns->group; i++) {
            enum column column = columns->list[columns->first + i];
            set_figure(figures, column, pending->figures[at + p * columns->group + i], &wrong);
            table->cpu_time |= column == CPU_TIME;
        }
        if (!isnan(wrong)) source_wrong_count(parser->source, table, row, figures, wrong);
    }
    pending->active = false;
}

void nccl_flush(struct parser *parser, struct stream *stream)
{
    struct pending *pending = &stream->pending;
    if (!pending->active) return;
    const struct columns *columns = stream->columns.group ? &stream->columns : &standard_columns;
    bool has_root =
        pending->figure_count && (begins_with_root(stream) ||
                                  (pending->root == ABSENT && pending->figure_count % columns->group == 1 &&
                                   !strchr(pending->figures[0], '.')));
    size_t figures = pending->figure_count - has_root;
    if (figures >= columns->group) {
        if (has_root) pending->root = strtoll(pending->figures[0], NULL, 10);
        size_t line = pending->line;
        bool cut = stream->columns.placements == 2 && !pending->after_gap;
        finish_row(parser, stream, columns, has_root, 1, pending->after_gap);
        if (cut)
            source_warn(parser->source, nccl_table_of(parser, stream), line,
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
        if (!nccl_is_figure(words[i].text) || pending->figure_count == WORD_LIMIT) return false;
        strcpy(pending->figures[pending->figure_count++], words[i].text);
    }
    return true;
}

/* Adds the pending row if its figures fill the columns. If they do not, waits for more or ends the row. */
static void complete(struct parser *parser, struct stream *stream, bool more_may_come)
{
    struct pending *pending = &stream->pending;
    bool has_root = false;
    size_t placements = 2;
    const struct columns *columns = layout(stream, pending->figure_count, &has_root, &placements);
    bool is_one = placements == 1 && stream->columns.placements != 1; /* the other placement may follow */
    if (columns && ((has_root && pending->root != ABSENT) || pending->after_gap || is_one)) columns = NULL;
    if (columns) {
        if (has_root) pending->root = strtoll(pending->figures[0], NULL, 10);
        finish_row(parser, stream, columns, has_root, placements, 0);
    } else if (!more_may_come ||
               (stream->columns.placements == 1 && pending->figure_count >= stream->columns.group)) {
        nccl_flush(parser, stream);
    }
}

/* Finds a row "size count type …" anywhere in the line. Returns the index of the type; 0: there is no row.
   The size may directly follow a prefix. */
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

/* Prose can have numbers and types too ("10 20 float values"). In a row, the operation and at least three
   figures follow the type; a row with fewer must be at the start of its line. */
bool nccl_is_row(const struct word *words, size_t count)
{
    int64_t bytes, elements;
    size_t type = find_row(words, count, &bytes, &elements), at = type + 1, figures = 0;
    if (type == 0) return false;
    bool has_op = at < count && (op_by_any_name(words[at].text) || strcmp(words[at].text, "none") == 0);
    at += has_op;
    if (at == count) return type == 2;
    const char *next = words[at].text;
    if (!isdigit((unsigned char)next[*next == '-']) && strcmp(next, "N/A") != 0) return false;
    while (at + figures < count && nccl_is_figure(words[at + figures].text)) figures++;
    return figures >= 3 || type == 2;
}

/* The number of words without the date and time at the end (-T), which would count as figures. */
static size_t without_stamp(const struct word *words, size_t count)
{
    while (count && (strchr(words[count - 1].text, ':') ||
                     (strlen(words[count - 1].text) == 10 && words[count - 1].text[4] == '-' &&
                      words[count - 1].text[7] == '-')))
        count--;
    return count;
}

/* Removes a log line's host name that directly follows the count of wrong elements: "0node-1:4000:5000",
   "N/Anode-1:4000:5000". */
static bool unglue(char *word)
{
    size_t length = strncmp(word, "N/A", 3) == 0 ? 3 : strspn(word, "0123456789");
    if (length == 0 || !isalpha((unsigned char)word[length]) || !strchr(word + length, ':')) return false;
    word[length] = 0;
    return true;
}

void nccl_read_row(struct parser *parser, struct stream *stream, const struct word *words, size_t count)
{
    int64_t bytes, elements;
    size_t type = find_row(words, count, &bytes, &elements), at = type + 1;
    if (type == 0) return;
    nccl_flush(parser, stream);
    struct pending *pending = &stream->pending;
    *pending = (struct pending){
        .active = true, .line = parser->lines.number, .bytes = bytes, .count = elements, .root = ABSENT};
    pending->dtype = dtype_by_any_name(words[type].text);
    if (at < count && (op_by_any_name(words[at].text) || strcmp(words[at].text, "none") == 0))
        pending->op = op_by_any_name(words[at++].text);
    /* "-1host:12:34 [0] NCCL INFO …": a line of NCCL's log directly follows the root. */
    char *rest = NULL;
    if (at < count && (isdigit((unsigned char)words[at].text[words[at].text[0] == '-'])))
        strtoll(words[at].text, &rest, 10);
    if (rest && isalpha((unsigned char)*rest) && *rest != 'e') {
        pending->root = strtoll(words[at].text, NULL, 10);
        return;
    }
    size_t figures = 0, end = without_stamp(words, count),
           group = stream->columns.group ? stream->columns.group : 4;
    while (at + figures < end && nccl_is_figure(words[at + figures].text)) figures++;
    /* The same after the out-of-place figures: "0host:12:34 …". */
    if (at + figures < end && figures + 1 == group + stream->columns.has_root &&
        unglue(words[at + figures].text))
        figures++;
    add_figures(pending, words + at, figures);
    /* Where nothing was measured out of place (trace replay), these columns are blank. */
    if (figures == group + 1)
        pending->after_gap = words[at + 1].at - (words[at].at + strlen(words[at].text)) > 24;
    complete(parser, stream, !pending->after_gap);
}

bool nccl_read_continuation(struct parser *parser, struct stream *stream, const struct word *words,
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
