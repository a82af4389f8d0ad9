#include "fake.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST_FAULTS = 16 };
static struct fault faults[MOST_FAULTS];
static size_t fault_count;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

long fake_number(const char *variable, long otherwise)
{
    const char *text = getenv(variable);
    return text && *text ? strtol(text, NULL, 0) : otherwise;
}

static void refuse(const char *what, const char *text)
{
    fprintf(stderr, "fakegpu: FAKEGPU_FAULT: %s '%s'\n", what, text);
    _exit(99);
}

static void parse_key(struct fault *fault, char *pair)
{
    char *value = strchr(pair, '=');
    if (!value) refuse("key=value expected, not", pair);
    *value++ = 0;
    if (strcmp(pair, "call") == 0)
        snprintf(fault->call, sizeof fault->call, "%s", value);
    else if (strcmp(pair, "rank") == 0)
        fault->rank = atoi(value);
    else if (strcmp(pair, "after") == 0)
        fault->after = atol(value);
    else if (strcmp(pair, "count") == 0)
        fault->count = atol(value);
    else if (strcmp(pair, "element") == 0)
        fault->element = atol(value);
    else if (strcmp(pair, "us") == 0)
        fault->us = atol(value);
    else
        refuse("unknown key", pair);
}

static void parse_fault(char *text)
{
    static const char *const kinds[] = {"fail",  "oom",      "absent", "hang",   "async",  "slow",
                                        "wrong", "throttle", "xid",    "nvlink", "launch", NULL};
    if (fault_count == MOST_FAULTS) refuse("too many at", text);
    struct fault *fault = &faults[fault_count++];
    *fault = (struct fault){.rank = -1, .count = -1};
    char *keys = strchr(text, ':'), *rest = NULL;
    if (keys) *keys++ = 0;
    size_t i = 0;
    while (kinds[i] && strcmp(kinds[i], text) != 0) i++;
    if (!kinds[i]) refuse("unknown kind", text);
    snprintf(fault->kind, sizeof fault->kind, "%s", text);
    for (char *pair = keys ? strtok_r(keys, ",", &rest) : NULL; pair; pair = strtok_r(NULL, ",", &rest))
        parse_key(fault, pair);
}

static void parse(void)
{
    const char *given = getenv("FAKEGPU_FAULT");
    char *text = strdup(given ? given : ""), *rest = NULL;
    for (char *one = strtok_r(text, ";", &rest); one; one = strtok_r(NULL, ";", &rest)) parse_fault(one);
    free(text);
}

const struct fault *fake_fault(const char *kind, const char *call)
{
    pthread_once(&once, parse);
    const struct fault *found = NULL;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < fault_count && !found; i++) {
        struct fault *f = &faults[i];
        if (strcmp(f->kind, kind) != 0 || (*f->call && strcmp(f->call, call) != 0)) continue;
        if (f->rank >= 0 && f->rank != fake_rank()) continue;
        if (f->seen++ < f->after || (f->count >= 0 && f->fired >= f->count)) continue;
        f->fired++;
        found = f;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

int fake_rank(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID",
                                        NULL};
    for (size_t i = 0; names[i]; i++)
        if (getenv(names[i])) return atoi(getenv(names[i]));
    return 0;
}

const char *fake_host(void)
{
    static char name[HOST_NAME_MAX + 1];
    const char *given = getenv("BUSBAR_HOST");
    if (given && *given) return given;
    if (gethostname(name, sizeof name - 1)) strcpy(name, "unknown");
    return name;
}

double fake_now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double fake_deadline_s(void)
{
    return fake_now_s() + (double)fake_number("FAKEGPU_DEADLINE", 120);
}

void fake_sleep_us(long us)
{
    struct timespec time = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&time, NULL);
}

uint64_t fake_hash(const char *text, uint64_t start) /* FNV-1a */
{
    uint64_t h = start ^ 0xcbf29ce484222325u;
    for (; *text; text++) h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    return h;
}

void fake_uuid(int device, unsigned char uuid[16])
{
    uint64_t words[2] = {fake_hash(fake_host(), (uint64_t)device + 1),
                         fake_hash(fake_host(), (uint64_t)device + 1001)};
    memcpy(uuid, words, 16);
}

void fake_never(const char *call)
{
    for (double end = fake_deadline_s(); fake_now_s() < end;) fake_sleep_us(10000);
    fprintf(stderr, "fakegpu: rank %d was left in %s beyond the deadline\n", fake_rank(), call);
    _exit(98);
}
