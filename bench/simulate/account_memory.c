/* The memory that the drivers' own code allocates. That of the C library and of SimGrid does not count. */
#include "simulate/account.h"

#include <malloc.h>
#include <stdlib.h>

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes)
{
    void *block = __real_malloc(bytes);
    account_memory((double)malloc_usable_size(block));
    return block;
}

void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes)
{
    void *block = __real_calloc(count, bytes);
    account_memory((double)malloc_usable_size(block));
    return block;
}

void *__real_realloc(void *block, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes)
{
    account_memory(-(double)malloc_usable_size(block));
    block = __real_realloc(block, bytes);
    account_memory((double)malloc_usable_size(block));
    return block;
}

void __real_free(void *block);
void __wrap_free(void *block);
void __wrap_free(void *block)
{
    account_memory(-(double)malloc_usable_size(block));
    __real_free(block);
}
