// What the integer multipliers of one instruction set can do when nothing has to be loaded.
#pragma once

#include "isa/linear_int8.h"

namespace tampu::TAMPU_ISA {

// Every thread multiplies in its registers; the sums go to scratch, so that no compiler leaves them out.
inline void multiply_registers(ThreadPool& pool, const MultiplyArgs& args) {
  constexpr int CHAINS = WIDTH == 16 ? 24 : 12;  // more than an instruction takes cycles
  const int64_t tasks = 8 * pool.size();
  pool.reserve(sizeof(IntPart));
  parallel(pool, tasks, WORTH_WAKING, [&](int64_t task, int thread) {
    const IntPart factor = broadcast(0x01020304 + static_cast<int32_t>(task)).part[0];
    IntPart sums[CHAINS], all = {};
    UNROLL
    for (int i = 0; i < CHAINS; ++i) sums[i] = factor * (i + 1);
    for (int64_t round = 0; round < args.rounds; ++round) {
      UNROLL
      for (int i = 0; i < CHAINS; ++i) sums[i] = multiply_register(sums[i], factor);
    }
    UNROLL
    for (int i = 0; i < CHAINS; ++i) all += sums[i];
    std::memcpy(pool.scratch(thread), &all, sizeof all);
  });
  *args.operations = tasks * args.rounds * CHAINS * sizeof(IntPart) * 2;
}

}  // namespace tampu::TAMPU_ISA
