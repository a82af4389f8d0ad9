/* Parts that need libraries which a node may not have are shared objects, opened only when chosen:
 * busbar_<name>.so. */
#ifndef BUSBAR_PLUGIN_H
#define BUSBAR_PLUGIN_H

#include "base/status.h"
#include "base/text.h"

/* The loader's handle, from $BUSBAR_PLUGINS, the program's own folder, or ../lib/busbar beside it; NULL with
   the loader's own words, or that there is none, in `words`. */
void *plugin_open(const char *name, struct text *words);

/* STATUS_OK for one of `known` (NULL-terminated) and for a plug-in that is there; else one line and STATUS_USAGE. */
enum status plugin_check_name(const char *name, const char *const *known);

#endif
