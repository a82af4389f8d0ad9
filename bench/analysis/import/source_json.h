/* JSON documents in a file: one, several one after another, or one that is cut off. */
#ifndef BUSBAR_SOURCE_JSON_H
#define BUSBAR_SOURCE_JSON_H

#include "analysis/import/source.h"

struct json_pieces {
    const char *next, *end;
    size_t line;      /* of the piece last given, from 1 */
    size_t next_line; /* of `next` */
    size_t broken;    /* documents that were skipped */
    bool cut;         /* the piece was cut off: what is whole of its lists was kept */
};

void json_pieces_start(struct json_pieces *, const char *data, size_t length);

/* The next document (an object or a list) as a new reference; NULL: no more. Text between documents is
   skipped, a broken document is warned of once and skipped to the next line. */
json_t *json_pieces_next(const struct source *, struct json_pieces *);

/* A member as a whole number, printed as one or as a string of one; ABSENT: neither. */
int64_t json_member_integer(json_t *object, const char *key);
/* A member as a number, printed as one or as a string of one; NAN: neither. */
double json_member_real(json_t *object, const char *key);

#endif
