#include "record/secrets.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

const char secret_masked[] = "(masked)";

static bool contains(const char *name, size_t length, const char *sign)
{
    size_t n = strlen(sign);
    for (size_t i = 0; i + n <= length; i++)
        if (strncasecmp(name + i, sign, n) == 0) return true;
    return false;
}

/* Does the name contain a word for password? True for "PASS", "PASSWORD", "DB_PASSWD", but not for "--passes"
   or "BYPASS". */
static bool names_a_password(const char *name, size_t length)
{
    for (size_t i = 0; i + 4 <= length; i++) {
        if (strncasecmp(name + i, "pass", 4) != 0) continue;
        char after = i + 4 < length ? name[i + 4] : 0;
        bool bypass = i >= 2 && strncasecmp(name + i - 2, "by", 2) == 0;
        if (!bypass && (!isalpha((unsigned char)after) || strchr("wWpPcC", after))) return true;
    }
    return false;
}

static bool is_credential(const char *name, size_t length)
{
    static const char *const signs[] = {"TOKEN", "SECRET", "PWD",       "CRED", "AUTH",
                                        "CERT",  "COOKIE", "SIGNATURE", NULL};
    for (const char *const *sign = signs; *sign; sign++)
        if (contains(name, length, *sign)) return true;
    /* NCCL_IB_PKEY and UCX_IB_PKEY are partitions of a fabric, not credentials. */
    if (contains(name, length, "KEY") && !contains(name, length, "PKEY")) return true;
    if (length == 3 && strncasecmp(name, "sig", 3) == 0) return true; /* Azure's signed URLs */
    return names_a_password(name, length);
}

bool is_credential_name(const char *name)
{
    return is_credential(name, strlen(name));
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

/* Does this character end a value inside a word, such as a URL's parameter or an element of a list? */
static bool ends_value(char c)
{
    return !c || strchr("&;,\"'()<>", c);
}

/* The length of "user:password" if it is at `at` and an '@' follows; else 0. */
static size_t user_and_password(const char *at, size_t length)
{
    size_t user = 0, all;
    while (user < length && is_word(at[user])) user++;
    if (user == 0 || user == length || at[user] != ':') return 0;
    for (all = user + 1; all < length && at[all] != '@' && at[all] != '/'; all++) continue;
    return all < length && at[all] == '@' && all > user + 1 ? all : 0;
}

/* For `at` after the slashes of "//anything@": the length of the part in front of the last '@'; 0: there is
   no '@'. */
static size_t user_of_url(const char *at, size_t length)
{
    size_t user = 0;
    for (size_t i = 0; i < length && at[i] != '/' && at[i] != ',' && at[i] != ';' && at[i] != '?'; i++)
        if (at[i] == '@') user = i;
    return user;
}

/* The length of the sign between the name of a credential and its value: "=", ":" or, as in JSON, "\":".
   at: what follows the name. 0: no value follows, or the "name" is a host's and the number behind it its
   port. */
static size_t value_sign(const char *name, size_t name_length, const char *at, size_t length)
{
    size_t quote = length && (*at == '"' || *at == '\'');
    if (quote < length && at[quote] == '=') return quote + 1;
    if (quote >= length || at[quote] != ':') return 0;
    size_t digits = strspn(at + 1, "0123456789");
    bool is_port = !quote && (memchr(name, '.', name_length) ||
                              (digits && (1 + digits >= length || at[1 + digits] == '/')));
    return is_port ? 0 : quote + 1;
}

/* Adds one word, with the secrets inside it masked. */
static void mask_word(struct text *out, const char *word, size_t length)
{
    for (size_t i = 0; i < length;) {
        bool begins = i == 0 || !is_word(word[i - 1]);
        size_t user = 0, name = 0, value, sign = 0;
        if (i >= 2 && word[i - 1] == '/' && word[i - 2] == '/') user = user_of_url(word + i, length - i);
        if (!user && begins) user = user_and_password(word + i, length - i);
        if (user) {
            text_add(out, "%s", secret_masked);
            i += user;
            continue;
        }
        while (begins && i + name < length && is_word(word[i + name])) name++;
        if (name && is_credential(word + i, name))
            sign = value_sign(word + i, name, word + i + name, length - i - name);
        if (sign) {
            text_add_bytes(out, word + i, name + sign);
            i += name + sign;
            char quote = i < length && (word[i] == '"' || word[i] == '\'') ? word[i] : 0;
            if (quote) text_add_bytes(out, word + i++, 1);
            for (value = i; value < length && (quote ? word[value] != quote : !ends_value(word[value]));
                 value++)
                continue;
            if (value > i) text_add(out, "%s", secret_masked);
            i = value;
            continue;
        }
        text_add_bytes(out, word + i, 1);
        i++;
    }
}

/* The length of the next word. It ends at a blank, but not between the quotes of name="a value". */
static size_t word_length(const char *word)
{
    size_t length = strcspn(word, " \t\r\n");
    for (size_t i = 0; i + 1 < length; i++) {
        const char *quote = word + i + 1;
        if ((word[i] != '=' && word[i] != ':') || (*quote != '"' && *quote != '\'')) continue;
        const char *end = strchr(quote + 1, *quote);
        if (end && (size_t)(end - word) >= length) return (size_t)(end - word) + 1;
    }
    return length;
}

static bool is(const char *word, size_t length, const char *text)
{
    return length == strlen(text) && strncasecmp(word, text, length) == 0;
}

static bool is_any(const char *word, size_t length, const char *const *list)
{
    while (*list && !is(word, length, *list)) list++;
    return *list != NULL;
}

/* The programs that take passwords by flags whose names do not say so. */
enum program { NO_PROGRAM, SSHPASS, CURL, MYSQL };

static enum program program_of(const char *word, size_t length)
{
    static const char *const names[] = {"sshpass", "curl", "mysql", "mysqldump", "mysqladmin", "mariadb"};
    static const enum program programs[] = {SSHPASS, CURL, MYSQL, MYSQL, MYSQL, MYSQL};
    size_t start = length;
    while (start && is_word(word[start - 1])) start--;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is(word + start, length - start, names[i])) return programs[i];
    return NO_PROGRAM;
}

/* Does the word end as "Authorization:" or "\"password\":" do, so that the value follows? */
static bool is_header(const char *word, size_t length)
{
    if (length < 2 || word[length - 1] != ':') return false;
    size_t end = length - 1, start;
    if (word[end - 1] == '"' || word[end - 1] == '\'') end--;
    for (start = end; start && is_word(word[start - 1]);) start--;
    return end > start && is_credential(word + start, end - start);
}

/* What the words so far say about the next one. */
struct masking {
    bool secret;  /* it is a secret */
    bool header;  /* it is the value of a header, perhaps with a scheme such as "Basic" in front */
    bool account; /* it is "user:password" */
    enum program program;
};

/* Adds the secret at `word`: without its quotes, or up to the end of the word. Returns what follows. */
static const char *mask_whole(struct text *out, const char *word, size_t length)
{
    const char *end = *word == '"' || *word == '\'' ? strchr(word + 1, *word) : NULL;
    if (end)
        text_add(out, "%c%s%c", *word, secret_masked, *word);
    else
        text_add(out, "%s", secret_masked);
    return end ? end + 1 : word + length;
}

static void mask_words(struct masking *m, struct text *out, const char *value)
{
    static const char *const schemes[] = {"Bearer",           "Basic",     "Token",
                                          "Digest",           "Negotiate", "ApiKey",
                                          "AWS4-HMAC-SHA256", NULL},
                             *const accounts[] = {"-u", "--user", "-U", "--proxy-user", NULL},
                             *const ends[] = {";", "|", "||", "&&", NULL};
    while (*value) {
        size_t blank = strspn(value, " \t\r\n"), length = word_length(value + blank);
        const char *word = value + blank;
        text_add_bytes(out, value, blank);
        value = word + length;
        if (!length) continue;
        size_t dashes = *word == '-' ? strspn(word, "-") : 0;
        const bool scheme = m->header && is_any(word, length, schemes);
        const bool masks = (m->secret && !dashes) || (m->header && !scheme) ||
                           (m->account && !dashes && memchr(word, ':', length));
        const char *attached = m->program == SSHPASS || m->program == MYSQL ? "-p"
                               : m->program == CURL                         ? "-u"
                                                                            : NULL;
        if (masks)
            value = mask_whole(out, word, length);
        else if (attached && length > 2 && strncmp(word, attached, 2) == 0)
            text_add(out, "%s%s", attached, secret_masked);
        else
            mask_word(out, word, length);
        m->secret =
            !masks &&
            (is(word, length, "Bearer") || scheme || (m->program == SSHPASS && is(word, length, "-p")) ||
             (dashes && !memchr(word, '=', length) && is_credential(word + dashes, length - dashes)));
        m->header = !masks && is_header(word, length);
        m->account = m->program == CURL && is_any(word, length, accounts);
        enum program program = program_of(word, length);
        if (program)
            m->program = program;
        else if (is_any(word, length, ends) || word[length - 1] == ';' ||
                 (m->program == SSHPASS && !dashes && !masks))
            m->program = NO_PROGRAM;
    }
}

void mask_secrets(struct text *out, const char *value)
{
    struct masking masking = {0};
    mask_words(&masking, out, value);
}

/* A string of a list may be an argument behind its flag: it is then a secret as a whole, blanks included. */
static json_t *masked_string(struct masking *masking, const char *value)
{
    struct text out = {0};
    if (masking->secret && *value != '-') {
        text_add(&out, "%s", secret_masked);
        masking->secret = false;
    } else {
        mask_words(masking, &out, value);
    }
    json_t *string = json_string(text_get(&out));
    text_free(&out);
    return string;
}

json_t *masked_json(json_t *value)
{
    const char *key;
    json_t *member;
    size_t i;
    struct masking masking = {0};
    if (json_is_string(value)) {
        json_t *string = masked_string(&masking, json_string_value(value));
        if (string) json_decref(value);
        return string ? string : value;
    }
    if (json_is_object(value)) {
        void *next;
        json_object_foreach_safe(value, next, key, member)
            json_object_set_new(value, key, masked_json(json_incref(member)));
    }
    json_array_foreach(value, i, member)
    {
        json_t *string = json_is_string(member) ? masked_string(&masking, json_string_value(member)) : NULL;
        json_array_set_new(value, i, string ? string : masked_json(json_incref(member)));
    }
    return value;
}
