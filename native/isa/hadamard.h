// The Hadamard transform of a row in blocks, stage by stage as tampu/kernels/numerics.py defines it: elements i and
// i + H of a block become their sum and their difference for H = 1, 2, 4, ...; the scaling comes last.
#pragma once

#include <utility>

#include "isa/lanes.h"

namespace tampu::TAMPU_ISA {

// Lane l of the result is lane l ^ H, H < WIDTH.
template <int H, int... LANE>
INLINE FloatPart exchange(const FloatPart& x, std::integer_sequence<int, LANE...>) {
  return __builtin_shufflevector(x, x, (LANE ^ H)...);
}

// The sign bit of the lanes that get the difference.
template <int H, int... LANE>
INLINE IntPart negate(std::integer_sequence<int, LANE...>) {
  return IntPart{(LANE & H ? INT32_MIN : 0)...};
}

// Stage H within 16 lanes.
template <int H>
INLINE Floats mix_lanes(const Floats& x) {
  Floats result;
  UNROLL
  for (int i = 0; i < PARTS; ++i) {
    if constexpr (H >= WIDTH) {
      const FloatPart& other = x.part[i ^ (H / WIDTH)];
      result.part[i] = i & (H / WIDTH) ? other - x.part[i] : x.part[i] + other;
    } else {
      constexpr std::make_integer_sequence<int, WIDTH> lanes;
      result.part[i] = exchange<H>(x.part[i], lanes) + (FloatPart)((IntPart)x.part[i] ^ negate<H>(lanes));
    }
  }
  return result;
}

// Stages of a block of `width` that lie within 16 lanes.
INLINE Floats mix_within(Floats x, int64_t width) {
  if (width > 1) x = mix_lanes<1>(x);
  if (width > 2) x = mix_lanes<2>(x);
  if (width > 4) x = mix_lanes<4>(x);
  return width > 8 ? mix_lanes<8>(x) : x;
}

// The stages `h` and 2 * h, both of 16 or more, of one block.
INLINE void mix_twice(float* block, int64_t width, int64_t h) {
  for (int64_t first = 0; first < width; first += 4 * h) {
    for (int64_t i = first; i < first + h; i += LANES) {
      const Floats a = load(block + i), b = load(block + i + h);
      const Floats c = load(block + i + 2 * h), d = load(block + i + 3 * h);
      const Floats sum = a + b, difference = a - b, sum2 = c + d, difference2 = c - d;
      store(block + i, sum + sum2);
      store(block + i + h, difference + difference2);
      store(block + i + 2 * h, sum - sum2);
      store(block + i + 3 * h, difference - difference2);
    }
  }
}

INLINE void mix_once(float* block, int64_t width, int64_t h) {
  for (int64_t first = 0; first < width; first += 2 * h) {
    for (int64_t i = first; i < first + h; i += LANES) {
      const Floats a = load(block + i), b = load(block + i + h);
      store(block + i, a + b);
      store(block + i + h, a - b);
    }
  }
}

// Mixes row[0, K), padded to whole lanes, in blocks of `width`, which divides K.
inline void hadamard(float* row, int64_t K, int64_t width) {
  const Floats scale = broadcast(static_cast<float>(1.0 / __builtin_sqrt(static_cast<double>(width))));
  for (int64_t k = 0; k < K; k += LANES) store(row + k, mix_within(load(row + k), width));
  for (int64_t k = 0; width > LANES && k < K; k += width) {
    int64_t h = LANES;
    for (; 4 * h <= width; h *= 4) mix_twice(row + k, width, h);
    if (2 * h <= width) mix_once(row + k, width, h);
  }
  for (int64_t k = 0; k < K; k += LANES) store(row + k, load(row + k) * scale);
}

}  // namespace tampu::TAMPU_ISA
