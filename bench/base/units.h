/* Sizes, durations and numbers as people write and read them. */
#ifndef BUSBAR_UNITS_H
#define BUSBAR_UNITS_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

/* Makes this thread read and write numbers with a decimal point from now on, whatever locale a library sets.
   Every program calls it first. */
void use_decimal_point(void);

/* The parsers accept only a string that is valid as a whole. Otherwise they return STATUS_USAGE, print
   nothing and leave *value unchanged. */
enum status
parse_size(const char *text,
           size_t *value); /* bytes; "8", "64K", "1.5M", "2G", "1T": binary units, "KiB" and "KB" alike */
enum status parse_seconds(const char *text, double *value); /* "0.25", "30s", "20m", "6h", "3d", "500ms" */
enum status parse_integer(const char *text, int64_t *value);
enum status parse_time(const char *text,
                       double *seconds); /* "2026-11-14T03:00:00Z", "2026-11-14": since 1970 */
enum status parse_real(const char *text, double *value);  /* finite */
enum status parse_share(const char *text, double *value); /* "5%" or "0.05", in (0, 1) */

/* The largest size of a message. A send and a receive buffer of that many bytes, rounded up to pages, still
   fit into a size_t and an int64_t. */
#define SIZE_MOST ((size_t)1 << 60)
/* Reads the value of a flag that takes a list of sizes, "8,64K,1M", as a new array of *count sizes from
   `least` to SIZE_MOST (the caller frees it). Returns STATUS_USAGE after printing one line that names the
   flag and the word. */
enum status parse_sizes(const char *flag, const char *text, size_t least, size_t **values, size_t *count);

enum { UNIT_TEXT = 64 };
const char *format_size(size_t bytes,
                        char text[UNIT_TEXT]); /* "64 KiB", "1.5 GiB", "8 B"; exact or 3 digits */
const char *format_duration(double seconds,
                            char text[UNIT_TEXT]); /* "850 ms", "12 s", "3 min 20 s", "6 h 05 min" */

/* Formats a figure with three or four significant digits, without an exponent, with at most six decimals. "-"
   for NAN and infinity. */
const char *figure_text(double value, char text[UNIT_TEXT]);

/* Formats half the width of an interval, as a share of its figure: "±1.2%". Above 1 the interval is useless:
   ">±100%". "-" if it is not finite. */
const char *error_text(double share, char text[UNIT_TEXT]);
/* Formats how much longer the longest of several times is than the shortest, from their ratio: "3.1%"; from a
   ratio of ten on "12x". */
const char *spread_text(double ratio, char text[UNIT_TEXT]);

#endif
