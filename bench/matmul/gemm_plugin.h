/* The interface between the program and a plug-in with a GEMM engine (base/plugin.h). */
#ifndef BUSBAR_GEMM_PLUGIN_H
#define BUSBAR_GEMM_PLUGIN_H

#include "base/plugin.h"
#include "matmul/gemm.h"

static const struct plugin_kind gemm_plugin = {
    .name = "GEMM engine",
    .sizes = (const struct plugin_size[]){PLUGIN_SIZE(struct gemm_engine),
                                          PLUGIN_SIZE(struct gemm_place),
                                          PLUGIN_SIZE(struct gemm_options),
                                          PLUGIN_SIZE(struct gemm_problem),
                                          PLUGIN_SIZE(struct gemm_choice),
                                          PLUGIN_SIZE(struct gemm_verdict),
                                          PLUGIN_SIZE(struct launch_header),
                                          {"enum gemm_type", GEMM_TYPE_COUNT},
                                          {NULL, 0}},
    .members = (const struct plugin_member[]){PLUGIN_MEMBER(struct gemm_engine, name),
                                              PLUGIN_MEMBER(struct gemm_engine, memory),
                                              PLUGIN_MEMBER(struct gemm_engine, open),
                                              PLUGIN_MEMBER(struct gemm_engine, supports),
                                              PLUGIN_MEMBER(struct gemm_engine, free_bytes),
                                              PLUGIN_MEMBER(struct gemm_engine, prepare),
                                              PLUGIN_MEMBER(struct gemm_engine, choice),
                                              PLUGIN_MEMBER(struct gemm_engine, run),
                                              PLUGIN_MEMBER(struct gemm_engine, check),
                                              PLUGIN_MEMBER(struct gemm_engine, finish),
                                              PLUGIN_MEMBER(struct gemm_engine, facts),
                                              PLUGIN_MEMBER(struct gemm_engine, device),
                                              PLUGIN_MEMBER(struct gemm_engine, close),
                                              {NULL, 0}}};

#endif
