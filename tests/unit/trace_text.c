#include "tests/unit/trace_text.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const char *file_of(const char *text)
{
    static char path[64];
    static int fd = -1;
    char *content = strdup(text);
    size_t length = strlen(content);
    for (char *c = content; *c; c++)
        if (*c == '\'') *c = '"';
    if (fd >= 0) close(fd);
    fd = memfd_create("trace.json", MFD_CLOEXEC);
    cr_assert(fd >= 0 && write(fd, content, length) == (ssize_t)length);
    free(content);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return path;
}

struct imported import_text(const char *text, int64_t number)
{
    struct imported imported = {0};
    silence(1);
    imported.status = trace_read(&imported.trace, file_of(text));
    if (!imported.status) {
        imported.status = trace_select_step(&imported.trace, number, NO_NUMBER, &imported.step);
        if (imported.status) trace_free(&imported.trace);
    }
    silence(0);
    if (!imported.status) imported.count = trace_add_rows(&imported.step, "w", &imported.rows).count;
    return imported;
}

void release(struct imported *imported)
{
    text_free(&imported->rows);
    if (imported->status) return;
    trace_step_free(&imported->step);
    trace_free(&imported->trace);
}

/* Returns row i, from 0, without the columns workload and those after overlap; spaces separate the cells.
   "none": the table is shorter. Valid until the next call. */
static const char *row(const struct imported *imported, size_t i)
{
    static char line[512];
    const char *at = strchr(text_get(&imported->rows), '\n');
    for (; at && i; i--) at = strchr(at + 1, '\n');
    if (!at || !at[1]) return "none";
    snprintf(line, sizeof line, "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
    char *cut = line;
    for (int tabs = 0; *cut; cut++)
        if (*cut == '\t' && ++tabs == 9)
            *cut-- = 0;
        else if (*cut == '\t')
            *cut = ' ';
    return line + 2;
}

void expect_rows(const struct imported *imported, const char *const *expected, int line)
{
    size_t count = 0;
    for (; expected[count]; count++)
        cr_expect_str_eq(row(imported, count), expected[count], "line %d, row %zu: '%s'", line, count,
                         row(imported, count));
    cr_expect_eq(imported->count, count, "line %d: %zu rows", line, imported->count);
}

const struct trace_left_out *left_out(const struct imported *imported, const char *name)
{
    for (size_t i = 0; i < imported->step.left_out_count; i++)
        if (same(imported->step.left_out[i].name, name)) return &imported->step.left_out[i];
    return NULL;
}

struct text events;
double now;

void add_event(const char *format, ...)
{
    char line[2048];
    va_list values;
    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
    text_add(&events, "%s{'ph':'X','pid':7,%s}", events.length ? ",\n" : "", line);
}

void add_mm(double start, double length, int m, int n, int k)
{
    add_event(
        "'cat':'cpu_op','name':'aten::mm','tid':1,'ts':%g,'dur':%g,'args':{'Input Dims':[[%d,%d],[%d,%d]],"
        "'Input type':['c10::BFloat16','c10::BFloat16']}",
        start, length, m, k, k, n);
}

void add_comms(const char *name, const char *arguments)
{
    add_event("'cat':'cpu_op','name':'record_param_comms','tid':1,'ts':%g,'dur':1,'args':{'Collective "
              "name':'%s',%s}",
              now, name, arguments);
    now += 10;
}

struct imported import_events(const char *info, int64_t number)
{
    struct text document = {0};
    text_add(&document, "{'distributedInfo':{%s},'traceEvents':[\n%s]}", info, text_get(&events));
    struct imported imported = import_text(text_get(&document), number);
    text_free(&document);
    text_free(&events);
    events = (struct text){0};
    now = 0;
    return imported;
}
