/* bare SECONDS BYTES…: measures the bare loop for SECONDS at each size, in five rounds over the sizes. Prints
   one line: the median of each size in µs. */
#include "bare_loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIZES_MOST = 32, ROUNDS = 5, SAMPLES_MOST = 100000, BLOCK = 20 };

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static double us[SIZES_MOST][SAMPLES_MOST];
    int taken[SIZES_MOST] = {0}, rank, sizes = argc - 2;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (sizes < 1 || sizes > SIZES_MOST) MPI_Abort(MPI_COMM_WORLD, 2);
    double share = atof(argv[1]) / ROUNDS;
    for (int round = 0; round < ROUNDS; round++)
        for (int s = 0; s < sizes; s++) {
            size_t bytes = strtoul(argv[2 + s], NULL, 10);
            float *send = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096),
                  *recv = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
            if (!send || !recv) MPI_Abort(MPI_COMM_WORLD, 5);
            memset(send, 0, bytes);
            memset(recv, 0, bytes);
            bare_loop(MPI_COMM_WORLD, send, recv, (int)(bytes / 4), 5, us[s] + taken[s]); /* warm-up */
            double start = MPI_Wtime();
            for (int more = 1; more && taken[s] + BLOCK <= SAMPLES_MOST; taken[s] += BLOCK) {
                bare_loop(MPI_COMM_WORLD, send, recv, (int)(bytes / 4), BLOCK, us[s] + taken[s]);
                more = MPI_Wtime() - start < share;
                MPI_Bcast(&more, 1, MPI_INT, 0, MPI_COMM_WORLD);
            }
            free(send);
            free(recv);
        }
    for (int s = 0; s < sizes && rank == 0; s++) {
        qsort(us[s], (size_t)taken[s], sizeof us[s][0], ascending);
        printf("%.4f%c", us[s][taken[s] / 2], s == sizes - 1 ? '\n' : ' ');
    }
    MPI_Finalize();
    return 0;
}
