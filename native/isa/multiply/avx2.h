// The integer multiplier of AVX2: see isa/multiply.h.
#pragma once

#include <immintrin.h>

#include "isa/multiply/shorts.h"

namespace tampu::TAMPU_ISA {

constexpr int INT8_ROWS = 2;
constexpr int32_t WEIGHT_OFFSET = 0;

// vpmaddubsw saturates at 2^15: |weight| times the activation with the weight's sign stays below 2 * 127 * 127.
template <int R, int LINES>
INLINE void multiply_tile(const int32_t* words, const int8_t* tile, const int8_t* next, Sums<R>& sums) {
  const __m256i ones = _mm256_set1_epi16(1);
  for (int group = 0; group < 16; ++group) {
    prefetch_lines<LINES>(next + group * LINES * 64);
    UNROLL
    for (int q = 0; q < 4; ++q) {
      const int8_t* at = tile + q / 2 * 1024 + group * 64 + q % 2 * 32;
      const __m256i weight = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
      const __m256i magnitude = _mm256_abs_epi8(weight);
      UNROLL
      for (int r = 0; r < R; ++r) {
        const __m256i four = _mm256_set1_epi32(words[group * R + r]);
        const __m256i pairs = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(four, weight));
        sums.part[r][q] += (IntPart)_mm256_madd_epi16(pairs, ones);
      }
    }
  }
}

constexpr int INT4_STREAM_ROWS = 1;

// What 32 k of codes add up to is multiplied by their number once.
template <int R>
INLINE void multiply_codes(const int32_t* words, const uint8_t* tile, const int8_t* numbers, int64_t K, Sums<R>& sums) {
  static_assert(R == 1);
  const __m256i nibble = _mm256_set1_epi8(15), eights = _mm256_set1_epi8(8), ones = _mm256_set1_epi16(1);
  for (int64_t k = 0; k < K; k += INT4_GROUP, numbers += PANEL) {
    // 16 products of at most 15 * 127, and 16 of at most 8 * 127 to take away: all stay below 2^15.
    __m256i pairs[4] = {}, less = {};
    for (int row = 0; row < 8; ++row, tile += 64) {
      prefetch(tile);
      const __m256i four = _mm256_set1_epi32(*words++);
      less = _mm256_add_epi16(less, _mm256_maddubs_epi16(eights, four));
      UNROLL
      for (int part = 0; part < 2; ++part) {
        const __m256i both = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(tile + part * 32));
        const __m256i left = _mm256_and_si256(both, nibble);
        const __m256i right = _mm256_and_si256(_mm256_srli_epi16(both, 4), nibble);
        pairs[part] = _mm256_add_epi16(pairs[part], _mm256_maddubs_epi16(left, four));
        pairs[2 + part] = _mm256_add_epi16(pairs[2 + part], _mm256_maddubs_epi16(right, four));
      }
    }
    UNROLL
    for (int q = 0; q < 4; ++q) {
      const __m256i partial = _mm256_madd_epi16(_mm256_sub_epi16(pairs[q], less), ones);
      const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(numbers + q * 8));
      sums.part[0][q] += (IntPart)_mm256_mullo_epi32(partial, _mm256_cvtepi8_epi32(bytes));
    }
  }
}

INLINE IntPart multiply_shorts(const Shorts& a, const Shorts& b) {
  return (IntPart)_mm256_madd_epi16((__m256i)a, (__m256i)b);
}

INLINE IntPart multiply_register(IntPart sum, IntPart factor) {
  const __m256i pairs = _mm256_maddubs_epi16((__m256i)sum, _mm256_sign_epi8((__m256i)factor, (__m256i)sum));
  return sum + (IntPart)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

}  // namespace tampu::TAMPU_ISA
