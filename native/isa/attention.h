// Paged attention: an online softmax over chunks of 32 absolute positions, as reference/attention.py defines it.
#pragma once

#include "isa/attention_float.h"
#include "isa/attention_int8.h"

namespace tampu::TAMPU_ISA {

inline void attend(const AttentionArgs& args, const TaskRows& rows, float* scratch) {
  switch (args.cache.kind) {
    case Kind::int8:
      return attend_int8(args, rows, scratch);
    case Kind::bf16:
      return attend_float<uint16_t>(args, rows, scratch);
    default:
      return attend_float<float>(args, rows, scratch);
  }
}

inline void attention(ThreadPool& pool, const AttentionArgs& args) {
  const int64_t G = args.cache.G, D = args.cache.D, ratio = args.H / G;
  const int64_t most = ROWS_OF_TASK / ratio > 1 ? ROWS_OF_TASK / ratio : 1;  // tokens of one task
  const int64_t in_float = float_attention_scratch(D, most * ratio), in_int8 = int8_attention_scratch(D, most * ratio);
  pool.reserve((args.cache.kind == Kind::int8 ? in_int8 : in_float) * sizeof(float), args.N * sizeof(TokenRun));
  TokenRun* runs = static_cast<TokenRun*>(pool.shared());
  const int64_t num_runs = find_runs(args, most, runs);
  int64_t work = 0;
  for (int64_t token = 0; token < args.N; ++token) work += (args.positions[token] + 1) * args.H * D / 4;
  // Heads of a group read the same keys and values: they part only where a thread would have nothing to do.
  const int64_t wanted = num_runs > 0 ? pool.size() / (num_runs * G) : 1, parts = wanted < ratio ? wanted : ratio;
  const int64_t heads = parts > 1 ? (ratio + parts - 1) / parts : ratio;
  const int64_t tasks_of_run = G * ((ratio + heads - 1) / heads);
  parallel(pool, num_runs * tasks_of_run, work, [&](int64_t task, int thread) {
    const int64_t part = task % tasks_of_run, first = part / G * heads, group = part % G;
    const int64_t some = ratio - first < heads ? ratio - first : heads;
    const TaskRows rows{runs[task / tasks_of_run], group, group * ratio + first, some};
    attend(args, rows, static_cast<float*>(pool.scratch(thread)));
  });
}

}  // namespace tampu::TAMPU_ISA
