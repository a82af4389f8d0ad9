/* Names of enum values. Each enum has one table of names; its value 0 means "absent" or "not given" and has
   no name. */
#ifndef BUSBAR_NAMES_H
#define BUSBAR_NAMES_H

#include <stddef.h>

struct names {
    const char *const *list; /* list[v] is the name of value v; list[0] is NULL */
    size_t count;
};

/* Defines a struct names from the names of the values 1, 2, …, in the order of the enum. */
#define NAMES(...)                                                                                           \
    {                                                                                                        \
        (const char *const[]){NULL, __VA_ARGS__},                                                            \
            sizeof((const char *const[]){NULL, __VA_ARGS__}) / sizeof(char *)                                \
    }

/* The value with this name; 0 if the name is NULL or not in the table. */
int value_named(const struct names *, const char *name);

/* As value_named(), but a name that is not in the table gets a new value above the enum's, valid as long as
   the process runs. So records of newer versions and of other tools can be read: an unknown word is kept,
   shown, and equal only to itself. */
int value_of_word(const struct names *, const char *word);

/* The name of a value that either function returned; NULL for 0. */
const char *name_of(const struct names *, int value);

#endif
