// What a processor that multiplies bf16 does better than the set TAMPU_BASE, whose kernels stand in for the rest:
// linears with bf16 weights, and attention over a bf16 cache.
#include "isa/attention.h"
#include "isa/linear_float.h"
#include "kernels.h"

namespace tampu::TAMPU_ISA {

void linear(ThreadPool& pool, const LinearArgs& args) {
  if (args.weight.kind == Kind::bf16) return linear_float<uint16_t>(pool, args);
  TAMPU_BASE::linear(pool, args);
}

void attention(ThreadPool& pool, const AttentionArgs& args) {
  if (args.cache.kind != Kind::bf16) return TAMPU_BASE::attention(pool, args);
  attend_tasks(pool, args, float_attention_scratch, attend_float<uint16_t>);
}

}  // namespace tampu::TAMPU_ISA
