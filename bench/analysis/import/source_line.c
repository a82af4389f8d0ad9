#include "analysis/import/source_line.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

void lines_start(struct lines *lines, const char *data, size_t length)
{
    lines->next = data;
    lines->end = data + length;
    lines->number = 0;
    lines->in_line = false;
}

/* The length of an escape sequence at `from` (which points behind ESC): "[…letter" and "]…BEL" or "]…ESC \".
 */
static size_t escape_length(const char *from, const char *end)
{
    const char *c = from;
    if (c == end) return 0;
    if (*c == '[') {
        c++;
        while (c < end && ((unsigned char)*c < 0x40 || (unsigned char)*c > 0x7e) && *c != '\n') c++;
        return (size_t)(c - from) + (c < end && *c != '\n');
    }
    if (*c == ']') {
        while (c < end && *c != 7 && *c != 27 && *c != '\n') c++;
        if (c + 1 < end && *c == 27 && c[1] == '\\') c++;
        return (size_t)(c - from) + (c < end && *c != '\n');
    }
    return *c != '\n';
}

bool lines_next(struct lines *lines)
{
    if (lines->next == lines->end) return false;
    size_t length = 0;
    const char *c = lines->next;
    if (!lines->in_line) lines->number++;
    for (; c < lines->end && *c != '\n' && *c != '\r'; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte == 27) {
            c += escape_length(c + 1, lines->end);
            continue;
        }
        if (byte == 0xc2 && c + 1 < lines->end && (unsigned char)c[1] == 0xa0)
            byte = ' ', c++; /* no-break space */
        if (byte == '\t' || byte == '\v' || byte == '\f') byte = ' ';
        if (byte >= ' ' && byte != 0x7f && length < LINE_LIMIT - 1) lines->text[length++] = (char)byte;
    }
    lines->text[length] = 0;
    lines->in_line = c < lines->end && *c == '\r' && c + 1 < lines->end && c[1] != '\n';
    if (c < lines->end && *c == '\r' && c + 1 < lines->end && c[1] == '\n') c++;
    lines->next = c < lines->end ? c + 1 : c;
    return true;
}

/* "2025-02-06T20:02:30.123Z", "20:02:30", "2025/02/06": digits with two separators or more, nothing else. */
static bool is_time_stamp(const char *text, size_t length)
{
    size_t separators = 0;
    if (length < 7 || !isdigit((unsigned char)*text)) return false;
    for (size_t i = 0; i < length; i++) {
        separators += text[i] == ':' || text[i] == '-' || text[i] == '/';
        if (!isdigit((unsigned char)text[i]) && !strchr(":-/.,TZ+ ", text[i])) return false;
    }
    return separators >= 2;
}

static void set_label(char label[128], const char *text, size_t length)
{
    snprintf(label, 128, "%.*s", (int)(length < 127 ? length : 127), text);
}

/* "[1,0]<stdout>:", "[pod/x/y]", "[12:00:01]": the length with what belongs to it; 0: none. */
static size_t bracket_prefix(const char *text, char label[128])
{
    const char *end = strchr(text, ']');
    if (!end || end - text > 120) return 0;
    size_t inside = (size_t)(end - text - 1);
    if (memchr(text + 1, ' ', inside) && !is_time_stamp(text + 1, inside)) return 0;
    if (!is_time_stamp(text + 1, inside)) set_label(label, text + 1, inside);
    const char *rest = end + 1;
    static const char *const streams[] = {"<stdout>", "<stderr>", "<stddiag>", "&lt;stdout&gt;",
                                          "&lt;stderr&gt;"};
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        if (strncmp(rest, streams[i], strlen(streams[i])) == 0) rest += strlen(streams[i]);
    return (size_t)(rest - text) + (*rest == ':');
}

/* One prefix at the start of text; 0: none. */
static size_t one_prefix(const char *text, char label[128])
{
    size_t word = strcspn(text, " "), digits = strspn(text, "0123456789");
    if (*text == '>' || *text == '|') return 1;
    if (*text == '[') return bracket_prefix(text, label);
    if (*text == '(') {
        const char *end = strchr(text, ')');
        if (!end || end - text > 120 || end[1] != ' ') return 0;
        set_label(label, text + 1, (size_t)(end - text - 1));
        return (size_t)(end - text) + 1;
    }
    if (is_time_stamp(text, word)) return word;
    if (digits && text[digits] == ':') { /* srun -l */
        set_label(label, text, digits);
        return digits + 1;
    }
    size_t name = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/");
    bool is_name = name > 0 && name < 120 && isalpha((unsigned char)*text);
    if (is_name && text[name] == ':' &&
        (text[name + 1] == ' ' || text[name + 1] == 0 || text[name + 1] == '#')) {
        set_label(label, text, name);
        return name + 1;
    }
    size_t gap = strspn(text + name, " ");
    if (is_name && gap && text[name + gap] == '|') {
        set_label(label, text, name);
        return name + gap + 1;
    }
    return 0;
}

const char *skip_prefix(const char *line, char label[128])
{
    label[0] = 0;
    for (int i = 0; i < 6; i++) {
        const char *text = line + strspn(line, " ");
        size_t length = one_prefix(text, label);
        if (length == 0) break;
        line = text + length;
    }
    return line;
}

void blank_repeated_label(char *text, const char *label)
{
    char prefix[132];
    size_t length = (size_t)snprintf(prefix, sizeof prefix, "[%s]", label);
    if (!*label) return;
    for (char *at = text; (at = strstr(at, prefix)); at += length) {
        memset(at, ' ', length);
        static const char *const streams[] = {"<stdout>:", "<stderr>:"};
        for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
            if (strncmp(at + length, streams[i], strlen(streams[i])) == 0)
                memset(at + length, ' ', strlen(streams[i]));
    }
}

#ifdef PLANTED_BUG /* for the test that the fuzzers find one: a word too many */
enum { MOST_WORDS = WORD_LIMIT + 1 };
#else
enum { MOST_WORDS = WORD_LIMIT };
#endif

size_t split_words(char *line, struct word words[WORD_LIMIT])
{
    size_t count = 0;
    for (char *c = line; count < MOST_WORDS;) {
        c += strspn(c, " |");
        if (!*c) break;
        words[count++] = (struct word){c, (size_t)(c - line)};
        c += strcspn(c, " |");
        if (*c) *c++ = 0;
    }
    return count;
}

bool is_integer_word(const char *word)
{
    size_t digits = strspn(word, "0123456789");
    return digits > 0 && digits < 19 && !word[digits];
}
