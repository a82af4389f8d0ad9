/* What a function or a program ended with, and the one way to say so. */
#ifndef BUSBAR_STATUS_H
#define BUSBAR_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What plug-ins share with the program: they carry copies of the program's common code, but of functions with
   this mark the program's own are called, since these use its state. The linker knows them as busbar_<name>;
   bench/program.symbols lists them. */
#define SYMBOL(name) __asm__("busbar_" name)

/* 0 to 5 are the exit statuses of every program; the rest never leave a process: they say why a case has no
 * figure. */
enum status {
    STATUS_OK = 0,
    STATUS_GATE = 1,         /* a gate failed: regression, threshold */
    STATUS_USAGE = 2,        /* unknown flag or value */
    STATUS_WRONG = 3,        /* wrong data */
    STATUS_TIMEOUT = 4,      /* timed out or hung */
    STATUS_ENVIRONMENT = 5,  /* the environment or a library failed; a file could not be read or written */
    STATUS_UNSUPPORTED = 32, /* this backend cannot do this case */
    STATUS_TOO_LARGE,        /* this case does not fit into free memory */
    STATUS_SKIPPED,          /* the time budget was spent before this case */
};

/* Prints one line "<program>: <message>" on stderr and returns `status`.
   The function that first knows of an error calls this; its callers only propagate the status. */
enum status fail(enum status status, const char *format, ...) SYMBOL("fail")
    __attribute__((format(printf, 2, 3)));

/* The same line without an error: the run goes on. */
void warn(const char *format, ...) SYMBOL("warn") __attribute__((format(printf, 1, 2)));

/* The name that fail and warn put first; a static string. Default "busbar". */
void name_program(const char *name);

/* All ranks but one keep quiet: an error that all ranks see alike is said once. */
void silence(int yes) SYMBOL("silence");

/* Prints the last failure that was kept quiet, once: it turned out to be this rank's own. */
void say_silenced(void) SYMBOL("say_silenced");

/* All that was printed to the stream has left the process. A write that failed earlier counts: flushing alone
   does not tell of what was lost when the buffer was full. */
bool all_written(FILE *);

/* malloc, realloc and strdup that end the process with one line and status 5 when memory is out. Zeroed where
 * new. */
void *allocate(size_t count, size_t size);
void *reallocate(void *old, size_t count, size_t size);
char *duplicate(const char *text);

#endif
