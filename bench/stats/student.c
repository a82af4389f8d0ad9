#include "stats/student.h"

#include <math.h>
#include <stddef.h>

/* P(|T| < t) for t >= 0, by the finite sums of Abramowitz & Stegun 26.7.3 and 26.7.4. */
static double within(double t, size_t freedom)
{
    double angle = atan(t / sqrt((double)freedom)), sine = sin(angle), cosine = cos(angle);
    double term = freedom % 2 ? cosine : 1, sum = 0;
    /* Even: 1 + 1/2 cos^2 + (1 3)/(2 4) cos^4 + …; odd: cos + 2/3 cos^3 + (2 4)/(3 5) cos^5 + …. The last
       term is that with cos^(freedom - 2). */
    for (size_t k = freedom % 2 ? 3 : 2; k <= freedom; k += 2) {
        sum += term;
        term *= cosine * cosine * (double)(k - 1) / (double)k;
    }
    return freedom % 2 ? (angle + sine * sum) * 2 / M_PI : sine * sum;
}

/* P(T > t) for large t, where 1 - within() would lose all digits. With u = atan(t / sqrt f), P(T > t) = C
   times the integral of cos(v)^(f-1) for v from u to pi/2, where C = G((f+1)/2) / (sqrt(pi) G(f/2)) and G is
   the gamma function. Uses Simpson's rule. */
static double far_tail(double t, double freedom)
{
    enum { STEPS = 200 };
    double from = atan(t / sqrt(freedom)), width = (M_PI / 2 - from) / STEPS, sum = 0;
    for (int i = 0; i <= STEPS; i++)
        sum += pow(fabs(cos(from + i * width)), freedom - 1) * (i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2);
    return exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2)) / sqrt(M_PI) * sum * width / 3;
}

double student_upper(double t, double freedom)
{
    /* Above this use an approximation, with an error of 1e-6 of p, because the sums would have that many
       terms. */
    enum { MANY = 1000 };
    if (freedom > MANY) { /* Abramowitz & Stegun 26.7.8 */
        double z = t * (1 - 1 / (4 * freedom)) / sqrt(1 + t * t / (2 * freedom));
        return erfc(z / sqrt(2)) / 2;
    }
    double tail = (1 - within(fabs(t), (size_t)freedom)) / 2;
    if (tail < 1e-6 && tail >= 0) tail = far_tail(fabs(t), freedom);
    return t > 0 ? tail : 1 - tail;
}

double student_quantile(double p, double freedom)
{
    double lo = -1, hi = 1;
    while (student_upper(lo, freedom) < 1 - p && lo > -1e12) lo *= 2;
    while (student_upper(hi, freedom) > 1 - p && hi < 1e12) hi *= 2;
    for (int i = 0; i < 200 && hi - lo > 1e-15 * (fabs(lo) + fabs(hi)); i++) {
        double middle = lo / 2 + hi / 2;
        *(student_upper(middle, freedom) > 1 - p ? &lo : &hi) = middle;
    }
    return lo / 2 + hi / 2;
}
