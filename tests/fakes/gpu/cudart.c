/* Devices, memory and kernel launches of the emulated libcudart. */
#include "fake.h"
#include "twins.h"

#include <cuda_runtime_api.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The backends look this symbol up to detect the emulated device. */
EXPORTED extern const int busbar_emulated_device;
const int busbar_emulated_device = 1;

static _Thread_local int device;
static _Thread_local cudaError_t last_error;

static cudaError_t give(cudaError_t error)
{
    if (error) last_error = error;
    return error;
}

static int device_count(void)
{
    return (int)fake_number("FAKEGPU_DEVICES", 8);
}

static size_t device_memory(void)
{
    return (size_t)fake_number("FAKEGPU_MEMORY", 2l << 30);
}

/* ---- errors ---- */

EXPORTED const char *cudaGetErrorName(cudaError_t error)
{
    switch (error) {
    case cudaSuccess:
        return "cudaSuccess";
    case cudaErrorMemoryAllocation:
        return "cudaErrorMemoryAllocation";
    case cudaErrorNoDevice:
        return "cudaErrorNoDevice";
    case cudaErrorInsufficientDriver:
        return "cudaErrorInsufficientDriver";
    case cudaErrorNotReady:
        return "cudaErrorNotReady";
    case cudaErrorInvalidValue:
        return "cudaErrorInvalidValue";
    case cudaErrorInvalidDevice:
        return "cudaErrorInvalidDevice";
    case cudaErrorIllegalAddress:
        return "cudaErrorIllegalAddress";
    default:
        return "cudaErrorUnknown";
    }
}

EXPORTED const char *cudaGetErrorString(cudaError_t error)
{
    switch (error) {
    case cudaSuccess:
        return "no error";
    case cudaErrorMemoryAllocation:
        return "out of memory";
    case cudaErrorNoDevice:
        return "no CUDA-capable device is detected";
    case cudaErrorInsufficientDriver:
        return "CUDA driver version is insufficient for CUDA runtime version";
    case cudaErrorNotReady:
        return "device not ready";
    case cudaErrorInvalidValue:
        return "invalid argument";
    case cudaErrorInvalidDevice:
        return "invalid device ordinal";
    case cudaErrorIllegalAddress:
        return "an illegal memory access was encountered";
    default:
        return "unknown error";
    }
}

EXPORTED cudaError_t cudaGetLastError(void)
{
    cudaError_t error = last_error;
    last_error = cudaSuccess;
    return error;
}

EXPORTED cudaError_t cudaPeekAtLastError(void)
{
    return last_error;
}

/* ---- devices ---- */

EXPORTED cudaError_t cudaDriverGetVersion(int *version)
{
    *version = (int)fake_number("FAKEGPU_DRIVER", CUDART_VERSION);
    return cudaSuccess;
}

EXPORTED cudaError_t cudaRuntimeGetVersion(int *version)
{
    *version = CUDART_VERSION;
    return cudaSuccess;
}

EXPORTED cudaError_t cudaGetDeviceCount(int *count)
{
    if (fake_fault("fail", "cudaGetDeviceCount")) return give(cudaErrorUnknown);
    *count = 0;
    if (fake_number("FAKEGPU_DRIVER", CUDART_VERSION) < CUDART_VERSION / 1000 * 1000)
        return give(cudaErrorInsufficientDriver);
    *count = device_count();
    return *count ? cudaSuccess : give(cudaErrorNoDevice);
}

EXPORTED cudaError_t cudaSetDevice(int wanted)
{
    if (fake_fault("absent", "cudaSetDevice")) fake_never("cudaSetDevice");
    if (fake_fault("fail", "cudaSetDevice")) return give(cudaErrorUnknown);
    if (wanted < 0 || wanted >= device_count()) return give(cudaErrorInvalidDevice);
    device = wanted;
    return cudaSuccess;
}

EXPORTED cudaError_t cudaGetDevice(int *current)
{
    *current = device;
    return cudaSuccess;
}

static cudaError_t properties(struct cudaDeviceProp *p, int of)
{
    if (fake_fault("fail", "cudaGetDeviceProperties")) return give(cudaErrorUnknown);
    if (of < 0 || of >= device_count()) return give(cudaErrorInvalidDevice);
    const char *name = getenv("FAKEGPU_NAME");
    int sm = (int)fake_number("FAKEGPU_SM", 100);
    memset(p, 0, sizeof *p);
    snprintf(p->name, sizeof p->name, "%s", name ? name : "Emulated device");
    fake_uuid(of, (unsigned char *)p->uuid.bytes);
    p->totalGlobalMem = device_memory();
    p->major = sm / 10, p->minor = sm % 10;
    p->multiProcessorCount = 4;
    p->l2CacheSize = 1 << 20;
    p->pciBusID = of + 1;
    return cudaSuccess;
}

EXPORTED cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *p, int of)
{
    return properties(p, of);
}

/* CUDA 12's headers rename the function with a macro. */
#ifndef cudaGetDeviceProperties
EXPORTED cudaError_t cudaGetDeviceProperties_v2(struct cudaDeviceProp *p, int of);
cudaError_t cudaGetDeviceProperties_v2(struct cudaDeviceProp *p, int of)
{
    return properties(p, of);
}
#endif

EXPORTED cudaError_t cudaDeviceGetPCIBusId(char *text, int length, int of)
{
    snprintf(text, (size_t)length, "0000:%02x:00.0", of + 1);
    return cudaSuccess;
}

EXPORTED cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int of)
{
    struct cudaDeviceProp p;
    cudaError_t error = properties(&p, of);
    if (error) return error;
    switch (attribute) {
    case cudaDevAttrMultiProcessorCount:
        *value = p.multiProcessorCount;
        return cudaSuccess;
    case cudaDevAttrComputeCapabilityMajor:
        *value = p.major;
        return cudaSuccess;
    case cudaDevAttrComputeCapabilityMinor:
        *value = p.minor;
        return cudaSuccess;
    case cudaDevAttrL2CacheSize:
        *value = p.l2CacheSize;
        return cudaSuccess;
    case cudaDevAttrClockRate:
        *value = 1980000;
        return cudaSuccess;
    default:
        return give(cudaErrorInvalidValue);
    }
}

EXPORTED cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *kernel,
                                                                   int threads, size_t shared)
{
    (void)kernel, (void)threads, (void)shared;
    *blocks = 8;
    return cudaSuccess;
}

/* ---- memory that this process has on a device ---- */

struct block {
    void *at;
    size_t bytes;
    struct block *next;
};
static struct block *blocks;
static size_t used;
static pthread_mutex_t memory_lock = PTHREAD_MUTEX_INITIALIZER;

EXPORTED cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total)
{
    if (fake_fault("fail", "cudaMemGetInfo")) return give(cudaErrorUnknown);
    pthread_mutex_lock(&memory_lock);
    *total = device_memory();
    *free_bytes = *total - used;
    pthread_mutex_unlock(&memory_lock);
    return cudaSuccess;
}

EXPORTED cudaError_t cudaMalloc(void **at, size_t bytes)
{
    if (fake_fault("fail", "cudaMalloc")) return give(cudaErrorUnknown);
    if (fake_fault("oom", "cudaMalloc")) return give(cudaErrorMemoryAllocation);
    *at = NULL;
    if (!bytes) return cudaSuccess;
    struct block *block = malloc(sizeof *block);
    pthread_mutex_lock(&memory_lock);
    void *memory = used + bytes <= device_memory() ? aligned_alloc(4096, (bytes + 4095) / 4096 * 4096) : NULL;
    if (memory) {
        *block = (struct block){memory, bytes, blocks};
        blocks = block;
        used += bytes;
    }
    pthread_mutex_unlock(&memory_lock);
    if (!memory) {
        free(block);
        return give(cudaErrorMemoryAllocation);
    }
    *at = memory;
    return cudaSuccess;
}

EXPORTED cudaError_t cudaFree(void *at)
{
    if (!at) return cudaSuccess;
    fake_drain();
    pthread_mutex_lock(&memory_lock);
    struct block **link = &blocks, *block;
    while (*link && (*link)->at != at) link = &(*link)->next;
    block = *link;
    if (block) {
        *link = block->next;
        used -= block->bytes;
    }
    pthread_mutex_unlock(&memory_lock);
    if (!block) return give(cudaErrorInvalidValue);
    free(block->at);
    free(block);
    return cudaSuccess;
}

EXPORTED cudaError_t cudaHostAlloc(void **at, size_t bytes, unsigned flags)
{
    (void)flags;
    if (fake_fault("fail", "cudaHostAlloc")) return give(cudaErrorMemoryAllocation);
    *at = calloc(1, bytes);
    return *at ? cudaSuccess : give(cudaErrorMemoryAllocation);
}

EXPORTED cudaError_t cudaHostGetDevicePointer(void **on_device, void *on_host, unsigned flags)
{
    (void)flags;
    *on_device = on_host;
    return cudaSuccess;
}

EXPORTED cudaError_t cudaFreeHost(void *at)
{
    free(at);
    return cudaSuccess;
}

struct copy {
    void *to;
    const void *from;
    size_t bytes;
    int value;
};

static void run_copy(void *data)
{
    struct copy *copy = data;
    if (copy->from)
        memmove(copy->to, copy->from, copy->bytes);
    else
        memset(copy->to, copy->value, copy->bytes);
}

EXPORTED cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind,
                                     cudaStream_t stream)
{
    (void)kind;
    if (fake_fault("fail", "cudaMemcpyAsync")) return give(cudaErrorUnknown);
    struct copy copy = {to, from, bytes, 0};
    fake_enqueue(stream, run_copy, &copy, sizeof copy);
    return cudaSuccess;
}

EXPORTED cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind)
{
    cudaError_t error = cudaMemcpyAsync(to, from, bytes, kind, NULL);
    return error ? error : cudaStreamSynchronize(NULL);
}

EXPORTED cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes, cudaStream_t stream)
{
    if (fake_fault("fail", "cudaMemsetAsync")) return give(cudaErrorUnknown);
    struct copy copy = {to, NULL, bytes, value};
    fake_enqueue(stream, run_copy, &copy, sizeof copy);
    return cudaSuccess;
}

EXPORTED cudaError_t cudaMemset(void *to, int value, size_t bytes)
{
    cudaError_t error = cudaMemsetAsync(to, value, bytes, NULL);
    return error ? error : cudaStreamSynchronize(NULL);
}

/* ---- kernels: the functions that nvcc's objects call; twins.c maps kernel names to host twins ---- */

enum { MOST_KERNELS = 64 };
static struct {
    const void *stub;
    const struct twin *twin;
} kernels[MOST_KERNELS];
static int kernel_count;

EXPORTED void **__cudaRegisterFatBinary(void *binary);
EXPORTED void __cudaRegisterFatBinaryEnd(void **handle);
EXPORTED void __cudaUnregisterFatBinary(void **handle);
EXPORTED char __cudaInitModule(void **handle);
EXPORTED void __cudaRegisterFunction(void **handle, const char *stub, char *device_function, const char *name,
                                     int limit, uint3 *tid, uint3 *bid, dim3 *block, dim3 *grid, int *size);
EXPORTED unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared,
                                              struct CUstream_st *stream);
EXPORTED cudaError_t __cudaPopCallConfiguration(dim3 *grid, dim3 *block, size_t *shared, void *stream);
EXPORTED cudaError_t __cudaGetKernel(cudaKernel_t *kernel, const void *stub);
EXPORTED cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void **arguments,
                                        size_t shared, cudaStream_t stream);

void **__cudaRegisterFatBinary(void *binary)
{
    static void *handle;
    handle = binary;
    return &handle;
}

void __cudaRegisterFatBinaryEnd(void **handle)
{
    (void)handle;
}

void __cudaUnregisterFatBinary(void **handle)
{
    (void)handle;
}

char __cudaInitModule(void **handle)
{
    (void)handle;
    return 1;
}

void __cudaRegisterFunction(void **handle, const char *stub, char *device_function, const char *name,
                            int limit, uint3 *tid, uint3 *bid, dim3 *block, dim3 *grid, int *size)
{
    (void)handle, (void)device_function, (void)limit, (void)tid, (void)bid, (void)block, (void)grid,
        (void)size;
    const struct twin *twin = twins;
    while (twin->name && strcmp(twin->name, name) != 0) twin++;
    if (!twin->name || kernel_count == MOST_KERNELS) {
        fprintf(stderr, "fakegpu: kernel %s has no host twin\n", name);
        abort();
    }
    kernels[kernel_count].stub = stub;
    kernels[kernel_count++].twin = twin;
}

static _Thread_local struct {
    dim3 grid, block;
    size_t shared;
    struct CUstream_st *stream;
} pushed;

unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared, struct CUstream_st *stream)
{
    pushed.grid = grid, pushed.block = block, pushed.shared = shared, pushed.stream = stream;
    return 0;
}

cudaError_t __cudaPopCallConfiguration(dim3 *grid, dim3 *block, size_t *shared, void *stream)
{
    *grid = pushed.grid, *block = pushed.block, *shared = pushed.shared;
    memcpy(stream, &pushed.stream, sizeof pushed.stream);
    return cudaSuccess;
}

static const struct twin *twin_of(const void *stub)
{
    for (int i = 0; i < kernel_count; i++)
        if (kernels[i].stub == stub) return kernels[i].twin;
    return NULL;
}

struct launch {
    void (*run)(void *const *arguments);
    size_t sizes[TWIN_ARGUMENTS];
    _Alignas(16) char values[TWIN_ARGUMENTS][TWIN_ARGUMENT_BYTES];
};

static void run_launch(void *data)
{
    struct launch *launch = data;
    void *arguments[TWIN_ARGUMENTS];
    for (int i = 0; i < TWIN_ARGUMENTS; i++) arguments[i] = launch->values[i];
    launch->run(arguments);
}

static cudaError_t launch_twin(const struct twin *twin, void **arguments, cudaStream_t stream)
{
    if (!twin) return give(cudaErrorInvalidDeviceFunction);
    if (fake_fault("fail", twin->name)) return give(cudaErrorLaunchFailure);
    struct launch launch = {.run = twin->run};
    for (int i = 0; i < TWIN_ARGUMENTS && twin->sizes[i]; i++)
        memcpy(launch.values[i], arguments[i], twin->sizes[i]);
    fake_enqueue(stream, run_launch, &launch, sizeof launch);
    const char *blocking = getenv("CUDA_LAUNCH_BLOCKING");
    return blocking && strcmp(blocking, "1") == 0 ? cudaStreamSynchronize(stream) : cudaSuccess;
}

cudaError_t __cudaGetKernel(cudaKernel_t *kernel, const void *stub)
{
    *kernel = (cudaKernel_t)(uintptr_t)twin_of(stub);
    return *kernel ? cudaSuccess : give(cudaErrorInvalidDeviceFunction);
}

cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void **arguments, size_t shared,
                               cudaStream_t stream)
{
    (void)grid, (void)block, (void)shared;
    return launch_twin((const struct twin *)(uintptr_t)kernel, arguments, stream);
}

/* Objects of CUDA 12 launch kernels by the address of their host stub. */
EXPORTED cudaError_t cudaLaunchKernel(const void *stub, dim3 grid, dim3 block, void **arguments,
                                      size_t shared, cudaStream_t stream)
{
    (void)grid, (void)block, (void)shared;
    return launch_twin(twin_of(stub), arguments, stream);
}
