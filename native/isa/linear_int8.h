// int8 x int8 -> int32, exact. A tile is [2][16][16][4]: a 64-byte row holds 16 columns x 4 k.
#pragma once

#include "isa/multiply.h"
#include "isa/packed_rows.h"

namespace tampu::TAMPU_ISA {

constexpr int64_t INT8_TILE_BYTES = INT8_TILE_K * PANEL;

template <int R>
INLINE Ints finish_sums(const Sums<R>& sums, int r, int half, int32_t row_sum) {
  Ints result;
  UNROLL
  for (int i = 0; i < PARTS; ++i) result.part[i] = sums.part[r][half * PARTS + i];
  return result - broadcast(WEIGHT_OFFSET * row_sum);
}

template <int R>
INLINE void load_sums(const int32_t* from, Sums<R>& sums) {
  UNROLL
  for (int i = 0; i < R * 2 * PARTS; ++i)
    std::memcpy(&sums.part[i / (2 * PARTS)][i % (2 * PARTS)], from + i * WIDTH, sizeof(IntPart));
}

template <int R>
INLINE void store_sums(int32_t* to, const Sums<R>& sums) {
  UNROLL
  for (int i = 0; i < R * 2 * PARTS; ++i)
    std::memcpy(to + i * WIDTH, &sums.part[i / (2 * PARTS)][i % (2 * PARTS)], sizeof(IntPart));
}

// Scales 16 exact sums of row m from column n on, adds the residual and stores them.
INLINE void store_scaled(const LinearArgs& args, int64_t m, int64_t n, const Ints& sums) {
  const Floats scales = load(args.weight.scales + n, args.weight.N > n ? args.weight.N - n : 0);
  store_columns(args, m, n, to_float(sums) * broadcast(args.row_scales[m]) * scales);
}

// Scales, adds the residual and stores R rows from m on of one panel.
template <int R>
INLINE void store_rows(const LinearArgs& args, const PackedRows& rows, const Sums<R>& sums, int64_t panel, int64_t m) {
  UNROLL
  for (int r = 0; r < R; ++r) {
    UNROLL
    for (int half = 0; half < 2; ++half) {
      store_scaled(args, m + r, panel * PANEL + half * LANES, finish_sums<R>(sums, r, half, rows.sums[m + r]));
    }
  }
}

// A single block of rows over all of K: weights come from memory, one line after another.
template <int R>
inline void multiply_stream(const LinearArgs& args, const PackedRows& rows, const int8_t* tile, int64_t panel) {
  Sums<R> sums = {};
  const int32_t* words = rows.words;
  for (int64_t k = 0; k < rows.K; k += INT8_TILE_K, tile += INT8_TILE_BYTES, words += INT8_TILE_K / 4 * R)
    multiply_tile<R, 2>(words, tile, tile + STREAM_AHEAD, sums);
  store_rows<R>(args, rows, sums, panel, 0);
}

// One block of rows over the slab at k; what is summed so far waits in `saved`.
template <int R>
inline void multiply_slab(const LinearArgs& args, const PackedRows& rows, const int8_t* tile, const int8_t* next,
                          int64_t panel, int64_t block, int64_t k, int32_t* saved) {
  Sums<R> sums = {};
  if (k > 0) load_sums<R>(saved, sums);
  const int64_t size = rows.slab_size(k);
  const int32_t* words = rows.at(block, k);
  for (int64_t i = 0; i < size; i += INT8_TILE_K, tile += INT8_TILE_BYTES, next += 1024, words += INT8_TILE_K / 4 * R)
    multiply_tile<R, 1>(words, tile, next, sums);
  if (k + size < rows.K) return store_sums<R>(saved, sums);
  store_rows<R>(args, rows, sums, panel, rows.blocks.first(block));
}

// Blocks [first, last) of rows times one panel, slab after slab; each block fetches a half of the next slab, in turn.
inline void multiply_panel(const LinearArgs& args, const PackedRows& rows, const int8_t* tiles, int64_t panel,
                           int64_t first, int64_t last, int32_t* saved) {
  const int64_t start = rows.blocks.first(first);
  for (int64_t k = 0; k < rows.K; k += SLAB_K) {
    const int8_t *slab = tiles + k * PANEL, *next = slab + SLAB_K * PANEL;
    for (int64_t block = first; block < last; ++block) {
      with_rows<INT8_ROWS>(rows.blocks.rows(block), [&]<int R>() {
        multiply_slab<R>(args, rows, slab, next + (block - first) % 2 * (SLAB_K * PANEL / 2), panel, block, k,
                         saved + (rows.blocks.first(block) - start) * PANEL);
      });
    }
  }
}

inline void linear_int8(ThreadPool& pool, const LinearArgs& args) {
  if (args.M == 0) return;
  constexpr int64_t BLOCKS_OF_TASK = INT8_CHUNK / INT8_ROWS;
  const PackedRows rows = pack_rows(pool, args, INT8_ROWS, INT8_CHUNK * PANEL * sizeof(int32_t));
  const int64_t panel_bytes = rows.K * PANEL, chunks = (rows.blocks.count + BLOCKS_OF_TASK - 1) / BLOCKS_OF_TASK;
  const int8_t* data = static_cast<const int8_t*>(args.weight.data);
  for_panels(pool, args, panel_bytes, chunks, [&](int64_t panel, int64_t chunk, int thread) {
    const int8_t* tiles = data + panel * panel_bytes;
    if (rows.blocks.count == 1)
      return with_rows<INT8_ROWS>(args.M, [&]<int R>() { multiply_stream<R>(args, rows, tiles, panel); });
    const int64_t first = chunk * BLOCKS_OF_TASK, last = first + BLOCKS_OF_TASK;
    multiply_panel(args, rows, tiles, panel, first, last < rows.blocks.count ? last : rows.blocks.count,
                   static_cast<int32_t*>(pool.scratch(thread)));
  });
}

}  // namespace tampu::TAMPU_ISA
