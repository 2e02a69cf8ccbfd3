// All kernels for one instruction set. CMake compiles this file once per set, with TAMPU_ISA naming it and the flags
// that let the compiler use it. Nothing here may instantiate a function that another set could share: the linker keeps
// one copy, and it might be the one that this machine cannot run. So: only types of this namespace in templates.
#include "isa/attention.h"
#include "isa/linear_float.h"
#include "isa/linear_int4.h"
#include "isa/linear_int8.h"
#include "isa/low_rank.h"
#include "isa/peak.h"
#include "isa/rows.h"
#include "isa/sampling.h"
#include "kernels.h"

#define TAMPU_STRING_OF(name) #name
#define TAMPU_STRING(name) TAMPU_STRING_OF(name)

namespace tampu::TAMPU_ISA {

void linear(ThreadPool& pool, const LinearArgs& args) {
  switch (args.weight.kind) {
    case Kind::int8:
      return linear_int8(pool, args);
    case Kind::int4:
      return linear_int4(pool, args);
    case Kind::bf16:
      return linear_float<uint16_t>(pool, args);
    case Kind::f32:
      return linear_float<float>(pool, args);
  }
}

void attention(ThreadPool& pool, const AttentionArgs& args) {
  switch (args.cache.kind) {
    case Kind::int8:
      return attend_tasks(pool, args, int8_attention_scratch, attend_int8);
    case Kind::bf16:
      return attend_tasks(pool, args, float_attention_scratch, attend_float<uint16_t>);
    default:
      return attend_tasks(pool, args, float_attention_scratch, attend_float<float>);
  }
}

const KernelTable table = {
    TAMPU_STRING(TAMPU_ISA),
    quantize_rows,
    rms_norm,
    silu_mul,
    linear,
    lora_add,
    gather_rows,
    rotary_table,
    rotate_and_cache,
    attention,
    sample,
    logprobs,
    multiply_registers,
};

}  // namespace tampu::TAMPU_ISA
