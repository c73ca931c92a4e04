#pragma once

#include <stdint.h>
#include <string.h>

// What Swift cannot say well: its compiler takes a shuffle of SIMD16 apart into moves of single lanes.

typedef uint32_t transposing_words __attribute__((vector_size(64)));

static inline transposing_words transposing_load(const char *address) {
    transposing_words words;
    memcpy(&words, address, sizeof words);
    return words;
}

static inline void transposing_store(float *address, transposing_words words) { memcpy(address, &words, sizeof words); }

// Gives the 16 words at 16 places to `TAKE(column, words)`, column by column: within quarters of a vector first, then
// by whole quarters.
#define TRANSPOSING_LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define TRANSPOSING_HIGH(a, b) __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define TRANSPOSING_LOW_PAIRS(a, b) \
    __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define TRANSPOSING_HIGH_PAIRS(a, b) \
    __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
#define TRANSPOSING_EVEN_QUARTERS(a, b) \
    __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
#define TRANSPOSING_ODD_QUARTERS(a, b) \
    __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31)

static inline void transposing_square(const char *rows, long stride, long last, transposing_words columns[16]) {
    transposing_words part[4][4];
    for (int quarter = 0; quarter < 4; quarter++) {
        transposing_words row[4];
        for (int index = 0; index < 4; index++) {
            long number = quarter * 4 + index;
            row[index] = transposing_load(rows + (number < last ? number : last) * stride);
        }
        transposing_words low01 = TRANSPOSING_LOW(row[0], row[1]), low23 = TRANSPOSING_LOW(row[2], row[3]);
        transposing_words high01 = TRANSPOSING_HIGH(row[0], row[1]), high23 = TRANSPOSING_HIGH(row[2], row[3]);
        part[0][quarter] = TRANSPOSING_LOW_PAIRS(low01, low23);
        part[1][quarter] = TRANSPOSING_HIGH_PAIRS(low01, low23);
        part[2][quarter] = TRANSPOSING_LOW_PAIRS(high01, high23);
        part[3][quarter] = TRANSPOSING_HIGH_PAIRS(high01, high23);
    }
    for (int column = 0; column < 4; column++) {
        transposing_words *p = part[column];
        transposing_words even01 = TRANSPOSING_EVEN_QUARTERS(p[0], p[1]), even23 = TRANSPOSING_EVEN_QUARTERS(p[2], p[3]);
        transposing_words odd01 = TRANSPOSING_ODD_QUARTERS(p[0], p[1]), odd23 = TRANSPOSING_ODD_QUARTERS(p[2], p[3]);
        columns[column] = TRANSPOSING_EVEN_QUARTERS(even01, even23);
        columns[column + 4] = TRANSPOSING_EVEN_QUARTERS(odd01, odd23);
        columns[column + 8] = TRANSPOSING_ODD_QUARTERS(even01, even23);
        columns[column + 12] = TRANSPOSING_ODD_QUARTERS(odd01, odd23);
    }
}

// 16 rows of 16 floats, `stride` floats apart, become 16 columns of 16. The row `last` stands in for those behind it.
static inline void transpose_float32(const float *rows, long stride, long last, float *columns) {
    transposing_words words[16];
    transposing_square((const char *)rows, stride * 4, last, words);
    for (int column = 0; column < 16; column++) transposing_store(columns + column * 16, words[column]);
}

// 16 rows of 32 bfloat16 become 32 columns of 16 floats: pairs are moved as one word and parted at the end.
static inline void transpose_bfloat16(const uint16_t *rows, long stride, long last, float *columns) {
    transposing_words words[16];
    transposing_square((const char *)rows, stride * 2, last, words);
    for (int column = 0; column < 16; column++) {
        transposing_store(columns + column * 32, words[column] << 16);
        transposing_store(columns + column * 32 + 16, words[column] & 0xFFFF0000u);
    }
}

// Begins to fetch a cache line, which need not be readable, to the L2 cache.
static inline void prefetch_line(const void *address) { __builtin_prefetch(address, 0, 2); }
