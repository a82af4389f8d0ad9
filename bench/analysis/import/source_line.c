#include "analysis/import/source_line.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lines_start(struct lines *lines, const char *data, size_t length)
{
    lines->next = data;
    lines->end = data + length;
    lines->number = 0;
    lines->in_line = false;
}

/* The length of an escape sequence after its ESC, at `from`: "[…letter", "]…BEL" or "]…ESC \". */
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

/* Decodes an XML entity at `text` such as "&lt;", "&amp;" or "&#010;". Returns its length; 0: no entity. */
static size_t entity(const char *text, char *character)
{
    static const struct {
        const char *name;
        char character;
    } names[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(text, names[i].name, strlen(names[i].name)) == 0) {
            *character = names[i].character;
            return strlen(names[i].name);
        }
    size_t digits = strncmp(text, "&#", 2) == 0 ? strspn(text + 2, "0123456789") : 0;
    if (digits == 0 || digits > 3 || text[2 + digits] != ';') return 0;
    int code = atoi(text + 2);
    *character = code >= ' ' && code < 127 ? (char)code : ' '; /* a newline becomes a blank */
    return digits + 3;
}

/* mpirun --xml (Open MPI): "<stdout rank="3">text&#010;</stdout>" becomes "[3]<stdout>:text", as --tag-output
   prints it. The text never gets longer. */
static void decode_xml(char *text)
{
    char rank[24];
    char *from = text + strspn(text, " "), *to = text, *end;
    bool is_tag = strncmp(from, "<stdout rank=", 13) == 0 || strncmp(from, "<stderr rank=", 13) == 0;
    if (!is_tag || !(end = strchr(from, '>'))) return;
    size_t digits = strcspn(from + 13 + (from[13] == '"'), "\">");
    if (digits == 0 || digits >= sizeof rank) return;
    memcpy(rank, from + 13 + (from[13] == '"'), digits);
    rank[digits] = 0;
    *to++ = '[';
    memmove(to, rank, digits);
    to += digits;
    memcpy(to, "]<stdout>:", 10);
    to += 10;
    for (from = end + 1; *from;) {
        size_t length = entity(from, to);
        if (strncmp(from, "</std", 5) == 0) break;
        if (length)
            to++, from += length;
        else
            *to++ = *from++;
    }
    *to = 0;
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
    decode_xml(lines->text);
    lines->in_line = c < lines->end && *c == '\r' && c + 1 < lines->end && c[1] != '\n';
    if (c < lines->end && *c == '\r' && c + 1 < lines->end && c[1] == '\n') c++;
    lines->next = c < lines->end ? c + 1 : c;
    return true;
}

/* "2025-02-06T20:02:30.123Z", "20:02:30", "2025/02/06": only digits and separators, at least two of ':', '-',
   '/'. */
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

/* Does `text` begin with this form? In it, A and a stand for a letter of that case, 0 for a digit, _ for a
   digit or a blank, any other character for itself. */
static bool has_form(const char *text, const char *form)
{
    for (; *form; form++, text++) {
        unsigned char c = (unsigned char)*text;
        bool fits = *form == 'A'   ? isupper(c)
                    : *form == 'a' ? islower(c)
                    : *form == '0' ? isdigit(c)
                    : *form == '_' ? isdigit(c) || c == ' '
                                   : c == (unsigned char)*form;
        if (!fits) return false;
    }
    return true;
}

/* The length of "Wed Nov 25 10:00:00 2026" (mpirun --timestamp-output) or "Nov 25 10:00:00 node1 srun[12]: "
   (syslog); 0: neither. */
static size_t calendar_stamp(const char *text)
{
    if (has_form(text, "Aaa Aaa _0 00:00:00 0000")) return 24;
    const char *end = has_form(text, "Aaa _0 00:00:00 ") ? strstr(text + 16, ": ") : NULL;
    return end && end - text < 120 ? (size_t)(end - text) + 2 : 0;
}

/* The length of a list's bullet, "- ", "* ", "+ " or "• "; 0: none. */
static size_t bullet(const char *text)
{
    if ((*text == '-' || *text == '*' || *text == '+') && text[1] == ' ') return 2;
    return strncmp(text, "\xe2\x80\xa2 ", 4) == 0 ? 4 : 0;
}

/* The length of a reST role and its backquote, as in ":mark:`…`"; 0: none. */
static size_t role(const char *text)
{
    size_t name = *text == ':' ? strspn(text + 1, "abcdefghijklmnopqrstuvwxyz-") : 0;
    if (name == 0 || text[name + 1] != ':') return 0;
    return name + 2 + (text[name + 2] == '`');
}

static void set_label(char label[128], const char *text, size_t length)
{
    snprintf(label, 128, "%.*s", (int)(length < 127 ? length : 127), text);
}

/* The length of a prefix in brackets, "[1,0]<stdout>:", "[pod/x/y]", "[12:00:01]"; 0: none. Unless it is a
   time stamp, the text in the brackets becomes the label. */
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

/* The length of one prefix at the start of the text; 0: none. May set the label. */
static size_t one_prefix(const char *text, char label[128])
{
    size_t word = strcspn(text, " "), digits = strspn(text, "0123456789");
    size_t plain = calendar_stamp(text);
    if (!plain) plain = bullet(text);
    if (!plain) plain = role(text);
    if (plain) return plain;
    if (*text == '>' || *text == '|' || *text == '`') return 1;
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
    for (int i = 0; i < 8; i++) {
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

#ifdef PLANTED_BUG /* for the test that the fuzzers find a bug: one word too many */
enum { MOST_WORDS = WORD_LIMIT + 1 };
#else
enum { MOST_WORDS = WORD_LIMIT };
#endif

size_t split_words(char *line, struct word words[WORD_LIMIT])
{
    size_t count = 0;
    for (char *c = line; count < MOST_WORDS;) {
        c += strspn(c, " |`");
        if (!*c) break;
        words[count++] = (struct word){c, (size_t)(c - line)};
        c += strcspn(c, " |`");
        if (*c) *c++ = 0;
    }
    return count;
}

bool is_integer_word(const char *word)
{
    size_t digits = strspn(word, "0123456789");
    return digits > 0 && digits < 19 && !word[digits];
}

size_t name_columns(const struct word *words, size_t count, const struct column_name *names,
                    int columns[WORD_LIMIT])
{
    size_t found = 0;
    for (size_t c = 0; c < WORD_LIMIT; c++) columns[c] = 0;
    for (size_t c = 0; c < count; c++)
        for (const struct column_name *name = names; name->name; name++)
            if (strcmp(words[c].text, name->name) == 0) columns[c] = name->column, found++;
    return found;
}

void read_figures(const struct word *words, size_t count, const int columns[WORD_LIMIT],
                  struct printed figures[COLUMN_LIMIT])
{
    for (size_t i = 0; i < COLUMN_LIMIT; i++) figures[i] = (struct printed){NAN, 0};
    for (size_t i = 0; i < count; i++)
        if (columns[i]) read_printed(words[i].text, &figures[columns[i]]);
}
