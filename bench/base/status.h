/* Exit statuses, error messages, and allocation that cannot fail. */
#ifndef BUSBAR_STATUS_H
#define BUSBAR_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Marks a function that plug-ins take from the program, because it uses the program's state; of all other
   common code a plug-in has its own copy. The linker knows the function as busbar_<name>;
   bench/program.symbols lists these names. */
#define SYMBOL(name) __asm__("busbar_" name)

/* 0 to 5 are the exit statuses of all programs. The others are internal: why a case has no figure. */
enum status {
    STATUS_OK = 0,
    STATUS_GATE = 1,         /* a gate failed: regression, threshold */
    STATUS_USAGE = 2,        /* unknown flag or value */
    STATUS_WRONG = 3,        /* wrong data */
    STATUS_TIMEOUT = 4,      /* timed out or hung */
    STATUS_ENVIRONMENT = 5,  /* the environment or a library failed; a file could not be read or written */
    STATUS_UNSUPPORTED = 32, /* this backend cannot run this case */
    STATUS_TOO_LARGE,        /* this case does not fit into free memory */
    STATUS_SKIPPED,          /* the time budget was spent before this case */
};

/* Prints one line "<program>: <message>" on stderr and returns `status`.
   The function that first knows of an error calls this; its callers only propagate the status. */
enum status fail(enum status status, const char *format, ...) SYMBOL("fail")
    __attribute__((format(printf, 2, 3)));

/* Prints the same line as a warning; the run continues. */
void warn(const char *format, ...) SYMBOL("warn") __attribute__((format(printf, 1, 2)));

/* Sets the name that fail() and warn() print first, a static string. The default is "busbar". */
void name_program(const char *name);

/* silence(1) suppresses fail() and warn(). All ranks but one do this where every rank meets the same error,
   so that it is printed once. */
void silence(int yes) SYMBOL("silence");

/* Prints the last suppressed failure, once. For a rank that finds that it alone has failed. */
void say_silenced(void) SYMBOL("say_silenced");

/* Flushes the stream; false if this or any earlier write to it failed. (fflush alone does not report output
   lost earlier, when the buffer was full.) */
bool all_written(FILE *);

/* calloc, realloc and strdup that end the process with one line and status 5 when there is no memory. */
void *allocate(size_t count, size_t size);
void *reallocate(void *old, size_t count, size_t size);
char *duplicate(const char *text);

#endif
