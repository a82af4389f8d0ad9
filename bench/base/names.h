/* Enums with names: one table of names for each enum. Value 0 means "absent" or "not given" and has no name. */
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

/* The value with that name; 0: NULL, or not in the table. */
int value_named(const struct names *, const char *name);

/* The same, but a name outside the table gets a value of its own, beyond the enum's, for the life of the
   process. So words of newer writers and of other tools are kept, shown, and equal only to themselves. */
int value_of_word(const struct names *, const char *word);

/* The name of a value from either function; NULL for 0. */
const char *name_of(const struct names *, int value);

#endif
