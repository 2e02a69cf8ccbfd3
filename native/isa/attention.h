// Paged attention: an online softmax over chunks of 32 absolute positions, as reference/attention.py defines it.
#pragma once

#include "isa/attention_float.h"
#include "isa/attention_int8.h"

namespace tampu::TAMPU_ISA {

// How the rows of a run become tasks: so many groups each, and so many heads of a group.
struct Split {
  int64_t groups, heads, tasks;
};

INLINE int64_t divide_up(int64_t x, int64_t by) { return (x + by - 1) / by; }

// Neighbouring groups lie side by side in the cache, so a task takes as many as leave the threads evenly loaded. The
// heads of a group read the same keys and values: they part only where a thread would have nothing to do.
inline Split split_run(const AttentionArgs& args, int64_t num_runs, int64_t longest, int64_t threads) {
  const int64_t G = args.cache.G, ratio = args.H / G, fair = divide_up(num_runs * G, threads);
  int64_t groups = ROWS_OF_TASK / (longest * ratio) < G ? ROWS_OF_TASK / (longest * ratio) : G;
  while (groups > 1 && divide_up(num_runs * divide_up(G, groups), threads) * groups > fair) --groups;
  if (groups < 1) groups = 1;
  const int64_t idle = threads / (num_runs * G), parts = idle < 1 ? 1 : idle < ratio ? idle : ratio;
  const int64_t heads = divide_up(ratio, parts);
  return {groups, heads, divide_up(G, groups) * divide_up(ratio, heads)};
}

// attend(rows of a task, its scratch) for all tasks, over all threads; scratch(so many rows) is the bytes a task needs.
template <class Scratch, class Attend>
inline void for_tasks(ThreadPool& pool, const AttentionArgs& args, Scratch&& scratch, Attend&& attend) {
  if (args.N == 0) return;
  const int64_t G = args.cache.G, D = args.cache.D, ratio = args.H / G;
  const int64_t most = ROWS_OF_TASK / ratio > 1 ? ROWS_OF_TASK / ratio : 1;  // tokens of one task
  const int64_t rows = most * ratio > ROWS_OF_TASK ? most * ratio : ROWS_OF_TASK;
  pool.reserve(scratch(rows), args.N * sizeof(TokenRun));
  TokenRun* runs = static_cast<TokenRun*>(pool.shared());
  const int64_t num_runs = find_runs(args, most, runs);
  int64_t work = 0, longest = 1;
  for (int64_t token = 0; token < args.N; ++token) work += (args.positions[token] + 1) * args.H * D / 4;
  for (int64_t run = 0; run < num_runs; ++run) longest = runs[run].count > longest ? runs[run].count : longest;
  const Split split = split_run(args, num_runs, longest, pool.size());
  const int64_t parts = divide_up(ratio, split.heads);
  parallel(pool, num_runs * split.tasks, work, [&](int64_t task, int thread) {
    const int64_t part = task % split.tasks, group = part / parts * split.groups, head = part % parts * split.heads;
    const int64_t groups = G - group < split.groups ? G - group : split.groups;
    const int64_t heads = ratio - head < split.heads ? ratio - head : split.heads;
    const TaskRows task_rows{runs[task / split.tasks], group, groups, head, heads};
    attend(task_rows, static_cast<char*>(pool.scratch(thread)));
  });
}

// All tasks of one kind of cache: floats(D, rows) is the scratch that attend(args, rows of a task, scratch) needs.
template <class Count, class Attend>
inline void attend_tasks(ThreadPool& pool, const AttentionArgs& args, Count&& floats, Attend&& attend) {
  for_tasks(
      pool, args, [&](int64_t rows) { return floats(args.cache.D, rows) * sizeof(float); },
      [&](const TaskRows& rows, char* scratch) { attend(args, rows, reinterpret_cast<float*>(scratch)); });
}

}  // namespace tampu::TAMPU_ISA
