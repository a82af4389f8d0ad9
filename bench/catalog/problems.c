#include "catalog/problems.h"
#include "base/tsv.h"
#include "catalog/catalog.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int nccl_version_number(const char *text)
{
    int major, minor, patch = 0, end = 0;
    if (!text || sscanf(text, "%4d.%2d%n.%2d%n", &major, &minor, &end, &patch, &end) < 2 || text[end])
        return -1;
    return major < 0 || minor < 0 || patch < 0 ? -1 : 10000 * major + 100 * minor + patch;
}

static enum status read_version(const struct tsv *table, size_t row, const char *column, int otherwise,
                                int *version)
{
    const char *cell = tsv_cell(table, row, column);
    *version = *cell ? nccl_version_number(cell) : otherwise;
    if (*version >= 0) return STATUS_OK;
    return fail(STATUS_ENVIRONMENT, "%s:%zu: %s: '%s' is not a version such as 2.28.9", table->name,
                table->lines[row + 1], column, cell);
}

static enum status read_number(const struct tsv *table, size_t row, const char *column, int64_t otherwise,
                               int64_t *number)
{
    *number = otherwise;
    if (!*tsv_cell(table, row, column)) return STATUS_OK;
    return tsv_integer(table, row, column, 1, INT_MAX, number);
}

static enum status read_problem(struct arena *arena, const struct tsv *table, size_t row,
                                struct nccl_problem *p)
{
    *p = (struct nccl_problem){
        .registration = tsv_text(table, row, "registration", arena),
        .cta = tsv_text(table, row, "cta", arena),
        .collective = tsv_text(table, row, "collective", arena),
        .dtype = tsv_text(table, row, "dtype", arena),
        .op = tsv_text(table, row, "op", arena),
        .gpu = tsv_text(table, row, "gpu", arena),
        .architecture = tsv_text(table, row, "architecture", arena),
        .words = tsv_text(table, row, "problem", arena),
        .source = tsv_text(table, row, "source", arena),
    };
    enum status status = read_version(table, row, "from", -1, &p->from);
    if (!status) status = read_version(table, row, "fixed", INT_MAX, &p->fixed);
    if (!status) status = read_number(table, row, "least_ranks", 0, &p->least_ranks);
    if (!status) status = read_number(table, row, "most_ranks", INT64_MAX, &p->most_ranks);
    if (!status) status = read_number(table, row, "least_hosts", 0, &p->least_hosts);
    return status;
}

enum status nccl_problems_parse(struct nccl_problems *problems, const char *name, const char *text,
                                size_t length)
{
    static const char *const needed[] = {
        "from",         "fixed",       "registration", "cta",         "collective", "dtype",  "op", "gpu",
        "architecture", "least_ranks", "most_ranks",   "least_hosts", "problem",    "source", NULL};
    struct tsv table;
    *problems = (struct nccl_problems){0};
    enum status status = tsv_parse(name, text, length, &table);
    if (status) return status;
    status = tsv_need(&table, needed);
    problems->list = arena_memory(&problems->arena, (table.rows + 1) * sizeof *problems->list);
    for (size_t row = 0; !status && row < table.rows; row++)
        status = read_problem(&problems->arena, &table, row, &problems->list[problems->count++]);
    tsv_free(&table);
    if (status) nccl_problems_free(problems);
    return status;
}

enum status nccl_problems_read(struct nccl_problems *problems)
{
    enum { LARGEST_TABLE = 1 << 20 };
    struct text path = {0}, text = {0};
    *problems = (struct nccl_problems){0};
    enum status status = catalog_folder(&path);
    if (!status) text_add(&path, "/nccl-problems.tsv");
    if (!status && access(path.data, F_OK) == 0) {
        status = text_add_file(&text, path.data, LARGEST_TABLE);
        if (!status) status = nccl_problems_parse(problems, path.data, text_get(&text), text.length);
    }
    text_free(&path);
    text_free(&text);
    return status;
}

void nccl_problems_free(struct nccl_problems *problems)
{
    arena_free(&problems->arena);
    *problems = (struct nccl_problems){0};
}

static bool is_or_any(const char *asked, const char *has)
{
    return !*asked || same(asked, has);
}

/* Does the name contain the word? "NVIDIA GB200" does not contain B200. */
static bool has_word_or_any(const char *word, const char *name)
{
    size_t length = strlen(word);
    if (!length) return true;
    for (const char *at = name; at && (at = strstr(at, word)); at++)
        if ((at == name || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[length]))
            return true;
    return false;
}

bool nccl_problem_applies(const struct nccl_problem *p, const struct nccl_use *use)
{
    return use->version >= p->from && use->version < p->fixed &&
           is_or_any(p->registration, use->registration) && is_or_any(p->cta, use->cta) &&
           is_or_any(p->collective, use->collective) && is_or_any(p->dtype, use->dtype) &&
           is_or_any(p->op, use->op) && has_word_or_any(p->gpu, use->gpu) &&
           is_or_any(p->architecture, use->architecture) && use->ranks >= p->least_ranks &&
           use->ranks <= p->most_ranks && use->hosts >= p->least_hosts;
}
