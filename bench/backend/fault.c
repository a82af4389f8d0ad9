/* A wrapper of a backend that injects faults, to test the alarms. `--fault KIND:rank=R,call=N,us=T`:
     wrong  damages one element that rank R received, in every verification
     slow   rank R waits T µs in each sample, after the barrier and before its start stamp: it is late. With
            percent=P instead of us, each of its samples takes P % longer, before the end stamp
     fail   the N-th sample of rank R returns an error
     hang   rank R never returns from its N-th sample
     stop   rank R stops itself (SIGSTOP) in its N-th sample
     kill   rank R kills itself (SIGKILL) in its N-th sample
     exit   rank R exits with status 0 in its N-th sample
     away   rank R is scheduled away for T µs in every N-th sample, between the barrier and its start stamp
   The record's provenance then has "faulted". */
#include "backend/backend.h"
#include "backend/mpi_status.h"
#include "base/clock.h"
#include "base/fault_text.h"
#include "base/text.h"
#include "base/units.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum kind { WRONG, SLOW, FAIL, HANG, STOP, KILL, EXIT, AWAY };
static const char *const kinds[] = {"wrong", "slow", "fail", "hang", "stop", "kill", "exit", "away", NULL};

struct fault {
    enum kind kind;
    int64_t rank, call, us, percent;
};

struct comm {
    struct backend self; /* the wrapper's descriptor, which the sampler calls */
    const struct backend *inner;
    struct comm *comm; /* inner's */
    struct fault fault;
    bool mine;               /* this rank has the fault */
    int64_t calls;           /* samples so far */
    const struct call *call; /* the sampler's, of the current sample */
};

static enum status parse_fault(const char *text, struct fault *fault)
{
    int kind;
    *fault = (struct fault){.rank = 0, .call = 1, .us = 1000};
    const struct fault_number numbers[] = {{"rank", &fault->rank},
                                           {"call", &fault->call},
                                           {"us", &fault->us},
                                           {"percent", &fault->percent},
                                           {NULL, NULL}};
    enum status status = fault_parse(text, kinds, &kind, numbers);
    fault->kind = (enum kind)kind;
    return status;
}

static void wait_us(double us)
{
    for (double end = clock_s() + us * 1e-6; clock_s() < end;) continue;
}

static void *spin(void *us)
{
    wait_us(*(double *)us);
    return NULL;
}

static long switches(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_THREAD, &usage) ? -1 : usage.ru_nivcsw;
}

/* Lets this thread be preempted: another thread spins on the same processor, so that sched_yield() switches
   to it, which the kernel counts as an involuntary switch. */
static enum status go_away(double us)
{
    cpu_set_t before, here;
    pthread_t other;
    CPU_ZERO(&here);
    CPU_SET(sched_getcpu(), &here);
    const long before_switches = switches();
    if (sched_getaffinity(0, sizeof before, &before) || sched_setaffinity(0, sizeof here, &here) ||
        pthread_create(&other, NULL, spin, &us))
        return fail(STATUS_ENVIRONMENT, "--fault away: cannot share a processor with a thread");
    while (switches() == before_switches) sched_yield();
    pthread_join(other, NULL);
    sched_setaffinity(0, sizeof before, &before);
    return STATUS_OK;
}

static enum status strike(struct comm *c)
{
    if (c->fault.kind == SLOW && !c->fault.percent) wait_us((double)c->fault.us);
    bool is_nth = c->fault.kind == AWAY && c->fault.call ? ++c->calls % c->fault.call == 0
                                                         : ++c->calls == c->fault.call;
    if (!is_nth) return STATUS_OK;
    switch (c->fault.kind) {
    case FAIL:
        return fail(STATUS_ENVIRONMENT, "rank %lld: the injected fault failed sample %lld",
                    (long long)c->fault.rank, (long long)c->calls);
    case HANG:
        for (;;) pause();
    case STOP:
        raise(SIGSTOP);
        return STATUS_OK;
    case KILL:
        raise(SIGKILL);
        return STATUS_OK;
    case EXIT:
        _exit(0);
    case AWAY:
        return go_away((double)c->fault.us);
    default:
        return STATUS_OK;
    }
}

static enum status fault_supports(struct comm *c, const struct call *call, const char **reason)
{
    return c->inner->supports(c->comm, call, reason);
}

static size_t fault_free_bytes(struct comm *c)
{
    return c->inner->free_bytes(c->comm);
}

static enum status fault_alloc(struct comm *c, size_t send_bytes, size_t recv_bytes, size_t slots,
                               struct buffers *b)
{
    return c->inner->alloc(c->comm, send_bytes, recv_bytes, slots, b);
}

static void fault_free(struct comm *c, struct buffers *b)
{
    c->inner->free(c->comm, b);
}

static enum status fault_fill(struct comm *c, const struct call *call, size_t slot, uint64_t seed)
{
    return c->inner->fill(c->comm, call, slot, seed);
}

static enum status fault_check(struct comm *c, const struct call *call, size_t slot, uint64_t seed,
                               struct verdict *verdict)
{
    if (c->mine && c->fault.kind == WRONG) {
        enum status status = c->inner->corrupt(c->comm, call, slot);
        if (status && status != STATUS_UNSUPPORTED) return status;
    }
    return c->inner->check(c->comm, call, slot, seed, verdict);
}

static enum status fault_prepare(struct comm *c, const struct call *call, int batch)
{
    return c->inner->prepare(c->comm, call, batch);
}

static enum status fault_ask(struct comm *c, const struct call *call, struct choice *choice)
{
    return c->inner->ask(c->comm, call, choice);
}

/* The wrapped call.start: strikes after the ranks have started together and before the clock is read. */
static enum status struck_start(void *state)
{
    struct comm *c = state;
    enum status status = c->call->start ? c->call->start(c->call->starter) : STATUS_OK;
    return status ? status : strike(c);
}

static enum status fault_run(struct comm *c, const struct call *call, int batch, size_t *slot,
                             struct timing *timing)
{
    if (!c->mine) return c->inner->run(c->comm, call, batch, slot, timing);
    struct call struck = *call;
    c->call = call;
    struck.start = struck_start;
    struck.starter = c;
    enum status status = c->inner->run(c->comm, &struck, batch, slot, timing);
    if (status || c->fault.kind != SLOW || c->fault.percent == 0) return status;
    double more_s = timing->elapsed_s * (double)c->fault.percent / 100;
    wait_us(more_s * 1e6);
    timing->elapsed_s += more_s;
    timing->end_s += more_s;
    return status;
}

static enum status fault_begin(struct comm *c, const struct call *call, int batch, size_t *slot)
{
    enum status status = c->mine ? strike(c) : STATUS_OK;
    return status ? status : c->inner->begin(c->comm, call, batch, slot);
}

static enum status fault_complete(struct comm *c, bool waits, bool *done)
{
    return c->inner->complete(c->comm, waits, done);
}

static void fault_facts(struct comm *c, struct launch_header *header)
{
    c->inner->facts(c->comm, header);
    if (!launch_has_provenance(header, PROVENANCE_FAULTED)) launch_add_provenance(header, PROVENANCE_FAULTED);
}

static const char *fault_domain(struct comm *c)
{
    return c->inner->domain(c->comm);
}

static void fault_abort(struct comm *c)
{
    c->inner->abort(c->comm);
}

static void fault_watch_start(struct comm *c)
{
    c->inner->watch_start(c->comm);
}

static json_t *fault_watch_stop(struct comm *c)
{
    return c->inner->watch_stop(c->comm);
}

static void fault_close(struct comm *c)
{
    c->inner->close(c->comm);
    free(c);
}

enum status backend_open(const struct backend **backend, const struct world *world,
                         const struct backend_options *options, struct comm **comm)
{
    struct fault fault;
    if (*backend == &backend_mpi && options->memory == MEMORY_DEVICE) *backend = &backend_mpi_device;
    if (!options->fault) return (*backend)->open(world, options, comm);
    enum status status = parse_fault(options->fault, &fault);
    if (status) return status;
    int rank = 0, ranks = 0; /* in the launch, even if `world` is a group */
    mpi_must(MPI_Comm_rank(MPI_COMM_WORLD, &rank));
    mpi_must(MPI_Comm_size(MPI_COMM_WORLD, &ranks));
    if (fault.rank >= ranks)
        return fail(STATUS_USAGE, "--fault: there is no rank %lld among %d", (long long)fault.rank, ranks);
    if (fault.kind == WRONG && !(*backend)->corrupt)
        return fail(STATUS_USAGE, "--fault: the %s backend cannot damage data", (*backend)->name);
    struct comm *c = allocate(1, sizeof *c);
    *c = (struct comm){.inner = *backend, .fault = fault, .mine = fault.rank == rank};
    c->self = (struct backend){
        .name = (*backend)->name,
        .about = (*backend)->about,
        .capabilities = (*backend)->capabilities,
        .supports = fault_supports,
        .free_bytes = fault_free_bytes,
        .alloc = fault_alloc,
        .free = fault_free,
        .fill = fault_fill,
        .check = fault_check,
        .prepare = (*backend)->prepare ? fault_prepare : NULL,
        .ask = (*backend)->ask ? fault_ask : NULL,
        .run = fault_run,
        .begin = (*backend)->begin ? fault_begin : NULL,
        .complete = (*backend)->complete ? fault_complete : NULL,
        .facts = fault_facts,
        .domain = (*backend)->domain ? fault_domain : NULL,
        .abort = (*backend)->abort ? fault_abort : NULL,
        .close = fault_close,
        .watch_start = (*backend)->watch_start ? fault_watch_start : NULL,
        .watch_stop = (*backend)->watch_stop ? fault_watch_stop : NULL,
    };
    status = (*backend)->open(world, options, &c->comm);
    if (status) {
        free(c);
        return status;
    }
    *backend = &c->self;
    *comm = c;
    return STATUS_OK;
}
