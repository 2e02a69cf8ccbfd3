// Two exact products added in one instruction, with the bits of the paired order of isa/linear_float.h.
//
// VDPBF16PS adds the product of the high halves of its words to a sum, rounds, adds that of the low halves, and rounds
// again. So it takes two steps of the chain of even k, or of odd k, when the high halves hold k and the low ones k + 2:
// a quad of k is the words (k, k + 2) and (k + 1, k + 3).
#pragma once

#include "isa/numerics.h"

#if defined(__AVX512BF16__)

namespace tampu::TAMPU_ISA {

// A tile's words (k, k + 1) and (k + 2, k + 3) of 16 columns, as a quad.
struct Quad {
  __m512i even, odd;
};

INLINE Quad to_quad(__m512i first, __m512i second) {
  constexpr __mmask32 low = 0x55555555;
  return {_mm512_mask_blend_epi16(low, _mm512_slli_epi32(first, 16), second),
          _mm512_mask_blend_epi16(low, first, _mm512_srli_epi32(second, 16))};
}

// Only the first `count` of its four k, the others zero.
INLINE Quad keep(const Quad& quad, int64_t count) {
  constexpr __mmask32 high = 0xAAAAAAAA, low = 0x55555555;
  const __mmask32 even = count >= 3 ? high | low : count >= 1 ? high : 0;
  const __mmask32 odd = count >= 4 ? high | low : count >= 2 ? high : 0;
  return {_mm512_maskz_mov_epi16(even, quad.even), _mm512_maskz_mov_epi16(odd, quad.odd)};
}

INLINE void add_products(__m512i a, __m512 b, Floats& sum) {
  sum.part[0] = (FloatPart)_mm512_dpbf16_ps((__m512)sum.part[0], (__m512bh)a, (__m512bh)b);
}

// 32 numbers of a row, exact in bf16, as 16 words: both words of a quad after those of the one before.
INLINE void store_quads(float* to, const Floats& left, const Floats& right) {
  const auto join = [](const Floats& x) {  // of each four lanes the first two: high halves of k, low halves of k + 2
    const __m512i word = (__m512i)x.part[0];
    return _mm512_or_si512(word, _mm512_srli_epi32(_mm512_alignr_epi32(word, word, 2), 16));
  };
  const __m512i pick = _mm512_setr_epi32(0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29);
  _mm512_storeu_si512(to, _mm512_permutex2var_epi32(join(left), pick, join(right)));
}

}  // namespace tampu::TAMPU_ISA

#endif
