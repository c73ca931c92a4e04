#pragma once

// A thin layer over oneDNN's C API that looks the same for version 2.6 (Debian 12) and 3.x: weights packed once into
// the layout oneDNN prefers, and matrix products over them. Every function returns 0 or a dnnl_status_t.

#include <stddef.h>
#include <stdint.h>

typedef enum { onednn_float32 = 0, onednn_bfloat16 = 1 } onednn_type;

typedef enum {
    onednn_store = 0,     // destination = source · weights (+ bias)
    onednn_accumulate,    // destination += source · weights (+ bias)
    onednn_swish,         // destination = x·sigmoid(x) of the product
    onednn_multiply,      // destination = product ∘ operand, operand shaped and strided like the destination
} onednn_epilogue;

typedef enum {
    onednn_packed = 0,    // laid out by onednn_weights_pack
    onednn_plain,         // [k, n], row stride weights_stride
    onednn_transposed,    // [n, k], row stride weights_stride
} onednn_layout;

// How weights of [n, k] are packed for products with many rows.
typedef struct onednn_weights onednn_weights;

// `threads`: for how many threads products with these weights will be created.
int onednn_weights_create(int64_t n, int64_t k, onednn_type type, int threads, onednn_weights **out);
void onednn_weights_destroy(onednn_weights *weights);
size_t onednn_weights_size(const onednn_weights *weights);
// `source`: float32 [n, k], rows `stride` apart.
int onednn_weights_pack(const onednn_weights *weights, const float *source, int64_t stride, void *packed);

typedef struct {
    int64_t m, n, k;
    int64_t source_stride, weights_stride, destination_stride;  // row strides in elements
    onednn_type source_type, destination_type;
    onednn_layout layout;
    onednn_epilogue epilogue;
    int has_bias;  // float32 [n]
    int threads;
} onednn_product;

// A product of one shape. One object runs on one thread at a time (it may itself use `threads` threads).
typedef struct onednn_matmul onednn_matmul;

// `weights` is needed for the packed layout, else NULL.
int onednn_matmul_create(const onednn_product *product, const onednn_weights *weights, onednn_matmul **out);
void onednn_matmul_destroy(onednn_matmul *matmul);
// The implementation that oneDNN chose, for tests and diagnostics; lives as long as the product.
const char *onednn_matmul_implementation(const onednn_matmul *matmul);
int onednn_matmul_execute(
    onednn_matmul *matmul, const void *source, const void *weights, const float *bias, const void *operand,
    void *destination);

// 1 when the CPU multiplies bfloat16 natively (oneDNN's own view of the instruction set).
int onednn_has_native_bfloat16(void);
