// The integer multiplier of any processor: see isa/multiply.h.
#pragma once

#include "isa/multiply/shorts.h"

namespace tampu::TAMPU_ISA {

constexpr int INT8_ROWS = 1;
constexpr int32_t WEIGHT_OFFSET = 0;
using Words = int16_t __attribute__((vector_size(16)));

INLINE IntPart two_words(int8_t first, int8_t second) {
  return broadcast(static_cast<int32_t>(static_cast<uint16_t>(first) | static_cast<uint32_t>(second) << 16)).part[0];
}

// Products of two int8 fit an int16, and so does the sum of two (2 * 127 * 127). Of 4 columns x 4 k, 16-bit words hold
// an even and an odd k each: shifts part them, and a second pair of shifts adds the two words of a column.
template <int R, int LINES>
INLINE void multiply_tile(const int32_t* words, const int8_t* tile, const int8_t* next, Sums<R>& sums) {
  static_assert(WIDTH == 4);
  for (int group = 0; group < 16; ++group) {
    prefetch_lines<LINES>(next + group * LINES * 64);
    UNROLL
    for (int r = 0; r < R; ++r) {
      int8_t a[4];
      std::memcpy(a, words + group * R + r, 4);
      const Words even = (Words)two_words(a[0], a[2]), odd = (Words)two_words(a[1], a[3]);
      UNROLL
      for (int i = 0; i < 2 * PARTS; ++i) {
        Words weight;
        std::memcpy(&weight, tile + i / PARTS * 1024 + group * 64 + i % PARTS * 16, 16);
        const IntPart pairs = (IntPart)((weight << 8 >> 8) * even + (weight >> 8) * odd);
        sums.part[r][i] += (pairs << 16 >> 16) + (pairs >> 16);
      }
    }
  }
}

constexpr int INT4_STREAM_ROWS = 0;  // codes are expanded for any number of rows

template <int R>
void multiply_codes(const int32_t* words, const uint8_t* tile, const int8_t* numbers, int64_t K, Sums<R>& sums);

INLINE IntPart multiply_shorts(const Shorts& a, const Shorts& b) {
  const IntPart products = (IntPart)(a * b);
  return (products << 16 >> 16) + (products >> 16);
}

INLINE IntPart multiply_register(IntPart sum, IntPart factor) {
  const IntPart pairs = (IntPart)(((Words)sum << 8 >> 8) * (Words)factor + ((Words)sum >> 8) * (Words)factor);
  return sum + (pairs << 16 >> 16) + (pairs >> 16);
}

}  // namespace tampu::TAMPU_ISA
