#include "base/status.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *program = "busbar";
static int silent;
static char silenced[2048];

void name_program(const char *name)
{
    program = name;
}

void silence(int yes)
{
    silent = yes;
}

/* Prints one line with a single write to the unbuffered stderr, so that lines of several ranks do not mix. */
static void say(int failed, const char *format, va_list values)
{
    char line[2048];
    int start = snprintf(line, sizeof line, "%s: ", program);
    if (start < 0 || (size_t)start >= sizeof line) return;
    vsnprintf(line + start, sizeof line - (size_t)start - 1, format, values);
    /* Replace control characters and invalid UTF-8, so that untrusted text in the message can neither control
       the terminal nor add lines. */
    size_t bytes;
    for (char *c = line; *c; c += bytes) {
        wchar_t letter;
        bytes = utf8_letter(c, &letter);
        if (letter == NOT_UTF8 || is_control(letter)) memset(c, '?', bytes);
    }
    strcat(line, "\n");
    if (!silent)
        fputs(line, stderr);
    else if (failed)
        strcpy(silenced, line);
}

void say_silenced(void)
{
    fputs(silenced, stderr);
    silenced[0] = 0;
}

enum status fail(enum status status, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    say(1, format, values);
    va_end(values);
    return status;
}

void warn(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    say(0, format, values);
    va_end(values);
}

bool all_written(FILE *file)
{
    return fflush(file) == 0 && !ferror(file);
}

static void *or_end(void *memory, size_t count, size_t size)
{
    if (memory) return memory;
    silence(0);
    exit((int)fail(STATUS_ENVIRONMENT, "out of memory for %zu items of %zu bytes", count, size));
}

void *allocate(size_t count, size_t size)
{
    return or_end(calloc(count ? count : 1, size ? size : 1), count, size);
}

void *reallocate(void *old, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size) return or_end(NULL, count, size);
    size_t bytes = count * size;
    return or_end(realloc(old, bytes ? bytes : 1), count, size);
}

char *duplicate(const char *text)
{
    char *copy = allocate(strlen(text) + 1, 1);
    return strcpy(copy, text);
}
