/* The progress board: who is how far, over TCP beside MPI. Rank 0 has the board, everyone (rank 0 too)
 * reports to it. */
#ifndef BUSBAR_BOARD_H
#define BUSBAR_BOARD_H

#include "base/status.h"
#include "base/text.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum { BOARD_ADDRESSES = 8, BOARD_STRANGERS = 128 };

/* Where rank 0 listens, as sent to all (plain bytes, same architecture). */
struct board_place {
    uint64_t secret;
    uint32_t watched; /* the ranks from this one on do not connect */
    uint32_t count;   /* of addresses, the loopback first; IPv4 */
    struct sockaddr_in addresses[BOARD_ADDRESSES];
};

struct report {
    uint64_t secret;
    uint32_t rank;
    uint32_t stage; /* enum stage, REPORT_BYE or REPORT_FAILED */
    uint64_t steps;
};
enum { REPORT_BYE = 1000, REPORT_FAILED };
enum {
    ANSWER_SEEN = 1,
    ANSWER_BYE,
    ANSWER_END,   /* rank 0's watchdog has said why the launch ends: leave */
    ANSWER_FAILED /* rank 0 has said why it fails, and calls MPI_Abort next */
};

/* What rank 0 knows of one rank. */
struct seen {
    bool known, ended, failed,
        gone; /* reported at least once; left in order; has said itself why it fails; its connection broke */
    uint64_t steps;
    uint32_t stage;
    double word_s, moved_s; /* when it last reported, and last had moved */
};

struct board {
    int listener; /* rank 0 */
    struct connection {
        int socket;            /* -1: this place is free */
        int rank;              /* -1: a stranger, until a whole report with the secret has come */
        double since_s;        /* when it was accepted */
        struct report partial; /* of a report that is not whole yet */
        size_t partial_bytes;
    } * connections;
    size_t connection_count, ranks_count;
    struct seen *seen; /* of each rank */
};

/* Rank 0: listens, and says where. */
enum status board_listen(struct board *, int ranks, struct board_place *);
/* Accepts, reads, answers; waits at most wait_s, or until `wake` (a descriptor) can be read. */
void board_serve(struct board *, uint64_t secret, int wake, double now_s, double wait_s);
/* Gives all an answer that they did not ask for. */
void board_tell(struct board *, char answer);
/* Gives all a last answer and closes. */
void board_close(struct board *, char answer);

/* The other ranks: the connection, or -1. The loopback is tried by those of the same host alone, first. */
int board_connect(const struct board_place *, bool same_host);

/* Names those to blame in one line's words: who ended, who gives no sign of life, who is behind; else that
   all are inside, or none. Returns STATUS_ENVIRONMENT when somebody has ended, else STATUS_TIMEOUT. */
enum status board_blame(const struct seen *, int ranks, double now_s, double silent_s,
                        const char *(*host)(const void *, int), const void *context, struct text *words);

#endif
