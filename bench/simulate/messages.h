/* SimGrid's messages: that inside collective MPI calls too, which no MPI function shows. */
#ifndef BUSBAR_MESSAGES_H
#define BUSBAR_MESSAGES_H

#ifdef __cplusplus
extern "C" {
#endif

/* From now on calls `tell` at the start of each message, with the names of its hosts. */
void messages_tell(void (*tell)(double bytes, const char *from, const char *to));

#ifdef __cplusplus
}
#endif

#endif
