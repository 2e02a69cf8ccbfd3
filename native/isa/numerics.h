// exp, log, sine, cosine and rounding, operation by operation as tampu/kernels/numerics.py defines them.
#pragma once

#include "isa/lanes.h"

namespace tampu::TAMPU_ISA {

constexpr float INFINITE = __builtin_inff();
// Adding 1.5 * 2^23 leaves the nearest integer, halves to even, in the low bits: rint for |x| < 2^22.
constexpr float ROUNDER = 12582912.0f;
constexpr int32_t ROUNDER_BITS = 0x4B400000;
constexpr int32_t BF16_SMALLEST = 0x2380;  // 2^-56

INLINE Ints nearest(const Floats& x) { return bits(x + broadcast(ROUNDER)) - broadcast(ROUNDER_BITS); }

INLINE Floats horner(const Floats&, const Floats& y) { return y; }

template <class... Rest>
INLINE Floats horner(const Floats& x, const Floats& y, float next, Rest... rest) {
  return horner(x, y * x + broadcast(next), rest...);
}

// 2^n * e^r for n = rint(x / ln 2) and the rest r; |x| below 88.
INLINE Floats exp_inside(const Floats& x) {
  const Floats shifted = x * broadcast(1.44269504f) + broadcast(ROUNDER);
  const Floats n = shifted - broadcast(ROUNDER);
  const Floats r = (x - n * broadcast(0.693359375f)) - n * broadcast(-2.12194440e-4f);
  const Floats p = horner(r, broadcast(1.9875691500e-4f), 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f,
                          1.6666665459e-1f, 5.0000001201e-1f);
  const Floats y = p * (r * r) + r + broadcast(1.0f);
  return y * from_bits((bits(shifted) - broadcast(ROUNDER_BITS - 127)) << 23);
}

INLINE Floats exp(const Floats& x) {
  const Floats lowest = broadcast(-87.3f), highest = broadcast(88.3f);
  Floats inside = select(x < lowest, lowest, x);
  inside = select(inside > highest, highest, inside);
  Floats y = select(x < lowest, broadcast(0.0f), exp_inside(inside));
  y = select(x > highest, broadcast(INFINITE), y);
  return select(x != x, x, y);
}

// exp of numbers that are not positive, or NaN.
INLINE Floats exp_below(const Floats& x) {
  const Ints low = x < broadcast(-87.3f);
  return select(low, broadcast(0.0f), exp_inside(select(low, broadcast(-87.3f), x)));
}

INLINE float exp(float x) { return exp(broadcast(x)).part[0][0]; }

// Of a positive normal number, NaN or infinity.
inline float log(float x) {
  int32_t word;
  std::memcpy(&word, &x, 4);
  if (word > 0x7F7FFFFF) return x;
  const int32_t mantissa = (word & 0x007FFFFF) | 0x3F000000;
  float m;
  std::memcpy(&m, &mantissa, 4);  // [0.5, 1)
  const bool small = m < 0.707106781186547524f;
  const float e = static_cast<float>((word >> 23) - 126 - (small ? 1 : 0));
  m = (small ? m + m : m) - 1.0f;  // [sqrt(1/2) - 1, sqrt(2) - 1)
  const float z = m * m;
  constexpr float coefficients[] = {7.0376836292e-2f,  -1.1514610310e-1f, 1.1676998740e-1f,
                                    -1.2420140846e-1f, 1.4249322787e-1f,  -1.6668057665e-1f,
                                    2.0000714765e-1f,  -2.4999993993e-1f, 3.3333331174e-1f};
  float p = 0.0f;
  for (const float c : coefficients) p = p * m + c;
  float y = p * m * z;
  y = (y + -2.12194440e-4f * e) - 0.5f * z;
  return (m + y) + 0.693359375f * e;
}

// Taylor series in z = r * r on [-pi / 4, pi / 4], in double.
inline void sin_cos(float angle, float* sin, float* cos) {
  constexpr double rounder = 6755399441055744.0;  // 1.5 * 2^52: rint for |x| < 2^51
  const double x = angle;
  const double shifted = x * 0x1.45f306dc9c883p-1 + rounder;
  const double quadrant = shifted - rounder;
  const double r = (x - quadrant * 0x1.921fb54400000p+0) - quadrant * 0x1.0b4611a626331p-34;
  const double z = r * r;
  constexpr double of_sine[] = {-1307674368000.0, 6227020800.0, -39916800.0, 362880.0, -5040.0, 120.0, -6.0};
  constexpr double of_cosine[] = {-87178291200.0, 479001600.0, -3628800.0, 40320.0, -720.0, 24.0, -2.0};
  double s = 0.0, c = 0.0;
  for (const double factorial : of_sine) s = s * z + 1.0 / factorial;
  for (const double factorial : of_cosine) c = c * z + 1.0 / factorial;
  const double sine = r + r * z * s, cosine = 1.0 + z * c;
  const int64_t turn = static_cast<int64_t>(quadrant) & 3;
  const double first = turn & 1 ? cosine : sine, second = turn & 1 ? sine : cosine;
  *sin = static_cast<float>(turn >= 2 ? -first : first);
  *cos = static_cast<float>(turn == 1 || turn == 2 ? -second : second);
}

// Rounded to nearest even, below 2^-56 to zero; the bf16 in the low half of each lane.
INLINE Ints to_bf16(const Floats& x) {
  const Ints word = bits(x);
  const Ints odd = shift_right_logical(word, 16) & broadcast(1);
  Ints half = shift_right_logical(word + broadcast(0x7FFF) + odd, 16);
  half = select((half & broadcast(0x7FFF)) < broadcast(BF16_SMALLEST), broadcast(0), half);
  return select(x != x, broadcast(0x7FC0), half);
}

INLINE Floats round_bf16(const Floats& x) { return from_bits(to_bf16(x) << 16); }

}  // namespace tampu::TAMPU_ISA
