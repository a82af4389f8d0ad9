#include "base/fault_text.h"
#include "base/text.h"
#include "base/units.h"

#include <stdlib.h>
#include <string.h>

static enum status read_number(char *word, const struct fault_number *numbers)
{
    struct text names = {0};
    char *value = word, *name = strsep(&value, "=");
    const struct fault_number *number = numbers;
    int64_t n;
    while (number->name && !same(number->name, name)) number++;
    if (number->name && value && parse_integer(value, &n) == STATUS_OK && n >= 0 && n <= 1000000000) {
        *number->value = n;
        return STATUS_OK;
    }
    for (number = numbers; number->name; number++)
        text_add(&names, "%s%s=N", number == numbers ? "" : ", ", number->name);
    enum status status = fail(STATUS_USAGE, "--fault: '%s%s%s' is not one of %s", name, value ? "=" : "",
                              value ? value : "", text_get(&names));
    text_free(&names);
    return status;
}

enum status fault_parse(const char *text, const char *const *kinds, int *kind,
                        const struct fault_number *numbers)
{
    char *copy = duplicate(text), *rest = copy, *word = strsep(&rest, ":");
    struct text names = {0};
    enum status status = STATUS_OK;
    *kind = 0;
    while (kinds[*kind] && !same(kinds[*kind], word)) {
        text_add(&names, "%s%s", names.length ? ", " : "", kinds[*kind]);
        ++*kind;
    }
    if (!kinds[*kind]) status = fail(STATUS_USAGE, "--fault: '%s' is not one of %s", word, text_get(&names));
    while (!status && rest && (word = strsep(&rest, ","))) status = read_number(word, numbers);
    text_free(&names);
    free(copy);
    return status;
}
