#include "catalog/catalog.h"
#include "matmul/matmul.h"

#include <math.h>

double matmul_peak_tflops(const char *device, enum gemm_type type)
{
    struct catalog catalog;
    if (!device || catalog_read(&catalog, NULL)) return NAN;
    const struct gpu_facts *gpu = catalog_gpu(&catalog, device);
    double peak = gpu ? gpu_peak_tflops(gpu, gemm_type_name(type)) : NAN;
    catalog_free(&catalog);
    return peak;
}
