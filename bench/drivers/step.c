#include "matmul/blas.h"
#include "step/step.h"

#include <string.h>

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], BLAS_TRIAL_FLAG) == 0) return blas_trial(argv[2]);
    return step_main(argc, argv);
}
