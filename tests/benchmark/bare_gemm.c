/* A bare matrix-multiplication loop that shares no code with busbar: bare_gemm LIBRARY TYPE EDGE CALLS prints
   the median time of the calls in microseconds. The environment chooses the library's kernel
   (OPENBLAS_CORETYPE, BLIS_ARCH_TYPE). */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef void dgemm(int, int, int, int, int, int, double, const double *, int, const double *, int, double,
                   double *, int);
typedef void sgemm(int, int, int, int, int, int, float, const float *, int, const float *, int, float,
                   float *, int);

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    if (argc != 5) return fprintf(stderr, "usage: bare_gemm LIBRARY double|float EDGE CALLS\n"), 2;
    void *library = dlopen(argv[1], RTLD_NOW);
    if (!library) return fprintf(stderr, "%s\n", dlerror()), 5;
    dgemm *d;
    sgemm *s;
    *(void **)&d = dlsym(library, "cblas_dgemm");
    *(void **)&s = dlsym(library, "cblas_sgemm");
    int wide = strcmp(argv[2], "double") == 0, n = atoi(argv[3]), calls = atoi(argv[4]);
    size_t count = (size_t)n * (size_t)n;
    double *a = malloc(8 * count), *b = malloc(8 * count), *c = malloc(8 * count),
           *us = malloc(8 * (size_t)calls);
    if (!d || !s || !a || !b || !c || !us || n < 1 || calls < 1) return 5;
    for (size_t i = 0; i < count; i++) {
        double x = (double)rand() / RAND_MAX - 0.5, y = (double)rand() / RAND_MAX - 0.5;
        if (wide)
            a[i] = x, b[i] = y;
        else
            ((float *)a)[i] = (float)x, ((float *)b)[i] = (float)y;
    }
    for (int i = -1; i < calls; i++) {
        struct timespec start, end;
        clock_gettime(CLOCK_MONOTONIC, &start);
        if (wide)
            d(102, 111, 111, n, n, n, 1, a, n, b, n, 0, c, n);
        else
            s(102, 111, 111, n, n, n, 1, (float *)a, n, (float *)b, n, 0, (float *)c, n);
        clock_gettime(CLOCK_MONOTONIC, &end);
        if (i >= 0)
            us[i] = 1e6 * (double)(end.tv_sec - start.tv_sec) + 1e-3 * (double)(end.tv_nsec - start.tv_nsec);
    }
    qsort(us, (size_t)calls, sizeof *us, by_value);
    printf("%.3f\n", us[calls / 2]);
    return 0;
}
