#include "base/clock.h"
#include "launch/board.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

/* Returns a connected socket, or -1 if there is none within 2 s. */
static int connect_to(const struct sockaddr_in *address)
{
    enum { WAIT_MS = 2000 };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error = 0, one = 1;
    socklen_t length = sizeof error;
    if (fd < 0) return -1;
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    if ((connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EINPROGRESS) &&
        poll(&ready, 1, WAIT_MS) == 1 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 &&
        error == 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        return fd;
    }
    close(fd);
    return -1;
}

/* Tries all addresses twice: while many ranks connect, the queue of rank 0's host may be full. Linux repeats
   a request that was dropped only after 1 s and 3 s. */
int board_connect(const struct board_place *place, bool same_host)
{
    enum { TRIES = 2 };
    for (uint32_t i = 0; i < TRIES * place->count; i++) {
        const struct sockaddr_in *address = &place->addresses[i % place->count];
        bool loopback = ntohl(address->sin_addr.s_addr) >> 24 == 127;
        int fd = loopback && !same_host ? -1 : connect_to(address);
        if (fd >= 0) return fd;
    }
    return -1;
}

void board_hang_up(struct board_link *link)
{
    if (link->socket >= 0) close(link->socket);
    link->socket = -1;
}

void board_report(struct board_link *link, const struct report *report)
{
    /* hear() notices a broken connection, after the answers that came before. */
    if (link->socket >= 0) (void)send(link->socket, report, sizeof *report, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Reads rank 0's answers without waiting, and notes the end of the connection: an orderly one, or the reset
   that Linux sends for a process that dies with reports unread. Returns whether there was an answer. */
static bool hear(struct board_link *link)
{
    char answers[64];
    bool heard = false;
    while (link->socket >= 0) {
        ssize_t n = recv(link->socket, answers, sizeof answers, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) break;
        for (ssize_t i = 0; i < n; i++)
            if (answers[i] != ANSWER_SEEN) link->last_word = answers[i];
        if (n > 0) heard = true;
        link->lost = n <= 0;
        if (link->lost) board_hang_up(link);
    }
    return heard;
}

bool board_await(struct board_link *link, int wake, double wait_s)
{
    double until_s = clock_s() + wait_s, left_s = wait_s;
    const bool open = link->socket >= 0;
    bool heard = hear(link);
    struct pollfd ready[2] = {{.fd = wake, .events = POLLIN}, {.events = POLLIN}};
    while (!(open && (link->lost || link->last_word)) && !ready[0].revents && left_s > 0) {
        ready[1].fd = link->socket;
        poll(ready, 2, (int)(left_s * 1e3) + 1);
        heard |= hear(link);
        left_s = until_s - clock_s();
    }
    return heard;
}

bool board_has_died(const struct board_link *link)
{
    return link->lost && !link->last_word;
}
