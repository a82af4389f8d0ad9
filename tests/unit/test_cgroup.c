/* Memory limits of control groups, read from copies of the kernel's files: a Slurm step, containers with both
 * versions of control groups, no limit. */
#include "base/cgroup.h"
#include "base/text.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static char *root;

static void make_root(void)
{
    static char name[] = "/tmp/busbar-cgroup-XXXXXX";
    root = mkdtemp(name);
    cr_assert_not_null(root);
}

static void remove_root(void)
{
    struct text command = {0};
    text_add(&command, "rm -r '%s'", root);
    cr_assert_eq(system(text_get(&command)), 0);
    text_free(&command);
}

/* Writes a file below the root, with the folders that lead to it. */
static void put(const char *path, const char *content)
{
    struct text full = {0};
    text_add(&full, "%s%s", root, path);
    for (size_t i = 1; i < full.length; i++) {
        if (full.data[i] != '/') continue;
        full.data[i] = 0;
        mkdir(full.data, 0777);
        full.data[i] = '/';
    }
    FILE *file = fopen(full.data, "w");
    cr_assert_not_null(file, "%s", full.data);
    fputs(content, file);
    fclose(file);
    text_free(&full);
}

TestSuite(cgroup, .init = make_root, .fini = remove_root);

Test(cgroup, nothing_there_is_no_limit)
{
    cr_expect(cgroup_memory(root) == SIZE_MAX && isinf(cgroup_processors(root)));
    put("/proc/self/cgroup", "0::/user.slice\n");
    put("/sys/fs/cgroup/user.slice/memory.max", "max\n");
    put("/sys/fs/cgroup/user.slice/memory.current", "1000\n");
    put("/sys/fs/cgroup/user.slice/cpu.max", "max 100000\n");
    cr_expect(cgroup_memory(root) == SIZE_MAX && isinf(cgroup_processors(root)));
}

/* The job's limit is two folders above the step's. */
Test(cgroup, the_least_of_a_group_and_those_above)
{
    put("/proc/self/cgroup", "0::/slurm/job_7/step_0\n");
    put("/sys/fs/cgroup/slurm/job_7/memory.max", "8000000\n");
    put("/sys/fs/cgroup/slurm/job_7/memory.current", "3000000\n");
    put("/sys/fs/cgroup/slurm/job_7/step_0/memory.max", "max\n");
    put("/sys/fs/cgroup/slurm/job_7/step_0/memory.current", "2000000\n");
    put("/sys/fs/cgroup/slurm/job_7/cpu.max", "400000 100000\n");
    put("/sys/fs/cgroup/slurm/job_7/step_0/cpu.max", "150000 100000\n");
    cr_expect_eq(cgroup_memory(root), 5000000);
    cr_expect_float_eq(cgroup_processors(root), 1.5, 1e-12);
}

/* Cached file pages count as used, but the kernel frees them when memory is needed. */
Test(cgroup, a_container_s_file_pages_are_free)
{
    put("/proc/self/cgroup", "0::/\n");
    put("/sys/fs/cgroup/memory.max", "10000000\n");
    put("/sys/fs/cgroup/memory.current", "9500000\n");
    put("/sys/fs/cgroup/memory.stat", "anon 1500000\nfile 8000000\ninactive_file 7000000\n");
    cr_expect_eq(cgroup_memory(root), 7500000);
    put("/sys/fs/cgroup/memory.current", "30000000\n");
    cr_expect_eq(cgroup_memory(root), 0, "more used than allowed leaves nothing");
}

/* Version 1: a container sees its own group at the mount point; the path in its cgroup file exists only on
 * the host. */
Test(cgroup, version_1)
{
    put("/proc/self/cgroup",
        "9:name=systemd:/x\n4:memory:/docker/0123\n2:cpu,cpuacct:/docker/0123\n0::/docker/0123\n");
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "6000000\n");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "2500000\n");
    put("/sys/fs/cgroup/memory/memory.stat", "inactive_file 1\ntotal_inactive_file 500000\n");
    put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n");
    put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    cr_expect_eq(cgroup_memory(root), 4000000);
    cr_expect_float_eq(cgroup_processors(root), 2, 1e-12);
    put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
    cr_expect(isinf(cgroup_processors(root)));
}

/* The memory that a measurement may use: the machine's available memory, or the container's limit. */
Test(cgroup, available_memory)
{
    put("/proc/meminfo", "MemTotal: 9000 kB\nMemFree: 10 kB\nMemAvailable: 5000 kB\n");
    cr_expect_eq(memory_available(root), 5000 * 1024);
    put("/proc/self/cgroup", "0::/\n");
    put("/sys/fs/cgroup/memory.max", "3000000\n");
    put("/sys/fs/cgroup/memory.current", "1000000\n");
    cr_expect_eq(memory_available(root), 2000000);
    put("/sys/fs/cgroup/memory.max", "30000000\n");
    cr_expect_eq(memory_available(root), 5000 * 1024);
}
