#include "kernels/matrix.h"

void matrix_fill(const struct matrix *m, uint64_t seed)
{
    for (uint64_t u = 0; u * MATRIX_UNIT < m->inner * m->outer; u++) matrix_fill_unit(m, seed, u);
}

void matrix_check_group(const struct matrix_check *check, struct matrix_verdict *verdict)
{
    for (uint64_t p = 0; p < check->k; p++) matrix_check_v(check, p);
    for (uint64_t i = 0; i < check->m; i++) {
        double worst;
        unsigned long long bits;
        verdict->wrong += matrix_check_row(check, i, &worst);
        memcpy(&bits, &worst, sizeof bits);
        if (bits > verdict->worst) verdict->worst = bits;
    }
}
