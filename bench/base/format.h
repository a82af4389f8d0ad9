/* The output formats of all programs: the values of their --format flags. */
#ifndef BUSBAR_FORMAT_H
#define BUSBAR_FORMAT_H

#include "base/names.h"

enum format {
    FORMAT_ABSENT,
    FORMAT_TEXT,
    FORMAT_MARKDOWN,
    FORMAT_HTML,
    FORMAT_CSV,
    FORMAT_TSV,
    FORMAT_JSON,
    FORMAT_JUNIT,
    FORMAT_NCCL_TESTS,
    FORMAT_NCCL_TESTS_JSON,
    FORMAT_OPENMETRICS
};
extern const struct names format_names;

#endif
