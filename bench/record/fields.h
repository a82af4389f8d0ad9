/* The table of the record format, which the writer and the reader share: the JSON key of each struct
   member. */
#ifndef BUSBAR_FIELDS_H
#define BUSBAR_FIELDS_H

#include "record/record.h"

enum field_kind {
    FIELD_END = 0,
    FIELD_STRING,
    FIELD_WORD, /* an enum of record/words.h */
    FIELD_INTEGER,
    FIELD_COUNT,    /* not negative */
    FIELD_NULLABLE, /* a count that is null on disk if it is ABSENT: it was not checked */
    FIELD_BOOL,
    FIELD_REAL,
    FIELD_SAMPLES,
    FIELD_SPREAD,
    FIELD_JSON
};

struct field {
    enum field_kind kind;
    const char *key; /* "parent.key" for a member of a nested object */
    size_t offset;
    const char *extreme;       /* FIELD_SPREAD: the key of the object on the rank with the largest value */
    const struct names *names; /* FIELD_WORD */
};

extern const struct field case_fields[], launch_fields[], end_fields[];

void set_absent(const struct field *, void *record);

#endif
