/* Lists of words on the command line. */
#include "record/word_sets.h"
#include "collective/dtype.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <string.h>

static int read_list(const char *list, int *indices)
{
    int count = -1;
    cr_assert_eq(word_list_read("datatype", list, &dtype_words, indices, &count), STATUS_OK);
    return count;
}

Test(word_list, keeps_the_order_and_drops_repetitions)
{
    int indices[DTYPE_COUNT];
    cr_assert_eq(read_list("double,fp32,float,int8", indices), 3);
    cr_assert_eq(indices[0], DTYPE_DOUBLE);
    cr_assert_eq(indices[1], DTYPE_FLOAT);
    cr_assert_eq(indices[2], DTYPE_INT8);
    cr_assert_eq(read_list("all", indices), DTYPE_COUNT);
    for (int i = 0; i < DTYPE_COUNT; i++) cr_assert_eq(indices[i], i);
}

static void refuses(const char *list)
{
    int indices[OP_COUNT], count;
    cr_redirect_stderr();
    cr_assert_eq(word_list_read("op", list, &op_words, indices, &count), STATUS_USAGE, "%s", list);
    fflush(stderr);
}

Test(word_list, names_the_nearest_word)
{
    refuses("sum,maxx");
    cr_assert_stderr_eq_str("busbar: --op: unknown 'maxx'; did you mean 'max'?\n");
}

Test(word_list, names_all_words_if_none_is_near)
{
    refuses("average-of-ranks");
    cr_assert_stderr_eq_str(
        "busbar: --op: unknown 'average-of-ranks'; expected sum, prod, max, min, avg, premulsum\n");
}

Test(word_list, refuses_an_empty_word)
{
    refuses("sum,,max");
}
