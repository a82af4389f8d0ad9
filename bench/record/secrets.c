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

/* Adds one word, with the secrets inside it masked. */
static void mask_word(struct text *out, const char *word, size_t length)
{
    for (size_t i = 0; i < length;) {
        bool begins = i == 0 || !is_word(word[i - 1]);
        size_t user = 0, name = 0, value;
        if (i >= 2 && word[i - 1] == '/' && word[i - 2] == '/') user = user_of_url(word + i, length - i);
        if (!user && begins) user = user_and_password(word + i, length - i);
        if (user) {
            text_add(out, "%s", secret_masked);
            i += user;
            continue;
        }
        while (begins && i + name < length && is_word(word[i + name])) name++;
        if (name && i + name < length && word[i + name] == '=' && is_credential(word + i, name)) {
            text_add_bytes(out, word + i, name + 1);
            i += name + 1;
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
        if (word[i] != '=' || (*quote != '"' && *quote != '\'')) continue;
        const char *end = strchr(quote + 1, *quote);
        if (end && (size_t)(end - word) >= length) return (size_t)(end - word) + 1;
    }
    return length;
}

static bool is(const char *word, size_t length, const char *text)
{
    return length == strlen(text) && strncasecmp(word, text, length) == 0;
}

static bool names_sshpass(const char *word, size_t length)
{
    return length >= 7 && strncmp(word + length - 7, "sshpass", 7) == 0;
}

void mask_secrets(struct text *out, const char *value)
{
    /* Is the next word a secret? Was one of the last words sshpass, or the header "Authorization:"? */
    bool secret = false, sshpass = false, header = false;
    while (*value) {
        size_t blank = strspn(value, " \t\r\n"), length = word_length(value + blank);
        const char *word = value + blank;
        text_add_bytes(out, value, blank);
        value = word + length;
        if (!length) continue;
        size_t dashes = *word == '-' ? strspn(word, "-") : 0;
        if (secret && !dashes)
            text_add(out, "%s", secret_masked);
        else if (sshpass && length > 2 && strncmp(word, "-p", 2) == 0)
            text_add(out, "-p%s", secret_masked);
        else
            mask_word(out, word, length);
        secret = is(word, length, "Bearer") || (header && is(word, length, "Basic")) ||
                 (sshpass && is(word, length, "-p")) ||
                 (dashes && !memchr(word, '=', length) && is_credential(word + dashes, length - dashes));
        header = is(word, length, "Authorization:");
        sshpass = sshpass ? dashes || secret : names_sshpass(word, length);
    }
}
