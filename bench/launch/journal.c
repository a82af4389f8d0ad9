#include "launch/journal.h"
#include "base/clock.h"
#include "base/text.h"
#include "launch/world.h"

#include <stdio.h>
#include <time.h>

void journal_start(struct journal *j, double start_s)
{
    *j = (struct journal){.start_s = start_s, .writer = {.fd = -1}};
    pthread_mutex_init(&j->lock, NULL);
}

enum status journal_open(struct journal *j, const struct world *world, const struct host_machine *machine,
                         const char *output, enum format format, struct launch_description known,
                         void (*add_facts)(void *state, struct launch_header *), void *state)
{
    enum status status = STATUS_OK;
    launch_names(known.driver, world->ranks, known.run, known.launch, j->run, j->launch);
    known.run = j->run, known.launch = j->launch;
    if (world->rank == 0)
        status = record_open(&j->writer, same(output, "none") ? NULL : output, j->run, j->launch,
                             format == FORMAT_JSON ? stdout : NULL);
    status = agree_over(world->comm, status);
    if (!status)
        status = agree_over(world->comm, header_write(&j->writer, world, machine, known, add_facts, state));
    pthread_mutex_lock(&j->lock);
    j->has_header = !status;
    pthread_mutex_unlock(&j->lock);
    return status;
}

enum status journal_case(struct journal *j, struct case_row *row)
{
    struct text key = {0};
    enum status status = STATUS_OK;
    j->wrong |= row->status == CASE_WRONG;
    case_key(row, &key);
    row->key = text_get(&key);
    pthread_mutex_lock(&j->lock);
    if (!j->ended) status = record_case(&j->writer, row);
    pthread_mutex_unlock(&j->lock);
    row->key = NULL;
    text_free(&key);
    return status;
}

enum status journal_overlap(struct journal *j, struct overlap_row *row)
{
    struct text key = {0};
    enum status status = STATUS_OK;
    j->wrong |= row->status == CASE_WRONG;
    overlap_key(row, &key);
    row->key = text_get(&key);
    pthread_mutex_lock(&j->lock);
    if (!j->ended) status = record_overlap(&j->writer, row);
    pthread_mutex_unlock(&j->lock);
    row->key = NULL;
    text_free(&key);
    return status;
}

/* why: of a failure; NULL: none */
static enum status write_end(struct journal *j, enum end_status how, const char *why)
{
    struct timespec patience;
    enum status status = STATUS_OK;
    clock_gettime(CLOCK_REALTIME, &patience);
    patience.tv_sec += 2;
    if (pthread_mutex_timedlock(&j->lock, &patience)) return STATUS_ENVIRONMENT;
    double elapsed_s = clock_s() - j->start_s;
    if (j->has_header && !j->ended)
        status = why ? record_failure(&j->writer, elapsed_s, why) : record_end(&j->writer, how, elapsed_s);
    j->ended = true;
    pthread_mutex_unlock(&j->lock);
    return status;
}

enum status journal_end(struct journal *j, enum end_status how)
{
    return write_end(j, how, NULL);
}

enum status journal_fail(struct journal *j, const char *why)
{
    return write_end(j, END_FAILED, why);
}
