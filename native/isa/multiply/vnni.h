// The integer multiplier of AVX-512 VNNI: see isa/multiply.h.
#pragma once

#include <immintrin.h>

#include "isa/multiply/sums.h"

namespace tampu::TAMPU_ISA {

// 24 sums, two weights, a broadcast and a constant fit 32 registers.
constexpr int INT8_ROWS = 12;
// vpdpbusd wants one unsigned operand: weights + 128, corrected at the end by 128 * the row's sum.
constexpr int32_t WEIGHT_OFFSET = 128;

// 4 k of weights + WEIGHT_OFFSET of both halves times R rows.
template <int R>
INLINE void multiply_words(const int32_t* words, __m512i left, __m512i right, Sums<R>& sums) {
  UNROLL
  for (int r = 0; r < R; ++r) {
    const __m512i four = _mm512_set1_epi32(words[r]);
    sums.part[r][0] = (IntPart)_mm512_dpbusd_epi32((__m512i)sums.part[r][0], left, four);
    sums.part[r][1] = (IntPart)_mm512_dpbusd_epi32((__m512i)sums.part[r][1], right, four);
  }
}

template <int R, int LINES>
INLINE void multiply_tile(const int32_t* words, const int8_t* tile, const int8_t* next, Sums<R>& sums) {
  const __m512i flip = _mm512_set1_epi8(-128);
  for (int group = 0; group < 16; ++group) {
    prefetch_lines<LINES>(next + group * LINES * 64);
    const __m512i left = _mm512_xor_si512(_mm512_loadu_si512(tile + group * 64), flip);
    const __m512i right = _mm512_xor_si512(_mm512_loadu_si512(tile + 1024 + group * 64), flip);
    multiply_words<R>(words + group * R, left, right, sums);
  }
}

constexpr int INT4_STREAM_ROWS = INT8_ROWS;

// What turns codes of 16 columns, 4 bytes each, into int8, given their whole numbers n in [-15, 15]: (code - 8) * n is
// (code ^ flip) * |n| - less, with flip 0 and less 8 * |n|, or 15 and 7 * |n| where n is negative. No byte of the
// product passes 15 * 15, so that two are multiplied as one word.
struct Expansion {
  __m512i flip, factors, less;

  explicit Expansion(const int8_t* numbers, int8_t offset = 0) {
    const __m512i bytes = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(numbers)));
    const __m512i all = _mm512_mullo_epi32(bytes, _mm512_set1_epi32(0x01010101)), size = _mm512_abs_epi8(all);
    const __mmask64 negative = _mm512_movepi8_mask(all);
    flip = _mm512_maskz_set1_epi8(negative, 15);
    factors = _mm512_and_si512(size, _mm512_set1_epi16(15));
    less = _mm512_slli_epi16(size, 3);  // 8 * 15 fits a byte
    less = _mm512_sub_epi8(_mm512_mask_sub_epi8(less, negative, less, size), _mm512_set1_epi8(offset));
  }

  INLINE __m512i operator()(__m512i bytes) const {
    const __m512i codes = _mm512_ternarylogic_epi32(bytes, _mm512_set1_epi8(15), flip, 0x6A);  // (bytes & 15) ^ flip
    return _mm512_sub_epi8(_mm512_mullo_epi16(codes, factors), less);
  }
};

INLINE void expand_tile(const uint8_t* tile, const int8_t* numbers, int8_t* out) {
  for (int group = 0; group < 2; ++group) {
    const Expansion left(numbers + group * PANEL), right(numbers + group * PANEL + LANES);
    for (int row = group * 8; row < group * 8 + 8; ++row) {
      const __m512i both = _mm512_loadu_si512(tile + row * 64);
      _mm512_storeu_si512(out + row * 64, left(both));
      _mm512_storeu_si512(out + 1024 + row * 64, right(_mm512_srli_epi16(both, 4)));
    }
  }
}

// Codes become weights + WEIGHT_OFFSET in registers.
template <int R>
INLINE void multiply_codes(const int32_t* words, const uint8_t* tile, const int8_t* numbers, int64_t K, Sums<R>& sums) {
  for (int64_t k = 0; k < K; k += INT4_GROUP, numbers += PANEL) {
    const Expansion left(numbers, WEIGHT_OFFSET), right(numbers + LANES, WEIGHT_OFFSET);
    for (int row = 0; row < 8; ++row, tile += 64, words += R) {
      prefetch(tile);
      const __m512i both = _mm512_loadu_si512(tile);
      multiply_words<R>(words, left(both), right(_mm512_srli_epi16(both, 4)), sums);
    }
  }
}

// vpdpbusd wants one unsigned operand: of two signed ones the tile's becomes so by adding 128, and sums begin at
// -128 times the row's sum.
constexpr int32_t TILE_BIAS = 128;

// sums [R][2] += rows [R] times a tile [2][words][16][4]; rows are UNSIGNED bytes, four of them to a word, or signed.
template <int R, bool UNSIGNED, bool STREAMED>
INLINE void multiply_bytes(const void* rows, int64_t stride, const int8_t* tile, int words, int64_t ahead,
                           Ints (&sums)[R][2]) {
  const __m512i flip = _mm512_set1_epi8(-128);
  for (int word = 0; word < words; ++word) {
    const int8_t* at[2] = {tile + word * 64, tile + (words + word) * 64};
    UNROLL
    for (int half = 0; half < 2; ++half) {
      if constexpr (STREAMED) __builtin_prefetch(at[half] + ahead);
      __m512i column = _mm512_loadu_si512(at[half]);
      if constexpr (!UNSIGNED) column = _mm512_xor_si512(column, flip);
      UNROLL
      for (int r = 0; r < R; ++r) {
        int32_t bytes;
        std::memcpy(&bytes, static_cast<const char*>(rows) + r * stride + word * 4, 4);
        const __m512i row = _mm512_set1_epi32(bytes), sum = (__m512i)sums[r][half].part[0];
        const __m512i more = UNSIGNED ? _mm512_dpbusd_epi32(sum, row, column) : _mm512_dpbusd_epi32(sum, column, row);
        sums[r][half].part[0] = (IntPart)more;
      }
    }
  }
}

INLINE IntPart multiply_register(IntPart sum, IntPart factor) {
  return (IntPart)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)sum, (__m512i)factor);
}

}  // namespace tampu::TAMPU_ISA
