#include "backend/mpi_types.h"
#include "backend/mpi_status.h"
#include "kernels/pattern.h"

/* Reduction operations for 16-bit floats, which MPI lacks: they convert, combine and round element by
   element. So their speed is that of this code, not of the library. If calls take large counts (MPI 4), the
   operations must too. */
#if MPI_VERSION >= 4
typedef MPI_Count op_count;
typedef MPI_User_function_c op_function;
#define OP_CREATE MPI_Op_create_c
#else
typedef int op_count;
typedef MPI_User_function op_function;
#define OP_CREATE MPI_Op_create
#endif
#define SMALL_OP(name, dtype, combined)                                                                      \
    static void name(void *in, void *inout, op_count *count, MPI_Datatype *type)                             \
    {                                                                                                        \
        const uint16_t *from = in;                                                                           \
        uint16_t *to = inout;                                                                                \
        (void)type;                                                                                          \
        for (op_count i = 0; i < *count; i++) {                                                              \
            double a = pattern_decode(dtype, from[i]), b = pattern_decode(dtype, to[i]);                     \
            to[i] = (uint16_t)pattern_encode(dtype, combined);                                               \
        }                                                                                                    \
    }
SMALL_OP(half_sum, DTYPE_HALF, a + b)
SMALL_OP(half_prod, DTYPE_HALF, a *b)
SMALL_OP(half_max, DTYPE_HALF, a > b ? a : b)
SMALL_OP(half_min, DTYPE_HALF, a < b ? a : b)
SMALL_OP(bfloat16_sum, DTYPE_BFLOAT16, a + b)
SMALL_OP(bfloat16_prod, DTYPE_BFLOAT16, a *b)
SMALL_OP(bfloat16_max, DTYPE_BFLOAT16, a > b ? a : b)
SMALL_OP(bfloat16_min, DTYPE_BFLOAT16, a < b ? a : b)

void types_open(struct types *t)
{
    op_function *const functions[2][4] = {{half_sum, half_prod, half_max, half_min},
                                          {bfloat16_sum, bfloat16_prod, bfloat16_max, bfloat16_min}};
    *t = (struct types){.huge = MPI_DATATYPE_NULL, .of = MPI_DATATYPE_NULL};
    for (int i = 0; i < 8; i++)
        mpi_require(OP_CREATE(functions[i / 4][i % 4], 1, &t->small_ops[i / 4][i % 4]), "MPI_Op_create");
}

void types_close(struct types *t)
{
    for (int i = 0; i < 8; i++) mpi_must(MPI_Op_free(&t->small_ops[i / 4][i % 4]));
    if (t->huge != MPI_DATATYPE_NULL) mpi_must(MPI_Type_free(&t->huge));
}

/* Builds a struct type of chunks of 2^30 elements and a remainder. Before MPI 4, counts are ints and there is
   no other way. */
MPI_Datatype types_huge(struct types *t, MPI_Datatype of, size_t count)
{
    enum { CHUNK = 1 << 30 };
    MPI_Datatype chunk, chunks;
    MPI_Aint lower, extent;
    if (t->huge != MPI_DATATYPE_NULL && t->count == count && t->of == of) return t->huge;
    if (t->huge != MPI_DATATYPE_NULL) mpi_must(MPI_Type_free(&t->huge));
    mpi_must(MPI_Type_get_extent(of, &lower, &extent));
    mpi_must(MPI_Type_contiguous(CHUNK, of, &chunk));
    mpi_must(MPI_Type_contiguous((int)(count / CHUNK), chunk, &chunks));
    mpi_must(MPI_Type_free(&chunk));
    const int blocks[2] = {1, (int)(count % CHUNK)};
    const MPI_Aint places[2] = {0, (MPI_Aint)(count / CHUNK * CHUNK) * extent};
    const MPI_Datatype parts[2] = {chunks, of};
    mpi_must(MPI_Type_create_struct(2, blocks, places, parts, &t->huge));
    mpi_must(MPI_Type_commit(&t->huge));
    mpi_must(MPI_Type_free(&chunks));
    t->count = count;
    t->of = of;
    return t->huge;
}
