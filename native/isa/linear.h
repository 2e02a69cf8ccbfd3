// What the linears share: panels of 32 columns are dealt to threads, rows are taken in small blocks.
#pragma once

#include "isa/rows.h"

namespace tampu::TAMPU_ISA {

constexpr int PANEL = 32;              // columns of a tile
constexpr int64_t TASK_BYTES = 65536;  // of weights, at least, in one task

// Weights are read once and in order, but the processor's own prefetching stops at every page.
constexpr int64_t STREAM_AHEAD = 6144;
INLINE void prefetch(const void* at) { __builtin_prefetch(static_cast<const char*>(at) + STREAM_AHEAD); }

// Calls body(panel, chunk, thread) for every panel and each of `chunks` parts of the rows, over all threads.
template <class Body>
inline void for_panels(ThreadPool& pool, const LinearArgs& args, int64_t panel_bytes, int64_t chunks, Body&& body) {
  const int64_t panels = (args.weight.N + PANEL - 1) / PANEL;
  const int64_t least = (TASK_BYTES + panel_bytes - 1) / panel_bytes, fair = panels / (8 * pool.size());
  const int64_t group = fair > least ? fair : least;
  const int64_t groups = (panels + group - 1) / group;
  // Few rows cost the reading of the weights, many the multiplications.
  const int64_t work = (panels * panel_bytes) / 16 + args.M * args.weight.N * args.weight.K / 128;
  parallel(pool, groups * chunks, work, [&](int64_t task, int thread) {
    const int64_t first = task / chunks * group, last = first + group < panels ? first + group : panels;
    for (int64_t panel = first; panel < last; ++panel) body(panel, task % chunks, thread);
  });
}

// Stores 16 results of row m from column n on, plus the residual; columns past N are dropped.
INLINE void store_columns(const LinearArgs& args, int64_t m, int64_t n, Floats x) {
  const int64_t at = m * args.weight.N + n, count = args.weight.N - n;
  if (count <= 0) return;
  if (args.residual) x = x + load(args.residual + at, count);
  store(args.out + at, x, count);
}

}  // namespace tampu::TAMPU_ISA
