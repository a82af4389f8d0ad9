/* Determines the collective of a table from the tool's own statement, the user, nearby text, the file's name
   and the figures. */
#include "analysis/import/source_check.h"
#include "collective/dtype.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Are the columns and busbw/algbw consistent with this collective? nccl-tests prints an operation for every
   reduction and for sendrecv, and "none" for the others. */
static bool fits_figures(const struct source_table *table, const struct collective *collective)
{
    const struct source_row *row = &table->rows[table->row_count - 1];
    struct interval factor = factor_of(table);
    bool has_count = row->count != ABSENT; /* OSU prints neither counts nor operations */
    if (has_count && collective->reduces && !row->op) return false;
    if (has_count && !collective->reduces && row->op && collective->id != SEND_RECV) return false;
    if (factor.lo > factor.hi || isinf(factor.hi) || factor.hi < 0.45)
        return true; /* the rates do not decide; the factor of one rank is 0 */
    if (collective->id == ALL_REDUCE) return factor.hi >= 0.999;
    if (is_scattered(collective)) return factor.lo <= 1;
    return factor.lo <= 1 && factor.hi >= 1;
}

/* Are in-place results checked as well as out-of-place ones? This distinguishes all-gather from all-to-all,
   which nccl-tests never checks in place. */
static bool in_place_is_checked(const struct source_row *row)
{
    return row->figures[0].present && row->figures[1].present && row->figures[0].wrong != ABSENT &&
           row->figures[1].wrong != ABSENT;
}

static bool in_place_is_unchecked(const struct source_row *row)
{
    return row->figures[0].present && row->figures[1].present && row->figures[0].wrong != ABSENT &&
           row->figures[1].wrong == ABSENT;
}

/* Guesses the collective from the factor and the columns, which distinguish most collectives. NULL: they do
   not. */
static const struct collective *collective_by_figures(const struct source_table *table)
{
    const struct source_row *row = &table->rows[table->row_count - 1];
    struct interval factor = factor_of(table);
    if (factor.lo > factor.hi || isinf(factor.hi) || factor.hi < 0.45) return NULL;
    if (factor.lo > 1.001) return &collectives[ALL_REDUCE];
    bool is_one = factor.lo <= 1 && factor.hi >= 1 && (factor.hi - factor.lo < 1e-3 || table->no_sendrecv);
    bool rooted = row->root != ABSENT && row->root >= 0, less = factor.hi < 1;
    if (is_one && rooted) return &collectives[row->op ? REDUCE : BROADCAST];
    bool complete;
    bool is_pair = table->no_sendrecv && listed_ranks(table, &complete) == 2;
    if (is_one && row->op && is_pair) return &collectives[ALL_REDUCE]; /* 2(n-1)/n is 1 for two ranks */
    if (is_one && row->op && !table->no_sendrecv) return &collectives[SEND_RECV];
    if (less && row->op && !rooted) return &collectives[REDUCE_SCATTER];
    if (less && !row->op && !rooted && in_place_is_checked(row)) return &collectives[ALL_GATHER];
    if (less && !row->op && !rooted && in_place_is_unchecked(row)) return &collectives[ALL_TO_ALL];
    return NULL; /* unchecked all-gather and all-to-all look the same; so do gather and scatter */
}

static const struct collective *collective_by_path(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    static const char *const words[] = {
        "reduce_scatter", "reduce-scatter", "reducescatter", "all_reduce", "all-reduce", "allreduce",
        "all_gather",     "all-gather",     "allgather",     "alltoallv",  "alltoall",   "all_to_all",
        "all-to-all",     "sendrecv",       "send_recv",     "broadcast",  "bcast"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(name, words[i])) return collective_by_any_name(words[i], strlen(words[i]));
    return NULL;
}

void choose_collective(struct source *source, struct source_table *table, const struct source_given *given)
{
    size_t line = table->rows[0].line;
    const struct collective *said =
        given->collective ? collective_by_any_name(given->collective, strlen(given->collective)) : NULL;
    if (said && table->collective_from >= FROM_COMMAND && table->collective != said)
        source_warn(source, table, line, "--collective says %s, the file says %s", said->name,
                    table->collective ? table->collective->name
                    : table->program  ? table->program
                                      : "another");
    if (said && (table->collective_from < FROM_COMMAND ||
                 !table->collective)) /* also if busbar does not know the tool's name */
        table->collective = said, table->collective_from = FROM_COMMAND;
    /* Text around a table may refer to another table: the figures outweigh it. */
    bool yields = table->collective != said && (table->collective_from < FROM_TABLE || table->inherited);
    if (table->collective && yields && !fits_figures(table, table->collective))
        table->collective = NULL, table->collective_from = FROM_NOTHING;
    const struct collective *named = collective_by_path(source->path),
                            *figured = collective_by_figures(table);
    if (table->collective_from < FROM_FILE_NAME && named && fits_figures(table, named))
        table->collective = named, table->collective_from = FROM_FILE_NAME;
    if (table->collective_from < FROM_FIGURES && figured)
        table->collective = figured, table->collective_from = FROM_FIGURES;
    if (table->collective && !fits_figures(table, table->collective))
        source_warn(
            source, table, line, "the collective is %s, but busbw/algbw and the columns do not fit it%s%s",
            table->collective->name, figured ? ": they look like " : "", figured ? figured->name : "");
}
