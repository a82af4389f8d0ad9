/* Traces that a test writes as text, and the rows that their import gives. */
#ifndef TESTS_UNIT_TRACE_TEXT_H
#define TESTS_UNIT_TRACE_TEXT_H

#include "analysis/trace/trace.h"

struct imported {
    enum status status;
    struct trace trace;
    struct trace_step step;
    struct text rows; /* the table */
    size_t count;     /* of its rows, without the header */
};

/* Writes the text, with " for each ', to a file in memory. Returns its path, which is valid until the next
   call. */
const char *file_of(const char *text);

/* Imports the step `number`, or the last whole one if it is NO_NUMBER. Suppresses messages. The caller
   releases the result. */
struct imported import_text(const char *text, int64_t number);
void release(struct imported *imported);

/* Checks that the table has these rows and no others: their columns from part to overlap, with spaces between
   them. expected ends with NULL. line: of the test. */
void expect_rows(const struct imported *imported, const char *const *expected, int line);
#define EXPECT_ROWS(imported, ...) expect_rows(imported, (const char *const[]){__VA_ARGS__, NULL}, __LINE__)

/* What the import left out under this name; NULL: nothing. */
const struct trace_left_out *left_out(const struct imported *imported, const char *name);

/* The trace that a test builds, with " for each ', and the time of its next event in us. */
extern struct text events;
extern double now;

void add_event(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* An mm of an m x k by a k x n matrix. start, length: us */
void add_mm(double start, double length, int m, int n, int k);
/* An event in which NCCL's process group describes a collective. arguments: all but the name. */
void add_comms(const char *name, const char *arguments);

/* Imports the trace built, and begins another. info: the members of its distributedInfo. */
struct imported import_events(const char *info, int64_t number);

/* Arguments of add_comms(), up to the number of elements; and a named group of ranks. */
#define FLOATS "'dtype':'Float','Group size':8,'In msg nelems':"
#define GROUP(name, start, stride, size)                                                                     \
    "'dtype':'Float','In msg nelems':10,'Process Group Name':'" name "','Global rank start':" #start         \
    ",'Global rank stride':" #stride ",'Group size':" #size

#endif
