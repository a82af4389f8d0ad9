/* Plug-ins: shared objects busbar_<name>.so for the code that needs CUDA, NCCL or cuBLASLt, which a machine
   may lack. A program loads one only when the user or "auto" chooses it.

   A plug-in exports one constant, `const struct plugin busbar_plugin`. It has its own copy of the common
   code; only the functions marked with SYMBOL (base/status.h) are the program's. Program and plug-in may come
   from different builds if the structures that they exchange are the same. */
#ifndef BUSBAR_PLUGIN_H
#define BUSBAR_PLUGIN_H

#include "base/status.h"
#include "base/text.h"

#include <stddef.h>

/* Raise it whenever a structure that program and plug-in exchange changes, or the meaning of a member: those
   below and those that a plugin_kind lists. */
enum { PLUGIN_ABI = 5 };

/* One thing on which program and plug-in must agree: a structure and its size in bytes, or an enum and its
   number of values. */
struct plugin_size {
    const char *what;
    size_t size;
};
#define PLUGIN_SIZE(type)                                                                                    \
    {                                                                                                        \
#type, sizeof(type)                                                                                  \
    }

/* A member of the descriptor that must not be NULL. */
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
    unsigned abi; /* must stay first: the rest is read only if this equals PLUGIN_ABI */
    const struct plugin_kind *kind;
    const char *build;      /* build_name (base/version.h) */
    const void *descriptor; /* struct backend, struct gemm_engine or struct device_memory, by kind */
    /* The number of devices. Selects device `local_rank` modulo that number for this process, unless
       local_rank is negative. May be NULL. */
    int (*devices)(int local_rank);
};

/* Loads busbar_<name>.so and returns its descriptor. The folder is $BUSBAR_PLUGINS if set, else ../lib/busbar
   of a program installed in a folder "bin", else the program's own folder. NULL with the reason in `words`:
   the file is missing, has another kind, ABI or size, lacks a member, or finds no device though one is
   needed. Warns if the plug-in comes from another build. */
const void *plugin_load(const char *name, const struct plugin_kind *, bool needs_device, struct text *words);

/* What `devices` of busbar_<name>.so returns; 0, without a message, if the plug-in cannot be loaded. */
int plugin_devices(const char *name, const struct plugin_kind *, int local_rank);

/* Returns STATUS_OK if `name` is in `known` (NULL-terminated) or is a plug-in whose file exists; else
   STATUS_USAGE after printing one line. */
enum status plugin_check_name(const char *name, const char *const *known);

#endif
