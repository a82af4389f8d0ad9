#include "record/facts.h"
#include "base/sha256.h"
#include "base/version.h"
#include "record/secrets.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static void set_text(json_t *object, const char *key, const char *text)
{
    if (text && *text) json_object_set_new(object, key, clean_string(text));
}

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool in_list(const char *name, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(name, *list) == 0) return true;
    return false;
}

static bool has_any_prefix(const char *name, const char *const *prefixes)
{
    for (; *prefixes; prefixes++)
        if (has_prefix(name, *prefixes)) return true;
    return false;
}

static bool is_allowed(const char *name)
{
    static const char *const prefixes[] = {"NCCL_", "FI_",       "UCX_",  "OMPI_MCA_", "CUDA_",
                                           "OMP_",  "OPENBLAS_", "BLIS_", NULL};
    /* Variables by which mpirun informs its processes: different in every launch and irrelevant to the
       measurement. */
    static const char *const noise[] = {"OMPI_MCA_orte_",
                                        "OMPI_MCA_ess_",
                                        "OMPI_MCA_pmix_",
                                        "OMPI_MCA_prte_",
                                        "OMPI_MCA_initial_wdir",
                                        "OMPI_MCA_shmem_RUNTIME_QUERY_hint",
                                        NULL};
    static const char *const job_shape[] = {"SLURM_JOB_ID",           "SLURM_JOB_NUM_NODES",
                                            "SLURM_JOB_PARTITION",    "SLURM_JOB_CPUS_PER_NODE",
                                            "SLURM_NNODES",           "SLURM_NTASKS",
                                            "SLURM_NPROCS",           "SLURM_TASKS_PER_NODE",
                                            "SLURM_NTASKS_PER_NODE",  "SLURM_CPUS_PER_TASK",
                                            "SLURM_CPUS_ON_NODE",     "SLURM_GPUS",
                                            "SLURM_GPUS_PER_NODE",    "SLURM_GPUS_PER_TASK",
                                            "SLURM_GPUS_ON_NODE",     "SLURM_CPU_BIND_TYPE",
                                            "SLURM_GPU_BIND",         "SLURM_DISTRIBUTION",
                                            "SLURM_MPI_TYPE",         "SLURM_STEP_NUM_NODES",
                                            "SLURM_STEP_NUM_TASKS",   "SLURM_STEP_TASKS_PER_NODE",
                                            "SLURM_THREADS_PER_CORE", "SLURM_EXCLUSIVE",
                                            "SLURM_SEGMENT_SIZE",     NULL};
    if (in_list(name, job_shape)) return true;
    return has_any_prefix(name, prefixes) && !has_any_prefix(name, noise);
}

json_t *allowed_environment(char **environment)
{
    json_t *allowed = json_object();
    for (; environment && *environment; environment++) {
        const char *equals = strchr(*environment, '=');
        if (!equals || equals == *environment) continue;
        struct text name = {0}, value = {0};
        text_add_bytes(&name, *environment, (size_t)(equals - *environment));
        if (is_allowed(name.data)) {
            if (is_credential_name(name.data))
                text_add(&value, "%s", secret_masked);
            else
                mask_secrets(&value, equals + 1);
            json_t *clean_name = clean_string(name.data);
            json_object_set_new(allowed, json_string_value(clean_name), clean_string(text_get(&value)));
            json_decref(clean_name);
        }
        text_free(&name);
        text_free(&value);
    }
    return allowed;
}

static const char *environment_value(char **environment, const char *name)
{
    size_t length = strlen(name);
    for (; environment && *environment; environment++)
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=' &&
            (*environment)[length + 1])
            return *environment + length + 1;
    return NULL;
}

const char *allocation_id(char **environment)
{
    static const char *const names[] = {
        "BUSBAR_ALLOCATION", "SLURM_JOB_ID", "SLURM_JOBID", "PBS_JOBID", "LSB_JOBID",
        "FLUX_JOB_ID",       "COBALT_JOBID", "OAR_JOB_ID",  "JOB_ID",    NULL};
    for (const char *const *name = names; *name; name++) {
        const char *value = environment_value(environment, *name);
        if (value) return value;
    }
    return NULL;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *hosts_hash(struct arena *arena, const struct world_host *hosts, size_t count)
{
    const char **names = allocate(count, sizeof *names);
    for (size_t i = 0; i < count; i++) names[i] = hosts[i].name ? hosts[i].name : "";
    qsort(names, count, sizeof *names, by_text);
    struct sha256 sum;
    char hex[SHA256_HEX];
    sha256_start(&sum);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(names[i], names[i - 1]) != 0) sha256_add(&sum, names[i], strlen(names[i]) + 1);
    sha256_end(&sum, hex);
    free(names);
    hex[16] = 0;
    return arena_string(arena, hex);
}

/* RFC 3339, UTC, whole seconds: "2026-11-22T01:46:23Z". */
static const char *time_now(struct arena *arena)
{
    char text[64];
    time_t now = time(NULL);
    struct tm utc;
    if (!gmtime_r(&now, &utc) || !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc)) return NULL;
    return arena_string(arena, text);
}

/* Adds hashes of NCCL's configuration files. The environment does not show their settings; the hashes at
   least show that two launches had different ones. */
static void nccl_settings(json_t *facts, char **environment)
{
    char hex[SHA256_HEX];
    struct text path = {0};
    const char *home = environment_value(environment, "HOME");
    /* NCCL 2.23 and later: instead of ~/.nccl.conf */
    const char *given = environment_value(environment, "NCCL_CONF_FILE");
    if (sha256_file("/etc/nccl.conf", hex) == STATUS_OK) set_text(facts, "nccl_conf_sha256", hex);
    if (given)
        text_add(&path, "%s", given);
    else if (home)
        text_add(&path, "%s/.nccl.conf", home);
    if (path.length && sha256_file(path.data, hex) == STATUS_OK)
        set_text(facts, "nccl_user_conf_sha256", hex);
    text_free(&path);
}

/* Adds the first line of the library's version text. */
static void mpi_version(json_t *facts, const char *library)
{
    if (!library) return;
    struct text line = {0};
    text_add_bytes(&line, library, strcspn(library, "\r\n"));
    set_text(facts, "mpi", text_get(&line));
    text_free(&line);
}

/* The command line's arguments, with secrets masked, since tables and reports print them, too. */
static json_t *argument_list(int count, char **values)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++) json_array_append_new(list, clean_string(values[i]));
    return masked_json(list);
}

static int64_t even_ranks_per_node(const struct launch_description *known)
{
    for (int64_t i = 0; i < known->nodes; i++)
        if (known->hosts[i].ranks != known->hosts[0].ranks) return ABSENT;
    return known->nodes > 0 ? known->hosts[0].ranks : ABSENT;
}

void launch_header_fill(struct launch_header *header, struct arena *arena,
                        const struct launch_description *known)
{
    *header = launch_header_absent();
    header->run = arena_string(arena, known->run);
    header->launch = arena_string(arena, known->launch);
    header->driver = arena_string(arena, known->driver);
    header->backend = arena_string(arena, known->backend);
    header->started = time_now(arena);
    header->provenance = json_pack("[s]", provenance_name(PROVENANCE_MEASURED));
    header->cloud_provider = arena_string(arena, known->cloud);
    header->cloud_instance = arena_string(arena, known->instance);
    header->cloud_label = arena_string(arena, known->label);
    header->args = argument_list(known->argc, known->argv);
    header->allocation_id = arena_string(arena, allocation_id(known->environment));
    header->allocation_hosts_hash = hosts_hash(arena, known->hosts, (size_t)known->nodes);
    header->allocation_placement = arena_string(arena, known->placement);
    header->nodes = known->nodes;
    header->ranks = known->ranks;
    header->domains = known->domains;
    header->ranks_per_node = even_ranks_per_node(known);
    header->hosts = known->hosts;
    header->host_count = (size_t)known->nodes;
    header->env = allowed_environment(known->environment);
    header->facts = json_object();
    set_text(header->facts, "busbar", BUSBAR_VERSION);
    set_text(header->facts, "git", build_commit);
    if (known->hosts_renamed) json_object_set_new(header->facts, "hosts_renamed", json_true());
    mpi_version(header->facts, known->mpi_library);
    host_facts(header->facts, "");
    nccl_settings(header->facts, known->environment);
}

void launch_header_release(struct launch_header *header)
{
    json_decref(header->provenance);
    json_decref(header->args);
    json_decref(header->facts);
    json_decref(header->env);
    json_decref(header->source);
    *header = launch_header_absent();
}
