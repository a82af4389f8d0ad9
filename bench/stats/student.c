#include "stats/student.h"

#include <math.h>

double student_within(double t, size_t degrees)
{
    double angle = atan(t / sqrt((double)degrees)), sine = sin(angle), cosine = cos(angle);
    double term = degrees % 2 ? cosine : 1, sum = 0;
    /* Even: 1 + 1/2 cos^2 + 1 3/(2 4) cos^4 + …; odd: cos + 2/3 cos^3 + 2 4/(3 5) cos^5 + …; to cos^(degrees - 2). */
    for (size_t k = degrees % 2 ? 3 : 2; k <= degrees; k += 2) {
        sum += term;
        term *= cosine * cosine * (double)(k - 1) / (double)k;
    }
    return degrees % 2 ? (angle + sine * sum) * 2 / M_PI : sine * sum;
}

double student_two_sided(double share, size_t degrees)
{
    double lo = 0, hi = 1;
    while (student_within(hi, degrees) < share && hi < 1e15) hi *= 2;
    while (hi - lo > 1e-13 * hi) {
        double middle = (lo + hi) / 2;
        if (middle <= lo || middle >= hi) break;
        if (student_within(middle, degrees) < share)
            lo = middle;
        else
            hi = middle;
    }
    return (lo + hi) / 2;
}
