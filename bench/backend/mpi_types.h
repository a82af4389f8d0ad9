/* What MPI lacks: reductions of half and bfloat16, and element counts larger than an int. */
#ifndef BUSBAR_MPI_TYPES_H
#define BUSBAR_MPI_TYPES_H

#include <mpi.h>
#include <stddef.h>

struct types {
    MPI_Op small_ops[2][4]; /* of half and bfloat16: sum, prod, max, min */
    MPI_Datatype huge, of;  /* the derived type that types_huge() made last: `count` elements of `of` */
    size_t count;
};

void types_open(struct types *);
void types_close(struct types *);

/* A derived type that stands for `count` elements of a type. Valid until the next call. */
MPI_Datatype types_huge(struct types *, MPI_Datatype of, size_t count);

#endif
