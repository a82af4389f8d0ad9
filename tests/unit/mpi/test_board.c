#include "launch/board.h"
#include "backend/backend.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
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

/* ---- 1,152 ranks ---- */

enum { MANY = 1152 };

/* Stands in for ranks 1 to 1151: all connect, and report only when all are connected. Returns the number that
   rank 0 has answered. */
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
    for (int r = 1; r < MANY; r++) {
        struct report report = {
            .secret = place->secret, .rank = (uint32_t)r, .stage = STAGE_INSIDE, .steps = (uint64_t)r};
        if (send(sockets[r], &report, sizeof report, MSG_NOSIGNAL) != (ssize_t)sizeof report) return -1;
    }
    for (int r = 1; r < MANY; r++) {
        struct pollfd ready = {.fd = sockets[r], .events = POLLIN};
        char answer = 0;
        answered += poll(&ready, 1, -1) == 1 && recv(sockets[r], &answer, 1, 0) == 1 && answer == ANSWER_SEEN;
    }
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
        _exit(stand_in(&place, connected[1]) == MANY - 1 ? 0 : 1);
    }
    /* Accepts while they connect, as rank 0 does: the kernel may let only 128 connections wait. */
    struct pollfd all = {.fd = connected[0], .events = POLLIN};
    while (poll(&all, 1, 0) == 0) board_serve(&board, place.secret, -1, 100, 0.01);
    cr_assert_eq(read(connected[0], &byte, 1), 1);
    while (waitpid(child, &status, WNOHANG) == 0) board_serve(&board, place.secret, -1, 101, 0.01);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a rank was not answered");
    for (int r = 1; r < MANY; r++)
        cr_assert(board.seen[r].known && board.seen[r].steps == (uint64_t)r, "rank %d", r);
    board_close(&board, ANSWER_BYE);
    close(connected[0]);
    close(connected[1]);
}
