/* Finds folders that a night should have filled. A night of which nothing was measured leaves no record,
   and the newest one would otherwise be judged by the night before. */
#include "analysis/history/history.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEEPEST = 16 }; /* levels of folders */

struct search {
    struct history *history;
    const char *newest; /* the folder of the newest night */
};

static bool ends_with(const char *text, const char *suffix)
{
    size_t n = strlen(text), m = strlen(suffix);
    return n >= m && strcmp(text + n - m, suffix) == 0;
}

static void report_folder(const struct search *search, const char *folder)
{
    if (strverscmp(folder, search->newest) > 0)
        history_failure(search->history, "%s has no records: the newest night measured nothing", folder);
    else
        history_note(search->history, "%s has no records", folder);
}

/* Looks at the folder and those below it. A folder is a night without records if it is empty, or has only the
   plan and logs that a sweep leaves. Does not look below a folder with records: that is a night. */
static void visit(const struct search *search, const char *folder, int depth)
{
    struct dirent **entries;
    int count = depth < DEEPEST ? scandir(folder, &entries, NULL, versionsort) : -1;
    bool records = false, other = count < 0;
    for (int pass = 0; pass < 2; pass++) /* files first */
        for (int i = 0; i < count; i++) {
            const char *name = entries[i]->d_name;
            struct text path = {0};
            struct stat facts;
            text_add(&path, "%s/%s", folder, name);
            bool seen = *name != '.' && stat(path.data, &facts) == 0;
            if (seen && pass == 0 && S_ISREG(facts.st_mode)) {
                records |= ends_with(name, ".jsonl");
                other |= !same(name, "plan.tsv") && !ends_with(name, ".log");
            } else if (seen && pass == 1 && S_ISDIR(facts.st_mode) && !records) {
                other = true;
                visit(search, path.data, depth + 1);
            }
            text_free(&path);
        }
    for (int i = 0; i < count; i++) free(entries[i]);
    if (count >= 0) free(entries);
    if (!records && !other) report_folder(search, folder);
}

void check_empty_nights(struct history *history, char **paths, int count)
{
    const struct run_summary *newest = history->nights[history->night_count - 1].run;
    struct search search = {history, launch_folder(newest->launches[0], &history->arena)};
    for (int i = 0; i < count; i++) {
        struct stat facts;
        if (stat(paths[i], &facts) == 0 && S_ISDIR(facts.st_mode)) visit(&search, paths[i], 0);
    }
}
