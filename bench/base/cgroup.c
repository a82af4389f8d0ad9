#include "base/cgroup.h"
#include "base/text.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH = 4096 };

/* Finds the folder of this process's control group: of the version 1 controller ("memory", "cpu"), or of
   version 2 (controller NULL). false: the process is in no such group. In a container /proc may name a path
   that exists only on the host; least() then goes up until it reaches `mount`. */
static bool own_group(const char *root, const char *controller, struct text *mount, struct text *folder)
{
    char path[PATH], line[PATH];
    bool found = false;
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *file = fopen(path, "re");
    while (file && !found && fgets(line, sizeof line, file)) { /* "number:controllers:/group" */
        char *rest = line, *number = strsep(&rest, ":"), *controllers = strsep(&rest, ":");
        if (!rest || *rest != '/') continue;
        rest[strcspn(rest, "\n")] = 0;
        if (!controller) {
            if (strcmp(number, "0") != 0 || *controllers) continue;
            text_add(mount, "%s/sys/fs/cgroup", root);
            found = true;
        }
        for (char *name; controller && !found && (name = strsep(&controllers, ","));) {
            if (strcmp(name, controller) != 0) continue;
            text_add(mount, "%s/sys/fs/cgroup/%s", root, controller);
            found = true;
        }
        if (found) text_add(folder, "%s%s", text_get(mount), strcmp(rest, "/") == 0 ? "" : rest);
    }
    if (file) fclose(file);
    return found;
}

/* Reads up to two numbers at the start of a file. Returns how many there are; 0 also for "max" and without
   the file. */
static int numbers_in(const struct text *folder, const char *name, double numbers[2])
{
    char path[PATH];
    snprintf(path, sizeof path, "%s/%s", text_get(folder), name);
    FILE *file = fopen(path, "re");
    int read = file ? fscanf(file, "%lf %lf", &numbers[0], &numbers[1]) : 0;
    if (file) fclose(file);
    return read > 0 ? read : 0;
}

/* The value of a line "key value" in memory.stat; 0 if there is none. */
static double statistic(const struct text *folder, const char *key)
{
    char path[PATH], name[64];
    double value, found = 0;
    snprintf(path, sizeof path, "%s/memory.stat", text_get(folder));
    FILE *file = fopen(path, "re");
    while (file && fscanf(file, "%63s %lf", name, &value) == 2)
        if (strcmp(name, key) == 0) found = value;
    if (file) fclose(file);
    return found;
}

static double memory_2(const struct text *folder)
{
    double limit[2], used[2];
    if (!numbers_in(folder, "memory.max", limit) || !numbers_in(folder, "memory.current", used))
        return INFINITY;
    return limit[0] - used[0] + statistic(folder, "inactive_file");
}

static double memory_1(const struct text *folder)
{
    double limit[2], used[2];
    if (!numbers_in(folder, "memory.limit_in_bytes", limit) ||
        !numbers_in(folder, "memory.usage_in_bytes", used))
        return INFINITY;
    return limit[0] - used[0] + statistic(folder, "total_inactive_file");
}

static double processors_2(const struct text *folder)
{
    double quota[2];
    return numbers_in(folder, "cpu.max", quota) == 2 && quota[1] > 0 ? quota[0] / quota[1] : INFINITY;
}

static double processors_1(const struct text *folder)
{
    double quota[2], period[2];
    if (!numbers_in(folder, "cpu.cfs_quota_us", quota) || !numbers_in(folder, "cpu.cfs_period_us", period))
        return INFINITY;
    return quota[0] > 0 && period[0] > 0 ? quota[0] / period[0] : INFINITY;
}

/* The smallest allowance of this process's group and of all groups above it. */
static double least(const char *root, const char *controller, double (*allowed)(const struct text *folder))
{
    struct text mount = {0}, folder = {0};
    double result = INFINITY;
    bool more = own_group(root, controller, &mount, &folder);
    while (more) {
        result = fmin(result, allowed(&folder));
        more = folder.length > mount.length;
        while (more && folder.data[--folder.length] != '/') continue;
        folder.data[folder.length] = 0;
    }
    text_free(&mount);
    text_free(&folder);
    return result;
}

size_t cgroup_memory(const char *root)
{
    double bytes = fmin(least(root, NULL, memory_2), least(root, "memory", memory_1));
    return bytes < 0 ? 0 : bytes < 0x1p63 ? (size_t)bytes : SIZE_MAX;
}

double cgroup_processors(const char *root)
{
    return fmin(least(root, NULL, processors_2), least(root, "cpu", processors_1));
}

size_t memory_available(const char *root)
{
    struct text path = {0};
    text_add(&path, "%s/proc/meminfo", root);
    size_t available = SIZE_MAX, allowed = cgroup_memory(root);
    char line[256];
    unsigned long long kib;
    FILE *file = fopen(path.data, "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1) available = (size_t)kib * 1024;
    if (file) fclose(file);
    text_free(&path);
    if (available == SIZE_MAX) available = (size_t)sysconf(_SC_AVPHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
    return allowed < available ? allowed : available;
}
