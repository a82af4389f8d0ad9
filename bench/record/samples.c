#include "record/samples.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Reads a JSON number without a sign at *at, and moves *at behind it; -1: there is none. Numbers with up to
   15 digits and exponents up to 22 need one exact multiplication or division of doubles (Clinger 1990);
   strtod() reads the others. */
static double number_at(const char **at)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *c = *at, *start = c;
    uint64_t mantissa = 0;
    int digits = 0, fraction = 0, exponent = 0;
    /* an integer: leaves long ones to the JSON library, which refuses those above 64 bits */
    bool whole = true;
    if (!isdigit((unsigned char)*c) || (*c == '0' && isdigit((unsigned char)c[1]))) return -1;
    for (; isdigit((unsigned char)*c); c++, digits++) mantissa = mantissa * 10 + (uint64_t)(*c - '0');
    if (*c == '.') {
        whole = false;
        if (!isdigit((unsigned char)*++c)) return -1;
        for (; isdigit((unsigned char)*c); c++, digits++, fraction++)
            mantissa = mantissa * 10 + (uint64_t)(*c - '0');
    }
    if (*c == 'e' || *c == 'E') {
        bool negative = *++c == '-';
        whole = false;
        if (*c == '-' || *c == '+') c++;
        if (!isdigit((unsigned char)*c)) return -1;
        for (; isdigit((unsigned char)*c) && exponent < 1000; c++) exponent = exponent * 10 + (*c - '0');
        if (negative) exponent = -exponent;
    }
    if (whole && digits > 18) return -1;
    *at = c;
    exponent -= fraction;
    if (digits <= 15 && exponent >= -22 && exponent <= 22)
        return exponent < 0 ? (double)mantissa / powers[-exponent] : (double)mantissa * powers[exponent];
    char *end;
    double value = strtod(start, &end);
    return end == c && isfinite(value) ? value : -1;
}

/* Reads the list between `open` ('[') and `close` (']'). Returns false if it is not a plain list of
   numbers. */
static bool read_list(struct arena *arena, const char *open, const char *close, struct samples *samples)
{
    size_t count = 1;
    const char *c = open + 1;
    *samples = (struct samples){0};
    if (c == close) return true;
    for (const char *comma = c; (comma = memchr(comma, ',', (size_t)(close - comma))); comma++) count++;
    samples->us = arena_memory(arena, count * sizeof *samples->us);
    for (; samples->count < count; samples->count++) {
        double value = number_at(&c);
        if (value < 0 || *c != (samples->count + 1 < count ? ',' : ']')) break;
        samples->us[samples->count] = value;
        c++;
    }
    if (samples->count == count && c == close + 1) return true;
    *samples = (struct samples){0};
    return false;
}

static bool take(struct arena *arena, char *line, size_t *length, const char *member, struct samples *samples)
{
    size_t name = strlen(member);
    if (*length < name + 4 || line[*length - 1] != '}' || line[*length - 2] != ']') return false;
    char *close = line + *length - 2, *open = memrchr(line, '[', (size_t)(close - line));
    if (!open || (size_t)(open - line) < name + 1 || memcmp(open - name, member, name) != 0) return false;
    if (!read_list(arena, open, close, samples)) return false;
    open[-(ptrdiff_t)name] = '}';
    *length = (size_t)(open - line) - name + 1;
    line[*length] = 0;
    return true;
}

void take_samples(struct arena *arena, char *line, size_t *length, struct tail_samples *tail)
{
    *tail = (struct tail_samples){0};
    tail->has_global = take(arena, line, length, ",\"global_us\":", &tail->global_us);
    tail->has_samples = take(arena, line, length, ",\"samples_us\":", &tail->samples_us);
}
