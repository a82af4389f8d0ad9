#include "simulate/account.h"
#include "base/clock.h"
#include "base/status.h"
#include "simulate/messages.h"
#include "simulate/platform.h"

#include <jansson.h>
#include <simgrid/actor.h>
#include <simgrid/host.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const phase_names[ACCOUNT_PHASES] = {
    [IN_START] = "start-up, the rest",
    [IN_NAMES] = "host names",
    [IN_CROWDING] = "shared processors",
    [IN_BACKEND] = "backend",
    [IN_HEADER] = "facts, labels, header",
    [IN_FIRST_CLOCKS] = "clocks, at first",
    [IN_CLOCKS] = "clocks, each case",
    [IN_BUFFERS] = "buffers",
    [IN_WARM_UP] = "warm-up",
    [IN_SAMPLING] = "sampling",
    [IN_MEDIANS] = "medians of all ranks",
    [IN_VERIFICATION] = "verification",
    [IN_WRITING] = "statistics, writing",
    [IN_BETWEEN] = "between cases",
    [IN_END] = "end",
};

struct cost {
    long calls, received, sent; /* MPI calls that wait for other ranks; messages */
    double received_bytes, sent_bytes, simulated_s, cpu_s;
    double growth_bytes; /* the most that one stretch of the phase added to rank 0's memory */
};

/* The account of rank 0. All simulated ranks are coroutines of one thread, so no lock is needed. */
static struct {
    const char *path;
    sg_actor_t rank0;
    bool runs;   /* rank 0's own code runs now, neither another rank's nor SimGrid's */
    bool missed; /* another rank ran without account_pause() */
    enum account_phase phase;
    double began_s, since_s; /* simulated */
    double cpu_since_s;      /* the thread's CPU time when `runs` became true or costs were last added */
    double live, live_before, most;         /* bytes of memory; live_before: when the phase began */
    struct cost costs[ACCOUNT_PHASES], all; /* all: counted apart from the phases, to check their sum */
} account;

static double cpu_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool is_rank0(void)
{
    return account.rank0 && sg_actor_self() == account.rank0;
}

/* Adds what rank 0 has done since the last call. */
static void settle(void)
{
    struct cost *cost = &account.costs[account.phase];
    double cpu_s = cpu_now();
    if (account.runs) cost->cpu_s += cpu_s - account.cpu_since_s;
    cost->simulated_s += clock_s() - account.since_s;
    account.since_s = clock_s();
    account.cpu_since_s = cpu_now();
}

enum account_phase account_enter(enum account_phase phase)
{
    enum account_phase before = account.phase;
    if (!is_rank0()) return phase;
    settle();
    account.phase = phase;
    account.live_before = account.live;
    return before;
}

void account_pause(int calls)
{
    if (!is_rank0()) {
        account.missed |= account.rank0 && account.runs;
        return;
    }
    settle();
    account.runs = false;
    account.costs[account.phase].calls += calls;
    account.all.calls += calls;
}

void account_resume(void)
{
    if (!is_rank0()) return;
    account.runs = true;
    account.cpu_since_s = cpu_now();
}

void account_memory(double bytes)
{
    struct cost *cost = &account.costs[account.phase];
    if (!account.runs) return;
    account.live += bytes;
    if (account.live - account.live_before > cost->growth_bytes)
        cost->growth_bytes = account.live - account.live_before;
    if (account.live > account.most) account.most = account.live;
}

static void count_message(double payload, const char *from, const char *to)
{
    static const char rank0[] = "gpu0";
    struct cost *both[] = {&account.costs[account.phase], &account.all};
    const bool sends = strcmp(from, rank0) == 0, receives = strcmp(to, rank0) == 0;
    for (int i = 0; account.rank0 && i < 2; i++) {
        if (sends) both[i]->sent++, both[i]->sent_bytes += payload;
        if (receives) both[i]->received++, both[i]->received_bytes += payload;
    }
}

void account_begin(void)
{
    account.path = platform_machine("account");
    if (!*account.path || strcmp(sg_host_get_name(sg_host_self()), "gpu0") != 0) return;
    account.rank0 = sg_actor_self();
    account.began_s = account.since_s = clock_s();
    messages_tell(count_message);
    json_set_alloc_funcs(malloc, free); /* with this program's names for them */
    account_resume();
}

/* whole_s: simulated and CPU time of all phases together. */
static void print_row(FILE *out, const char *name, const struct cost *c, double memory, double whole_s)
{
    fprintf(out, "| %s | %ld | %ld | %ld | %.1f | %.1f | %.1f | %.3f | %.2f | %.2f |\n", name, c->calls,
            c->received, c->sent, c->received_bytes / 1024, c->sent_bytes / 1024, memory / 1024,
            c->simulated_s * 1e3, c->cpu_s * 1e3, (c->simulated_s + c->cpu_s) / whole_s * 100);
}

void account_end(void)
{
    if (!is_rank0()) return;
    account_enter(IN_END);
    account.rank0 = NULL;
    account.runs = false;
    account.all.simulated_s = clock_s() - account.began_s;
    if (account.missed) {
        warn("no account: rank 0 waited in an MPI function that bench/simulate/account_mpi.c does not have");
        return;
    }
    FILE *out = fopen(account.path, "w");
    if (!out) {
        warn("cannot write the account to %s", account.path);
        return;
    }
    fputs("| phase of rank 0 | MPI calls | messages to it | from it | KiB to it | from it "
          "| memory grows, KiB | simulated ms | CPU ms | % of both |\n"
          "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
          out);
    for (int p = 0; p < ACCOUNT_PHASES; p++) account.all.cpu_s += account.costs[p].cpu_s;
    const double whole_s = account.all.simulated_s + account.all.cpu_s;
    for (int p = 0; p < ACCOUNT_PHASES; p++)
        print_row(out, phase_names[p], &account.costs[p], account.costs[p].growth_bytes, whole_s);
    print_row(out, "all", &account.all, account.most, whole_s);
    if (fclose(out)) warn("cannot write the account to %s", account.path);
}
