#include "launch/board.h"
#include "backend/backend.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

static const uint64_t LISTENER = UINT64_MAX; /* stands for the listener where connections have their number */

/* Lists this host's IPv4 addresses; the loopback first, for processes of this host. */
static void list_addresses(struct board_place *place, in_port_t port)
{
    struct ifaddrs *all = NULL;
    if (getifaddrs(&all)) all = NULL;
    for (int loopback = 1; loopback >= 0; loopback--)
        for (struct ifaddrs *i = all; i && place->count < BOARD_ADDRESSES; i = i->ifa_next) {
            if (!i->ifa_addr || !(i->ifa_flags & IFF_UP) || !(i->ifa_flags & IFF_LOOPBACK) == (loopback == 1))
                continue;
            if (i->ifa_addr->sa_family != AF_INET) continue;
            struct sockaddr_in *address = &place->addresses[place->count++];
            memcpy(address, i->ifa_addr, sizeof *address);
            address->sin_port = port;
        }
    freeifaddrs(all);
}

/* The number of ranks for which this process has file descriptors, apart from those for other files. Ranks
   from that number on must not connect: if their connection could not be accepted, they would take rank 0 for
   dead. */
static int descriptors_for(int ranks)
{
    enum { OTHERS = 256 };
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files)) return ranks;
    if (files.rlim_cur < (rlim_t)ranks + OTHERS) {
        rlim_t before = files.rlim_cur;
        files.rlim_cur = files.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &files)) files.rlim_cur = before;
    }
    if (files.rlim_cur >= (rlim_t)ranks + OTHERS) return ranks;
    return files.rlim_cur > OTHERS ? (int)(files.rlim_cur - OTHERS) : 0;
}

/* Adds a socket to those whose input board_serve() waits for. number: that of the connection, or LISTENER.
   Returns false if the kernel refuses. */
static bool await_reading(const struct board *board, int socket, uint64_t number)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = number};
    return epoll_ctl(board->ready, EPOLL_CTL_ADD, socket, &event) == 0;
}

enum status board_listen(struct board *board, int ranks, struct board_place *place)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    socklen_t length = sizeof any;
    *board = (struct board){
        .listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
        .ready = epoll_create1(EPOLL_CLOEXEC),
        .ranks_count = (size_t)ranks,
        .seen = allocate((size_t)ranks, sizeof *board->seen),
    };
    place->count = 0;
    if (board->listener < 0 || bind(board->listener, (struct sockaddr *)&any, sizeof any) ||
        listen(board->listener, 4096) || !await_reading(board, board->listener, LISTENER) ||
        getsockname(board->listener, (struct sockaddr *)&any, &length) ||
        getrandom(&place->secret, sizeof place->secret, 0) != sizeof place->secret) {
        int error = errno;
        if (board->listener >= 0) close(board->listener);
        if (board->ready >= 0) close(board->ready);
        board->listener = board->ready = -1;
        return fail(STATUS_ENVIRONMENT, "the progress board cannot listen: %s", strerror(error));
    }
    place->watched = (uint32_t)descriptors_for(ranks);
    list_addresses(place, any.sin_port);
    return STATUS_OK;
}

void board_tell(struct board *board, char answer)
{
    for (size_t i = 0; i < board->connection_count; i++) {
        const struct connection *c = &board->connections[i];
        if (c->socket >= 0 && c->rank >= 0) (void)send(c->socket, &answer, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

void board_close(struct board *board, char answer)
{
    for (size_t i = 0; i < board->connection_count; i++) {
        int socket = board->connections[i].socket;
        if (socket < 0) continue;
        /* A rank that has closed its end already needs no answer. */
        if (send(socket, &answer, 1, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) shutdown(socket, SHUT_WR);
        close(socket);
    }
    if (board->listener >= 0) close(board->listener);
    if (board->ready >= 0) close(board->ready);
    free(board->connections);
    free(board->seen);
    *board = (struct board){.listener = -1, .ready = -1};
}

static void drop(struct board *board, struct connection *c)
{
    (void)epoll_ctl(board->ready, EPOLL_CTL_DEL, c->socket, NULL);
    close(c->socket);
    c->socket = -1;
    board->free_places++;
    board->strangers -= c->rank < 0;
    if (c->rank >= 0 && !board->seen[c->rank].ended && !board->seen[c->rank].failed)
        board->seen[c->rank].gone = board->any_gone = true;
}

static void note(struct board *board, struct connection *c, uint64_t secret, double now_s)
{
    const struct report *report = &c->partial;
    if (report->secret != secret || report->rank >= board->ranks_count) {
        board->strangers += c->rank >= 0;
        c->rank = -1; /* not a rank, whatever it sent before */
        drop(board, c);
        return;
    }
    struct seen *seen = &board->seen[report->rank];
    board->strangers -= c->rank < 0;
    board->known += !seen->known;
    c->rank = (int)report->rank;
    if (!seen->known || seen->steps != report->steps || (seen->stage != report->stage && !seen->apart) ||
        report->stage == STAGE_WORKING)
        seen->moved_s = board->moved_s = now_s;
    seen->known = true;
    seen->word_s = now_s;
    seen->steps = report->steps;
    if (report->stage == REPORT_BYE)
        seen->ended = true;
    else if (report->stage == REPORT_FAILED)
        seen->failed = board->any_failed = true;
    else
        seen->stage = report->stage;
    char answer = ANSWER_SEEN;
    if (send(c->socket, &answer, 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN) drop(board, c);
}

static void read_from(struct board *board, struct connection *c, uint64_t secret, double now_s)
{
    while (c->socket >= 0) {
        char *at = (char *)&c->partial + c->partial_bytes;
        ssize_t n = recv(c->socket, at, sizeof c->partial - c->partial_bytes, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (n <= 0) {
            drop(board, c);
            return;
        }
        c->partial_bytes += (size_t)n;
        if (c->partial_bytes < sizeof c->partial) continue;
        c->partial_bytes = 0;
        note(board, c, secret, now_s);
    }
}

/* Anybody can connect, but a rank sends the secret soon: drops connections that have not sent it for ten
   seconds. Looks for them once in a second. */
static void drop_late_strangers(struct board *board, double now_s)
{
    static const double PATIENCE_S = 10;
    if (now_s - board->looked_s < 1) return;
    board->looked_s = now_s;
    for (size_t i = 0; board->strangers && i < board->connection_count; i++) {
        struct connection *c = &board->connections[i];
        if (c->socket >= 0 && c->rank < 0 && now_s - c->since_s > PATIENCE_S) drop(board, c);
    }
}

static void drop_oldest_stranger(struct board *board)
{
    struct connection *oldest = NULL;
    for (size_t i = 0; i < board->connection_count; i++) {
        struct connection *c = &board->connections[i];
        if (c->socket >= 0 && c->rank < 0 && (!oldest || c->since_s < oldest->since_s)) oldest = c;
    }
    if (oldest) drop(board, oldest);
}

/* Returns the number of a free place for a new connection. If there are more connections without the secret
   than BOARD_STRANGERS and the ranks that have not reported yet, drops the oldest. (All ranks may be
   connected before the first one reports.) */
static size_t free_place(struct board *board)
{
    if (board->strangers >= BOARD_STRANGERS + board->ranks_count - board->known) drop_oldest_stranger(board);
    for (size_t i = 0; board->free_places && i < board->connection_count; i++) {
        if (board->connections[i].socket >= 0) continue;
        board->free_places--;
        return i;
    }
    board->connections =
        reallocate(board->connections, ++board->connection_count, sizeof *board->connections);
    return board->connection_count - 1;
}

static void accept_all(struct board *board, uint64_t secret, double now_s)
{
    drop_late_strangers(board, now_s);
    /* Accepts a limited number per call, so that a flood of connections does not delay the ranks' reports. */
    for (int i = 0; i < BOARD_STRANGERS; i++) {
        int socket = accept4(board->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (socket < 0) return;
        size_t place = free_place(board);
        struct connection *c = &board->connections[place];
        *c = (struct connection){.socket = socket, .rank = -1, .since_s = now_s};
        board->strangers++;
        if (await_reading(board, socket, place))
            read_from(board, c, secret, now_s);
        else
            drop(board, c);
    }
}

void board_serve(struct board *board, uint64_t secret, int wake, double now_s, double wait_s)
{
    enum { MOST = 64 };
    struct epoll_event events[MOST];
    struct pollfd polls[] = {{.fd = board->ready, .events = POLLIN}, {.fd = wake, .events = POLLIN}};
    bool newcomers = false;
    int count;
    if (poll(polls, 2, (int)(wait_s * 1e3)) <= 0 || !polls[0].revents) return;
    do {
        count = epoll_wait(board->ready, events, MOST, 0);
        for (int i = 0; i < count; i++)
            if (events[i].data.u64 == LISTENER)
                newcomers = true;
            else
                read_from(board, &board->connections[events[i].data.u64], secret, now_s);
    } while (count == MOST);
    if (newcomers) accept_all(board, secret, now_s);
}

/* Appends the ranks for which `is` is true, as " rank 3 on node-a, rank 9 on node-b and 4 more". Returns
   their number. */
static int name_ranks(const struct seen *seen, int ranks, bool (*is)(const struct seen *, const void *),
                      const void *what, const char *(*host)(const void *, int), const void *context,
                      struct text *words)
{
    enum { MOST_NAMED = 8 };
    int found = 0;
    for (int rank = 0; rank < ranks; rank++) {
        if (!is(&seen[rank], what)) continue;
        if (found < MOST_NAMED)
            text_add(words, "%s rank %d on %s", found ? "," : "", rank, host(context, rank));
        found++;
    }
    if (found > MOST_NAMED) text_add(words, " and %d more", found - MOST_NAMED);
    return found;
}

static bool is_gone(const struct seen *seen, const void *unused)
{
    (void)unused;
    return seen->gone;
}

static bool is_silent(const struct seen *seen, const void *since_s)
{
    return seen->known && !seen->gone && !seen->ended && seen->word_s < *(const double *)since_s;
}

static bool is_behind(const struct seen *seen, const void *leader)
{
    const struct seen *first = leader;
    return seen->known && !seen->gone && !seen->ended && seen->apart == first->apart &&
           (seen->steps < first->steps || (seen->steps == first->steps && seen->stage < first->stage));
}

/* The rank that is furthest, of those that are apart or of the others. */
static struct seen leader_of(const struct seen *seen, int ranks, bool apart)
{
    struct seen leader = {.apart = apart};
    for (int rank = 0; rank < ranks; rank++)
        if (seen[rank].known && seen[rank].apart == apart &&
            (seen[rank].steps > leader.steps ||
             (seen[rank].steps == leader.steps && seen[rank].stage > leader.stage)))
            leader = seen[rank];
    return leader;
}

enum status board_blame(const struct seen *seen, int ranks, double now_s, double silent_s,
                        const char *(*host)(const void *, int), const void *context, struct text *words)
{
    const struct seen leader = leader_of(seen, ranks, false), leader_apart = leader_of(seen, ranks, true);
    double since_s = now_s - silent_s;
    struct text names = {0};
    int gone = name_ranks(seen, ranks, is_gone, NULL, host, context, &names);
    if (gone) text_add(words, "%s ended without a message;", text_get(&names));
    text_clear(&names);
    int silent = name_ranks(seen, ranks, is_silent, &since_s, host, context, &names);
    if (silent)
        text_add(words, "%s give%s no sign of life (stopped, or unreachable);", text_get(&names),
                 silent == 1 ? "s" : "");
    text_clear(&names);
    int behind = gone || silent ? 0 : name_ranks(seen, ranks, is_behind, &leader, host, context, &names);
    if (!gone && !silent && !behind)
        behind = name_ranks(seen, ranks, is_behind, &leader_apart, host, context, &names);
    if (behind)
        text_add(words, "%s %s alive but behind the others;", text_get(&names), behind == 1 ? "is" : "are");
    if (!gone && !silent && !behind)
        text_add(words,
                 leader.stage == STAGE_BETWEEN
                     ? " all ranks are alive, none inside an operation: start-up, the disk of the records "
                       "or busbar's own sorting of very many samples takes longer;"
                     : " all ranks are alive and inside the operation: the library or the network hangs;");
    text_free(&names);
    words->data[--words->length] = 0; /* the last semicolon */
    return gone ? STATUS_ENVIRONMENT : STATUS_TIMEOUT;
}
