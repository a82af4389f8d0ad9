/* The interface between the program and a plug-in with a collective backend (base/plugin.h). */
#ifndef BUSBAR_BACKEND_PLUGIN_H
#define BUSBAR_BACKEND_PLUGIN_H

#include "backend/backend.h"
#include "base/plugin.h"

static const struct plugin_kind backend_plugin = {
    .name = "collective backend",
    .sizes = (const struct plugin_size[]){PLUGIN_SIZE(struct backend),
                                          PLUGIN_SIZE(struct backend_options),
                                          PLUGIN_SIZE(struct world),
                                          PLUGIN_SIZE(MPI_Comm),
                                          PLUGIN_SIZE(struct call),
                                          PLUGIN_SIZE(struct collective),
                                          PLUGIN_SIZE(struct layout),
                                          PLUGIN_SIZE(struct traffic),
                                          PLUGIN_SIZE(struct extent),
                                          PLUGIN_SIZE(struct expectation),
                                          PLUGIN_SIZE(struct buffers),
                                          PLUGIN_SIZE(struct timing),
                                          PLUGIN_SIZE(struct verdict),
                                          PLUGIN_SIZE(struct launch_header),
                                          {"enum dtype", DTYPE_COUNT},
                                          {"enum op", OP_COUNT},
                                          {"enum collective_id", COLLECTIVE_COUNT},
                                          {NULL, 0}},
    .members = (const struct plugin_member[]){PLUGIN_MEMBER(struct backend, name),
                                              PLUGIN_MEMBER(struct backend, open),
                                              PLUGIN_MEMBER(struct backend, supports),
                                              PLUGIN_MEMBER(struct backend, free_bytes),
                                              PLUGIN_MEMBER(struct backend, alloc),
                                              PLUGIN_MEMBER(struct backend, free),
                                              PLUGIN_MEMBER(struct backend, fill),
                                              PLUGIN_MEMBER(struct backend, check),
                                              PLUGIN_MEMBER(struct backend, run),
                                              PLUGIN_MEMBER(struct backend, facts),
                                              PLUGIN_MEMBER(struct backend, close),
                                              {NULL, 0}}};

#endif
