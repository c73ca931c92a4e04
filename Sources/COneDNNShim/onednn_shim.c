#include "onednn_shim.h"
#include "threading.h"
#include <dnnl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define TRY(call)                                      \
    do {                                               \
        dnnl_status_t status_ = (call);                \
        if (status_ != dnnl_success) {                 \
            status = status_;                          \
            goto done;                                 \
        }                                              \
    } while (0)

// Version 3 made memory descriptors opaque and merged operation and primitive descriptors.
#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t memory_desc;
#define DESC(md) (md)
static void desc_destroy(memory_desc *md) {
    if (*md) dnnl_memory_desc_destroy(*md);
    *md = NULL;
}
static dnnl_status_t desc_strides(memory_desc *md, const dnnl_dims_t dims, dnnl_data_type_t type, const dnnl_dims_t s) {
    return dnnl_memory_desc_create_with_strides(md, 2, dims, type, s);
}
static dnnl_status_t desc_any(memory_desc *md, const dnnl_dims_t dims, dnnl_data_type_t type) {
    return dnnl_memory_desc_create_with_tag(md, 2, dims, type, dnnl_format_tag_any);
}
static dnnl_status_t desc_clone(memory_desc *md, const_dnnl_memory_desc_t source) {
    return dnnl_memory_desc_clone(md, source);
}
static size_t desc_size(const memory_desc *md) { return dnnl_memory_desc_get_size(*md); }
#else
typedef dnnl_memory_desc_t memory_desc;
#define DESC(md) (&(md))
static void desc_destroy(memory_desc *md) { (void)md; }
static dnnl_status_t desc_strides(memory_desc *md, const dnnl_dims_t dims, dnnl_data_type_t type, const dnnl_dims_t s) {
    return dnnl_memory_desc_init_by_strides(md, 2, dims, type, s);
}
static dnnl_status_t desc_any(memory_desc *md, const dnnl_dims_t dims, dnnl_data_type_t type) {
    return dnnl_memory_desc_init_by_tag(md, 2, dims, type, dnnl_format_tag_any);
}
static dnnl_status_t desc_clone(memory_desc *md, const dnnl_memory_desc_t *source) {
    *md = *source;
    return dnnl_success;
}
static size_t desc_size(const memory_desc *md) { return dnnl_memory_desc_get_size(md); }
#endif

struct onednn_weights {
    int64_t n, k;
    memory_desc packed;
};

struct onednn_matmul {
    dnnl_primitive_t primitive;
    dnnl_stream_t stream;
    dnnl_memory_t source, weights, bias, operand, destination, scratchpad;
    void *scratch;
    char *implementation;
    onednn_epilogue epilogue;
};

static dnnl_engine_t engine;
static dnnl_status_t engine_status;
static pthread_once_t engine_once = PTHREAD_ONCE_INIT;

static void create_engine(void) {
    engine_status = dnnl_engine_create(&engine, dnnl_cpu, 0);
}

static dnnl_status_t ensure_engine(void) {
    pthread_once(&engine_once, create_engine);
    return engine_status;
}

// A primitive plans its work for the number of threads at creation.
static int begin_threads(int threads) {
    return threads < 1 ? 0 : threading_exchange_library_count(threads);
}

static void end_threads(int before) {
    if (before > 0) threading_exchange_library_count(before);
}

static dnnl_data_type_t type_of(onednn_type type) { return type == onednn_bfloat16 ? dnnl_bf16 : dnnl_f32; }

static dnnl_status_t desc_rows(memory_desc *md, int64_t rows, int64_t columns, onednn_type type, int64_t stride) {
    dnnl_dims_t dims = {rows, columns}, strides = {stride, 1};
    return desc_strides(md, dims, type_of(type), strides);
}

static dnnl_status_t create_descriptor(
    dnnl_primitive_desc_t *out, memory_desc *source, memory_desc *weights, memory_desc *bias, memory_desc *destination,
    dnnl_primitive_attr_t attributes) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_matmul_primitive_desc_create(
        out, engine, *source, *weights, bias ? *bias : NULL, *destination, attributes);
#else
    dnnl_matmul_desc_t operation;
    dnnl_status_t status = dnnl_matmul_desc_init(&operation, source, weights, bias, destination);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(out, &operation, attributes, engine, NULL);
#endif
}

int onednn_weights_create(int64_t n, int64_t k, onednn_type type, int threads, onednn_weights **out) {
    dnnl_status_t status = ensure_engine();
    if (status != dnnl_success) return status;
    // The layout is asked for once, at a number of rows where packing matters, and used for every other.
    const int64_t rows = 1024;
    memory_desc source = {0}, any = {0}, destination = {0};
    dnnl_primitive_desc_t descriptor = NULL;
    int before = begin_threads(threads);
    onednn_weights *weights = calloc(1, sizeof *weights);
    if (weights == NULL) {
        end_threads(before);
        return dnnl_out_of_memory;
    }
    weights->n = n;
    weights->k = k;
    dnnl_dims_t dims = {k, n};
    TRY(desc_rows(&source, rows, k, type, k));
    TRY(desc_any(&any, dims, type_of(type)));
    TRY(desc_rows(&destination, rows, n, onednn_float32, n));
    TRY(create_descriptor(&descriptor, &source, &any, NULL, &destination, NULL));
    TRY(desc_clone(&weights->packed, dnnl_primitive_desc_query_md(descriptor, dnnl_query_weights_md, 0)));
done:
    end_threads(before);
    if (descriptor) dnnl_primitive_desc_destroy(descriptor);
    desc_destroy(&source);
    desc_destroy(&any);
    desc_destroy(&destination);
    if (status != dnnl_success) {
        onednn_weights_destroy(weights);
        weights = NULL;
    }
    *out = weights;
    return status;
}

void onednn_weights_destroy(onednn_weights *weights) {
    if (weights == NULL) return;
    desc_destroy(&weights->packed);
    free(weights);
}

size_t onednn_weights_size(const onednn_weights *weights) { return desc_size(&weights->packed); }

int onednn_weights_pack(const onednn_weights *weights, const float *source, int64_t stride, void *packed) {
    dnnl_status_t status = ensure_engine();
    if (status != dnnl_success) return status;
    memory_desc plain = {0};
    dnnl_memory_t from = NULL, to = NULL;
    dnnl_primitive_desc_t descriptor = NULL;
    dnnl_primitive_t reorder = NULL;
    dnnl_stream_t stream = NULL;
    dnnl_dims_t dims = {weights->k, weights->n}, strides = {1, stride};
    TRY(desc_strides(&plain, dims, dnnl_f32, strides));
    TRY(dnnl_memory_create(&from, DESC(plain), engine, (void *)source));
    TRY(dnnl_memory_create(&to, DESC(weights->packed), engine, packed));
    TRY(dnnl_reorder_primitive_desc_create(&descriptor, DESC(plain), engine, DESC(weights->packed), engine, NULL));
    TRY(dnnl_primitive_create(&reorder, descriptor));
    TRY(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags));
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    TRY(dnnl_primitive_execute(reorder, stream, 2, arguments));
    TRY(dnnl_stream_wait(stream));
done:
    if (stream) dnnl_stream_destroy(stream);
    if (reorder) dnnl_primitive_destroy(reorder);
    if (descriptor) dnnl_primitive_desc_destroy(descriptor);
    if (to) dnnl_memory_destroy(to);
    if (from) dnnl_memory_destroy(from);
    desc_destroy(&plain);
    return status;
}

int onednn_matmul_create(const onednn_product *p, const onednn_weights *packed, onednn_matmul **out) {
    *out = NULL;
    dnnl_status_t status = ensure_engine();
    if (status != dnnl_success) return status;
    memory_desc source = {0}, weights = {0}, bias = {0}, destination = {0};
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_post_ops_t post_ops = NULL;
    dnnl_primitive_desc_t descriptor = NULL;
    int before = begin_threads(p->threads);
    onednn_matmul *matmul = calloc(1, sizeof *matmul);
    if (matmul == NULL) {
        end_threads(before);
        return dnnl_out_of_memory;
    }
    matmul->epilogue = p->epilogue;

    TRY(desc_rows(&source, p->m, p->k, p->source_type, p->source_stride));
    TRY(desc_rows(&destination, p->m, p->n, p->destination_type, p->destination_stride));
    dnnl_dims_t dims = {p->k, p->n}, bias_dims = {1, p->n}, bias_strides = {p->n, 1};
    if (p->layout == onednn_packed) {
#if DNNL_VERSION_MAJOR >= 3
        TRY(desc_clone(&weights, packed->packed));
#else
        TRY(desc_clone(&weights, &packed->packed));
#endif
    } else {
        dnnl_dims_t strides = {p->layout == onednn_plain ? p->weights_stride : 1,
                               p->layout == onednn_plain ? 1 : p->weights_stride};
        TRY(desc_strides(&weights, dims, type_of(p->source_type), strides));
    }
    if (p->has_bias) TRY(desc_strides(&bias, bias_dims, dnnl_f32, bias_strides));

    TRY(dnnl_primitive_attr_create(&attributes));
    // Scratch memory of our own: the library's default one is shared by all primitives of a thread, and attention runs
    // many at once.
    TRY(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user));
    TRY(dnnl_post_ops_create(&post_ops));
    switch (p->epilogue) {
    case onednn_store: break;
#if DNNL_VERSION_MAJOR >= 3
    case onednn_accumulate: TRY(dnnl_post_ops_append_sum(post_ops, 1.0f, 0, dnnl_data_type_undef)); break;
    case onednn_swish: TRY(dnnl_post_ops_append_eltwise(post_ops, dnnl_eltwise_swish, 1.0f, 0.0f)); break;
    case onednn_multiply: TRY(dnnl_post_ops_append_binary(post_ops, dnnl_binary_mul, destination)); break;
#else
    case onednn_accumulate: TRY(dnnl_post_ops_append_sum(post_ops, 1.0f)); break;
    case onednn_swish: TRY(dnnl_post_ops_append_eltwise(post_ops, 1.0f, dnnl_eltwise_swish, 1.0f, 0.0f)); break;
    case onednn_multiply: TRY(dnnl_post_ops_append_binary(post_ops, dnnl_binary_mul, &destination)); break;
#endif
    }
    TRY(dnnl_primitive_attr_set_post_ops(attributes, post_ops));
    TRY(create_descriptor(&descriptor, &source, &weights, p->has_bias ? &bias : NULL, &destination, attributes));
    // The name may belong to the descriptor, which does not live as long.
    const char *name = NULL;
    TRY(dnnl_primitive_desc_query(descriptor, dnnl_query_impl_info_str, 0, (void *)&name));
    matmul->implementation = strdup(name ? name : "");
    if (matmul->implementation == NULL) TRY(dnnl_out_of_memory);
    TRY(dnnl_primitive_create(&matmul->primitive, descriptor));
    TRY(dnnl_stream_create(&matmul->stream, engine, dnnl_stream_default_flags));
    TRY(dnnl_memory_create(&matmul->source, DESC(source), engine, DNNL_MEMORY_NONE));
    TRY(dnnl_memory_create(&matmul->weights, DESC(weights), engine, DNNL_MEMORY_NONE));
    TRY(dnnl_memory_create(&matmul->destination, DESC(destination), engine, DNNL_MEMORY_NONE));
    if (p->has_bias) TRY(dnnl_memory_create(&matmul->bias, DESC(bias), engine, DNNL_MEMORY_NONE));
    if (p->epilogue == onednn_multiply)
        TRY(dnnl_memory_create(&matmul->operand, DESC(destination), engine, DNNL_MEMORY_NONE));
#if DNNL_VERSION_MAJOR >= 3
    const_dnnl_memory_desc_t scratch = dnnl_primitive_desc_query_md(descriptor, dnnl_query_scratchpad_md, 0);
#else
    const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(descriptor, dnnl_query_scratchpad_md, 0);
#endif
    size_t size = scratch ? dnnl_memory_desc_get_size(scratch) : 0;
    if (size > 0) {
        if (posix_memalign(&matmul->scratch, 64, size) != 0) TRY(dnnl_out_of_memory);
        TRY(dnnl_memory_create(&matmul->scratchpad, scratch, engine, matmul->scratch));
    }
done:
    end_threads(before);
    if (descriptor) dnnl_primitive_desc_destroy(descriptor);
    if (post_ops) dnnl_post_ops_destroy(post_ops);
    if (attributes) dnnl_primitive_attr_destroy(attributes);
    desc_destroy(&source);
    desc_destroy(&weights);
    desc_destroy(&bias);
    desc_destroy(&destination);
    if (status != dnnl_success) {
        onednn_matmul_destroy(matmul);
        matmul = NULL;
    }
    *out = matmul;
    return status;
}

void onednn_matmul_destroy(onednn_matmul *matmul) {
    if (matmul == NULL) return;
    if (matmul->primitive) dnnl_primitive_destroy(matmul->primitive);
    if (matmul->stream) dnnl_stream_destroy(matmul->stream);
    dnnl_memory_t memories[] = {matmul->source, matmul->weights,     matmul->bias,
                                matmul->operand, matmul->destination, matmul->scratchpad};
    for (size_t i = 0; i < sizeof memories / sizeof *memories; i++)
        if (memories[i]) dnnl_memory_destroy(memories[i]);
    free(matmul->scratch);
    free(matmul->implementation);
    free(matmul);
}

const char *onednn_matmul_implementation(const onednn_matmul *matmul) { return matmul->implementation; }

int onednn_matmul_execute(
    onednn_matmul *matmul, const void *source, const void *weights, const float *bias, const void *operand,
    void *destination) {
    dnnl_status_t status = dnnl_success;
    dnnl_exec_arg_t arguments[6];
    int count = 0;
    TRY(dnnl_memory_set_data_handle(matmul->source, (void *)source));
    TRY(dnnl_memory_set_data_handle(matmul->weights, (void *)weights));
    TRY(dnnl_memory_set_data_handle(matmul->destination, destination));
    arguments[count++] = (dnnl_exec_arg_t){DNNL_ARG_SRC, matmul->source};
    arguments[count++] = (dnnl_exec_arg_t){DNNL_ARG_WEIGHTS, matmul->weights};
    arguments[count++] = (dnnl_exec_arg_t){DNNL_ARG_DST, matmul->destination};
    if (matmul->bias) {
        TRY(dnnl_memory_set_data_handle(matmul->bias, (void *)bias));
        arguments[count++] = (dnnl_exec_arg_t){DNNL_ARG_BIAS, matmul->bias};
    }
    if (matmul->operand) {
        TRY(dnnl_memory_set_data_handle(matmul->operand, (void *)operand));
        arguments[count++] =
            (dnnl_exec_arg_t){DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, matmul->operand};
    }
    if (matmul->scratchpad) arguments[count++] = (dnnl_exec_arg_t){DNNL_ARG_SCRATCHPAD, matmul->scratchpad};
    TRY(dnnl_primitive_execute(matmul->primitive, matmul->stream, count, arguments));
    TRY(dnnl_stream_wait(matmul->stream));
done:
    return status;
}

int onednn_has_native_bfloat16(void) {
    dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
    return (isa & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
}
