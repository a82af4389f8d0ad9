#include "launch/board.h"

#include "backend/backend.h"

#include <criterion/criterion.h>
#include <string.h>

enum { RANKS = 3 };

static const char *host_of(const void *context, int rank)
{
    (void)context, (void)rank;
    return "h";
}

/* All ranks as of 100 s, in the third operation. */
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
