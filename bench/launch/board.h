/* The progress board: the progress of all ranks, reported over TCP, outside MPI. Rank 0 has the board; all
   ranks, including rank 0, report to it. */
#ifndef BUSBAR_BOARD_H
#define BUSBAR_BOARD_H

#include "base/status.h"
#include "base/text.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum { BOARD_ADDRESSES = 8, BOARD_STRANGERS = 128 };

/* Where rank 0 listens; broadcast to all ranks as raw bytes, since all have the same architecture. */
struct board_place {
    uint64_t secret;  /* each report must contain it */
    uint32_t watched; /* ranks from this number on do not connect */
    uint32_t count;   /* of addresses: IPv4, the loopback first */
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
    ANSWER_END,   /* rank 0's watchdog has printed why the launch ends: exit */
    ANSWER_FAILED /* rank 0 has printed its error, and calls MPI_Abort next */
};

/* What rank 0 knows of one rank. */
struct seen {
    /* It has reported at least once; has sent REPORT_BYE; has sent REPORT_FAILED, after printing its error;
       its connection broke without either. */
    bool known, ended, failed, gone;
    bool apart; /* it takes part in another operation than the others (watch_apart()): only its steps are
                   progress, and it is behind only other ranks like it */
    uint64_t steps;
    uint32_t stage;
    double word_s, moved_s; /* when it last reported; when it last reported progress */
};

/* Rank 0's work must not grow faster than the number of ranks. So the fields below keep what a search through
   all connections or ranks would find, and handling a report takes the same time for any number of them. */
struct board {
    int listener; /* rank 0 */
    int ready;    /* epoll: the listener and the connections that have something to read; -1: none */
    struct connection {
        int socket;            /* -1: this place is free */
        int rank;              /* -1: a stranger: no complete report with the secret has arrived yet */
        double since_s;        /* when it was accepted */
        struct report partial; /* the first partial_bytes of an incomplete report */
        size_t partial_bytes;
    } * connections;
    size_t connection_count, ranks_count;
    size_t free_places, strangers; /* how many of the connections are free places; how many are strangers */
    double looked_s;               /* when it last dropped strangers that had sent no secret for too long */
    size_t known;                  /* ranks that have reported */
    bool any_failed, any_gone;     /* whether any element of `seen` has failed or gone */
    double moved_s;                /* when any rank but rank 0 last reported progress */
    struct seen *seen;             /* of each rank */
};

/* Rank 0: starts to listen and fills in the place. If it cannot, prints one line and returns
   STATUS_ENVIRONMENT; the place then has no address, and the board knows of rank 0 alone. board_close() frees
   it in any case. */
enum status board_listen(struct board *, int ranks, struct board_place *);
/* Accepts connections, reads reports and answers them. First waits for these at most wait_s, or until the
   descriptor `wake` becomes readable (-1: none). */
void board_serve(struct board *, uint64_t secret, int wake, double now_s, double wait_s);
/* Answers all connected ranks at once, without waiting for their next reports. */
void board_tell(struct board *, char answer);
/* Sends all connections a last answer and closes the board. */
void board_close(struct board *, char answer);

/* Another rank's connection to rank 0. */
struct board_link {
    int socket;     /* -1: none: rank 0 does not watch this rank, or the connection has ended */
    char last_word; /* rank 0's last answer that is not ANSWER_SEEN; 0: none */
    bool lost;      /* rank 0 has ended the connection, or its process has ended */
};
/* Returns the connected socket, or -1. Only ranks on rank 0's host try its loopback address, first. */
int board_connect(const struct board_place *, bool same_host);
/* Sends a report. Never waits, never fails. */
void board_report(struct board_link *, const struct report *);
/* Waits up to wait_s for rank 0 to send a last word or to end the connection, or until the descriptor `wake`
   becomes readable (-1: none). Without a connection, waits for these two alone. Returns whether there was an
   answer. */
bool board_await(struct board_link *, int wake, double wait_s);
/* Whether rank 0 has ended without a last word. It sends one even if a signal other than SIGKILL ends it. */
bool board_has_died(const struct board_link *);
void board_hang_up(struct board_link *);

/* Appends to `words` which ranks are to blame: those that ended, those silent for silent_s, or else those
   behind: among the ranks that are not apart, then among those that are; without any of these, whether the
   ranks are inside the operation. Returns STATUS_ENVIRONMENT if a rank has ended, else STATUS_TIMEOUT. */
enum status board_blame(const struct seen *, int ranks, double now_s, double silent_s,
                        const char *(*host)(const void *, int), const void *context, struct text *words);

#endif
