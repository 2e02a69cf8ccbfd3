// Sixteen lanes of float32 or int32, on registers of 4, 8 or 16: every lane rounds as a scalar would, so the width
// never shows in a result. Only GCC's and clang's vector extensions, no intrinsics but for the fused multiply-add.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__FMA__)
#include <immintrin.h>
#endif

#define INLINE inline __attribute__((always_inline))
// Before a loop over accumulators: they stay in registers only if the loop disappears.
#define UNROLL _Pragma("GCC unroll 32")

namespace tampu::TAMPU_ISA {

#if defined(__AVX512F__)
constexpr int WIDTH = 16;
#elif defined(__AVX2__)
constexpr int WIDTH = 8;
#else
constexpr int WIDTH = 4;
#endif
constexpr int LANES = 16;
constexpr int PARTS = LANES / WIDTH;

using FloatPart = float __attribute__((vector_size(4 * WIDTH)));
using IntPart = int32_t __attribute__((vector_size(4 * WIDTH)));
using UintPart = uint32_t __attribute__((vector_size(4 * WIDTH)));
using HalfPart = uint16_t __attribute__((vector_size(2 * WIDTH)));
using BytePart = int8_t __attribute__((vector_size(WIDTH)));

struct Floats {
  FloatPart part[PARTS];
};

// As a condition a lane is all ones (true) or zero.
struct Ints {
  IntPart part[PARTS];
};

#define LANEWISE(Result, name, Left, Right, expression)          \
  INLINE Result name(const Left& a, const Right& b) {            \
    Result result;                                               \
    UNROLL                                                       \
    for (int i = 0; i < PARTS; ++i) result.part[i] = expression; \
    return result;                                               \
  }

LANEWISE(Floats, operator+, Floats, Floats, a.part[i] + b.part[i])
LANEWISE(Floats, operator-, Floats, Floats, a.part[i] - b.part[i])
LANEWISE(Floats, operator*, Floats, Floats, a.part[i] * b.part[i])
LANEWISE(Floats, operator/, Floats, Floats, a.part[i] / b.part[i])
LANEWISE(Ints, operator<, Floats, Floats, a.part[i] < b.part[i])
LANEWISE(Ints, operator>, Floats, Floats, a.part[i] > b.part[i])
LANEWISE(Ints, operator>=, Floats, Floats, a.part[i] >= b.part[i])
LANEWISE(Ints, operator==, Floats, Floats, a.part[i] == b.part[i])
LANEWISE(Ints, operator!=, Floats, Floats, a.part[i] != b.part[i])
LANEWISE(Ints, operator+, Ints, Ints, a.part[i] + b.part[i])
LANEWISE(Ints, operator-, Ints, Ints, a.part[i] - b.part[i])
LANEWISE(Ints, operator&, Ints, Ints, a.part[i] & b.part[i])
LANEWISE(Ints, operator|, Ints, Ints, a.part[i] | b.part[i])
LANEWISE(Ints, operator<, Ints, Ints, a.part[i] < b.part[i])
LANEWISE(Ints, operator>, Ints, Ints, a.part[i] > b.part[i])
LANEWISE(Ints, operator>=, Ints, Ints, a.part[i] >= b.part[i])
LANEWISE(Ints, operator==, Ints, Ints, a.part[i] == b.part[i])
LANEWISE(Ints, operator<<, Ints, int, a.part[i] << b)
LANEWISE(Ints, shift_right_logical, Ints, int, (IntPart)((UintPart)a.part[i] >> b))
#undef LANEWISE

INLINE Floats select(const Ints& condition, const Floats& yes, const Floats& no) {
  Floats result;
  UNROLL
  for (int i = 0; i < PARTS; ++i) result.part[i] = condition.part[i] ? yes.part[i] : no.part[i];
  return result;
}

INLINE Ints select(const Ints& condition, const Ints& yes, const Ints& no) {
  Ints result;
  UNROLL
  for (int i = 0; i < PARTS; ++i) result.part[i] = condition.part[i] ? yes.part[i] : no.part[i];
  return result;
}

// x - 0 is x, also for -0; written so that compilers see one broadcast instruction.
INLINE Floats broadcast(float x) {
  Floats result;
  UNROLL
  for (int i = 0; i < PARTS; ++i) result.part[i] = x - FloatPart{};
  return result;
}

INLINE Ints broadcast(int32_t x) {
  Ints result;
  UNROLL
  for (int i = 0; i < PARTS; ++i) result.part[i] = x - IntPart{};
  return result;
}

// Part by part: a copy of the whole would go through memory.
INLINE Floats load(const float* from) {
  Floats result;
  UNROLL
  for (int i = 0; i < PARTS; ++i) std::memcpy(&result.part[i], from + i * WIDTH, sizeof(FloatPart));
  return result;
}

INLINE Ints load(const int32_t* from) {
  Ints result;
  UNROLL
  for (int i = 0; i < PARTS; ++i) std::memcpy(&result.part[i], from + i * WIDTH, sizeof(IntPart));
  return result;
}

// The first `count` lanes, the others zero; `count` may be more than there are lanes.
INLINE Floats load(const float* from, int64_t count) {
  if (count >= LANES) return load(from);
  float padded[LANES] = {};
  std::memcpy(padded, from, count * sizeof(float));
  return load(padded);
}

INLINE void store(float* to, const Floats& x) {
  UNROLL
  for (int i = 0; i < PARTS; ++i) std::memcpy(to + i * WIDTH, &x.part[i], sizeof(FloatPart));
}

INLINE void store(int32_t* to, const Ints& x) {
  UNROLL
  for (int i = 0; i < PARTS; ++i) std::memcpy(to + i * WIDTH, &x.part[i], sizeof(IntPart));
}

INLINE void store(float* to, const Floats& x, int64_t count) {
  if (count >= LANES) return store(to, x);
  float whole[LANES];
  store(whole, x);
  std::memcpy(to, whole, count * sizeof(float));
}

INLINE Ints bits(const Floats& x) {
  Ints result;
  UNROLL
  for (int i = 0; i < PARTS; ++i) result.part[i] = (IntPart)x.part[i];
  return result;
}

INLINE Floats from_bits(const Ints& x) {
  Floats result;
  UNROLL
  for (int i = 0; i < PARTS; ++i) result.part[i] = (FloatPart)x.part[i];
  return result;
}

INLINE Floats to_float(const Ints& x) {
  Floats result;
  UNROLL
  for (int i = 0; i < PARTS; ++i) result.part[i] = __builtin_convertvector(x.part[i], FloatPart);
  return result;
}

// Towards zero.
INLINE Ints to_int(const Floats& x) {
  Ints result;
  UNROLL
  for (int i = 0; i < PARTS; ++i) result.part[i] = __builtin_convertvector(x.part[i], IntPart);
  return result;
}

INLINE Floats widen_bf16(const uint16_t* from) {
  Floats result;
  UNROLL
  for (int i = 0; i < PARTS; ++i) {
    HalfPart half;
    std::memcpy(&half, from + i * WIDTH, sizeof half);
    result.part[i] = (FloatPart)(__builtin_convertvector(half, UintPart) << 16);
  }
  return result;
}

INLINE float widen_bf16_scalar(uint16_t half) {
  const uint32_t word = static_cast<uint32_t>(half) << 16;
  float result;
  std::memcpy(&result, &word, 4);
  return result;
}

// The low 16 bits of each lane.
INLINE void store_halves(uint16_t* to, const Ints& x, int64_t count) {
  uint16_t halves[LANES];
  UNROLL
  for (int i = 0; i < PARTS; ++i) {
    const HalfPart half = __builtin_convertvector((UintPart)x.part[i], HalfPart);
    std::memcpy(halves + i * WIDTH, &half, sizeof half);
  }
  if (count >= LANES) {  // a size that the compiler knows
    std::memcpy(to, halves, sizeof halves);
  } else {
    std::memcpy(to, halves, count * sizeof(uint16_t));
  }
}

// The low 8 bits of each lane.
INLINE void store_bytes(int8_t* to, const Ints& x, int64_t count) {
  int8_t bytes[LANES];
  UNROLL
  for (int i = 0; i < PARTS; ++i) {
    const BytePart byte = __builtin_convertvector(x.part[i], BytePart);
    std::memcpy(bytes + i * WIDTH, &byte, sizeof byte);
  }
  if (count >= LANES) {
    std::memcpy(to, bytes, sizeof bytes);
  } else {
    std::memcpy(to, bytes, count);
  }
}

// a * b + c where a * b is exact in float32, so that fused or not makes no difference (see numerics.BF16_SMALLEST).
INLINE Floats add_exact_product(const Floats& a, const Floats& b, const Floats& c) {
  Floats result;
  UNROLL
  for (int i = 0; i < PARTS; ++i) {
#if defined(__AVX512F__)
    result.part[i] = _mm512_fmadd_ps(a.part[i], b.part[i], c.part[i]);
#elif defined(__FMA__)
    result.part[i] = _mm256_fmadd_ps(a.part[i], b.part[i], c.part[i]);
#else
    result.part[i] = a.part[i] * b.part[i] + c.part[i];
#endif
  }
  return result;
}

// c + a * b; EXACT promises that the products are exact.
template <bool EXACT>
INLINE Floats add_product(const Floats& a, const Floats& b, const Floats& c) {
  if constexpr (EXACT) return add_exact_product(a, b, c);
  return c + a * b;
}

using FloatFour = float __attribute__((vector_size(16)));
using IntFour = int32_t __attribute__((vector_size(16)));

// Lanes [4 * QUARTER, 4 * QUARTER + 4).
template <int QUARTER>
INLINE FloatFour quarter(const Floats& x) {
  const FloatPart& part = x.part[QUARTER * 4 / WIDTH];
  constexpr int first = QUARTER * 4 % WIDTH;
  return __builtin_shufflevector(part, part, first, first + 1, first + 2, first + 3);
}

template <int QUARTER>
INLINE IntFour quarter(const Ints& x) {
  const IntPart& part = x.part[QUARTER * 4 / WIDTH];
  constexpr int first = QUARTER * 4 % WIDTH;
  return __builtin_shufflevector(part, part, first, first + 1, first + 2, first + 3);
}

// Lanes l + 8, l + 4, l + 2, l + 1 join lane l, in this order.
template <class Lanes, class Join>
INLINE auto fold(const Lanes& x, Join join) {
  const auto four = join(join(quarter<0>(x), quarter<2>(x)), join(quarter<1>(x), quarter<3>(x)));
  return join(join(four[0], four[2]), join(four[1], four[3]));
}

INLINE float fold_sum(const Floats& x) {
  return fold(x, [](auto a, auto b) { return a + b; });
}

// The largest lane; a lane with NaN may or may not count.
INLINE float fold_maximum(const Floats& x) {
  return fold(x, [](auto a, auto b) { return b > a ? b : a; });
}

INLINE int32_t fold_maximum(const Ints& x) {
  return fold(x, [](auto a, auto b) { return b > a ? b : a; });
}

// Bit l is lane l of a condition.
INLINE uint32_t lane_bits(const Ints& condition) {
  uint32_t result = 0;
  UNROLL
  for (int i = 0; i < PARTS; ++i) {
#if defined(__AVX512F__)
    result = _mm512_movepi32_mask((__m512i)condition.part[i]);
#elif defined(__AVX2__)
    result |= static_cast<uint32_t>(_mm256_movemask_ps((__m256)condition.part[i])) << i * WIDTH;
#else
    for (int l = 0; l < WIDTH; ++l) result |= (condition.part[i][l] & 1u) << (i * WIDTH + l);
#endif
  }
  return result;
}

// Writes the lanes in `kept`, as `lane_bits` has them, side by side; what follows them, up to LANES, is undefined.
INLINE void store_kept(int32_t* to, const Ints& x, uint32_t kept) {
#if defined(__AVX512F__)
  _mm512_storeu_si512(to, _mm512_maskz_compress_epi32(static_cast<__mmask16>(kept), (__m512i)x.part[0]));
#elif defined(__AVX2__)
  UNROLL
  for (int i = 0; i < PARTS; ++i) {  // which lanes go where, a byte each, from the bits: Peter Cordes
    const uint32_t some = kept >> i * WIDTH & 0xFF;
    const uint64_t from = _pext_u64(0x0706050403020100, _pdep_u64(some, 0x0101010101010101) * 0xFF);
    const __m256i order = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(static_cast<int64_t>(from)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_permutevar8x32_epi32((__m256i)x.part[i], order));
    to += __builtin_popcount(some);
  }
#else
  if (kept == 0xFFFF) return store(to, x);
  int32_t lane[LANES];
  store(lane, x);
  UNROLL
  for (int l = 0; l < LANES; ++l) {  // without branches, which nobody could predict
    *to = lane[l];
    to += kept >> l & 1;
  }
#endif
}

// Lane l is l.
INLINE Ints count_up() {
  const int32_t numbers[LANES] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return load(numbers);
}

// Calls block.operator()<SIZE>(first) for consecutive blocks that cover [first, end): SIZE long, then its halves.
template <int SIZE, class Block>
INLINE void for_blocks(int64_t first, int64_t end, Block&& block) {
  for (; first + SIZE <= end; first += SIZE) block.template operator()<SIZE>(first);
  if constexpr (SIZE > 1) for_blocks<SIZE / 2>(first, end, block);
}

// part.operator()<SOME>(row) for the R rows from `first` on, MOST at a time or all at once; both are powers of two.
template <int R, int MOST, class Part>
INLINE void for_parts(int64_t first, Part&& part) {
  constexpr int SOME = R < MOST ? R : MOST;
  for (int64_t row = first; row < first + R; row += SOME) part.template operator()<SOME>(row);
}

}  // namespace tampu::TAMPU_ISA
