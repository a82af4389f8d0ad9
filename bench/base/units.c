#include "base/units.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

void use_decimal_point(void)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c == (locale_t)0 || uselocale(c) == (locale_t)0)
        warn("cannot switch to the C locale: %s", strerror(errno));
}

/* Reads a finite decimal number at the start of text (no hexadecimal, no "inf"); *rest: where it ends. */
static enum status leading_number(const char *text, double *value, const char **rest)
{
    const char *digits = text + (*text == '-' || *text == '+');
    if (!isdigit((unsigned char)*digits) && *digits != '.') return STATUS_USAGE;
    if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) return STATUS_USAGE;
    char *end;
    errno = 0;
    double number = strtod(text, &end);
    if (end == text || errno == ERANGE || !isfinite(number)) return STATUS_USAGE;
    *value = number;
    *rest = end;
    return STATUS_OK;
}

enum status parse_real(const char *text, double *value)
{
    double number;
    const char *rest;
    if (leading_number(text, &number, &rest) || *rest) return STATUS_USAGE;
    *value = number;
    return STATUS_OK;
}

enum status parse_share(const char *text, double *value)
{
    double number;
    const char *rest;
    if (leading_number(text, &number, &rest)) return STATUS_USAGE;
    if (*rest == '%') number /= 100, rest++;
    if (*rest || !(number > 0 && number < 1)) return STATUS_USAGE;
    *value = number;
    return STATUS_OK;
}

enum status parse_time(const char *text, double *seconds)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (!end) tm = (struct tm){0}, end = strptime(text, "%Y-%m-%d", &tm);
    if (!end || *end) return STATUS_USAGE;
    *seconds = (double)timegm(&tm);
    return STATUS_OK;
}

enum status parse_integer(const char *text, int64_t *value)
{
    char *end;
    if (!isdigit((unsigned char)text[*text == '-' || *text == '+'])) return STATUS_USAGE;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (*end || errno == ERANGE) return STATUS_USAGE;
    *value = number;
    return STATUS_OK;
}

enum status parse_size(const char *text, size_t *value)
{
    static const char letters[] = "KMGT";
    char *end;
    const char *rest;
    double number = 0;
    unsigned shift = 0;
    if (!isdigit((unsigned char)*text)) return STATUS_USAGE;
    errno = 0;
    unsigned long long whole = strtoull(text, &end, 10); /* exact beyond the 53 bits of a double */
    if (errno == ERANGE) return STATUS_USAGE;
    rest = end;
    if (*rest == '.' && leading_number(text, &number, &rest)) return STATUS_USAGE;
    if (*rest && *rest != 'B') {
        const char *letter = strchr(letters, toupper((unsigned char)*rest));
        if (!letter) return STATUS_USAGE;
        shift = 10 * (unsigned)(letter - letters + 1);
        rest++;
        if (*rest == 'i' && rest[1] == 'B') rest++;
    }
    if (*rest == 'B') rest++;
    if (*rest) return STATUS_USAGE;
    if (*end == '.') {
        number = ldexp(number, (int)shift);
        if (number != floor(number) || number >= 18446744073709551616.0) return STATUS_USAGE;
        *value = (size_t)number;
        return STATUS_OK;
    }
    if (whole > (SIZE_MAX >> shift)) return STATUS_USAGE;
    *value = (size_t)whole << shift;
    return STATUS_OK;
}

enum status parse_seconds(const char *text, double *value)
{
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {{"", 1},   {"s", 1},    {"ms", 1e-3}, {"us", 1e-6},
                 {"m", 60}, {"min", 60}, {"h", 3600},  {"d", 86400}};
    double number;
    const char *rest;
    if (leading_number(text, &number, &rest) || number < 0) return STATUS_USAGE;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(rest, units[i].unit) == 0) {
            *value = number * units[i].seconds;
            return STATUS_OK;
        }
    return STATUS_USAGE;
}

enum status parse_sizes(const char *flag, const char *text, size_t least, size_t **values, size_t *count)
{
    char *copy = duplicate(text), *state = copy, *item;
    size_t *list = NULL, n = 0;
    enum status status = STATUS_OK;
    while (!status && (item = strsep(&state, ","))) {
        list = reallocate(list, n + 1, sizeof *list);
        if (parse_size(item, &list[n]))
            status = fail(STATUS_USAGE, "--%s: '%s' is not a size in bytes; expected a list such as 8,64K,1M",
                          flag, item);
        else if (list[n] < least || list[n] > SIZE_MOST)
            status = fail(STATUS_USAGE, "--%s: %s is not between %zu and 2^60 bytes", flag, item, least);
        n++;
    }
    free(copy);
    if (status) {
        free(list);
        return status;
    }
    *values = list;
    *count = n;
    return STATUS_OK;
}

const char *format_size(size_t bytes, char text[UNIT_TEXT])
{
    static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    int unit = 0;
    while (value >= 1024 && unit < 4) value /= 1024, unit++;
    /* Values from 1000 to 1023 need four digits; %.3g would print an exponent. */
    snprintf(text, UNIT_TEXT, value == floor(value) || value >= 999.5 ? "%.0f %s" : "%.3g %s", value,
             names[unit]);
    return text;
}

const char *format_duration(double seconds, char text[UNIT_TEXT])
{
    if (!(seconds >= 0) || seconds > 1e9) return strcpy(text, "?");
    long whole = lround(seconds);
    if (seconds < 0.9995)
        snprintf(text, UNIT_TEXT, "%.3g ms", seconds * 1e3);
    else if (whole < 120)
        snprintf(text, UNIT_TEXT, "%ld s", whole);
    else if (whole < 7200)
        snprintf(text, UNIT_TEXT, "%ld min %02ld s", whole / 60, whole % 60);
    else
        snprintf(text, UNIT_TEXT, "%ld h %02ld min", whole / 3600, whole % 3600 / 60);
    return text;
}

const char *figure_text(double value, char text[UNIT_TEXT])
{
    if (!isfinite(value)) return "-";
    int digits = value >= 1000 ? 0 : value >= 100 ? 1 : value >= 10 ? 2 : 3;
    for (double least = 0.1; value < least && digits < 6; least /= 10) digits++;
    snprintf(text, UNIT_TEXT, "%.*f", digits, value);
    return text;
}

const char *error_text(double share, char text[UNIT_TEXT])
{
    if (!isfinite(share)) return "-";
    snprintf(text, UNIT_TEXT, share > 1 ? ">±100%%" : "±%.1f%%", share * 100);
    return text;
}

const char *spread_text(double ratio, char text[UNIT_TEXT])
{
    if (!isfinite(ratio)) return "-";
    if (ratio >= 10)
        snprintf(text, UNIT_TEXT, "%.0fx", ratio);
    else
        snprintf(text, UNIT_TEXT, "%.1f%%", 100 * (ratio - 1));
    return text;
}
