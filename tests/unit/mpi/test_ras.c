/* Tests the query to NCCL's RAS subsystem against a stand-in for NCCL on this host. The protocol is in NCCL's
   src/ras/client_support.cc. */
#include "launch/ras.h"
#include "base/clock.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct stand_in {
    int listener;
    const char *answer; /* NULL: never answers */
    bool forever;       /* repeats the answer until the client leaves */
    char question[256];
    pthread_t thread;
};

static void *serve(void *state)
{
    struct stand_in *s = state;
    int fd = accept(s->listener, NULL, NULL);
    size_t length = 0;
    while (length < sizeof s->question - 1 && !strstr(s->question, "STATUS\n")) {
        ssize_t n = recv(fd, s->question + length, sizeof s->question - 1 - length, 0);
        if (n <= 0) break;
        length += (size_t)n;
    }
    if (s->answer)
        while (send(fd, s->answer, strlen(s->answer), MSG_NOSIGNAL) > 0 && s->forever) continue;
    if (!s->answer)
        while (recv(fd, s->question, 1, 0) > 0) continue; /* until the client leaves */
    close(fd);
    return NULL;
}

static void start(struct stand_in *s)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    char address[64];
    s->listener = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(bind(s->listener, (struct sockaddr *)&at, sizeof at) == 0 && listen(s->listener, 4) == 0);
    cr_assert(getsockname(s->listener, (struct sockaddr *)&at, &size) == 0);
    snprintf(address, sizeof address, "localhost:%d", ntohs(at.sin_port));
    setenv("NCCL_RAS_ADDR", address, 1);
    cr_assert(pthread_create(&s->thread, NULL, serve, s) == 0);
}

static bool ask(struct stand_in *s, double most_s, struct text *answer)
{
    start(s);
    bool speaks = ras_ask(most_s, "# ", answer);
    pthread_join(s->thread, NULL);
    close(s->listener);
    return speaks;
}

Test(ras, the_answer_stands_line_by_line_behind_the_prefix)
{
    struct stand_in s = {.answer = "SERVER PROTOCOL 2\nOK\nNCCL version 2.28.9\r\n\nErrors\n======\n"};
    struct text answer = {0};
    cr_assert(ask(&s, 5, &answer));
    cr_assert_str_eq(text_get(&answer), "# NCCL version 2.28.9\n# Errors\n# ======\n");
    cr_assert_str_eq(s.question, "CLIENT PROTOCOL 2\nTIMEOUT 1\nSTATUS\n");
    text_free(&answer);
}

Test(ras, nothing_in_it_commands_a_terminal)
{
    struct stand_in s = {.answer = "SERVER PROTOCOL 2\nOK\n\x1b[2Jrank\t1\x07 \xe2\x80\xae\x7f\n"};
    struct text answer = {0};
    cr_assert(ask(&s, 5, &answer));
    cr_assert_str_eq(text_get(&answer), "# ?[2Jrank 1? ????\n");
    text_free(&answer);
}

Test(ras, an_endless_answer_is_cut)
{
    struct stand_in s = {.answer = "SERVER PROTOCOL 2\nrank 1 on node 2\n", .forever = true};
    struct text answer = {0};
    cr_assert(ask(&s, 5, &answer));
    cr_assert_gt(answer.length, RAS_BYTES / 2);
    cr_assert_leq(answer.length, 2 * RAS_BYTES);
    cr_assert_str_eq(text_get(&answer) + answer.length - strlen("# (and more)\n"), "# (and more)\n");
    text_free(&answer);
}

Test(ras, a_server_that_is_silent_takes_no_longer_than_allowed)
{
    struct stand_in s = {.answer = NULL};
    struct text answer = {0};
    double start_s = clock_s();
    cr_assert_not(ask(&s, 0.3, &answer));
    cr_assert_geq(clock_s() - start_s, 0.3);
    cr_assert_eq(answer.length, 0);
}

Test(ras, another_protocol_is_no_answer)
{
    struct stand_in s = {.answer = "HTTP/1.1 400 Bad Request\r\n\r\n"};
    struct text answer = {0};
    cr_assert_not(ask(&s, 5, &answer));
    cr_assert_eq(answer.length, 0);
}

Test(ras, an_address_where_nobody_listens_is_no_answer)
{
    static const char *const addresses[] = {"localhost:1", "[::1]:1", "127.0.0.1",
                                            ":1",          "[]:1",    "a.name:28028"};
    struct text answer = {0};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        setenv("NCCL_RAS_ADDR", addresses[i], 1);
        cr_assert_not(ras_ask(5, "# ", &answer), "%s", addresses[i]);
    }
    cr_assert_eq(answer.length, 0);
}
