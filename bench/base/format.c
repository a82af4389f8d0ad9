#include "base/format.h"

const struct names format_names = NAMES("text", "markdown", "html", "csv", "tsv", "json", "junit",
                                        "nccl-tests", "nccl-tests-json", "openmetrics");
