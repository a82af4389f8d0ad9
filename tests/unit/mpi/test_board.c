#include "base/clock.h"
#include "launch/board.h"
#include "backend/backend.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RANKS = 3 };

static const char *host_of(const void *context, int rank)
{
    (void)context, (void)rank;
    return "h";
}

/* The state of all ranks at 100 s, in the third operation. */
static void all_at(struct seen seen[RANKS], uint32_t stage)
{
    for (int r = 0; r < RANKS; r++)
        seen[r] = (struct seen){.known = true, .steps = 3, .stage = stage, .word_s = 100};
}

static enum status blame(const struct seen seen[RANKS], char words[300])
{
    struct text text = {0};
    enum status status = board_blame(seen, RANKS, 100, 1, host_of, NULL, &text);
    snprintf(words, 300, "%s", text_get(&text));
    text_free(&text);
    return status;
}

Test(board, a_hang_is_the_networks_only_where_ranks_are_inside)
{
    struct seen seen[RANKS];
    char words[300];
    all_at(seen, STAGE_INSIDE);
    cr_assert_eq(blame(seen, words), STATUS_TIMEOUT);
    cr_assert(strstr(words, "the library or the network hangs"), "%s", words);
    all_at(seen, STAGE_BETWEEN);
    cr_assert_eq(blame(seen, words), STATUS_TIMEOUT);
    cr_assert(strstr(words, "none inside an operation") && !strstr(words, "network"), "%s", words);
}

/* Rank 2 repeats another operation than ranks 0 and 1 (watch_apart()): that it has made fewer steps means
   nothing. */
Test(board, ranks_apart_are_judged_among_themselves)
{
    enum { FOUR = 4 };
    struct seen seen[FOUR];
    for (int r = 0; r < FOUR; r++)
        seen[r] = (struct seen){
            .known = true, .word_s = 100, .apart = r >= 2, .steps = r >= 2 ? 3 : 900, .stage = STAGE_INSIDE};
    struct text text = {0};
    board_blame(seen, FOUR, 100, 1, host_of, NULL, &text);
    cr_assert(strstr(text_get(&text), "the library or the network hangs"), "%s", text_get(&text));
    seen[3].stage = STAGE_STARTING;
    text_clear(&text);
    board_blame(seen, FOUR, 100, 1, host_of, NULL, &text);
    cr_assert_str_eq(text_get(&text), " rank 3 on h is alive but behind the others");
    seen[1].stage =
        STAGE_STARTING; /* the others come first: the ranks apart may just be between two operations */
    text_clear(&text);
    board_blame(seen, FOUR, 100, 1, host_of, NULL, &text);
    cr_assert_str_eq(text_get(&text), " rank 1 on h is alive but behind the others");
    text_free(&text);
}

Test(board, who_is_to_blame_is_named)
{
    struct seen seen[RANKS];
    char words[300];
    all_at(seen, STAGE_INSIDE);
    seen[1].stage = STAGE_BARRIER;
    cr_assert_eq(blame(seen, words), STATUS_TIMEOUT);
    cr_assert(strstr(words, "rank 1 on h is alive but behind"), "%s", words);
    seen[2].word_s = 98;
    cr_assert_eq(blame(seen, words), STATUS_TIMEOUT);
    cr_assert(strstr(words, "rank 2 on h gives no sign of life") && !strstr(words, "rank 1"), "%s", words);
    seen[0].gone = true;
    cr_assert_eq(blame(seen, words), STATUS_ENVIRONMENT);
    cr_assert(strstr(words, "rank 0 on h ended without a message"), "%s", words);
}

/* Connections of strangers, some with a wrong secret, do not count as ranks and do not use up the ranks'
   places. */
Test(board, strangers_leave_room_for_ranks)
{
    enum { STRANGERS = 3 * BOARD_STRANGERS };
    struct board board;
    struct board_place place;
    int strangers[STRANGERS], fds[RANKS], wake = -1;
    cr_assert_eq(board_listen(&board, RANKS, &place), STATUS_OK);
    for (int i = 0; i < STRANGERS; i++) {
        strangers[i] = board_connect(&place, true);
        cr_assert(strangers[i] >= 0);
        struct report lie = {.secret = place.secret + 1, .rank = (uint32_t)i % RANKS, .stage = REPORT_BYE};
        if (i % 2) cr_assert_eq(send(strangers[i], &lie, sizeof lie, MSG_NOSIGNAL), (ssize_t)sizeof lie);
    }
    for (int round = 0; round < 4; round++) board_serve(&board, place.secret, wake, 100 + round, 0.01);
    size_t open = 0;
    for (size_t i = 0; i < board.connection_count; i++) open += board.connections[i].socket >= 0;
    enum { MOST = BOARD_STRANGERS + RANKS }; /* any of them might be a rank */
    cr_expect(open <= MOST && board.connection_count <= MOST + 1, "%zu open", open);
    for (int r = 0; r < RANKS; r++) cr_expect(!board.seen[r].known && !board.seen[r].ended);
    for (int r = 0; r < RANKS; r++) {
        struct report report = {
            .secret = place.secret, .rank = (uint32_t)r, .stage = STAGE_BARRIER, .steps = 7};
        fds[r] = board_connect(&place, true);
        cr_assert(fds[r] >= 0);
        cr_assert_eq(send(fds[r], &report, sizeof report, MSG_NOSIGNAL), (ssize_t)sizeof report);
    }
    for (int round = 0; round < 4; round++) board_serve(&board, place.secret, wake, 104, 0.01);
    for (int r = 0; r < RANKS; r++) cr_expect(board.seen[r].known && board.seen[r].steps == 7, "rank %d", r);
    board_serve(&board, place.secret, wake, 200, 0.01); /* a new stranger replaces old ones */
    int late = board_connect(&place, true);
    board_serve(&board, place.secret, wake, 200, 0.1);
    open = 0;
    for (size_t i = 0; i < board.connection_count; i++) open += board.connections[i].socket >= 0;
    cr_expect_eq(open, RANKS + 1, "%zu open", open);
    for (int i = 0; i < STRANGERS; i++) close(strangers[i]);
    for (int r = 0; r < RANKS; r++) close(fds[r]);
    close(late);
    board_close(&board, ANSWER_BYE);
}

/* ---- a rank's connection ---- */

/* How rank 0 ends, in a process of its own: it reads no report. */
enum ending { KILLED, KILLED_WITH_A_REPORT_UNREAD, SAYS_BYE, SAYS_END_WITH_A_REPORT_UNREAD, STAYS };

/* Whether rank 1 takes rank 0 for dead, after it ended this way. */
static bool taken_for_dead(enum ending ending)
{
    struct board board;
    struct board_place place;
    int accepted[2], reported[2];
    char byte = 0;
    cr_assert_eq(board_listen(&board, 2, &place), STATUS_OK);
    cr_assert(pipe(accepted) == 0 && pipe(reported) == 0);
    struct board_link link = {.socket = board_connect(&place, true)};
    cr_assert(link.socket >= 0);
    struct report report = {.secret = place.secret, .rank = 1, .stage = STAGE_INSIDE, .steps = 1};
    pid_t rank_0 = fork();
    cr_assert(rank_0 >= 0);
    if (rank_0 == 0) {
        alarm(30);
        close(reported[1]);
        close(link.socket);
        while (!board.connection_count) board_serve(&board, place.secret, -1, 100, 0.01);
        if (write(accepted[1], "a", 1) != 1 || read(reported[0], &byte, 1) < 0) _exit(1);
        if (ending == SAYS_BYE) board_close(&board, ANSWER_BYE);
        if (ending == SAYS_END_WITH_A_REPORT_UNREAD) board_close(&board, ANSWER_END);
        if (ending == STAYS) pause();
        if (ending == KILLED) usleep(100000);
        raise(SIGKILL);
    }
    close(board.listener); /* rank 0's process has it */
    board.listener = -1;
    cr_assert_eq(read(accepted[0], &byte, 1), 1);
    if (ending == KILLED_WITH_A_REPORT_UNREAD || ending == SAYS_END_WITH_A_REPORT_UNREAD)
        board_report(&link, &report);
    for (int i = 0; i < 2; i++) close(accepted[i]), close(reported[i]);
    /* An end that comes later is noticed when it comes, not when the time is over. */
    double start_s = clock_s(), wait_s = ending == STAYS ? 0.05 : ending == KILLED ? 60 : 0;
    if (wait_s == 0) waitpid(rank_0, NULL, 0);
    board_await(&link, -1, wait_s);
    cr_expect_lt(clock_s() - start_s, 30);
    bool died = board_has_died(&link);
    cr_expect_eq(link.lost, ending != STAYS, "ending %d", ending);
    cr_expect_eq(link.last_word, ending == SAYS_BYE                        ? ANSWER_BYE
                                 : ending == SAYS_END_WITH_A_REPORT_UNREAD ? ANSWER_END
                                                                           : 0);
    if (wait_s > 0) kill(rank_0, SIGKILL), waitpid(rank_0, NULL, 0);
    board_hang_up(&link);
    board_close(&board, ANSWER_BYE);
    return died;
}

Test(board, rank_0_has_died_if_its_connection_ends_without_a_last_word, .timeout = 120)
{
    cr_expect(taken_for_dead(KILLED));
    cr_expect(taken_for_dead(KILLED_WITH_A_REPORT_UNREAD), "Linux ends such a connection by a reset");
    cr_expect_not(taken_for_dead(SAYS_BYE));
    cr_expect_not(taken_for_dead(SAYS_END_WITH_A_REPORT_UNREAD));
    cr_expect_not(taken_for_dead(STAYS));
}

Test(board, a_rank_without_a_connection_waits_instead_of_spinning)
{
    struct board_link link = {.socket = -1, .last_word = ANSWER_BYE};
    double start_s = clock_s();
    cr_expect_not(board_await(&link, -1, 0.1));
    cr_expect_geq(clock_s() - start_s, 0.1);
}

/* ---- 1,152 ranks ---- */

enum { MANY = 1152 };

/* Descriptors that this process has given to the kernel to look at. */
static atomic_ulong looked_at;

/* Takes the place of the C library's. */
int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    const struct timespec wait = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
    atomic_fetch_add(&looked_at, count);
    return ppoll(fds, count, timeout_ms < 0 ? NULL : &wait, NULL);
}

static bool report(const struct board_place *place, const int *sockets, int rank)
{
    const struct report report = {
        .secret = place->secret, .rank = (uint32_t)rank, .stage = STAGE_INSIDE, .steps = (uint64_t)rank};
    return send(sockets[rank], &report, sizeof report, MSG_NOSIGNAL) == (ssize_t)sizeof report;
}

static bool is_answered(int socket)
{
    struct pollfd ready = {.fd = socket, .events = POLLIN};
    char answer = 0;
    return poll(&ready, 1, -1) == 1 && recv(socket, &answer, 1, 0) == 1 && answer == ANSWER_SEEN;
}

/* Stands in for ranks 1 to 1151: all connect, and report only when all are connected; then each reports once
   more, in turn, so that rank 0 wakes up for each. Returns the number of reports that rank 0 has answered. */
static int stand_in(const struct board_place *place, int connected)
{
    int sockets[MANY], answered = 0;
    struct rlimit files = {MANY + 64, 0};
    getrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < MANY + 64) files.rlim_cur = MANY + 64;
    setrlimit(RLIMIT_NOFILE, &files);
    for (int r = 1; r < MANY; r++) sockets[r] = board_connect(place, true);
    if (write(connected, "c", 1) != 1) return -1;
    usleep(100000); /* rank 0 accepts all before any reports */
    for (int r = 1; r < MANY; r++)
        if (!report(place, sockets, r)) return -1;
    for (int r = 1; r < MANY; r++) answered += is_answered(sockets[r]);
    for (int r = 1; r < MANY; r++) answered += report(place, sockets, r) && is_answered(sockets[r]);
    return answered;
}

Test(board, a_rank_that_reports_late_keeps_its_connection, .timeout = 60)
{
    struct board board;
    struct board_place place;
    int connected[2], status;
    char byte;
    cr_assert_eq(board_listen(&board, MANY, &place), STATUS_OK);
    cr_assert_eq(place.watched, MANY, "%u: the limit of open files is too low", place.watched);
    cr_assert_eq(pipe(connected), 0);
    pid_t child = fork();
    cr_assert(child >= 0);
    if (child == 0) {
        alarm(30);
        _exit(stand_in(&place, connected[1]) == 2 * (MANY - 1) ? 0 : 1);
    }
    /* Accepts while they connect, as rank 0 does: the kernel may let only 128 connections wait. */
    struct pollfd all = {.fd = connected[0], .events = POLLIN};
    clock_t began = clock(), accepted;
    unsigned long looked_before;
    while (poll(&all, 1, 0) == 0) board_serve(&board, place.secret, -1, 100, 0.01);
    cr_assert_eq(read(connected[0], &byte, 1), 1);
    accepted = clock();
    looked_before = atomic_load(&looked_at);
    while (waitpid(child, &status, WNOHANG) == 0) board_serve(&board, place.secret, -1, 101, 0.01);
    cr_log_info("CPU time of rank 0 for %d ranks: %.1f ms to accept them, %.1f ms for two reports of each",
                MANY, (double)(accepted - began) * 1e3 / CLOCKS_PER_SEC,
                (double)(clock() - accepted) * 1e3 / CLOCKS_PER_SEC);
    /* Reports come one by one, and each must not make the kernel look at all connections. */
    const double each = (double)(atomic_load(&looked_at) - looked_before) / (2 * (MANY - 1));
    cr_expect_lt(each, 50, "%.0f descriptors for a report", each);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a rank was not answered");
    for (int r = 1; r < MANY; r++)
        cr_assert(board.seen[r].known && board.seen[r].steps == (uint64_t)r, "rank %d", r);
    board_close(&board, ANSWER_BYE);
    close(connected[0]);
    close(connected[1]);
}
