#include "analysis/trace/trace_json.h"
#include "base/text.h"

#include <string.h>

enum { MOST_BRACKETS = 64 }; /* brackets inside each other */

struct scan {
    const char *path, *data, *at, *end;
    struct text key; /* name of the current member */
};

static size_t line_of(const struct scan *scan)
{
    size_t line = 1;
    for (const char *c = scan->data; c < scan->at; c++) line += *c == '\n';
    return line;
}

/* Reports that the document has something else here than `expected`, or has ended. */
static enum status bad(const struct scan *scan, const char *expected)
{
    if (scan->at >= scan->end)
        return fail(STATUS_ENVIRONMENT, "%s: the trace is cut off: its end is missing", scan->path);
    return fail(STATUS_ENVIRONMENT, "%s:%zu: not JSON: expected %s", scan->path, line_of(scan), expected);
}

static char skip_space(struct scan *scan)
{
    while (scan->at < scan->end && memchr(" \t\r\n", *scan->at, 4)) scan->at++;
    return scan->at < scan->end ? *scan->at : 0;
}

/* Skips the string that begins here. */
static enum status skip_string(struct scan *scan)
{
    for (scan->at++; scan->at < scan->end; scan->at++) {
        if (*scan->at == '\\')
            scan->at++;
        else if (*scan->at == '"') {
            scan->at++;
            return STATUS_OK;
        }
    }
    scan->at = scan->end;
    return bad(scan, "the end of a string");
}

/* Skips the value that begins here. Checks only its brackets and strings. */
static enum status skip_value(struct scan *scan)
{
    char closers[MOST_BRACKETS];
    size_t depth = 0;
    skip_space(scan);
    const char *start = scan->at;
    while (scan->at < scan->end) {
        char c = *scan->at;
        if (!depth && memchr(",]}", c, 3)) return scan->at > start ? STATUS_OK : bad(scan, "a value");
        if (c == '"') {
            enum status status = skip_string(scan);
            if (status || !depth) return status;
            continue;
        }
        if (c == '{' || c == '[') {
            if (depth == MOST_BRACKETS) return bad(scan, "brackets at most 64 deep");
            closers[depth++] = c == '{' ? '}' : ']';
        } else if (c == '}' || c == ']') {
            if (closers[--depth] != c) return bad(scan, "the bracket that closes the last open one");
            if (!depth) {
                scan->at++;
                return STATUS_OK;
            }
        }
        scan->at++;
    }
    return bad(scan, "the end of a value");
}

static json_t *parse(const char *from, const char *to)
{
    /* All numbers become reals, because identifiers above INT64_MAX occur in valid traces. */
    return json_loadb(from, (size_t)(to - from), JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
}

static bool listed(const char *const *names, const char *name)
{
    while (*names && strcmp(*names, name) != 0) names++;
    return *names;
}

static enum status read_list(struct scan *scan, const struct trace_reader *reader, const char *name)
{
    scan->at++;
    if (skip_space(scan) == ']') {
        scan->at++;
        return STATUS_OK;
    }
    for (;;) {
        skip_space(scan);
        const char *start = scan->at;
        enum status status = skip_value(scan);
        if (status) return status;
        json_t *value = parse(start, scan->at);
        reader->element(reader->context, name, value);
        json_decref(value);
        char next = skip_space(scan);
        if (next == ']') break;
        if (next != ',') return bad(scan, "',' or ']'");
        scan->at++;
        if (skip_space(scan) == ']') break; /* Chrome's viewer accepts a comma before ']' */
    }
    scan->at++;
    return STATUS_OK;
}

static enum status read_member(struct scan *scan, const struct trace_reader *reader)
{
    if (skip_space(scan) != '"') return bad(scan, "the name of a member");
    const char *start = scan->at;
    enum status status = skip_string(scan);
    if (status) return status;
    text_clear(&scan->key);
    text_add_bytes(&scan->key, start + 1, (size_t)(scan->at - start - 2));
    if (skip_space(scan) != ':') return bad(scan, "':'");
    scan->at++;
    if (skip_space(scan) == '[' && listed(reader->lists, text_get(&scan->key)))
        return read_list(scan, reader, text_get(&scan->key));
    start = scan->at;
    status = skip_value(scan);
    if (status || !listed(reader->members, text_get(&scan->key))) return status;
    json_t *value = parse(start, scan->at);
    if (!value) {
        scan->at = start;
        return bad(scan, "a valid value of this member");
    }
    reader->member(reader->context, text_get(&scan->key), value);
    json_decref(value);
    return STATUS_OK;
}

static enum status read_document(struct scan *scan, const struct trace_reader *reader)
{
    char first = skip_space(scan);
    if (first == '[') return read_list(scan, reader, "");
    if (first != '{') return bad(scan, "'{' or '['");
    scan->at++;
    char next = skip_space(scan);
    while (next != '}') {
        enum status status = read_member(scan, reader);
        if (status) return status;
        next = skip_space(scan);
        if (next != ',' && next != '}') return bad(scan, "',' or '}'");
        if (next == ',') scan->at++;
    }
    scan->at++;
    return STATUS_OK;
}

enum status trace_json_read(const struct trace_reader *reader, const char *path, const char *data,
                            size_t length)
{
    struct scan scan = {.path = path, .data = data, .at = data, .end = data + length};
    enum status status = read_document(&scan, reader);
    if (!status && skip_space(&scan)) status = bad(&scan, "the end of the file");
    text_free(&scan.key);
    return status;
}
