/* A stand-in for the part of Criterion that tests/unit uses, so that the same tests run where Criterion is
   not available: for another architecture under an emulator. Each test is a process; it prints nothing if it
   passes. */
#ifndef CROSS_CRITERION_H
#define CROSS_CRITERION_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct cross_options {
    int unused;
    void (*init)(void), (*fini)(void);
    double timeout;
    bool disabled;
};

struct cross_test {
    const char *suite, *name;
    void (*body)(void);
    struct cross_options options;
    struct cross_test *next;
};

void cross_register_test(struct cross_test *);
void cross_register_suite(const char *suite, struct cross_options);
void cross_fail(const char *file, int line, const char *what);
void cross_redirect_stderr(void);
FILE *cross_redirected_stderr(void); /* for reading all that was written since the redirection */
bool cross_stderr_is(const char *text);

#define Test(Suite, Name, ...)                                                                               \
    static void cross_body_##Suite##_##Name(void);                                                           \
    __attribute__((constructor)) static void cross_enter_##Suite##_##Name(void)                              \
    {                                                                                                        \
        static struct cross_test test = {                                                                    \
            #Suite, #Name, cross_body_##Suite##_##Name, {.unused = 0, __VA_ARGS__}, NULL};                   \
        cross_register_test(&test);                                                                          \
    }                                                                                                        \
    static void cross_body_##Suite##_##Name(void)

#define TestSuite(Suite, ...)                                                                                \
    __attribute__((constructor)) static void cross_suite_##Suite(void)                                       \
    {                                                                                                        \
        cross_register_suite(#Suite, (struct cross_options){.unused = 0, __VA_ARGS__});                      \
    }                                                                                                        \
    struct cross_options

#define cross_expect(Right, ...)                                                                             \
    do {                                                                                                     \
        if (!(Right)) cross_fail(__FILE__, __LINE__, #Right);                                                \
    } while (0)
#define cross_assert(Right, ...)                                                                             \
    do {                                                                                                     \
        if (!(Right)) cross_fail(__FILE__, __LINE__, #Right), _exit(1);                                      \
    } while (0)

#define cr_expect(Right, ...)                  cross_expect(Right)
#define cr_expect_not(Wrong, ...)              cross_expect(!(Wrong))
#define cr_expect_eq(A, B, ...)                cross_expect((A) == (B))
#define cr_expect_neq(A, B, ...)               cross_expect((A) != (B))
#define cr_expect_gt(A, B, ...)                cross_expect((A) > (B))
#define cr_expect_geq(A, B, ...)               cross_expect((A) >= (B))
#define cr_expect_lt(A, B, ...)                cross_expect((A) < (B))
#define cr_expect_leq(A, B, ...)               cross_expect((A) <= (B))
#define cr_expect_null(A, ...)                 cross_expect((A) == NULL)
#define cr_expect_not_null(A, ...)             cross_expect((A) != NULL)
#define cr_expect_str_eq(A, B, ...)            cross_expect(strcmp(A, B) == 0)
#define cr_expect_str_neq(A, B, ...)           cross_expect(strcmp(A, B) != 0)
#define cr_expect_float_eq(A, B, Epsilon, ...) cross_expect(fabs((double)(A) - (double)(B)) <= (Epsilon))
#define cr_expect_stderr_eq_str(Text, ...)     cross_expect(cross_stderr_is(Text))
#define cr_assert(Right, ...)                  cross_assert(Right)
#define cr_assert_not(Wrong, ...)              cross_assert(!(Wrong))
#define cr_expect_arr_eq(A, B, BYTES, ...)     cross_expect(memcmp((A), (B), (BYTES)) == 0)
#define cr_assert_eq(A, B, ...)                cross_assert((A) == (B))
#define cr_assert_neq(A, B, ...)               cross_assert((A) != (B))
#define cr_assert_gt(A, B, ...)                cross_assert((A) > (B))
#define cr_assert_geq(A, B, ...)               cross_assert((A) >= (B))
#define cr_assert_lt(A, B, ...)                cross_assert((A) < (B))
#define cr_assert_leq(A, B, ...)               cross_assert((A) <= (B))
#define cr_assert_null(A, ...)                 cross_assert((A) == NULL)
#define cr_assert_not_null(A, ...)             cross_assert((A) != NULL)
#define cr_assert_str_eq(A, B, ...)            cross_assert(strcmp(A, B) == 0)
#define cr_assert_str_neq(A, B, ...)           cross_assert(strcmp(A, B) != 0)
#define cr_assert_float_eq(A, B, Epsilon, ...) cross_assert(fabs((double)(A) - (double)(B)) <= (Epsilon))
#define cr_assert_stderr_eq_str(Text, ...)     cross_assert(cross_stderr_is(Text))
#define cr_assert_fail(...)                    cross_assert(!"reached")
#define cr_redirect_stderr()                   cross_redirect_stderr()
#define cr_get_redirected_stderr()             cross_redirected_stderr()

#endif
