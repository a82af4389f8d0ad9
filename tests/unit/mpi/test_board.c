#include "launch/board.h"
#include "backend/backend.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>
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
    cr_assert(strstr(words, "rank 0 on h ended without a word"), "%s", words);
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
    cr_expect(open <= BOARD_STRANGERS && board.connection_count <= BOARD_STRANGERS + 1, "%zu open", open);
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
