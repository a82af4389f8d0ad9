/* Notes of processes that wait in MPI_Init: processes of the same job find them, and never use files of
 * another user. */
#include "base/text.h"
#include "launch/arrival.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/busbar-arrival-XXXXXX";

static void be(int rank)
{
    char number[8];
    snprintf(number, sizeof number, "%d", rank);
    setenv("OMPI_COMM_WORLD_RANK", number, 1);
}

static void make_job(void)
{
    cr_assert_not_null(mkdtemp(folder));
    unsetenv("SLURM_JOB_ID");
    setenv("PMIX_NAMESPACE", "job/1", 1);
    setenv("OMPI_COMM_WORLD_SIZE", "3", 1);
}

static void remove_job(void)
{
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(arrival, .init = make_job, .fini = remove_job);

Test(arrival, who_never_came_is_named)
{
    struct arrival first, third;
    struct text words = {0};
    be(0);
    arrival_find(&first, folder);
    be(2);
    arrival_find(&third, folder);
    arrival_note(&first);
    arrival_note(&third);
    cr_assert(first.noted && third.noted);
    cr_expect(arrival_tell(&first, &words) &&
                  strstr(text_get(&words), "rank 1 never came (of 3; waiting: rank 0"),
              "%s", text_get(&words));
    text_clear(&words);
    cr_expect(!arrival_tell(&third, &words), "the first of them speaks");
    arrival_forget(&first);
    arrival_forget(&third);
    cr_expect_eq(rmdir(folder), 0, "nothing is left");
    cr_assert_eq(mkdir(folder, 0700), 0);
    text_free(&words);
}

/* The folder's name is already in use: by a link, a folder that others may write to, or another user's
   folder. */
Test(arrival, foreign_folders_are_not_used)
{
    struct arrival a;
    char target[64], name[600];
    be(0);
    arrival_find(&a, folder);
    snprintf(name, sizeof name, "%s", a.folder);
    snprintf(target, sizeof target, "%s/victim", folder);
    cr_assert(mkdir(target, 0700) == 0 && symlink("victim", name) == 0);
    arrival_note(&a);
    cr_expect(!a.noted, "a link is not followed");
    arrival_forget(&a);
    cr_expect_eq(rmdir(target), 0, "nothing was put there");
    cr_assert(unlink(name) == 0 && mkdir(name, 0700) == 0 && chmod(name, 0777) == 0);
    arrival_find(&a, folder);
    arrival_note(&a);
    cr_expect(!a.noted, "others may write there");
    arrival_forget(&a);
    if (geteuid()) return;
    (void)mkdir(name, 0700);
    cr_assert(chmod(name, 0700) == 0 && chown(name, 65534, 65534) == 0);
    arrival_find(&a, folder);
    arrival_note(&a);
    cr_expect(!a.noted, "it is another user's");
}

Test(arrival, without_a_shared_folder_one_of_ones_own)
{
    struct arrival a;
    struct stat facts;
    be(1);
    setenv("XDG_RUNTIME_DIR", folder, 1);
    arrival_find(&a, NULL);
    cr_expect(strstr(a.folder, folder) == a.folder, "%s", a.folder);
    unsetenv("XDG_RUNTIME_DIR");
    arrival_find(&a, NULL);
    arrival_note(&a);
    cr_assert(a.noted && stat(a.folder, &facts) == 0);
    cr_expect((facts.st_mode & 0777) == 0700);
    arrival_forget(&a);
}
