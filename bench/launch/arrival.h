/* Notes of processes that wait in MPI_Init, in a shared folder, so that the processes that never arrived can
   be named. */
#ifndef BUSBAR_ARRIVAL_H
#define BUSBAR_ARRIVAL_H

#include "base/text.h"

#include <stdbool.h>

struct arrival {
    char folder[512]; /* of the notes; "": no notes, e.g. if the launcher sets no job id */
    int fd;           /* of the folder; -1: not open */
    int rank, ranks;  /* from the launcher's environment; ranks 0: not known */
    /* noted: this process has left its note. makes_parent: the parent is a private folder of this user in
       /tmp. */
    bool noted, makes_parent;
};

/* Chooses the folder for the notes of this job, inside `folder`, which all processes share. NULL: inside a
   folder of this user on each host ($XDG_RUNTIME_DIR, else in /tmp). */
void arrival_find(struct arrival *, const char *folder);
void arrival_note(struct arrival *);   /* leaves a note that this process waits in MPI_Init */
void arrival_forget(struct arrival *); /* removes the note, and the folder if it is empty */

/* Appends to `words` which processes have arrived and which have not. Returns whether this process should
   print it: the first that arrived, or any process without a note. */
bool arrival_tell(const struct arrival *, struct text *words);

#endif
