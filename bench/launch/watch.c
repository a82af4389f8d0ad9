#include "launch/watch.h"
#include "backend/mpi_status.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"
#include "launch/arrival.h"
#include "launch/board.h"
#include "launch/launcher.h"
#include "launch/ras.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct watch {
    struct watch_settings settings;
    struct pulse pulse;
    pthread_t thread;
    bool running;
    int wake[2];               /* pipe; a byte wakes the thread */
    pthread_mutex_t lock;      /* protects the fields down to `concluded` */
    const struct world *world; /* NULL: MPI_Init has not returned */
    char what[160];
    bool closing, failed; /* failed: this rank has printed its error */
    bool asks_ras;
    const bool *apart;     /* of each rank; NULL: none is */
    enum status concluded; /* watch_conclude() */

    struct arrival arrival;
    struct board board; /* on rank 0 */
    struct board_place place;
    struct board_link link; /* on other ranks */
    double start_s;
    atomic_bool arrived; /* this process has called MPI_Init */
};

/* A signal handler can do little more than write to a pipe. A process has one watch; this is its pipe. */
static volatile sig_atomic_t signal_pipe = -1, signal_seen;

static void on_signal(int number)
{
    int error = errno;
    signal_seen = number;
    if (signal_pipe >= 0 && write(signal_pipe, "s", 1) < 0) _exit(128 + number);
    errno = error;
}

static void catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART},
                     ignored = {.sa_handler = SIG_IGN}, before;
    sigemptyset(&action.sa_mask);
    sigemptyset(&ignored.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    sigaction(SIGPIPE, &ignored, NULL); /* a write to a closed pipe fails instead, and is reported */
}

static const char *host_of(const void *context, int rank)
{
    const struct world *world = context;
    return world->hosts[world->node_of_rank[rank]];
}

/* Ends the process, after ending device operations and the record. */
static void finish(struct watch *w, enum end_status record_status, int exit_status)
{
    if (w->settings.abort) w->settings.abort(w->settings.state);
    if (!w->world || w->world->rank == 0) w->settings.at_end(w->settings.state, record_status);
    arrival_forget(&w->arrival);
    launcher_abort(exit_status);
    if (w->world && w->world->rank == 0) board_close(&w->board, ANSWER_END);
    _exit(exit_status);
}

static void wait_or_wake(struct watch *w, double seconds)
{
    struct pollfd ready = {.fd = w->wake[0], .events = POLLIN};
    poll(&ready, 1, (int)(seconds * 1e3));
}

static void drain(struct watch *w)
{
    char bytes[64];
    while (read(w->wake[0], bytes, sizeof bytes) > 0) {
    }
}

/* Wakes the thread, so that it looks at a change at once. */
static void wake_thread(struct watch *w, char why)
{
    if (w->wake[1] >= 0 && write(w->wake[1], &why, 1) < 0 && errno != EAGAIN)
        warn("cannot wake the watchdog's thread: %s", strerror(errno));
}

static bool is_closing(struct watch *w)
{
    pthread_mutex_lock(&w->lock);
    bool closing = w->closing;
    pthread_mutex_unlock(&w->lock);
    return closing;
}

static bool is_failed(struct watch *w)
{
    pthread_mutex_lock(&w->lock);
    bool failed = w->failed;
    pthread_mutex_unlock(&w->lock);
    return failed;
}

static void copy_what(struct watch *w, char what[160])
{
    pthread_mutex_lock(&w->lock);
    memcpy(what, w->what, 160);
    pthread_mutex_unlock(&w->lock);
}

/* Prints what NCCL knows about the hang, where it answers. */
static void print_ras(struct watch *w)
{
    /* The other ranks wait for a sign of life meanwhile. */
    double most_s = w->settings.timeout_s < 4 ? w->settings.timeout_s / 2 : 2;
    struct text answer = {0};
    pthread_mutex_lock(&w->lock);
    bool asks = w->asks_ras;
    pthread_mutex_unlock(&w->lock);
    if (asks && ras_ask(most_s, "# NCCL RAS: ", &answer)) fputs(text_get(&answer), stderr);
    text_free(&answer);
}

/* A rank has died, or no rank makes progress: prints which ranks are to blame and ends the launch. */
static void blame(struct watch *w, const char *why, double silent_s)
{
    struct text words = {0};
    char what[160];
    copy_what(w, what);
    /* Judge by the time of the last look at the board: this thread may have waited for a processor since. */
    double looked_s = w->board.seen[0].word_s;
    enum status status =
        board_blame(w->board.seen, w->world->ranks, looked_s, silent_s, host_of, w->world, &words);
    fail(status, "%s%s%s:%s", why, *what ? " in " : "", what, text_get(&words));
    if (status == STATUS_TIMEOUT) print_ras(w);
    finish(w, END_FAILED, (int)status);
}

/* Handles a caught signal. If a rank has just died, the signal is the launcher's, which ends the other ranks:
   then names that rank as the cause. */
static void obey_signal(struct watch *w)
{
    int number = signal_seen;
    pthread_mutex_lock(&w->lock);
    enum status concluded = w->concluded;
    pthread_mutex_unlock(&w->lock);
    if (concluded) _exit((int)concluded);
    if (w->world && w->world->rank == 0 && w->world->ranks > 1) {
        drain(w);
        board_serve(&w->board, w->place.secret, -1, clock_s(), 0.05);
        if (w->board.any_failed) finish(w, END_FAILED, 128 + number);
        if (number != SIGINT && w->board.any_gone) blame(w, "ended by the launcher", 1e9);
    }
    if (!w->world || w->world->rank == 0)
        fail(STATUS_ENVIRONMENT, "ended by signal %d (%s)", number, strsignal(number));
    /* Lets rank 0 end first: it would take this rank's broken connection for its death. */
    if (w->world && w->world->rank && !w->link.lost) board_await(&w->link, -1, 0.3);
    if (w->world && w->world->rank && board_has_died(&w->link) && number != SIGINT) {
        char what[160];
        copy_what(w, what);
        if (w->world->rank == 1)
            fail(STATUS_ENVIRONMENT, "ended by the launcher%s%s: rank 0 on %s ended without a message",
                 *what ? " in " : "", what, host_of(w->world, 0));
        finish(w, END_FAILED, STATUS_ENVIRONMENT);
    }
    finish(w, END_INTERRUPTED, 128 + number);
}

static double interval(const struct watch *w)
{
    double s = w->settings.timeout_s / 10;
    return s > 2 || s <= 0 ? 2 : s < 0.1 ? 0.1 : s;
}

/* Tells the board which ranks are apart. */
static void mark_apart(struct watch *w)
{
    pthread_mutex_lock(&w->lock);
    for (int rank = 0; w->apart && rank < w->world->ranks; rank++) w->board.seen[rank].apart = w->apart[rank];
    pthread_mutex_unlock(&w->lock);
}

static void serve_board(struct watch *w, double *moved_s)
{
    struct seen *own = &w->board.seen[0];
    double now = clock_s();
    uint64_t steps = atomic_load_explicit(&w->pulse.steps, memory_order_relaxed);
    uint32_t stage = (uint32_t)atomic_load_explicit(&w->pulse.stage, memory_order_relaxed);
    if (!own->known || own->steps != steps || own->stage != stage || stage == STAGE_WORKING)
        own->moved_s = now;
    own->known = true;
    own->word_s = now;
    own->steps = steps;
    own->stage = stage;
    mark_apart(w);
    board_serve(&w->board, w->place.secret, w->wake[0], now, interval(w));
    if (is_failed(w)) {
        if (!own->failed) board_tell(&w->board, ANSWER_FAILED);
        own->failed = w->board.any_failed = true;
        return;
    }
    /* A failed rank calls MPI_Abort next, and some launchers then kill all ranks at once: end the record
       now. */
    if (w->board.any_failed) w->settings.at_end(w->settings.state, END_FAILED);
    double latest = fmax(own->moved_s, w->board.moved_s);
    if (latest > *moved_s) *moved_s = latest;
    now = clock_s();
    if (signal_seen || is_closing(w)) return;
    if (w->board.any_gone) {
        wait_or_wake(w, 0.2); /* time for its last report, or the launcher's signal, to arrive */
        if (signal_seen) return;
        board_serve(&w->board, w->place.secret, -1, clock_s(), 0);
        blame(w, "the launch cannot go on", 1e9);
    }
    char text[UNIT_TEXT], line[128];
    if (w->settings.timeout_s > 0 && now - *moved_s > w->settings.timeout_s) {
        snprintf(line, sizeof line, "no progress for %s", format_duration(w->settings.timeout_s, text));
        blame(w, line, 3 * interval(w));
    }
}

static void send_report(struct watch *w, uint32_t stage)
{
    struct report report = {w->place.secret, (uint32_t)w->world->rank, stage, atomic_load(&w->pulse.steps)};
    board_report(&w->link, &report);
}

/* Rank 0 is dead or silent. Rank 1 prints this and ends; the others do so a second later, if they still
   run. */
static void lost_rank_0(struct watch *w, const char *how, enum status status)
{
    char what[160];
    if (w->world->rank > 1) wait_or_wake(w, 1);
    if (signal_seen || is_closing(w)) return;
    copy_what(w, what);
    fail(status, "the launch cannot go on%s%s: rank 0 on %s %s", *what ? " in " : "", what,
         host_of(w->world, 0), how);
    finish(w, END_FAILED, (int)status);
}

static void report_to_board(struct watch *w, double *answer_s)
{
    bool watched = w->link.socket >= 0;
    send_report(w, (uint32_t)atomic_load_explicit(&w->pulse.stage, memory_order_relaxed));
    /* Launchers end all ranks soon after one has died: notices rank 0's death at once, to name it before. */
    bool heard = board_await(&w->link, w->wake[0], interval(w));
    if (signal_seen || is_closing(w) || !watched) return;
    double now = clock_s();
    if (heard) *answer_s = now;
    if (w->link.last_word == ANSWER_BYE) { /* rank 0 has finished */
        board_hang_up(&w->link);
        return;
    }
    if (w->link.last_word == ANSWER_END) {
        wait_or_wake(w, 0.5); /* so that the launcher gets rank 0's exit status first */
        finish(w, END_FAILED, STATUS_TIMEOUT);
    }
    if (w->link.last_word == ANSWER_FAILED) {
        wait_or_wake(w, 2); /* most launchers obey MPI_Abort and end this process now */
        if (!signal_seen) finish(w, END_FAILED, STATUS_ENVIRONMENT);
        return;
    }
    if (w->link.lost) {
        wait_or_wake(w, 0.3);
        if (!signal_seen && !is_closing(w)) lost_rank_0(w, "ended without a message", STATUS_ENVIRONMENT);
    } else if (w->settings.timeout_s > 0 && now - *answer_s > w->settings.timeout_s) {
        lost_rank_0(w, "gives no sign of life (stopped, or unreachable)", STATUS_TIMEOUT);
    }
}

static void await_arrival(struct watch *w)
{
    double waited = clock_s() - w->start_s, limit = w->settings.timeout_s;
    wait_or_wake(w, limit > 0 && limit / 20 < 1 ? limit / 20 : 1);
    if (limit <= 0) return;
    const bool arrived = atomic_load(&w->arrived);
    if (waited > limit / 2 && arrived) arrival_note(&w->arrival);
    if (waited < limit) return;
    struct text words = {0};
    char text[UNIT_TEXT];
    if (!arrived) {
        fail(STATUS_TIMEOUT, "rank %d: its GPU has not answered for %s", early_rank(),
             format_duration(limit, text));
        finish(w, END_FAILED, STATUS_TIMEOUT);
    }
    bool speaks = arrival_tell(&w->arrival, &words);
    if (speaks)
        fail(STATUS_TIMEOUT, "MPI_Init has not returned for %s: %s", format_duration(limit, text),
             text_get(&words));
    if (!speaks) sleep(1);
    finish(w, END_FAILED, STATUS_TIMEOUT);
}

static void *run(void *state)
{
    struct watch *w = state;
    double moved_s = clock_s(), answer_s = moved_s;
    bool joined = false;
    while (!is_closing(w)) {
        pthread_mutex_lock(&w->lock);
        const struct world *world = w->world;
        pthread_mutex_unlock(&w->lock);
        if (world && !joined) moved_s = answer_s = clock_s(), joined = true;
        if (!world)
            await_arrival(w);
        else if (world->rank == 0)
            serve_board(w, &moved_s);
        else
            report_to_board(w, &answer_s);
        drain(w);
        if (signal_seen) obey_signal(w);
    }
    return NULL;
}

struct watch *watch_open(const struct watch_settings *settings)
{
    struct watch *w = allocate(1, sizeof *w);
    *w = (struct watch){.settings = *settings,
                        .link = {.socket = -1},
                        .board = {.listener = -1, .ready = -1},
                        .start_s = clock_s()};
    pthread_mutex_init(&w->lock, NULL);
    arrival_find(&w->arrival, settings->folder);
    if (pipe2(w->wake, O_CLOEXEC | O_NONBLOCK)) {
        warn("no watchdog: %s", strerror(errno));
        w->wake[0] = w->wake[1] = -1;
        return w;
    }
    signal_pipe = w->wake[1];
    catch_signals();
    int error = pthread_create(&w->thread, NULL, run, w);
    w->running = error == 0;
    if (error) warn("no watchdog: %s", strerror(error));
    return w;
}

void watch_arrive(struct watch *w)
{
    atomic_store(&w->arrived, true);
}

void watch_join(struct watch *w, const struct world *world)
{
    int unwatched = 0, all = 0;
    if (world->ranks > 1) {
        if (world->rank == 0) (void)board_listen(&w->board, world->ranks, &w->place);
        mpi_must(MPI_Bcast(&w->place, (int)sizeof w->place, MPI_BYTE, 0, world->comm));
        if (world->rank && (uint32_t)world->rank < w->place.watched)
            w->link.socket = board_connect(&w->place, world->node == 0);
        unwatched = world->rank && w->link.socket < 0;
        MPI_Request request;
        mpi_must(MPI_Ireduce(&unwatched, &all, 1, MPI_INT, MPI_SUM, 0, world->comm, &request));
        /* Rank 0 accepts connections meanwhile: Linux before 5.4 lets only 128 wait. */
        for (int done = 0; !done;) {
            if (world->rank == 0) board_serve(&w->board, w->place.secret, -1, clock_s(), 0.01);
            mpi_must(MPI_Test(&request, &done, MPI_STATUS_IGNORE));
        }
        if (world->rank == 0 && all)
            warn("%d rank%s cannot reach rank 0 over TCP: a hang would be noticed, but these ranks could not "
                 "be "
                 "named",
                 all, all == 1 ? "" : "s");
    } else {
        w->board.seen = allocate(1, sizeof *w->board.seen);
    }
    arrival_forget(&w->arrival);
    pthread_mutex_lock(&w->lock);
    w->world = world;
    pthread_mutex_unlock(&w->lock);
    wake_thread(w, 'j');
}

struct pulse *watch_pulse(struct watch *w)
{
    return &w->pulse;
}

void watch_say(struct watch *w, const char *what)
{
    pthread_mutex_lock(&w->lock);
    snprintf(w->what, sizeof w->what, "%s", what);
    pthread_mutex_unlock(&w->lock);
}

void watch_apart(struct watch *w, const bool *apart)
{
    pthread_mutex_lock(&w->lock);
    w->apart = apart;
    pthread_mutex_unlock(&w->lock);
}

void watch_asks_ras(struct watch *w)
{
    pthread_mutex_lock(&w->lock);
    w->asks_ras = true;
    pthread_mutex_unlock(&w->lock);
}

void watch_fail(struct watch *w)
{
    if (!w->world || w->world->ranks == 1) return;
    if (w->world->rank) {
        send_report(w, REPORT_FAILED);
    } else {
        pthread_mutex_lock(&w->lock);
        w->failed = true;
        pthread_mutex_unlock(&w->lock);
        wake_thread(w, 'f');
    }
    usleep(200000); /* time for rank 0 to end the record, or to tell the others */
}

void watch_conclude(struct watch *w, enum status status)
{
    pthread_mutex_lock(&w->lock);
    w->concluded = status;
    pthread_mutex_unlock(&w->lock);
}

void watch_close(struct watch *w)
{
    if (!w) return;
    pthread_mutex_lock(&w->lock);
    w->closing = true;
    pthread_mutex_unlock(&w->lock);
    if (w->running) {
        wake_thread(w, 'c');
        pthread_join(w->thread, NULL);
    }
    if (w->world && w->world->rank) send_report(w, REPORT_BYE);
    board_hang_up(&w->link);
    arrival_forget(&w->arrival);
    board_close(&w->board, ANSWER_BYE);
    signal_pipe = -1;
    for (int i = 0; i < 2; i++)
        if (w->wake[i] >= 0) close(w->wake[i]);
    pthread_mutex_destroy(&w->lock);
    free(w);
}
