#include "base/utf8.h"

#include <locale.h>
#include <string.h>
#include <wctype.h>

/* libc's locale for UTF-8. Where a system has none, only ASCII is UTF-8. */
static locale_t utf8_locale(void)
{
    static locale_t locale;
    if (!locale) locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (!locale) locale = newlocale(LC_CTYPE_MASK, "C", (locale_t)0);
    return locale;
}

size_t utf8_letter(const char *text, wchar_t *letter)
{
    mbstate_t state = {0};
    *letter = (wchar_t)(unsigned char)*text;
    if ((unsigned char)*text < 0x80) return 1;
    locale_t before = uselocale(utf8_locale());
    size_t bytes = mbrtowc(letter, text, strnlen(text, 4), &state);
    uselocale(before);
    /* glibc decodes surrogates and numbers beyond Unicode too. */
    bool valid = bytes <= 4 && (*letter < 0xd800 || *letter > 0xdfff) && *letter <= 0x10ffff;
    if (!valid) *letter = NOT_UTF8;
    return valid ? bytes : 1;
}

size_t letter_columns(wchar_t letter)
{
    if (letter < 0x80) return 1;
    locale_t before = uselocale(utf8_locale());
    int columns = wcwidth(letter);
    uselocale(before);
    return columns < 0 ? 1 : (size_t)columns;
}

size_t text_columns(const char *text, size_t bytes)
{
    size_t columns = 0;
    wchar_t letter;
    for (const char *end = text + bytes; text < end; columns += letter_columns(letter))
        text += utf8_letter(text, &letter);
    return columns;
}

bool is_control(wchar_t letter)
{
    return iswcntrl_l((wint_t)letter, utf8_locale()) || (letter >= 0x202a && letter <= 0x202e) ||
           (letter >= 0x2066 && letter <= 0x2069);
}
