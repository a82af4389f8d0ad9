/* BLAS libraries while the address space is limited (`ulimit -v`). OpenBLAS repeats a failing malloc for ever
   (seen with 0.3.21): each of its threads when it starts, and each caller in its first multiplication. */
#ifndef BUSBAR_BLASMEMORY_H
#define BUSBAR_BLASMEMORY_H

#include "base/status.h"
#include "matmul/blasfamily.h"

/* Call it before loading a library. If memory may be short, the program will end without running the
   library's destructor, which would wait for such a thread for ever. */
void blas_end_without_destructor(void);
/* If the address space is limited: multiplies once, in a thread of its own, with all threads of the loaded
   library, which keeps the memory for later calls. Prints one line and returns STATUS_ENVIRONMENT if that
   takes 20 s; the thread then runs until the program ends. library: its name, for the message. */
enum status blas_try_memory(blas_dgemm *, const char *library);

#endif
