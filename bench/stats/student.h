/* Student's t distribution with a whole number of degrees of freedom. Pure. */
#ifndef BUSBAR_STUDENT_H
#define BUSBAR_STUDENT_H

#include <stddef.h>

/* P(|T| < t), t >= 0, degrees >= 1 (Abramowitz & Stegun 26.7.3 and 26.7.4). */
double student_within(double t, size_t degrees);

/* The t with P(|T| < t) = share; 0 < share < 1, degrees >= 1. Relative error below 1e-12. */
double student_two_sided(double share, size_t degrees);

#endif
