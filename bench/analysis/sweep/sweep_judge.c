/* Judges the outcome of a launch from its exit status, its record and its log. */
#include "analysis/sweep/sweep.h"

#include <ctype.h>
#include <string.h>

const char *const outcome_names[] = {"complete", "failed", "wrong", "hung", "interrupted"};

/* Is this a message of the watchdog or of a launcher? These are the best reasons, since they name the
   host. */
static bool tells_what_happened(const char *line)
{
    static const char *const words[] = {"exited on signal",
                                        "lost communication",
                                        "unable to reliably start",
                                        "has lost",
                                        "hung",
                                        "timed out",
                                        "no progress",
                                        "Killed",
                                        "Connection refused",
                                        "Connection reset",
                                        "No route to host",
                                        "wrong",
                                        NULL};
    for (const char *const *word = words; *word; word++)
        if (strstr(line, *word)) return true;
    return false;
}

/* Tables name a column "wrong". */
static bool is_heading(const char *line)
{
    return strstr(line, "busbw") || strstr(line, "time us") || strstr(line, "TFLOP/s");
}

/* "all_reduce: …" */
static bool is_message(const char *line)
{
    size_t length = strspn(line, "abcdefghijklmnopqrstuvwxyz_");
    return length && strncmp(line + length, ": ", 2) == 0;
}

/* Nothing but blanks and dashes, or the line on the backend that a driver prints at its start. */
static bool is_blank(const char *line)
{
    return !line[strspn(line, " \t\r\v\f-")] || strstr(line, ": backend ");
}

/* Keeps printable ASCII only, because the text goes to terminals and tables. */
static void copy_clean(char *reason, const char *line)
{
    size_t n = 0;
    for (; *line && n < REASON_BYTES; line++)
        if (*line != '"' && *line != '\\') reason[n++] = *line >= ' ' && *line <= '~' ? *line : ' ';
    reason[n] = 0;
}

/* Reads the next line, and cuts it if it is longer than `room`; zero bytes become spaces. Returns false at
   the end. */
static bool next_line(FILE *log, char *line, size_t room)
{
    size_t n = 0;
    int c;
    while ((c = getc(log)) != EOF && c != '\n')
        if (n + 1 < room) line[n++] = (char)(c ? c : ' ');
    line[n] = 0;
    return c != EOF || n > 0;
}

void reason_of(FILE *log, char reason[REASON_BYTES + 1])
{
    char line[4096], message[REASON_BYTES + 1] = "", last[REASON_BYTES + 1] = "";
    *reason = 0;
    while (!*reason && next_line(log, line, sizeof line)) {
        if (is_heading(line)) continue;
        if (tells_what_happened(line)) copy_clean(reason, line);
        if (!*message && is_message(line) && !is_blank(line)) copy_clean(message, line);
        if (!is_blank(line)) copy_clean(last, line);
    }
    if (!*reason) strcpy(reason, *message ? message : last);
}

static enum outcome judge_complete(const struct ending *e, struct text *reason)
{
    if (e->status == STATUS_WRONG) {
        text_add(reason, "wrong data: %s", e->log_says);
        return OUTCOME_WRONG;
    }
    if (e->status) text_add(reason, "ended with status %d: %s", e->status, e->log_says);
    return e->status == STATUS_TIMEOUT || e->status == 124 ? OUTCOME_HUNG : OUTCOME_COMPLETE;
}

enum outcome judge(const struct ending *e, struct text *reason)
{
    char limit[64];
    if (e->signal) {
        text_add(reason, "signal %d", e->signal);
        return OUTCOME_INTERRUPTED;
    }
    if (e->complete) return judge_complete(e, reason);
    if (e->status == 124 || (e->status == 137 && e->took_s >= e->limit_s)) {
        text_add(reason, "no end within %s; %s", duration_text(e->limit_s, limit), e->log_says);
        return OUTCOME_HUNG;
    }
    if (e->status == 0) {
        text_add(reason, "status 0, but no complete record");
        return OUTCOME_FAILED;
    }
    if (e->status == STATUS_TIMEOUT || e->status == STATUS_WRONG) {
        text_add(reason, "%s", e->log_says);
        return e->status == STATUS_WRONG ? OUTCOME_WRONG : OUTCOME_HUNG;
    }
    text_add(reason, "status %d: %s", e->status, e->log_says);
    return OUTCOME_FAILED;
}

/* Adds the reason without the names of the launch and the driver, and without digits. */
static void strip(const char *reason, const char *launch, const char *driver, struct text *told)
{
    for (const char *c = reason; *c;) {
        if (*launch && strncmp(c, launch, strlen(launch)) == 0)
            c += strlen(launch);
        else if (*driver && strncmp(c, driver, strlen(driver)) == 0)
            c += strlen(driver);
        else if (isdigit((unsigned char)*c))
            c++;
        else
            text_add_bytes(told, c++, 1);
    }
}

void count_alike(struct sweep_state *state, const char *launch, const char *driver, enum outcome outcome,
                 const char *reason, int64_t took_s)
{
    enum { AT_ONCE_S = 10 };
    struct text told = {0}, drivers = {0};
    strip(reason, launch, driver, &told);
    bool alike = outcome == OUTCOME_FAILED && took_s <= AT_ONCE_S && state->alike >= 0 &&
                 state->alike + 1 == state->measured &&
                 (state->alike == 0 || same(text_get(&told), state->alike_told));
    if (!alike) {
        state->alike = -1;
    } else {
        if (state->alike++ == 0) state->first_failed = arena_string(&state->arena, launch);
        state->alike_told = arena_string(&state->arena, text_get(&told));
        if (!has_name(state->alike_drivers, driver)) {
            text_add(&drivers, "%s %s", state->alike_drivers ? state->alike_drivers : "", driver);
            state->alike_drivers = arena_string(&state->arena, text_get(&drivers));
        }
    }
    text_free(&told);
    text_free(&drivers);
}

bool all_fail_alike(const struct sweep_state *state)
{
    return state->alike >= 3 && names_in(state->alike_drivers) == state->driver_count;
}

int64_t time_left(const struct sweep_state *state, int64_t now_s)
{
    int64_t s = state->measured ? state->left * state->spent_s / state->measured : state->estimate_left_s;
    int64_t budget_left = state->begun_s + state->budget_s - now_s;
    if (state->budget_s && budget_left < s) s = budget_left;
    return s < 0 ? 0 : s;
}

bool grew_by_half(int64_t told_s, int64_t left_s)
{
    return 2 * left_s > 3 * told_s && left_s >= told_s + 2;
}
