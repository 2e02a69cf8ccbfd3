// int8 x int8 -> int32, exact. A tile is [2][16][16][4]: a 64-byte row holds 16 columns x 4 k.
//
// multiply_tile<R> adds one tile times R rows of activations to `sums`, whose form the instruction set chooses;
// finish_sums turns them into int32 for 32 columns.
#pragma once

#include "isa/linear.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace tampu::TAMPU_ISA {

constexpr int64_t INT8_TILE_K = 64, INT8_TILE_BYTES = INT8_TILE_K * PANEL;

INLINE int32_t load_four(const int8_t* from) {
  int32_t word;
  std::memcpy(&word, from, 4);
  return word;
}

#if defined(__AVX512VNNI__)

// vpdpbusd wants one unsigned operand: weights + 128, corrected at the end by 128 * the row's sum.
constexpr int INT8_ROWS = 8;

template <int R>
struct Sums {
  __m512i half[R][2];
};

template <int R>
INLINE void multiply_tile(const int8_t* rows, int64_t stride, const int8_t* tile, Sums<R>& sums) {
  const __m512i flip = _mm512_set1_epi8(-128);
  for (int group = 0; group < 16; ++group) {
    prefetch(tile + group * 128);
    prefetch(tile + group * 128 + 64);
    const __m512i left = _mm512_xor_si512(_mm512_loadu_si512(tile + group * 64), flip);
    const __m512i right = _mm512_xor_si512(_mm512_loadu_si512(tile + 1024 + group * 64), flip);
    UNROLL
    for (int r = 0; r < R; ++r) {
      const __m512i four = _mm512_set1_epi32(load_four(rows + r * stride + group * 4));
      sums.half[r][0] = _mm512_dpbusd_epi32(sums.half[r][0], left, four);
      sums.half[r][1] = _mm512_dpbusd_epi32(sums.half[r][1], right, four);
    }
  }
}

template <int R>
INLINE Ints finish_sums(const Sums<R>& sums, int r, int half, int32_t row_sum) {
  Ints result;
  result.part[0] = reinterpret_cast<IntPart>(sums.half[r][half]);
  return result - broadcast(128 * row_sum);
}

#elif defined(__AVX2__)

// vpmaddubsw saturates at 2^15: |weight| times the activation with the weight's sign stays below 2 * 127 * 127.
constexpr int INT8_ROWS = 2;

template <int R>
struct Sums {
  __m256i quarter[R][4];
};

template <int R>
INLINE void multiply_tile(const int8_t* rows, int64_t stride, const int8_t* tile, Sums<R>& sums) {
  const __m256i ones = _mm256_set1_epi16(1);
  for (int group = 0; group < 16; ++group) {
    UNROLL
    for (int q = 0; q < 4; ++q) {
      const int8_t* at = tile + q / 2 * 1024 + group * 64 + q % 2 * 32;
      const __m256i weight = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
      const __m256i magnitude = _mm256_abs_epi8(weight);
      UNROLL
      for (int r = 0; r < R; ++r) {
        const __m256i four = _mm256_set1_epi32(load_four(rows + r * stride + group * 4));
        const __m256i pairs = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(four, weight));
        sums.quarter[r][q] = _mm256_add_epi32(sums.quarter[r][q], _mm256_madd_epi16(pairs, ones));
      }
    }
  }
}

template <int R>
INLINE Ints finish_sums(const Sums<R>& sums, int r, int half, int32_t) {
  Ints result;
  for (int i = 0; i < PARTS; ++i) result.part[i] = reinterpret_cast<IntPart>(sums.quarter[r][half * 2 + i]);
  return result;
}

#else

// Products of two int8 fit an int16, and so does the sum of two (2 * 127 * 127). Of 4 columns x 4 k, 16-bit words hold
// an even and an odd k each: shifts part them, and a second pair of shifts adds the two words of a column.
constexpr int INT8_ROWS = 1;
using Words = int16_t __attribute__((vector_size(16)));

template <int R>
struct Sums {
  Ints half[R][2];
};

INLINE IntPart two_words(int8_t first, int8_t second) {
  return broadcast(static_cast<int32_t>(static_cast<uint16_t>(first) | static_cast<uint32_t>(second) << 16)).part[0];
}

template <int R>
INLINE void multiply_tile(const int8_t* rows, int64_t stride, const int8_t* tile, Sums<R>& sums) {
  static_assert(WIDTH == 4);
  UNROLL
  for (int half = 0; half < 2; ++half) {
    for (int group = 0; group < 16; ++group) {
      const int8_t* row = tile + half * 1024 + group * 64;
      UNROLL
      for (int r = 0; r < R; ++r) {
        const int8_t* a = rows + r * stride + group * 4;
        const Words even = (Words)two_words(a[0], a[2]), odd = (Words)two_words(a[1], a[3]);
        UNROLL
        for (int i = 0; i < PARTS; ++i) {
          Words weight;
          std::memcpy(&weight, row + i * 16, 16);
          const IntPart pairs = (IntPart)((weight << 8 >> 8) * even + (weight >> 8) * odd);
          sums.half[r][half].part[i] += (pairs << 16 >> 16) + (pairs >> 16);
        }
      }
    }
  }
}

template <int R>
INLINE Ints finish_sums(const Sums<R>& sums, int r, int half, int32_t) {
  return sums.half[r][half];
}

#endif

// Rows padded with zeros to whole tiles, and the sum of each.
struct Int8Rows {
  const int8_t* values;
  int64_t stride;
  const int32_t* sums;
};

inline Int8Rows prepare_int8_rows(ThreadPool& pool, const LinearArgs& args) {
  const int64_t K = args.weight.K, stride = round_up(K, INT8_TILE_K);
  const int64_t sums_bytes = round_up(args.M * sizeof(int32_t), 64);
  const bool padded = stride != K;
  pool.reserve(0, sums_bytes + (padded ? args.M * stride : 0));
  int32_t* sums = static_cast<int32_t*>(pool.shared());
  int8_t* copy = static_cast<int8_t*>(pool.shared()) + sums_bytes;
  const int8_t* rows = static_cast<const int8_t*>(args.rows);
  parallel(pool, args.M, args.M * K / 8, [&](int64_t m, int) {
    int32_t sum = 0;
    for (int64_t k = 0; k < K; ++k) sum += rows[m * K + k];
    sums[m] = sum;
    if (!padded) return;
    std::memcpy(copy + m * stride, rows + m * K, K);
    std::memset(copy + m * stride + K, 0, stride - K);
  });
  return {padded ? copy : rows, stride, sums};
}

inline void linear_int8(ThreadPool& pool, const LinearArgs& args) {
  const Int8Rows rows = prepare_int8_rows(pool, args);
  const int64_t panel_bytes = rows.stride * PANEL;
  const int8_t* data = static_cast<const int8_t*>(args.weight.data);
  for_panels<INT8_ROWS>(pool, args, panel_bytes, [&]<int R>(int64_t panel, int64_t m) {
    Sums<R> sums = {};
    const int8_t *tile = data + panel * panel_bytes, *row = rows.values + m * rows.stride;
    for (int64_t k = 0; k < rows.stride; k += INT8_TILE_K, tile += INT8_TILE_BYTES)
      multiply_tile<R>(row + k, rows.stride, tile, sums);
    UNROLL
    for (int r = 0; r < R; ++r) {
      UNROLL
      for (int half = 0; half < 2; ++half) {
        const int64_t n = panel * PANEL + half * LANES;
        const Floats scales = load(args.weight.scales + n, args.weight.N > n ? args.weight.N - n : 0);
        const Floats x = to_float(finish_sums<R>(sums, r, half, rows.sums[m + r]));
        store_columns(args, m + r, n, x * broadcast(args.row_scales[m + r]) * scales);
      }
    }
  });
}

}  // namespace tampu::TAMPU_ISA
