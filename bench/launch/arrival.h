/* Notes of processes that wait in MPI_Init, in a folder that all share: so that those who never came can be
 * named. */
#ifndef BUSBAR_ARRIVAL_H
#define BUSBAR_ARRIVAL_H

#include "base/text.h"

#include <stdbool.h>

struct arrival {
    char folder[512];         /* "" when the launcher gives no job number */
    int fd;                   /* of the folder; -1: not open */
    int rank, ranks;          /* by the launcher's word; ranks 0: not known */
    bool noted, makes_parent; /* the folder above is this user's own in /tmp, too */
};

/* folder: shared by all processes; NULL: one of this user's own on each host ($XDG_RUNTIME_DIR, else in
   /tmp). */
void arrival_find(struct arrival *, const char *folder);
void arrival_note(struct arrival *);   /* this process waits */
void arrival_forget(struct arrival *); /* it has come through: the note goes */

/* Who has come and who has not, in words; true when this process is the first of those who came and should
 * speak. */
bool arrival_tell(const struct arrival *, struct text *words);

#endif
