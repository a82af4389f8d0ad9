#include "analysis/import/source_json.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void json_pieces_start(struct json_pieces *pieces, const char *data, size_t length)
{
    *pieces = (struct json_pieces){.next = data, .end = data + length, .next_line = 1};
}

/* The end of a document. If the document is cut off: the end of the last complete object in a list, and in
   `closers` the closing brackets that make it valid JSON. */
struct extent_of_json {
    const char *end; /* NULL: no complete object */
    bool cut;
    char closers[68];
};

static struct extent_of_json find_end(const char *start, const char *end)
{
    enum { DEEPEST = 64 };
    struct extent_of_json found = {0};
    char stack[DEEPEST];
    size_t depth = 0;
    bool in_string = false;
    for (const char *c = start; c < end; c++) {
        if (in_string) {
            if (*c == '\n') return found; /* a JSON string cannot contain a newline: this one was cut off */
            if (*c == '\\' && c + 1 < end)
                c++;
            else if (*c == '"')
                in_string = false;
            continue;
        }
        if (*c == '"') in_string = true;
        if (*c == '{' || *c == '[') {
            if (depth == DEEPEST) return found;
            stack[depth++] = *c == '{' ? '}' : ']';
        }
        if (*c != '}' && *c != ']') continue;
        if (depth == 0 || stack[--depth] != *c) return found;
        if (depth == 0) return (struct extent_of_json){.end = c + 1};
        if (*c != '}' || stack[depth - 1] != ']') continue;
        found = (struct extent_of_json){.end = c + 1, .cut = true};
        for (size_t i = 0; i < depth; i++) found.closers[i] = stack[depth - 1 - i];
    }
    return found;
}

static json_t *load(const struct extent_of_json *extent, const char *start, json_error_t *error)
{
    struct text text = {0};
    text_add_bytes(&text, start, (size_t)(extent->end - start));
    text_add(&text, "%s", extent->closers);
    json_t *root = json_loadb(text_get(&text), text.length, 0, error);
    text_free(&text);
    return root;
}

static void count_lines(struct json_pieces *pieces, const char *to)
{
    for (; pieces->next < to; pieces->next++) pieces->next_line += *pieces->next == '\n';
}

json_t *json_pieces_next(const struct source *source, struct json_pieces *pieces)
{
    enum { MOST_BROKEN = 50 }; /* limits the time: each broken document may be scanned to the file's end */
    while (pieces->next < pieces->end && pieces->broken < MOST_BROKEN) {
        const char *start = pieces->next;
        json_error_t error;
        while (start < pieces->end && *start != '{' && *start != '[') start++;
        count_lines(pieces, start);
        if (start == pieces->end) return NULL;
        pieces->line = pieces->next_line;
        struct extent_of_json extent = find_end(start, pieces->end);
        json_t *root = extent.end ? load(&extent, start, &error) : NULL;
        if (root) {
            count_lines(pieces, extent.cut ? pieces->end : extent.end);
            pieces->cut = extent.cut;
            return root;
        }
        pieces->broken++;
        if (extent.end)
            warn("%s:%zu: not JSON: %s", source->path, pieces->line, error.text);
        else
            warn("%s:%zu: JSON begins here that is broken or cut off before its first whole row",
                 source->path, pieces->line);
        const char *line_end = memchr(start, '\n', (size_t)(pieces->end - start));
        count_lines(pieces, line_end ? line_end + 1 : pieces->end);
    }
    return NULL;
}

int64_t json_member_integer(json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    if (json_is_integer(value)) return json_integer_value(value);
    if (json_is_real(value) && fabs(json_real_value(value)) < 9e15 &&
        json_real_value(value) == floor(json_real_value(value)))
        return (int64_t)json_real_value(value);
    if (!json_is_string(value)) return ABSENT;
    char *end;
    const char *text = json_string_value(value);
    long long number = strtoll(text, &end, 10);
    return end == text || *end ? ABSENT : number;
}

static double real_of(json_t *value)
{
    struct printed printed;
    if (json_is_number(value)) return json_number_value(value);
    return json_is_string(value) && read_printed(json_string_value(value), &printed) ? printed.value : NAN;
}

double json_member_real(json_t *object, const char *key)
{
    return real_of(json_object_get(object, key));
}

void source_wrong_member(struct source *source, struct source_table *table, struct source_row *row,
                         struct figures *figures, json_t *value)
{
    const bool unchecked = !value || json_is_null(value) || same(json_string_value(value), "N/A");
    if (!unchecked) source_wrong_count(source, table, row, figures, real_of(value));
}
