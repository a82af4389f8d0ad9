/* A separate folder for each test (WITH_FOLDER), and functions for the files in it. */
#ifndef TESTS_UNIT_FOLDER_H
#define TESTS_UNIT_FOLDER_H

#include "base/text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[64];

static inline void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/busbar-unit-XXXXXX");
    cr_assert(mkdtemp(folder));
}

static inline void remove_folder(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    cr_expect_eq(system(command), 0);
}
#define WITH_FOLDER .init = make_folder, .fini = remove_folder

/* Valid until the next call. */
static inline const char *path(const char *name)
{
    static char text[256];
    snprintf(text, sizeof text, "%s/%s", folder, name);
    return text;
}

static inline void put_bytes(const char *name, const char *bytes, size_t length)
{
    FILE *file = fopen(path(name), "w");
    cr_assert(file && fwrite(bytes, 1, length, file) == length && fclose(file) == 0);
}

static inline void put(const char *name, const char *content)
{
    put_bytes(name, content, strlen(content));
}

/* The caller frees it. */
static inline char *content_of(const char *name)
{
    struct text text = {0};
    cr_assert_eq(text_add_file(&text, path(name), 1 << 20), STATUS_OK);
    return text.data ? text.data : calloc(1, 1);
}

#endif
