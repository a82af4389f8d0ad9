/* Student's t distribution with a whole number of degrees of freedom. Pure. */
#ifndef BUSBAR_STUDENT_H
#define BUSBAR_STUDENT_H

double student_upper(double t, double freedom);    /* P(T > t); freedom: a whole number >= 1 */
double student_quantile(double p, double freedom); /* the t with P(T <= t) = p; 0 < p < 1 */

#endif
