#include "gpu/nccl_debug.h"

#include "base/status.h"
#include "base/text.h"

#include <dirent.h>
#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* own_files: where NCCL can open a file without a name. */
static const char own_files[] = "/proc/self/fd/", own_subsystems[] = "INIT,NET,ENV";

/* Expands NCCL_DEBUG_FILE as NCCL does: %h is the host, %p the process id, %% a %. NCCL uses the real host
   name, even if BUSBAR_HOST sets another. */
static void expand(const char *pattern, const char *host, char *path, size_t size)
{
    size_t n = 0;
    path[0] = 0;
    for (const char *c = pattern; *c && n + 2 < size; c++) {
        if (c[0] == '%' && c[1] == 'h')
            n += (size_t)snprintf(path + n, size - n, "%s", host), c++;
        else if (c[0] == '%' && c[1] == 'p')
            n += (size_t)snprintf(path + n, size - n, "%d", (int)getpid()), c++;
        else
            path[n++] = *c, c += c[0] == '%' && c[1] == '%';
        if (n >= size) n = size - 1;
        path[n] = 0;
    }
}

static long size_of(const char *path)
{
    struct stat about;
    return stat(path, &about) ? 0 : (long)about.st_size;
}

/* Makes a file for messages that the user asked for, and prints its name. */
static bool make_file(struct nccl_debug *d, const char *level)
{
    const char *folder = getenv("TMPDIR");
    snprintf(d->path, sizeof d->path, "%.3000s/busbar-nccl-%d-XXXXXX", folder && *folder ? folder : "/tmp",
             (int)getpid());
    int fd = mkstemp(d->path);
    if (fd < 0) return false;
    close(fd);
    d->named = true;
    warn("NCCL_DEBUG=%s: its messages are in %s", level, d->path);
    return true;
}

static bool make_memory(struct nccl_debug *d)
{
    d->memory = memfd_create("busbar-nccl", MFD_CLOEXEC);
    snprintf(d->path, sizeof d->path, "%s%d", own_files, d->memory);
    return d->memory >= 0 && access(d->path, W_OK) == 0;
}

void nccl_debug_capture(struct nccl_debug *d, const char *host)
{
    const char *level = getenv("NCCL_DEBUG"), *file = getenv("NCCL_DEBUG_FILE");
    *d = (struct nccl_debug){.memory = -1, .quiet = !level};
    if (file && *file) { /* the user's own file is read, never removed */
        expand(file, host, d->path, sizeof d->path);
        if (strncmp(file, own_files, strlen(own_files)) == 0) d->start = size_of(d->path);
    } else if (level ? make_file(d, level) : make_memory(d)) {
        setenv("NCCL_DEBUG_FILE", d->path, 1);
    } else {
        warn("NCCL's messages are not read: cannot create %s", d->path);
        nccl_debug_close(d);
        return;
    }
    if (level) return;
    setenv("NCCL_DEBUG", "INFO", 1);
    setenv("NCCL_DEBUG_SUBSYS", own_subsystems, 0);
}

void nccl_debug_close(struct nccl_debug *d)
{
    if (d->memory >= 0) close(d->memory);
    if (d->named && size_of(d->path) == 0) unlink(d->path);
    *d = (struct nccl_debug){.memory = -1};
}

void nccl_debug_hide(const struct nccl_debug *d, json_t *environment)
{
    const char *subsystems = json_string_value(json_object_get(environment, "NCCL_DEBUG_SUBSYS"));
    if (d->memory >= 0 || d->named) json_object_del(environment, "NCCL_DEBUG_FILE");
    if (!d->quiet || !d->path[0]) return;
    json_object_del(environment, "NCCL_DEBUG");
    if (subsystems && strcmp(subsystems, own_subsystems) == 0)
        json_object_del(environment, "NCCL_DEBUG_SUBSYS");
}

void nccl_debug_told(const struct nccl_debug *d, int nccl_version, struct nccl_paths *paths)
{
    *paths = (struct nccl_paths){.nvls = -1, .mnnvl = -1};
    FILE *file = d->path[0] ? fopen(d->path, "r") : NULL;
    if (!file) return;
    if (fseek(file, d->start, SEEK_SET) == 0) nccl_debug_read(file, nccl_version, paths);
    fclose(file);
}

/* Copies the text after `mark`, up to `end` or the end of the line; replaces all but printable ASCII by '?'.
   Returns false if there is no such text. */
static bool words_after(const char *line, const char *mark, const char *end, char *words, size_t size)
{
    const char *at = strstr(line, mark);
    if (!at) return false;
    at += strlen(mark);
    size_t length = strcspn(at, "\r\n");
    const char *stop = end ? strstr(at, end) : NULL;
    if (stop && (size_t)(stop - at) < length) length = (size_t)(stop - at);
    if (length >= size) length = size - 1;
    for (size_t i = 0; i < length; i++) words[i] = at[i] >= ' ' && at[i] < 0x7f ? at[i] : '?';
    words[length] = 0;
    return length > 0;
}

/* Whether NVLink switches reduce for this communicator. "NVLS multicast support is available" does not tell:
   NCCL says so of the device, and may find no channels for NVLS later (src/init.cc). If NCCL_NVLS_ENABLE is 0
   it does not say it. The number of NVLS channels, printed last, decides from 2.21.5 on; earlier releases
   drop NVLS without setting it to 0, but then print no "NVLS comm" before (src/transport/nvls.cc). */
static void read_nvls(const char *line, int version, int *nvls)
{
    enum { COUNT_DECIDES = 22105 };
    const char *at = strstr(line, " coll channels, ");
    int other, count;
    if (strstr(line, "NVLS multicast support is not available")) *nvls = 0;
    if (strstr(line, " NVLS comm 0x")) *nvls = 1;
    if (!at || (sscanf(at, " coll channels, %d collnet channels, %d nvls channels", &other, &count) != 2 &&
                sscanf(at, " coll channels, %d nvls channels", &count) != 1))
        return;
    if (count == 0 || (version < COUNT_DECIDES && *nvls < 0))
        *nvls = 0;
    else if (version >= COUNT_DECIDES)
        *nvls = 1;
}

static void count_connection(const char *line, int *all, int *gdr)
{
    ++*all;
    *gdr += strstr(line, "/GDRDMA") != NULL;
}

/* Parses a line as NCCL 2.18 to 2.32 print it (format strings in libnccl.so.2 of 2.18.3, 2.20.5, 2.22.3,
   2.27.7, 2.28.9, 2.31.2, 2.32.3; sources of 2.30.7), and aws-ofi-nccl (1.7 to 1.21). */
static void read_line(const char *line, int version, struct nccl_paths *p)
{
    char words[64];
    if (!words_after(line, "Using network ", NULL, p->network, sizeof p->network))
        words_after(line, "Assigned NET plugin ", " to comm", p->network, sizeof p->network);
    if (strstr(line, "ccessfully loaded external network plugin "))
        words_after(line, "external network plugin ", NULL, p->plugin, sizeof p->plugin);
    else if (strstr(line, "NET/Plugin: Loaded net plugin "))
        words_after(line, "Loaded net plugin ", NULL, p->plugin, sizeof p->plugin);
    if (!words_after(line, "NET/OFI Selected provider is ", ", fabric", p->provider, sizeof p->provider))
        words_after(line, "NET/OFI Selected Provider is ", " (found", p->provider, sizeof p->provider);
    read_nvls(line, version, &p->nvls);
    if (words_after(line, " MNNVL ", NULL, words, sizeof words) && (words[0] == '0' || words[0] == '1') &&
        (words[1] == 0 || words[1] == ' '))
        p->mnnvl = words[0] == '1';
    if (strstr(line, "MNNVL is not supported") || strstr(line, "is available but not working")) p->mnnvl = 0;
    p->p2p |= strstr(line, " via P2P/") != NULL;
    p->shm |= strstr(line, " via SHM/") != NULL;
    p->net |= strstr(line, " via NET/") != NULL;
    p->collnet |= strstr(line, " via COLLNET/") != NULL;
    if (strstr(line, " [send] via ")) count_connection(line, &p->sends.all, &p->sends.gdr);
    if (strstr(line, " [receive] via ")) count_connection(line, &p->receives.all, &p->receives.gdr);
}

void nccl_debug_read(FILE *file, int nccl_version, struct nccl_paths *p)
{
    char line[2048];
    *p = (struct nccl_paths){.nvls = -1, .mnnvl = -1};
    while (fgets(line, sizeof line, file)) read_line(line, nccl_version, p);
}

json_t *nccl_paths_json(const struct nccl_paths *p)
{
    json_t *object = json_object(), *transports = json_array();
    const int all = p->sends.all + p->receives.all, gdr = p->sends.gdr + p->receives.gdr;
    if (p->network[0]) json_object_set_new(object, "network", json_string(p->network));
    if (p->plugin[0]) json_object_set_new(object, "plugin", json_string(p->plugin));
    if (p->provider[0]) json_object_set_new(object, "provider", json_string(p->provider));
    if (p->nvls >= 0) json_object_set_new(object, "nvls", json_boolean(p->nvls));
    if (p->mnnvl >= 0) json_object_set_new(object, "mnnvl", json_boolean(p->mnnvl));
    if (p->p2p) json_array_append_new(transports, json_string("P2P"));
    if (p->shm) json_array_append_new(transports, json_string("SHM"));
    if (p->net && gdr) json_array_append_new(transports, json_string("NET/GDRDMA"));
    if (p->net && (gdr < all || !all)) json_array_append_new(transports, json_string("NET"));
    if (p->collnet) json_array_append_new(transports, json_string("COLLNET"));
    if (json_array_size(transports))
        json_object_set_new(object, "transports", transports);
    else
        json_decref(transports);
    return object;
}

/* ---- how a call is done ---- */

/* NCCL from 2.24 on has it; before 2.27 it closes the file under other threads that write to it. nccl.h calls
   it deprecated from 2.28 on, and has no other way. */
extern void reset_messages(void) __asm__("ncclResetDebugInit") __attribute__((weak));
enum { RESET_LEAST = 22700 };

void nccl_debug_ask(struct nccl_debug *d, int nccl_version)
{
    const bool is_ours = strncmp(d->path, own_files, strlen(own_files)) == 0;
    const char *before = getenv("NCCL_DEBUG_SUBSYS");
    d->asked_from = size_of(d->path);
    /* NCCL opens the file anew, which empties it: what it held has been read. */
    if (!is_ours || nccl_version < RESET_LEAST || !reset_messages || truncate(d->path, 0)) return;
    d->asked_from = 0;
    d->subsystems = duplicate(before ? before : "");
    setenv("NCCL_DEBUG_SUBSYS", "TUNING", 1);
    reset_messages();
}

void nccl_debug_answer(struct nccl_debug *d, struct choice *choice)
{
    FILE *file = d->path[0] ? fopen(d->path, "r") : NULL;
    *choice = (struct choice){0};
    if (file) {
        if (fseek(file, d->asked_from, SEEK_SET) == 0) nccl_debug_read_choice(file, choice);
        fclose(file);
    }
    if (!d->subsystems) return;
    setenv("NCCL_DEBUG_SUBSYS", d->subsystems, 1);
    reset_messages();
    free(d->subsystems);
    d->subsystems = NULL;
}

/* Lines of rank 0 for each call (NCCL_TUNING in src/enqueue.cc, from 2.27 on also
   src/scheduler/symmetric_sched.cc, from 2.29 on src/ce_coll.cc):
     2.20 to 2.23   [AllReduce: ]N Bytes -> Algo 1 proto 2 time 12.3
     from 2.24 on   AllReduce: N Bytes -> Algo RING proto SIMPLE channel{Lo..Hi}={0..31}
     from 2.27 on   AllReduce [Symmetric]: N Bytes -> Kernel AllReduce_AGxLL_R nchannels 8 nthreads 512
     from 2.29 on   AllGather [Copy Engine]: N Bytes -> cudaMemcpy; CE synchronization with NVLS
     from 2.30 on   AllGather [Hierarchical CE]: N Bytes -> RMA proxy + CE
     from 2.32 on   AllGather [Hierarchical CE]: N Bytes -> Rail X RMA proxy + CE
   Nothing is told of sends and receives. */
static void read_choice(const char *line, struct choice *choice)
{
    static const char *const algorithms[] = {"TREE",      "RING", "COLLNET_DIRECT", "COLLNET_CHAIN", "NVLS",
                                             "NVLS_TREE", "PAT"},
                             *const protocols[] = {"LL", "LL128", "SIMPLE"};
    const char *mark = " Bytes -> ", *at = strstr(line, mark);
    struct choice told = {0};
    char kernel[48];
    unsigned low, high, algorithm, protocol;
    if (!at) return;
    at += strlen(mark);
    if (sscanf(at, "Algo %63[A-Z0-9_] proto %15[A-Z0-9] channel{Lo..Hi}={%u..%u}", told.algorithm,
               told.protocol, &low, &high) == 4 &&
        low <= high && high < INT_MAX) {
        told.channels = (int)(high - low + 1);
    } else if (sscanf(at, "Algo %u proto %u time", &algorithm, &protocol) == 2 &&
               algorithm < sizeof algorithms / sizeof *algorithms &&
               protocol < sizeof protocols / sizeof *protocols) {
        snprintf(told.algorithm, sizeof told.algorithm, "%s", algorithms[algorithm]);
        snprintf(told.protocol, sizeof told.protocol, "%s", protocols[protocol]);
    } else if (sscanf(at, "Kernel %47[A-Za-z0-9_] nchannels %d", kernel, &told.channels) == 2) {
        snprintf(told.algorithm, sizeof told.algorithm, "symmetric %s", kernel);
    } else if (strncmp(at, "cudaMemcpy", 10) == 0) {
        told = (struct choice){.algorithm = "copy engine"};
    } else if (strncmp(at, "RMA proxy + CE", 14) == 0 ||
               (strncmp(at, "Rail ", 5) == 0 && strstr(at, " RMA proxy + CE"))) {
        told = (struct choice){.algorithm = "copy engine and network"};
    } else {
        return;
    }
    *choice = told;
}

void nccl_debug_read_choice(FILE *file, struct choice *choice)
{
    char line[2048];
    *choice = (struct choice){0};
    while (fgets(line, sizeof line, file)) read_choice(line, choice);
}

struct looked_for {
    const char *part;
    json_t *found;
};

static int visit_library(struct dl_phdr_info *info, size_t size, void *data)
{
    struct looked_for *looked = data;
    const char *name = strrchr(info->dlpi_name, '/');
    (void)size;
    if (name && strstr(name + 1, looked->part)) {
        char real[4096];
        const char *path = realpath(info->dlpi_name, real) ? real : info->dlpi_name;
        json_object_set_new(looked->found, name + 1, json_string(path));
    }
    return 0;
}

json_t *loaded_libraries(const char *part)
{
    struct looked_for looked = {part, json_object()};
    dl_iterate_phdr(visit_library, &looked);
    return looked.found;
}

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

void rdma_devices(const char *root, char *names, size_t size)
{
    char path[4096];
    struct dirent **entries;
    size_t n = 0;
    names[0] = 0;
    snprintf(path, sizeof path, "%.4000s/sys/class/infiniband", root ? root : "");
    int count = scandir(path, &entries, not_hidden, alphasort);
    if (count < 0) return;
    for (int i = 0; i < count; i++) {
        size_t more = strlen(entries[i]->d_name) + 2;
        if (n + more < size)
            n += (size_t)snprintf(names + n, size - n, "%s%s", n ? " " : "", entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}
