/* Parts that need libraries which a machine may lack are shared objects, busbar_<name>.so, loaded only when they
   are chosen. A plug-in exports one symbol of its own: `const struct plugin busbar_plugin`.

   A plug-in carries its own copies of the program's common code. It shares only the functions marked with SYMBOL
   (base/status.h). The program must have been built from the same structures, not in the same build. */
#ifndef BUSBAR_PLUGIN_H
#define BUSBAR_PLUGIN_H

#include "base/status.h"
#include "base/text.h"

#include <stddef.h>

/* Raise it with every change to what plug-ins and program exchange: a structure below, one that a kind lists, or
   the meaning of a member. */
enum { PLUGIN_ABI = 2 };

/* What both sides must agree on: a structure and its bytes, an enumeration and how many values it has. */
struct plugin_size {
    const char *what;
    size_t size;
};
#define PLUGIN_SIZE(type)                                                                                    \
    {                                                                                                        \
#type, sizeof(type)                                                                                  \
    }

/* A pointer in the descriptor that must not be NULL. */
struct plugin_member {
    const char *name;
    size_t offset;
};
#define PLUGIN_MEMBER(type, member)                                                                          \
    {                                                                                                        \
#member, offsetof(type, member)                                                                      \
    }

struct plugin_kind {
    const char *name;                    /* "collective backend" */
    const struct plugin_size *sizes;     /* the last one's `what` is NULL */
    const struct plugin_member *members; /* the last one's `name` is NULL */
};

struct plugin {
    unsigned abi; /* stays first in every version: the rest is read only when it is PLUGIN_ABI */
    const struct plugin_kind *kind;
    const char *build;      /* build_name (base/version.h) */
    const void *descriptor; /* what the kind exchanges: struct backend and so on */
    /* How many devices there are. Makes device `local_rank` modulo that count the process's own, unless local_rank
       is negative. May be NULL. */
    int (*devices)(int local_rank);
};

/* The descriptor of busbar_<name>.so: from the folder BUSBAR_PLUGINS where it is set, else from ../lib/busbar of
   a program installed in a folder "bin", else from the program's own folder. NULL with the reason in `words`: it
   is not there, is another kind, ABI or size, lacks a member, or has no device though one is needed. Warns when
   it is of another build. */
const void *plugin_load(const char *name, const struct plugin_kind *, bool needs_device, struct text *words);

/* What `devices` of busbar_<name>.so says; 0, without a word, where the plug-in cannot be loaded. */
int plugin_devices(const char *name, const struct plugin_kind *, int local_rank);

/* STATUS_OK for one of `known` (NULL-terminated) and for a plug-in that is there; else one line and STATUS_USAGE. */
enum status plugin_check_name(const char *name, const char *const *known);

#endif
