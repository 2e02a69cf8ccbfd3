// What adapters add to the output of a linear: thin matrices in the order of tampu/kernels/low_rank.py, each read once
// for all rows of its adapter. Products with `down` are summed in lanes, then ranks are added one after the other.
#pragma once

#include "isa/linear.h"

namespace tampu::TAMPU_ISA {

constexpr int RANKS = 4;  // of `down` side by side
constexpr int LORA_ROWS = WIDTH == 16 ? 4 : 1;
constexpr int64_t LORA_CHUNK = 64;  // rows of one task
constexpr int64_t UP_PANELS = 64;   // of 16 columns of one task

INLINE Floats load_element(const uint16_t* at) { return widen_bf16(at); }
INLINE Floats load_element(const float* at) { return load(at); }

struct LowRankScratch {
  float* rows;   // [count, stride], the rows that have an adapter, ordered by it, as float32
  float* inner;  // [count, ranks], their products with `down`
  int64_t stride, ranks;
};

// A row as float32, zeros up to whole lanes.
inline void widen_row(const LoraArgs& args, int64_t m, float* to, int64_t stride) {
  const int64_t K = args.K;
  std::memset(to + stride - LANES, 0, LANES * sizeof(float));
  switch (args.rows_kind) {
    case Kind::int8:
      for (int64_t k = 0; k < K; ++k) to[k] = static_cast<const int8_t*>(args.rows)[m * K + k];
      break;
    case Kind::bf16:
      for (int64_t k = 0; k < K; ++k) to[k] = widen_bf16_scalar(static_cast<const uint16_t*>(args.rows)[m * K + k]);
      break;
    default:
      std::memcpy(to, static_cast<const float*>(args.rows) + m * K, K * sizeof(float));
  }
}

// Products of R rows with RANKS rows of `down`.
template <int R, bool EXACT, class Element>
INLINE void shrink(const float* rows, int64_t stride, const Element* down, float* inner, int64_t ranks,
                   const float* const* scales) {
  Floats totals[R][RANKS] = {};
  for (int64_t k = 0; k < stride; k += LANES, down += RANKS * LANES) {
    for (size_t line = 0; line < RANKS * LANES * sizeof(Element) / 64; ++line)
      prefetch(reinterpret_cast<const char*>(down) + 64 * line);
    Floats x[R];
    UNROLL
    for (int r = 0; r < R; ++r) x[r] = load(rows + r * stride + k);
    UNROLL
    for (int j = 0; j < RANKS; ++j) {
      const Floats weight = load_element(down + j * LANES);
      UNROLL
      for (int r = 0; r < R; ++r) totals[r][j] = add_product<EXACT>(x[r], weight, totals[r][j]);
    }
  }
  for (int r = 0; r < R; ++r)
    for (int j = 0; j < RANKS; ++j) {
      const float sum = fold_sum(totals[r][j]);
      inner[r * ranks + j] = scales[r] ? sum * *scales[r] : sum;
    }
}

// Adds to 16 columns of R rows.
template <int R, class Element>
INLINE void expand(const float* inner, int64_t ranks, const Element* up, int64_t rank, float* const* out,
                   int64_t count) {
  Floats totals[R] = {};
  for (int64_t j = 0; j < rank; ++j, up += LANES) {
    prefetch(up);
    const Floats weight = load_element(up);
    UNROLL
    for (int r = 0; r < R; ++r) totals[r] = totals[r] + broadcast(inner[r * ranks + j]) * weight;
  }
  for (int r = 0; r < R; ++r) store(out[r], load(out[r], count) + totals[r], count);
}

inline int64_t pieces(int64_t whole, int64_t size) { return (whole + size - 1) / size; }

inline int64_t up_panels(const LowRankArgs& adapter) {
  int64_t panels = 0;
  for (int64_t s = 0; s < adapter.num_slices; ++s) panels += pieces(adapter.slices[3 * s + 1], LANES);
  return panels;
}

// Calls body(adapter, block, first, last) for every block of every adapter and every chunk of its rows, on all threads.
// Neighbouring blocks go to one thread: memory is read ahead of where it is computed.
template <class Blocks, class Body>
inline void for_adapters(ThreadPool& pool, const LoraArgs& args, int64_t work, Blocks&& blocks, Body&& body) {
  int64_t all = 0;
  for (int64_t a = 0; a < args.count; ++a)
    all += blocks(args.adapters[a]) * pieces(args.adapters[a].last - args.adapters[a].first, LORA_CHUNK);
  const int64_t fair = all / (8 * pool.size()), group = fair > 1 ? fair : 1;
  const auto tasks_of = [&](const LowRankArgs& adapter) {
    return pieces(blocks(adapter), group) * pieces(adapter.last - adapter.first, LORA_CHUNK);
  };
  int64_t tasks = 0;
  for (int64_t a = 0; a < args.count; ++a) tasks += tasks_of(args.adapters[a]);
  parallel(pool, tasks, work, [&](int64_t task, int) {
    const LowRankArgs* adapter = args.adapters;
    for (; task >= tasks_of(*adapter); ++adapter) task -= tasks_of(*adapter);
    const int64_t chunks = pieces(adapter->last - adapter->first, LORA_CHUNK);
    const int64_t from = adapter->first + task % chunks * LORA_CHUNK, block = task / chunks * group;
    const int64_t to = from + LORA_CHUNK < adapter->last ? from + LORA_CHUNK : adapter->last;
    const int64_t end = block + group < blocks(*adapter) ? block + group : blocks(*adapter);
    for (int64_t each = block; each < end; ++each) body(*adapter, each, from, to);
  });
}

template <bool EXACT, class Element>
inline void lora_add_as(ThreadPool& pool, const LoraArgs& args, const LowRankScratch& scratch, int64_t bytes) {
  const int64_t stride = scratch.stride, ranks = scratch.ranks;
  const int64_t work = bytes / 16 + args.num_ordered * stride * ranks / 64;
  const auto down_blocks = [](const LowRankArgs& adapter) { return pieces(adapter.num_ranks, RANKS); };
  for_adapters(pool, args, work, down_blocks, [&](const LowRankArgs& adapter, int64_t block, int64_t from, int64_t to) {
    const Element* down = static_cast<const Element*>(adapter.data) + block * RANKS * stride;
    for_blocks<LORA_ROWS>(from, to, [&]<int R>(int64_t at) {
      const float* scales[R];
      for (int r = 0; r < R; ++r) scales[r] = args.row_scales ? args.row_scales + args.order[at + r] : nullptr;
      shrink<R, EXACT>(scratch.rows + at * stride, stride, down, scratch.inner + at * ranks + block * RANKS, ranks,
                       scales);
    });
  });
  const auto up_blocks = [](const LowRankArgs& adapter) { return pieces(up_panels(adapter), UP_PANELS); };
  for_adapters(pool, args, work, up_blocks, [&](const LowRankArgs& adapter, int64_t block, int64_t from, int64_t to) {
    const Element* up = static_cast<const Element*>(adapter.data) + round_up(adapter.num_ranks, RANKS) * stride;
    const int64_t low = block * UP_PANELS, high = low + UP_PANELS;
    int64_t begin = 0, rank_offset = 0;  // panels [begin, end) are the slice's
    for (int64_t s = 0; s < adapter.num_slices; ++s) {
      const int64_t column = adapter.slices[3 * s], size = adapter.slices[3 * s + 1], rank = adapter.slices[3 * s + 2];
      const int64_t end = begin + pieces(size, LANES);
      for (int64_t panel = begin > low ? begin : low; panel < (end < high ? end : high); ++panel) {
        const int64_t n = (panel - begin) * LANES;
        for_blocks<LORA_ROWS>(from, to, [&]<int R>(int64_t at) {
          float* out[R];
          for (int r = 0; r < R; ++r) out[r] = args.out + args.order[at + r] * args.N + column + n;
          expand<R>(scratch.inner + at * ranks + rank_offset, ranks, up + n * rank, rank, out, size - n);
        });
      }
      begin = end;
      rank_offset += rank;
      up += pieces(size, LANES) * LANES * rank;
    }
  });
}

inline void lora_add(ThreadPool& pool, const LoraArgs& args) {
  int64_t ranks = 0, bytes = 0;
  for (int64_t a = 0; a < args.count; ++a) {
    const int64_t own = round_up(args.adapters[a].num_ranks, RANKS);
    ranks = own > ranks ? own : ranks;
    bytes += args.adapters[a].bytes;
  }
  const int64_t stride = round_up(args.K, LANES), count = args.num_ordered;
  pool.reserve(0, count * (stride + ranks) * sizeof(float));
  float* rows = static_cast<float*>(pool.shared());
  const LowRankScratch scratch{rows, rows + count * stride, stride, ranks};
  parallel(pool, count, count * stride,
           [&](int64_t at, int) { widen_row(args, args.order[at], scratch.rows + at * stride, stride); });
  if (!args.is_bf16)
    lora_add_as<false, float>(pool, args, scratch, bytes);
  else if (args.rows_kind == Kind::f32)
    lora_add_as<false, uint16_t>(pool, args, scratch, bytes);
  else
    lora_add_as<true, uint16_t>(pool, args, scratch, bytes);
}

}  // namespace tampu::TAMPU_ISA
