// Exact sums of products of int8, and what fetches meanwhile.
#pragma once

#include "isa/linear.h"

namespace tampu::TAMPU_ISA {

constexpr int64_t INT4_GROUP = 32;  // codes that a number multiplies

// R rows times the 32 columns of a panel; what a sum still lacks, finish_sums adds.
template <int R>
struct Sums {
  IntPart part[R][2 * PARTS];
};

template <int LINES>
INLINE void prefetch_lines(const int8_t* at) {
  UNROLL
  for (int line = 0; line < LINES; ++line) __builtin_prefetch(at + line * 64);
}

}  // namespace tampu::TAMPU_ISA
