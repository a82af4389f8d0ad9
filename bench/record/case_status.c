#include "record/case_status.h"
#include "base/text.h"

/* In order of severity. */
static const struct {
    enum status status;
    const char *name;
} table[] = {
    {STATUS_OK, "ok"},
    {STATUS_SKIPPED, "skipped"},
    {STATUS_UNSUPPORTED, "unsupported"},
    {STATUS_TOO_LARGE, "too_large"},
    {STATUS_TIMEOUT, "timeout"},
    {STATUS_ENVIRONMENT, "error"},
    {STATUS_WRONG, "wrong"},
};
enum { COUNT = sizeof table / sizeof *table, ERROR = 5 };

const char *case_status_name(enum status status)
{
    for (int i = 0; i < COUNT; i++)
        if (table[i].status == status) return table[i].name;
    return table[ERROR].name;
}

int case_status_severity(const char *name)
{
    for (int i = 0; i < COUNT; i++)
        if (same(table[i].name, name)) return i;
    return ERROR;
}
