#include "measure/nccl_format.h"
#include "backend/mpi_status.h"
#include "record/nccl_text.h"

#include <stdlib.h>
#include <unistd.h>

/* Fills in each rank's host, process id and device, for the list of devices that nccl-tests prints. */
static void fill_devices(const struct world *world, const int *pids, const struct launch_header *header,
                         struct nccl_device *devices)
{
    json_t *gpus = json_object_get(header->facts, "gpus"), *gpu;
    const char *model = json_string_value(json_object_get(json_object_get(header->facts, "gpu"), "model"));
    size_t i;
    for (int r = 0; r < world->ranks; r++)
        devices[r] = (struct nccl_device){.rank = r,
                                          .pid = pids[r],
                                          .index = world->local_rank_of_rank[r],
                                          .host = world->hosts[world->node_of_rank[r]],
                                          .name = model ? model : "CPU"};
    json_array_foreach(gpus, i, gpu)
    {
        json_int_t rank = json_integer_value(json_object_get(gpu, "rank"));
        if (rank < 0 || rank >= world->ranks) continue;
        devices[rank].index = (int64_t)json_integer_value(json_object_get(gpu, "index"));
        devices[rank].pci = json_string_value(json_object_get(gpu, "pci"));
    }
}

/* One of the groups of a split, in the form of a row's groups, without figures; NULL: all ranks. */
static json_t *first_group(const struct split *split, int ranks)
{
    json_t *list = is_world(split->name) ? NULL : json_array();
    for (int r = 0; r < ranks && list; r++)
        if (split->group_of_rank[r] == 0) json_array_append_new(list, json_integer(r));
    return list ? json_pack("[{s:o}]", "ranks", list) : NULL;
}

/* One row per case with all its samples, passes merged. */
static struct case_row *merged_rows(const struct cases *cases, const struct settings *s,
                                    unsigned capabilities, int ranks)
{
    struct case_row *rows = allocate(cases->count, sizeof *rows);
    for (size_t i = 0; i < cases->count; i++) {
        const struct measured *m = &cases->list[i];
        rows[i] = cases_row(m, s, capabilities);
        rows[i].samples_us = (struct samples){m->us, m->count};
        rows[i].batch = cases_operations(m);
        rows[i].warmup = m->warmup;
        rows[i].wrong = m->wrong;
        rows[i].groups = first_group(m->split, ranks);
    }
    return rows;
}

enum status nccl_format_print(const struct cases *cases, const struct settings *s, const struct world *world,
                              const struct backend *backend, struct comm *comm, FILE *out)
{
    struct launch_header header = launch_header_absent();
    int own = (int)getpid(), *pids = allocate((size_t)world->ranks, sizeof *pids);
    enum status status = STATUS_OK;
    header.facts = json_object();
    backend->facts(comm, &header);
    mpi_must(MPI_Gather(&own, 1, MPI_INT, pids, 1, MPI_INT, 0, world->comm));
    if (world->rank == 0) {
        struct nccl_device *devices = allocate((size_t)world->ranks, sizeof *devices);
        struct case_row *rows = merged_rows(cases, s, backend->capabilities, world->ranks);
        struct nccl_table *tables;
        size_t count = nccl_tables(rows, cases->count, &tables);
        fill_devices(world, pids, &header, devices);
        struct nccl_run run = {.backend = backend->name,
                               .devices = devices,
                               .device_count = (size_t)world->ranks,
                               .nccl_version = json_string_value(
                                   json_object_get(json_object_get(header.facts, "nccl"), "version"))};
        if (!s->sizes_text) run.min_bytes = (int64_t)s->begin, run.max_bytes = (int64_t)s->end;
        for (size_t i = 0; i < count; i++) nccl_text_print(out, &run, &tables[i]);
        if (!all_written(out)) status = fail(STATUS_ENVIRONMENT, "cannot print the figures");
        nccl_tables_free(tables, count);
        for (size_t i = 0; i < cases->count; i++) json_decref(rows[i].groups);
        free(rows);
        free(devices);
    }
    json_decref(header.facts);
    json_decref(header.provenance);
    free(pids);
    return status;
}
