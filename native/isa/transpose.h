// Sixteen rows of 32-bit words become sixteen columns.
#pragma once

#include "isa/lanes.h"

namespace tampu::TAMPU_ISA {

// out[j * stride + i] = word `first + j` of rows[i] for i, j in [0, 16), zero for j >= count; stride in words.
#if defined(__AVX512F__)

INLINE void transpose(const void* const* rows, int64_t first, int64_t count, void* out, int64_t stride) {
  const __mmask16 present = count >= 16 ? 0xFFFF : count > 0 ? static_cast<__mmask16>((1 << count) - 1) : 0;
  __m512i a[16], b[16];
  UNROLL
  for (int i = 0; i < 16; ++i) a[i] = _mm512_maskz_loadu_epi32(present, static_cast<const int32_t*>(rows[i]) + first);
  UNROLL
  for (int i = 0; i < 16; i += 2) {  // in each quarter of 128 bits: words of two rows side by side
    b[i] = _mm512_unpacklo_epi32(a[i], a[i + 1]);
    b[i + 1] = _mm512_unpackhi_epi32(a[i], a[i + 1]);
  }
  UNROLL
  for (int i = 0; i < 16; i += 4) {  // of four rows: a[i + j] has word 4 * quarter + j of rows i to i + 3
    a[i] = _mm512_unpacklo_epi64(b[i], b[i + 2]);
    a[i + 1] = _mm512_unpackhi_epi64(b[i], b[i + 2]);
    a[i + 2] = _mm512_unpacklo_epi64(b[i + 1], b[i + 3]);
    a[i + 3] = _mm512_unpackhi_epi64(b[i + 1], b[i + 3]);
  }
  UNROLL
  for (int j = 0; j < 4; ++j) {  // quarters of four registers change places
    const __m512i low = _mm512_shuffle_i32x4(a[j], a[4 + j], 0x44), high = _mm512_shuffle_i32x4(a[j], a[4 + j], 0xEE);
    const __m512i low2 = _mm512_shuffle_i32x4(a[8 + j], a[12 + j], 0x44);
    const __m512i high2 = _mm512_shuffle_i32x4(a[8 + j], a[12 + j], 0xEE);
    int32_t* to = static_cast<int32_t*>(out) + j * stride;
    _mm512_storeu_si512(to, _mm512_shuffle_i32x4(low, low2, 0x88));
    _mm512_storeu_si512(to + 4 * stride, _mm512_shuffle_i32x4(low, low2, 0xDD));
    _mm512_storeu_si512(to + 8 * stride, _mm512_shuffle_i32x4(high, high2, 0x88));
    _mm512_storeu_si512(to + 12 * stride, _mm512_shuffle_i32x4(high, high2, 0xDD));
  }
}

#else

INLINE void transpose(const void* const* rows, int64_t first, int64_t count, void* out, int64_t stride) {
  for (int i = 0; i < LANES; ++i) {
    const char* row = static_cast<const char*>(rows[i]) + first * 4;
    char* to = static_cast<char*>(out) + i * 4;
    for (int64_t j = 0; j < LANES; ++j) {
      if (j < count) {
        std::memcpy(to + j * stride * 4, row + j * 4, 4);
      } else {
        std::memset(to + j * stride * 4, 0, 4);
      }
    }
  }
}

#endif

}  // namespace tampu::TAMPU_ISA
