/* Streams, events and graphs of the emulated libcudart: each stream is a thread with a finite queue. */
#include "fake.h"

#include <cuda_runtime_api.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct task {
    fake_work *work;
    void *data;
    size_t bytes;
    struct task *next;
};

struct CUgraph_st {
    struct task *first, **last;
};

struct CUstream_st {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct task *first, **last;
    long queued, most; /* tasks not yet finished */
    bool ends;
    struct CUgraph_st *capture;
    struct CUstream_st *next;
};

struct CUevent_st {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t recorded, reached;
    double at_s;
};

/* Seconds by which the clock of this stream (thread) is ahead of real time. Events use the stream's clock, so
   work can take long on the device without taking real time: slow work is then slower than anything else even
   on a very busy host. */
static _Thread_local double ahead_s;

void fake_advance_us(long us)
{
    ahead_s += 1e-6 * (double)us;
}

static struct CUstream_st *streams; /* all streams of the process */
static atomic_long worked_ms;
static pthread_mutex_t streams_lock = PTHREAD_MUTEX_INITIALIZER;
static struct CUstream_st *standard;
static pthread_once_t standard_once = PTHREAD_ONCE_INIT;

static struct task *task_new(fake_work *work, const void *data, size_t bytes)
{
    struct task *task = calloc(1, sizeof *task);
    task->work = work;
    task->bytes = bytes;
    task->data = malloc(bytes ? bytes : 1);
    if (bytes) memcpy(task->data, data, bytes);
    return task;
}

static void task_free(struct task *task)
{
    free(task->data);
    free(task);
}

static void *stream_main(void *argument)
{
    struct CUstream_st *s = argument;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        while (!s->first && !s->ends) pthread_cond_wait(&s->changed, &s->lock);
        struct task *task = s->first;
        if (!task) break;
        s->first = task->next;
        if (!s->first) s->last = &s->first;
        pthread_mutex_unlock(&s->lock);
        task->work(task->data);
        task_free(task);
        pthread_mutex_lock(&s->lock);
        atomic_store(&worked_ms, (long)(fake_now_s() * 1e3));
        s->queued--;
        pthread_cond_broadcast(&s->changed);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

double fake_idle_s(void)
{
    return fake_now_s() - (double)atomic_load(&worked_ms) * 1e-3;
}

static struct CUstream_st *stream_new(void)
{
    struct CUstream_st *s = calloc(1, sizeof *s);
    s->last = &s->first;
    s->most = fake_number("FAKEGPU_QUEUE", 1024);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    if (pthread_create(&s->thread, NULL, stream_main, s)) {
        free(s);
        return NULL;
    }
    pthread_mutex_lock(&streams_lock);
    s->next = streams;
    streams = s;
    pthread_mutex_unlock(&streams_lock);
    return s;
}

static void make_standard(void)
{
    standard = stream_new();
}

static struct CUstream_st *stream_of(cudaStream_t stream)
{
    if (stream && stream != cudaStreamLegacy && stream != cudaStreamPerThread) return stream;
    pthread_once(&standard_once, make_standard);
    return standard;
}

int fake_enqueue(void *stream, fake_work *work, const void *data, size_t bytes)
{
    struct CUstream_st *s = stream_of(stream);
    struct task *task = task_new(work, data, bytes);
    pthread_mutex_lock(&s->lock);
    if (s->capture) {
        *s->capture->last = task;
        s->capture->last = &task->next;
    } else {
        while (s->queued >= s->most) pthread_cond_wait(&s->changed, &s->lock);
        *s->last = task;
        s->last = &task->next;
        s->queued++;
        pthread_cond_broadcast(&s->changed);
    }
    pthread_mutex_unlock(&s->lock);
    return 0;
}

static void stream_wait(struct CUstream_st *s)
{
    pthread_mutex_lock(&s->lock);
    while (s->queued) pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

void fake_drain(void)
{
    pthread_mutex_lock(&streams_lock);
    for (struct CUstream_st *s = streams; s; s = s->next) stream_wait(s);
    pthread_mutex_unlock(&streams_lock);
}

EXPORTED cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags)
{
    (void)flags;
    if (fake_fault("fail", "cudaStreamCreateWithFlags")) return cudaErrorUnknown;
    *stream = stream_new();
    return *stream ? cudaSuccess : cudaErrorMemoryAllocation;
}

EXPORTED cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    struct CUstream_st *s = stream;
    pthread_mutex_lock(&streams_lock);
    struct CUstream_st **link = &streams;
    while (*link && *link != s) link = &(*link)->next;
    if (!*link) {
        pthread_mutex_unlock(&streams_lock);
        return cudaErrorInvalidResourceHandle;
    }
    *link = s->next;
    pthread_mutex_unlock(&streams_lock);
    pthread_mutex_lock(&s->lock);
    s->ends = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->changed);
    free(s);
    return cudaSuccess;
}

EXPORTED cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    if (stream_of(stream)->capture) return cudaErrorStreamCaptureUnsupported;
    stream_wait(stream_of(stream));
    return fake_fault("fail", "cudaStreamSynchronize") ? cudaErrorIllegalAddress : cudaSuccess;
}

EXPORTED cudaError_t cudaStreamQuery(cudaStream_t stream)
{
    struct CUstream_st *s = stream_of(stream);
    pthread_mutex_lock(&s->lock);
    bool busy = s->queued > 0;
    pthread_mutex_unlock(&s->lock);
    return busy ? cudaErrorNotReady : cudaSuccess;
}

EXPORTED cudaError_t cudaDeviceSynchronize(void)
{
    fake_drain();
    return cudaSuccess;
}

struct host_call {
    cudaHostFn_t function;
    void *data;
};

static void run_host_call(void *data)
{
    struct host_call *call = data;
    call->function(call->data);
}

EXPORTED cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void *data)
{
    struct host_call call = {function, data};
    fake_enqueue(stream, run_host_call, &call, sizeof call);
    return cudaSuccess;
}

/* ---- events ---- */

EXPORTED cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags)
{
    (void)flags;
    if (fake_fault("fail", "cudaEventCreate")) return cudaErrorUnknown;
    struct CUevent_st *e = calloc(1, sizeof *e);
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->changed, NULL);
    *event = e;
    return cudaSuccess;
}

EXPORTED cudaError_t cudaEventCreate(cudaEvent_t *event)
{
    return cudaEventCreateWithFlags(event, 0);
}

EXPORTED cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    pthread_mutex_destroy(&event->lock);
    pthread_cond_destroy(&event->changed);
    free(event);
    return cudaSuccess;
}

struct event_record {
    struct CUevent_st *event;
    uint64_t number;
};

static void reach_event(void *data)
{
    struct event_record *record = data;
    pthread_mutex_lock(&record->event->lock);
    record->event->reached = record->number;
    record->event->at_s = fake_now_s() + ahead_s;
    pthread_cond_broadcast(&record->event->changed);
    pthread_mutex_unlock(&record->event->lock);
}

EXPORTED cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    if (fake_fault("fail", "cudaEventRecord")) return cudaErrorUnknown;
    if (stream_of(stream)->capture)
        return cudaErrorStreamCaptureUnsupported; /* busbar never times inside a graph */
    pthread_mutex_lock(&event->lock);
    struct event_record record = {event, ++event->recorded};
    pthread_mutex_unlock(&event->lock);
    fake_enqueue(stream, reach_event, &record, sizeof record);
    return cudaSuccess;
}

static bool is_reached(struct CUevent_st *event)
{
    pthread_mutex_lock(&event->lock);
    bool ready = event->reached == event->recorded;
    pthread_mutex_unlock(&event->lock);
    return ready;
}

EXPORTED cudaError_t cudaEventQuery(cudaEvent_t event)
{
    bool ready = is_reached(event);
    if (ready && fake_fault("fail", "cudaEventQuery")) return cudaErrorIllegalAddress;
    return ready ? cudaSuccess : cudaErrorNotReady;
}

EXPORTED cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    pthread_mutex_lock(&event->lock);
    while (event->reached != event->recorded) pthread_cond_wait(&event->changed, &event->lock);
    pthread_mutex_unlock(&event->lock);
    return cudaSuccess;
}

EXPORTED cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t start, cudaEvent_t end)
{
    if (!start->recorded || !end->recorded) return cudaErrorInvalidResourceHandle;
    if (!is_reached(start) || !is_reached(end)) return cudaErrorNotReady;
    *ms = (float)((end->at_s - start->at_s) * 1e3);
    return cudaSuccess;
}

static void await_event(void *data)
{
    struct event_record *record = data;
    pthread_mutex_lock(&record->event->lock);
    while (record->event->reached < record->number)
        pthread_cond_wait(&record->event->changed, &record->event->lock);
    pthread_mutex_unlock(&record->event->lock);
}

EXPORTED cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags)
{
    (void)flags;
    struct event_record record = {event, event->recorded};
    fake_enqueue(stream, await_event, &record, sizeof record);
    return cudaSuccess;
}

/* ---- graphs: the list of captured tasks ---- */

EXPORTED cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode)
{
    (void)mode;
    struct CUstream_st *s = stream_of(stream);
    if (s->capture) return cudaErrorIllegalState;
    if (fake_fault("fail", "cudaStreamBeginCapture")) return cudaErrorStreamCaptureUnsupported;
    s->capture = calloc(1, sizeof *s->capture);
    s->capture->last = &s->capture->first;
    return cudaSuccess;
}

EXPORTED cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph)
{
    struct CUstream_st *s = stream_of(stream);
    *graph = s->capture;
    s->capture = NULL;
    return *graph ? cudaSuccess : cudaErrorIllegalState;
}

EXPORTED cudaError_t cudaStreamIsCapturing(cudaStream_t stream, enum cudaStreamCaptureStatus *status)
{
    *status = stream_of(stream)->capture ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
    return cudaSuccess;
}

EXPORTED cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    for (struct task *task = graph->first, *next; task; task = next) {
        next = task->next;
        task_free(task);
    }
    free(graph);
    return cudaSuccess;
}

EXPORTED cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long flags)
{
    (void)flags;
    if (fake_fault("fail", "cudaGraphInstantiate")) return cudaErrorUnknown;
    struct CUgraph_st *copy = calloc(1, sizeof *copy);
    copy->last = &copy->first;
    for (struct task *task = graph->first; task; task = task->next) {
        *copy->last = task_new(task->work, task->data, task->bytes);
        copy->last = &(*copy->last)->next;
    }
    *exec = (cudaGraphExec_t)(void *)copy;
    return cudaSuccess;
}

EXPORTED cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream)
{
    if (fake_fault("fail", "cudaGraphLaunch")) return cudaErrorUnknown;
    struct CUgraph_st *graph = (struct CUgraph_st *)(void *)exec;
    for (struct task *task = graph->first; task; task = task->next)
        fake_enqueue(stream, task->work, task->data, task->bytes);
    return cudaSuccess;
}

EXPORTED cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec)
{
    return cudaGraphDestroy((cudaGraph_t)(void *)exec);
}

EXPORTED cudaError_t cudaGraphUpload(cudaGraphExec_t exec, cudaStream_t stream)
{
    (void)exec, (void)stream;
    return cudaSuccess;
}
