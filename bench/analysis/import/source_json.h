/* Reads the JSON documents of a file: one, several one after another, or one that is cut off. */
#ifndef BUSBAR_SOURCE_JSON_H
#define BUSBAR_SOURCE_JSON_H

#include "analysis/import/source.h"

struct json_pieces {
    const char *next, *end;
    size_t line;      /* where the document returned last begins, from 1 */
    size_t next_line; /* line of `next` */
    size_t broken;    /* number of documents that were skipped */
    bool cut;         /* the last document was cut off: only the complete objects of its lists were read */
};

void json_pieces_start(struct json_pieces *, const char *data, size_t length);

/* Returns the next document (an object or a list) as a new reference; NULL: no more, or too many broken ones.
   Skips text between documents. Warns about a broken document and goes on at the next line. */
json_t *json_pieces_next(const struct source *, struct json_pieces *);

/* A member that is a whole number, or a string with one; ABSENT: neither. */
int64_t json_member_integer(json_t *object, const char *key);
/* A member that is a number, or a string with one; NAN: neither. */
double json_member_real(json_t *object, const char *key);
/* Sets the count of wrong elements, a number or a string with one. NULL, null and "N/A": not checked.
   Anything else contradicts the row. */
void source_wrong_member(struct source *, struct source_table *, struct source_row *, struct figures *,
                         json_t *value);

#endif
