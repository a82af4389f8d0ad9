#include "criterion.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

static struct cross_test *tests;
static struct {
    const char *suite;
    struct cross_options options;
} suites[64];
static int suite_count, failures, saved_stderr = -1;
static FILE *captured;

void cross_register_test(struct cross_test *test)
{
    test->next = tests;
    tests = test;
}

void cross_register_suite(const char *suite, struct cross_options options)
{
    if (suite_count == 64) abort();
    suites[suite_count].suite = suite;
    suites[suite_count++].options = options;
}

void cross_fail(const char *file, int line, const char *what)
{
    failures++;
    dprintf(saved_stderr < 0 ? STDERR_FILENO : saved_stderr, "    %s:%d: not so: %s\n", file, line, what);
}

void cross_redirect_stderr(void)
{
    fflush(stderr);
    saved_stderr = dup(STDERR_FILENO);
    captured = tmpfile();
    if (!captured || dup2(fileno(captured), STDERR_FILENO) < 0) _exit(2);
}

/* Opens the file again, because stderr writes at the file position of the other descriptor. */
FILE *cross_redirected_stderr(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(captured));
    FILE *file = fopen(path, "r");
    if (!file) _exit(2);
    return file;
}

bool cross_stderr_is(const char *text)
{
    char got[65536];
    fflush(stderr);
    ssize_t length = captured ? pread(fileno(captured), got, sizeof got - 1, 0) : -1;
    if (length < 0) return false;
    got[length] = 0;
    return strcmp(got, text) == 0;
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int run(const struct cross_test *test)
{
    struct cross_options suite = {0};
    for (int i = 0; i < suite_count; i++)
        if (strcmp(suites[i].suite, test->suite) == 0) suite = suites[i].options;
    alarm(300);
    if (suite.init) suite.init();
    if (test->options.init) test->options.init();
    test->body();
    if (test->options.fini) test->options.fini();
    if (suite.fini) suite.fini();
    return failures != 0;
}

/* The arguments name the suites, or single tests as suite/test, that are skipped. */
static bool is_named(const struct cross_test *test, int argc, char **argv)
{
    char both[256];
    snprintf(both, sizeof both, "%s/%s", test->suite, test->name);
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], test->suite) == 0 || strcmp(argv[i], both) == 0) return true;
    return false;
}

int main(int argc, char **argv)
{
    int failed = 0, count = 0;
    for (struct cross_test *test = tests; test; test = test->next) {
        if (is_named(test, argc, argv)) continue;
        int status;
        fflush(NULL);
        double start = now_s();
        pid_t child = fork();
        if (child == 0) exit(run(test));
        if (child < 0 || waitpid(child, &status, 0) < 0) return 2;
        count++;
        if (getenv("CROSS_TIMES")) printf("%.2f s %s/%s\n", now_s() - start, test->suite, test->name);
        if (status == 0) continue;
        printf("    failed: %s/%s%s\n", test->suite, test->name,
               WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "");
        failed++;
    }
    printf("%d tests, %d failed\n", count, failed);
    return failed || count == 0;
}
