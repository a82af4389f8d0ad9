#include "analysis/trace/trace_words.h"
#include "record/gemm_type.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- operations ---- */

/* Operations that multiply matrices, and which of their inputs are the matrices. */
static const struct {
    const char *name;
    int left, right;
    bool batch;            /* both inputs have one more dimension, the first: the number of matmuls */
    bool right_transposed; /* stored as N x K, like the weights of linear() */
} matmuls[] = {{"aten::mm", 0, 1, false, false},      {"aten::addmm", 1, 2, false, false},
               {"aten::bmm", 0, 1, true, false},      {"aten::baddbmm", 1, 2, true, false},
               {"aten::linear", 0, 1, false, true},   {"aten::_scaled_mm", 0, 1, false, false},
               {"aten::_int_mm", 0, 1, false, false}, {"aten::_addmm_activation", 1, 2, false, false}};

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

bool trace_is_step(const char *name)
{
    return begins(name, "ProfilerStep#");
}

enum trace_kind trace_kind_of(const char *name)
{
    static const char *const annotations[] = {"nccl:", "xccl:", "ucc:", "hccl:", NULL};
    for (size_t i = 0; i < sizeof matmuls / sizeof *matmuls; i++)
        if (strcmp(matmuls[i].name, name) == 0) return TRACE_MATMUL;
    if (begins(name, "gloo:") || begins(name, "mpi:")) return TRACE_WORKER;
    for (size_t i = 0; annotations[i]; i++)
        if (begins(name, annotations[i])) return TRACE_COLLECTIVE;
    return begins(name, "c10d::") || begins(name, "_c10d_functional::") ||
                   strcmp(name, "record_param_comms") == 0
               ? TRACE_COLLECTIVE
               : TRACE_OPERATION;
}

/* Reduces a collective's name to the part that its variants share: "c10d::_allgather_base_" and
   "all_gather_into_tensor_coalesced" become "allgather". Returns `plain`. */
static const char *plain_name(const char *name, char plain[64])
{
    static const char *const endings[] = {"coalesced", "intotensor", "tensor", "base", "single", NULL};
    const char *colon = strrchr(name, ':');
    size_t length = 0;
    for (const char *c = colon ? colon + 1 : name; *c && length < 63; c++)
        if (*c != '_') plain[length++] = (char)tolower((unsigned char)*c);
    plain[length] = 0;
    for (size_t i = 0; endings[i]; i++) {
        size_t ending = strlen(endings[i]);
        if (length <= ending || strcmp(plain + length - ending, endings[i]) != 0) continue;
        plain[length -= ending] = 0;
    }
    return plain;
}

static const struct collective *find_collective(const char *plain)
{
    static const struct {
        const char *name;
        enum collective_id id;
    } names[] = {{"allreduce", ALL_REDUCE}, {"allgather", ALL_GATHER}, {"reducescatter", REDUCE_SCATTER},
                 {"broadcast", BROADCAST},  {"reduce", REDUCE},        {"alltoall", ALL_TO_ALL},
                 {"alltoallv", ALL_TO_ALL}, {"gather", GATHER},        {"scatter", SCATTER},
                 {"send", SEND_RECV}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, plain) == 0) return &collectives[names[i].id];
    return NULL;
}

bool trace_is_wait(const char *name)
{
    char plain[64];
    return strcmp(plain_name(name, plain), "wait") == 0;
}

bool trace_computes_nothing(const char *name)
{
    static const char *const names[] = {"alias",
                                        "as_strided",
                                        "as_strided_",
                                        "chunk",
                                        "detach",
                                        "detach_",
                                        "empty",
                                        "empty_like",
                                        "empty_strided",
                                        "expand",
                                        "expand_as",
                                        "flatten",
                                        "lift_fresh",
                                        "narrow",
                                        "new_empty",
                                        "numpy_T",
                                        "permute",
                                        "reshape",
                                        "resize_",
                                        "resolve_conj",
                                        "resolve_neg",
                                        "result_type",
                                        "select",
                                        "set_",
                                        "slice",
                                        "split",
                                        "split_with_sizes",
                                        "squeeze",
                                        "t",
                                        "to",
                                        "transpose",
                                        "unbind",
                                        "unflatten",
                                        "unsafe_split",
                                        "unsqueeze",
                                        "view",
                                        "view_as",
                                        "_reshape_alias",
                                        "_unsafe_view",
                                        NULL};
    if (begins(name, "autograd::") || (!strchr(name, ':') && strstr(name, "Backward"))) return true;
    const char *plain = begins(name, "aten::") ? name + 6 : name;
    for (size_t i = 0; names[i]; i++)
        if (strcmp(names[i], plain) == 0) return true;
    return false;
}

/* ---- types ---- */

/* Returns the enum dtype of a type such as "float", "c10::BFloat16", "Tensor(float)",
   "GenericList[Tensor(float)]" or "BFloat16"; -1: busbar does not have it. */
static int find_dtype(const char *type)
{
    static const struct {
        const char *name;
        enum dtype dtype;
    } names[] = {{"float", DTYPE_FLOAT},
                 {"double", DTYPE_DOUBLE},
                 {"half", DTYPE_HALF},
                 {"bfloat16", DTYPE_BFLOAT16},
                 {"float8_e4m3fn", DTYPE_FP8_E4M3},
                 {"float8_e5m2", DTYPE_FP8_E5M2},
                 {"unsigned char", DTYPE_UINT8},
                 {"byte", DTYPE_UINT8},
                 {"bool", DTYPE_UINT8},
                 {"signed char", DTYPE_INT8},
                 {"char", DTYPE_INT8},
                 {"short", DTYPE_INT16},
                 {"short int", DTYPE_INT16},
                 {"int", DTYPE_INT32},
                 {"long", DTYPE_INT64},
                 {"long int", DTYPE_INT64}};
    char word[32];
    size_t length = 0;
    const char *tensor = type ? strstr(type, "Tensor(") : NULL, *from = tensor ? tensor + 7 : type;
    if (!type) return -1;
    if (begins(from, "c10::")) from += 5;
    for (; *from && *from != ')' && length < sizeof word - 1; from++)
        word[length++] = (char)tolower((unsigned char)*from);
    word[length] = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, word) == 0) return (int)names[i].dtype;
    return -1;
}

/* ---- shapes ---- */

void trace_count_elements(const char *name, struct trace_facts *facts)
{
    static const char *const with_output[] = {"allgather", "reducescatter", "alltoall",
                                              "gather",    "scatter",       NULL};
    char plain[64];
    bool output = false;
    plain_name(name, plain);
    for (size_t i = 0; begins(name, "c10d::") && with_output[i]; i++)
        output |= strcmp(with_output[i], plain) == 0;
    const struct trace_tensor *in = &facts->inputs[output];
    if (facts->in == NO_NUMBER) facts->in = in->elements;
    if (facts->out == NO_NUMBER && output) facts->out = facts->inputs[0].elements;
    if (!facts->type && find_dtype(in->type) >= 0) facts->type = in->type;
}

/* Can a workload have a matmul with this dimension, or a batch of this size? */
static bool is_dimension(int64_t value)
{
    return value >= 1 && value <= INT32_MAX;
}

const char *trace_read_matmul(const char *name, const struct trace_facts *facts,
                              struct trace_operation *operation)
{
    size_t i = 0;
    while (strcmp(matmuls[i].name, name) != 0) i++;
    const struct trace_tensor *left = &facts->inputs[matmuls[i].left],
                              *right = &facts->inputs[matmuls[i].right];
    size_t dimensions = matmuls[i].batch ? 3 : 2;
    if (left->elements == NO_NUMBER || right->elements == NO_NUMBER)
        return "the trace lacks its shapes (profile with record_shapes=True)";
    if (right->dimension_count != dimensions ||
        (left->dimension_count != dimensions && !(matmuls[i].right_transposed && left->dimension_count)))
        return "its inputs are not two matrices";
    int dtype = find_dtype(left->type);
    if (dtype < 0 || gemm_type_find(dtypes[dtype].name) < 0) return "busbar cannot multiply its data type";
    const int64_t *a = left->dimensions, *b = right->dimensions;
    operation->count = 1;
    if (matmuls[i].batch) operation->count = *a++, b++;
    if (matmuls[i].right_transposed) {
        operation->k = a[left->dimension_count - 1];
        operation->m = operation->k ? left->elements / operation->k : 0;
        operation->n = b[0];
        if (b[1] != operation->k) return "the shapes of its matrices do not match";
    } else {
        operation->m = a[0], operation->k = a[1], operation->n = b[1];
        if (b[0] != operation->k) return "the shapes of its matrices do not match";
    }
    if (!is_dimension(operation->m) || !is_dimension(operation->n) || !is_dimension(operation->k) ||
        !is_dimension(operation->count))
        return "a dimension of its matrices is 0 or above 2^31 - 1";
    operation->dtype = (enum dtype)dtype;
    return NULL;
}

/* NO_NUMBER: a factor is NO_NUMBER, or the product overflows. */
static int64_t multiply(int64_t a, int64_t b)
{
    int64_t product;
    return a == NO_NUMBER || b == NO_NUMBER || __builtin_mul_overflow(a, b, &product) ? NO_NUMBER : product;
}

/* Returns the number of elements in the message, as nccl-tests defines it (collective/collective.h). */
static int64_t message_elements(const struct collective *collective, const struct trace_facts *facts,
                                int64_t ranks)
{
    switch (collective->id) {
    case ALL_GATHER:
        return facts->out != NO_NUMBER ? facts->out : multiply(facts->in, ranks);
    case GATHER:
        return multiply(facts->in, ranks);
    case SCATTER:
        return multiply(facts->out, ranks);
    case ALL_TO_ALL:
        return facts->in > facts->out ? facts->in : facts->out;
    default:
        return facts->in != NO_NUMBER ? facts->in : facts->out;
    }
}

const char *trace_read_collective(const char *name, const struct trace_facts *facts, int64_t ranks,
                                  struct trace_operation *operation)
{
    char plain[64];
    plain_name(facts->collective ? facts->collective : name, plain);
    if (strcmp(plain, "recordparamcomms") == 0) return "the trace does not name the collective";
    if (strcmp(plain, "barrier") == 0) return "moves no data";
    if (begins(plain, "recv")) return "the receiving side of a send";
    operation->collective = find_collective(plain);
    if (!operation->collective) return "not one of busbar's collectives";
    int64_t elements = message_elements(operation->collective, facts, ranks);
    if (elements == NO_NUMBER) return "the trace lacks its size (profile with record_shapes=True)";
    if (elements == 0) return "moves no data";
    int dtype = find_dtype(facts->type);
    if (dtype < 0) return "busbar does not have its data type";
    operation->dtype = (enum dtype)dtype;
    operation->bytes = multiply(elements, (int64_t)dtypes[dtype].size);
    if (operation->bytes == NO_NUMBER || operation->bytes > (int64_t)1 << 60)
        return "its size is above 2^60 bytes";
    operation->uneven = operation->collective->id == ALL_TO_ALL &&
                        (facts->uneven || (facts->out != NO_NUMBER && facts->in != facts->out));
    operation->count = 1;
    return NULL;
}
