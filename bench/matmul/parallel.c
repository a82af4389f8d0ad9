#include "matmul/parallel.h"
#include "base/status.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct stretch {
    pthread_t thread;
    bool started;
    int64_t from, to;
    void (*body)(void *, int64_t, int64_t);
    void *context;
};

static void *work(void *argument)
{
    const struct stretch *s = argument;
    s->body(s->context, s->from, s->to);
    return NULL;
}

void parallel_for(int threads, int64_t count, void (*body)(void *context, int64_t from, int64_t to),
                  void *context)
{
    if (threads > count) threads = (int)count;
    if (threads < 1) threads = 1;
    struct stretch *all = allocate((size_t)threads, sizeof *all);
    for (int i = 0; i < threads; i++) {
        all[i] = (struct stretch){
            .from = count / threads * i, .to = count / threads * (i + 1), .body = body, .context = context};
        if (i == threads - 1) all[i].to = count;
        all[i].started = i > 0 && pthread_create(&all[i].thread, NULL, work, &all[i]) == 0;
    }
    for (int i = 0; i < threads; i++)
        if (!all[i].started) work(&all[i]);
    for (int i = 0; i < threads; i++)
        if (all[i].started) pthread_join(all[i].thread, NULL);
    free(all);
}
