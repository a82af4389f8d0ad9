#include "launch/ras.h"
#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

/* Splits "host:port" and "[host]:port". */
static bool split(const char *address, char host[256], char port[16])
{
    const bool brackets = address[0] == '[';
    const char *colon = strrchr(address, ':'), *start = address + brackets;
    if (!colon || colon < start + brackets) return false;
    size_t length = (size_t)(colon - start);
    if (brackets && colon[-1] == ']') length--;
    if (length == 0 || length >= 256 || strlen(colon + 1) >= 16) return false;
    memcpy(host, start, length);
    host[length] = 0;
    strcpy(port, colon + 1);
    return true;
}

/* Waits until the socket is ready for `events` (POLLIN, POLLOUT). */
static bool await(int fd, short events, double until_s)
{
    for (;;) {
        double left_s = until_s - clock_s();
        if (left_s <= 0) return false;
        struct pollfd ready = {.fd = fd, .events = events};
        int n = poll(&ready, 1, (int)(left_s * 1e3) + 1);
        if (n > 0) return true;
        if (n < 0 && errno != EINTR) return false;
    }
}

/* Connects to a numeric address; -1: nobody listens there. */
static int connect_to(const char *host, const char *port, double until_s)
{
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, port, &wanted, &found)) return -1;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error = 0;
    socklen_t size = sizeof error;
    bool connected = fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0;
    if (fd >= 0 && !connected && errno == EINPROGRESS && await(fd, POLLOUT, until_s))
        connected = getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
    freeaddrinfo(found);
    if (connected) return fd;
    if (fd >= 0) close(fd);
    return -1;
}

/* Names other than localhost are not looked up: that can take longer than there is time. */
static int reach(double until_s)
{
    const char *given = getenv("NCCL_RAS_ADDR");
    char host[256], port[16];
    if (!split(given && *given ? given : "localhost:28028", host, port)) return -1;
    if (strcasecmp(host, "localhost") != 0) return connect_to(host, port, until_s);
    int fd = connect_to("127.0.0.1", port, until_s);
    return fd >= 0 ? fd : connect_to("::1", port, until_s);
}

/* Reads until the other side ends, the time is up or RAS_BYTES are there. Returns whether it has ended. */
static bool read_all(int fd, double until_s, char bytes[RAS_BYTES], size_t *length)
{
    *length = 0;
    while (*length < RAS_BYTES && await(fd, POLLIN, until_s)) {
        ssize_t n = recv(fd, bytes + *length, RAS_BYTES - *length, 0);
        if (n == 0) return true;
        if (n < 0 && errno != EINTR && errno != EAGAIN) return false;
        if (n > 0) *length += (size_t)n;
    }
    return false;
}

/* Adds the lines of the answer, without empty ones and the protocol's "OK"; bytes that are not printable
   ASCII become '?'. */
static void add_lines(const char *bytes, size_t length, const char *prefix, struct text *answer)
{
    for (size_t at = 0, next; at < length; at = next) {
        const char *end = memchr(bytes + at, '\n', length - at);
        size_t stop = end ? (size_t)(end - bytes) : length;
        next = stop + 1;
        if (stop > at && bytes[stop - 1] == '\r') stop--;
        if (stop == at || (stop - at == 2 && memcmp(bytes + at, "OK", 2) == 0)) continue;
        text_add(answer, "%s", prefix);
        for (size_t i = at; i < stop; i++) {
            char c = bytes[i] == '\t' ? ' ' : bytes[i];
            text_add(answer, "%c", c < ' ' || c > '~' ? '?' : c);
        }
        text_add(answer, "\n");
    }
}

bool ras_ask(double most_s, const char *prefix, struct text *answer)
{
    /* RAS waits for other processes for one second instead of five, then answers with what it has. */
    static const char question[] = "CLIENT PROTOCOL 2\nTIMEOUT 1\nSTATUS\n", hello[] = "SERVER PROTOCOL ";
    const double until_s = clock_s() + most_s;
    size_t length = 0;
    bool ended = false;
    int fd = reach(until_s);
    if (fd < 0) return false;
    char *bytes = allocate(RAS_BYTES, 1);
    if (send(fd, question, sizeof question - 1, MSG_NOSIGNAL) == (ssize_t)sizeof question - 1)
        ended = read_all(fd, until_s, bytes, &length);
    close(fd);
    const char *first = memchr(bytes, '\n', length);
    bool speaks = first && length >= sizeof hello - 1 && memcmp(bytes, hello, sizeof hello - 1) == 0;
    size_t at = speaks ? (size_t)(first - bytes) + 1 : 0;
    if (speaks) add_lines(bytes + at, length - at, prefix, answer);
    if (speaks && !ended)
        text_add(answer, "%s%s\n", prefix,
                 length == RAS_BYTES ? "(and more)" : "(the answer did not end in time)");
    free(bytes);
    return speaks;
}
