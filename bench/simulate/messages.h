/* SimGrid's messages, also those inside collective MPI calls, which no MPI function shows. */
#ifndef BUSBAR_MESSAGES_H
#define BUSBAR_MESSAGES_H

#ifdef __cplusplus
extern "C" {
#endif

/* From now on calls `tell` at the start of each message, with its bytes of data and its hosts' names. */
void messages_tell(void (*tell)(double payload, const char *from, const char *to));

#ifdef __cplusplus
}
#endif

#endif
