/* Reads a plan from its file, and finds the launches that are already measured, by the content of their files
   and not only by their names. */
#include "analysis/plan/plan.h"
#include "base/paths.h"
#include "base/units.h"
#include "record/files.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER_BYTES = 8 * 1024 * 1024, TAIL_BYTES = 4096 };

/* Parses the first or the last line of a file. NULL: there is none, it is incomplete or too long, or it is
   not JSON. */
static json_t *read_line(int fd, bool last)
{
    struct stat facts;
    if (fstat(fd, &facts)) return NULL;
    off_t size = facts.st_size, from = last && size > TAIL_BYTES ? size - TAIL_BYTES : 0;
    size_t room = (size_t)(size - from);
    if (!last && room > HEADER_BYTES) room = HEADER_BYTES;
    char *bytes = allocate(room + 1, 1);
    ssize_t got = pread(fd, bytes, room, from);
    json_t *object = NULL;
    if (got > 0 && last && bytes[got - 1] == '\n') {
        bytes[got - 1] = 0;
        char *newline = strrchr(bytes, '\n');
        object = json_loads(newline ? newline + 1 : bytes, JSON_REJECT_DUPLICATES, NULL);
    } else if (got > 0 && !last && strchr(bytes, '\n')) {
        *strchr(bytes, '\n') = 0;
        object = json_loads(bytes, JSON_REJECT_DUPLICATES, NULL);
    }
    free(bytes);
    return object;
}

static const char *string_at(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static enum record_kind kind_of(const json_t *line)
{
    return (enum record_kind)value_named(&record_kind_names, string_at(line, "record"));
}

static enum end_status end_status_in(const json_t *line)
{
    return (enum end_status)value_named(&end_status_names, string_at(line, "status"));
}

/* Do the launch's arguments begin with all planned arguments, in the same order? (args[0] may be the
   program.) */
static bool has_args(const json_t *header, const char *planned)
{
    const json_t *args = json_object_get(header, "args");
    struct text given = {0};
    size_t i;
    json_t *item;
    const char *first = json_string_value(json_array_get(args, 0));
    bool program_first = first && *first != '-';
    json_array_foreach(args, i, item)
    {
        if (json_is_string(item) && !(i == 0 && program_first))
            text_add(&given, "%s ", json_string_value(item));
    }
    size_t length = strlen(planned);
    bool found =
        strncmp(text_get(&given), planned, length) == 0 && (length == 0 || text_get(&given)[length] == ' ');
    text_free(&given);
    return found;
}

/* Returns the reason why the file is not a complete record of this launch; NULL: it is one. */
static const char *what_is_wrong(const struct plan_row *row, const json_t *header, const json_t *end)
{
    const json_t *world = json_object_get(header, "world");
    if (kind_of(header) != RECORD_LAUNCH || !same(string_at(header, "launch"), row->launch))
        return "no header of this launch";
    if (kind_of(end) != RECORD_END) return "no end: it died or is running";
    if (end_status_in(end) != END_COMPLETE) return "its end says that it is not complete";
    if (!has_args(header, row->args)) return "it was measured with other arguments";
    if (json_integer_value(json_object_get(world, "ranks")) != row->nodes * row->ranks_per_node)
        return "it ran with another number of ranks";
    if (json_integer_value(json_object_get(world, "nodes")) != row->nodes)
        return "it ran on another number of nodes";
    return NULL;
}

bool launch_is_complete(const char *path)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* do not wait if it is a pipe */
    if (fd < 0) return false;
    json_t *end = read_line(fd, true);
    bool complete = kind_of(end) == RECORD_END && end_status_in(end) == END_COMPLETE;
    json_decref(end);
    close(fd);
    return complete;
}

static void read_state(struct plan_row *row, const char *folder)
{
    struct text path = {0};
    text_add(&path, "%s/%s.jsonl", folder, row->launch);
    struct stat facts;
    int fd = open(text_get(&path), O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* do not wait if it is a pipe */
    text_free(&path);
    if (fd < 0) return;
    if (fstat(fd, &facts) || !S_ISREG(facts.st_mode)) {
        close(fd);
        return;
    }
    json_t *header = read_line(fd, false), *end = read_line(fd, true);
    row->why = what_is_wrong(row, header, end);
    row->state = row->why ? LAUNCH_PARTIAL : LAUNCH_DONE;
    json_decref(header);
    json_decref(end);
    close(fd);
}

void plan_read_states(struct plan *plan, const char *folder)
{
    for (size_t i = 0; i < plan->count; i++) read_state(&plan->rows[i], folder);
}

/* Limits for the values of a row: their sums cannot overflow, and `timeout` accepts the deadlines. */
enum { COLUMNS = 14, LONGEST_S = 10000000, MOST_CASES = 1000000000, MOST_REPEATS = 1000000 };

static enum status read_row(char *line, struct arena *arena, struct plan_row *row)
{
    char *word[COLUMNS];
    int64_t ranks;
    for (const char *c = line; *c; c++) /* the line is printed and becomes a command */
        if ((*c < ' ' && *c != '\t') || *c > '~') return STATUS_USAGE;
    for (int i = 0; i < COLUMNS; i++)
        if (!(word[i] = strsep(&line, "\t"))) return STATUS_USAGE;
    if (line || !is_plain_name(word[0]) || plan_driver(word[3]) < 0) return STATUS_USAGE;
    enum domains domains = (enum domains)value_named(&domains_names, word[8]);
    if (domains != DOMAINS_PACKED && domains != DOMAINS_SPREAD) return STATUS_USAGE;
    *row = (struct plan_row){.launch = arena_string(arena, word[0]),
                             .key = arena_string(arena, word[2]),
                             .driver = plan_driver_word((size_t)plan_driver(word[3])),
                             .group = arena_string(arena, word[7]),
                             .domains = domains,
                             .args = arena_string(arena, same(word[12], "-") ? "" : word[12])};
    if (parse_integer(word[4], &row->nodes) || parse_integer(word[5], &ranks) ||
        parse_integer(word[6], &row->ranks_per_node) || parse_integer(word[9], &row->repeat) ||
        parse_integer(word[10], &row->cases) || parse_real(word[11], &row->estimate_s))
        return STATUS_USAGE;
    bool sound = row->nodes > 0 && row->ranks_per_node > 0 && row->nodes <= 1000000 &&
                 row->ranks_per_node <= 4096 && ranks == row->nodes * row->ranks_per_node &&
                 row->estimate_s >= 0 && row->estimate_s <= LONGEST_S && row->cases >= 0 &&
                 row->cases <= MOST_CASES && row->repeat >= 0 && row->repeat <= MOST_REPEATS;
    return sound ? STATUS_OK : STATUS_USAGE;
}

enum status plan_read(const char *path, struct plan *plan)
{
    struct line_reader reader;
    *plan = (struct plan){0};
    enum status status = line_reader_open(&reader, path);
    if (status) return status;
    while (!status && line_reader_next(&reader)) {
        if (reader.number == 1 && strncmp(reader.line, "launch\tstate\t", 13) == 0) continue;
        if ((plan->count & (plan->count + 1)) == 0)
            plan->rows = reallocate(plan->rows, 2 * plan->count + 2, sizeof *plan->rows);
        struct plan_row *row = &plan->rows[plan->count];
        struct text refused = {0};
        if (read_row(reader.line, &plan->arena, row))
            status = fail(STATUS_ENVIRONMENT, "%s:%zu: not a line of `busbar plan --format tsv`", path,
                          reader.number);
        else if (!plan_args_measure(row->args, &refused))
            status = fail(STATUS_ENVIRONMENT,
                          "%s:%zu: %s is not allowed in a plan file: only flags that choose what "
                          "to measure are",
                          path, reader.number, text_get(&refused));
        else
            plan->count++;
        text_free(&refused);
    }
    enum status closed = line_reader_close(&reader);
    if (!status) status = closed;
    if (!status && !plan->count) status = fail(STATUS_ENVIRONMENT, "%s has no launch", path);
    if (status) plan_free(plan);
    return status;
}
