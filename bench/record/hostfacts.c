/* Facts about this host from /proc and /sys. Omits those that are not available. */
#include "base/units.h"
#include "record/facts.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

/* Reads the first line of ROOT/path, without surrounding blanks. Returns false if it is empty or cannot be
   read. */
static bool first_line(const char *root, const char *path, char line[256])
{
    struct text whole = {0};
    text_add(&whole, "%s%s", root, path);
    FILE *file = fopen(whole.data, "r");
    text_free(&whole);
    if (!file) return false;
    bool got = fgets(line, 256, file) != NULL; /* some attributes can be opened but not read */
    fclose(file);
    if (!got) return false;
    size_t length = strlen(line);
    while (length && isspace((unsigned char)line[length - 1])) line[--length] = 0;
    size_t blanks = strspn(line, " \t");
    memmove(line, line + blanks, length - blanks + 1);
    return line[0] != 0;
}

static void add_line(json_t *object, const char *key, const char *root, const char *path)
{
    char line[256];
    if (first_line(root, path, line)) json_object_set_new(object, key, clean_string(line));
}

/* The value of "name : value" in a file like /proc/cpuinfo. */
static bool named_value(const char *root, const char *path, const char *name, char value[256])
{
    struct text whole = {0};
    text_add(&whole, "%s%s", root, path);
    FILE *file = fopen(whole.data, "r");
    text_free(&whole);
    if (!file) return false;
    char line[4096];
    bool found = false;
    size_t length = strlen(name);
    while (!found && fgets(line, sizeof line, file)) {
        if (strncmp(line, name, length) != 0) continue;
        char *colon = line + length + strspn(line + length, " \t");
        if (*colon != ':') continue;
        colon += 1 + strspn(colon + 1, " \t");
        colon[strcspn(colon, "\r\n")] = 0;
        snprintf(value, 256, "%.255s", colon);
        found = *value != 0;
    }
    fclose(file);
    return found;
}

/* The CPU model: a name on x86; Arm kernels give only the numbers of implementer and part. */
static void cpu_model(json_t *facts, const char *root)
{
    char model[256], part[256];
    if (named_value(root, "/proc/cpuinfo", "model name", model)) {
        json_object_set_new(facts, "cpu", clean_string(model));
    } else if (named_value(root, "/proc/cpuinfo", "CPU implementer", model) &&
               named_value(root, "/proc/cpuinfo", "CPU part", part)) {
        char both[600];
        snprintf(both, sizeof both, "Arm implementer %s part %s", model, part);
        json_object_set_new(facts, "cpu", clean_string(both));
    }
}

static void memory_size(json_t *facts, const char *root)
{
    char value[256];
    char *end;
    if (!named_value(root, "/proc/meminfo", "MemTotal", value)) return;
    long long kib = strtoll(value, &end, 10);
    if (end != value && kib > 0) json_object_set_new(facts, "memory_bytes", json_integer(kib * 1024));
}

static void integer_line(json_t *object, const char *key, const char *root, const char *path,
                         json_int_t least)
{
    char line[256];
    int64_t value;
    if (first_line(root, path, line) && parse_integer(line, &value) == STATUS_OK && value >= least)
        json_object_set_new(object, key, json_integer(value));
}

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Calls visit for each entry of ROOT/path in the order of names. */
static void each_entry(const char *root, const char *path,
                       void (*visit)(json_t *, const char *, const char *), json_t *list)
{
    struct dirent **entries;
    struct text whole = {0};
    text_add(&whole, "%s%s", root, path);
    int count = scandir(whole.data, &entries, not_hidden, alphasort);
    text_free(&whole);
    if (count < 0) return;
    for (int i = 0; i < count; i++) {
        visit(list, root, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

/* Adds an InfiniBand, RoCE or EFA device: one entry per port, and only those after the first have a port
   number. */
static void rdma_device(json_t *list, const char *root, const char *name)
{
    for (int port = 1; port <= 4; port++) {
        char path[600], line[256];
        snprintf(path, sizeof path, "/sys/class/infiniband/%.200s/ports/%d/state", name, port);
        if (!first_line(root, path, line)) break;
        json_t *nic = json_object();
        const char *state = strchr(line, ':'); /* "4: ACTIVE" */
        json_object_set_new(nic, "name", clean_string(name));
        json_object_set_new(nic, "kind", json_string("rdma"));
        if (port > 1) json_object_set_new(nic, "port", json_integer(port));
        json_object_set_new(nic, "state", clean_string(state ? state + 1 + strspn(state + 1, " ") : line));
        snprintf(path, sizeof path, "/sys/class/infiniband/%.200s/ports/%d/rate", name, port);
        if (first_line(root, path, line)) { /* "400 Gb/sec (4X NDR)" */
            char *end;
            double gbit = strtod(line, &end);
            if (end != line && gbit > 0) json_object_set_new(nic, "rate_gbit", json_real(gbit));
        }
        snprintf(path, sizeof path, "/sys/class/infiniband/%.200s/ports/%d/link_layer", name, port);
        add_line(nic, "link", root, path);
        snprintf(path, sizeof path, "/sys/class/infiniband/%.200s/hca_type", name);
        add_line(nic, "model", root, path);
        snprintf(path, sizeof path, "/sys/class/infiniband/%.200s/fw_ver", name);
        add_line(nic, "firmware", root, path);
        snprintf(path, sizeof path, "/sys/class/infiniband/%.200s/device/numa_node", name);
        integer_line(nic, "numa_node", root, path, 0);
        json_array_append_new(list, nic);
    }
}

/* Adds a network interface, with its speed if that is known. */
static void network_interface(json_t *list, const char *root, const char *name)
{
    char path[600], line[256];
    if (strcmp(name, "lo") == 0) return;
    json_t *nic = json_object();
    json_object_set_new(nic, "name", clean_string(name));
    json_object_set_new(nic, "kind", json_string("ethernet"));
    snprintf(path, sizeof path, "/sys/class/net/%.200s/operstate", name);
    add_line(nic, "state", root, path);
    snprintf(path, sizeof path, "/sys/class/net/%.200s/speed", name);
    int64_t mbit;
    if (first_line(root, path, line) && parse_integer(line, &mbit) == STATUS_OK && mbit > 0) /* -1: unknown */
        json_object_set_new(nic, "rate_gbit", json_real((double)mbit / 1000));
    snprintf(path, sizeof path, "/sys/class/net/%.200s/mtu", name);
    integer_line(nic, "mtu", root, path, 1);
    snprintf(path, sizeof path, "/sys/class/net/%.200s/device/numa_node", name);
    integer_line(nic, "numa_node", root, path, 0);
    json_array_append_new(list, nic);
}

void host_facts(json_t *facts, const char *root)
{
    struct utsname system;
    if (uname(&system) == 0) {
        json_object_set_new(facts, "kernel", clean_string(system.release));
        json_object_set_new(facts, "architecture", clean_string(system.machine));
    }
    cpu_model(facts, root);
    memory_size(facts, root);
    add_line(facts, "clock_source", root, "/sys/devices/system/clocksource/clocksource0/current_clocksource");
    add_line(facts, "governor", root, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    add_line(facts, "huge_pages", root, "/sys/kernel/mm/transparent_hugepage/enabled");
    add_line(facts, "system_vendor", root, "/sys/class/dmi/id/sys_vendor");
    add_line(facts, "system_model", root, "/sys/class/dmi/id/product_name");
    json_t *nics = json_array();
    each_entry(root, "/sys/class/infiniband", rdma_device, nics);
    each_entry(root, "/sys/class/net", network_interface, nics);
    if (json_array_size(nics)) json_object_set(facts, "nics", nics);
    json_decref(nics);
}
