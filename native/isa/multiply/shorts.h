// What multipliers without VNNI share: bytes are widened to 16 bits.
#pragma once

#include "isa/multiply/sums.h"

namespace tampu::TAMPU_ISA {

using Shorts = int16_t __attribute__((vector_size(4 * WIDTH)));

// Products of 16-bit numbers, those of one 32-bit lane added; each product fits 16 bits. Every multiplier has its own.
INLINE IntPart multiply_shorts(const Shorts& a, const Shorts& b);

constexpr int32_t TILE_BIAS = 0;

template <int R, bool UNSIGNED, bool STREAMED>
INLINE void multiply_bytes(const void* rows, int64_t stride, const int8_t* tile, int words, int64_t ahead,
                           Ints (&sums)[R][2]) {
  for (int word = 0; word < words; ++word) {
    Shorts even[R], odd[R];
    UNROLL
    for (int r = 0; r < R; ++r) {
      int32_t bytes;
      std::memcpy(&bytes, static_cast<const char*>(rows) + r * stride + word * 4, 4);
      const Shorts row = (Shorts)broadcast(bytes).part[0];
      even[r] = UNSIGNED ? row & 0xFF : row << 8 >> 8;
      odd[r] = UNSIGNED ? row >> 8 & 0xFF : row >> 8;
    }
    UNROLL
    for (int half = 0; half < 2; ++half) {
      const int8_t* line = tile + (half * words + word) * 64;
      if constexpr (STREAMED) __builtin_prefetch(line + ahead);
      UNROLL
      for (int i = 0; i < PARTS; ++i) {
        Shorts columns;
        std::memcpy(&columns, line + i * 4 * WIDTH, sizeof columns);
        const Shorts first = columns << 8 >> 8, second = columns >> 8;
        UNROLL
        for (int r = 0; r < R; ++r)
          sums[r][half].part[i] += multiply_shorts(first, even[r]) + multiply_shorts(second, odd[r]);
      }
    }
  }
}

INLINE void expand_tile(const uint8_t* tile, const int8_t* numbers, int8_t* out) {
  for (int group = 0; group < 2; ++group) {
    int8_t left[64], right[64];  // the number of each byte of a row
    for (int i = 0; i < 64; ++i) {
      left[i] = numbers[group * PANEL + i / 4];
      right[i] = numbers[group * PANEL + LANES + i / 4];
    }
    for (int row = group * 8; row < group * 8 + 8; ++row) {
      const uint8_t* both = tile + row * 64;
      for (int i = 0; i < 64; ++i) {
        out[row * 64 + i] = static_cast<int8_t>(((both[i] & 15) - 8) * left[i]);
        out[1024 + row * 64 + i] = static_cast<int8_t>(((both[i] >> 4) - 8) * right[i]);
      }
    }
  }
}

}  // namespace tampu::TAMPU_ISA
