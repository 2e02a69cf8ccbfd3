// int4 x int8 -> int32, exact. A tile is [16][16][4]: a byte has the codes (values + 8) of a column in either half, and
// every 32 k of a column have a whole number to multiply the values by. The product is an int8: for many rows a slab is
// expanded and multiplied as int8, for few each line is expanded in registers on its way from memory.
#pragma once

#include "isa/linear_int8.h"

namespace tampu::TAMPU_ISA {

constexpr int64_t INT4_TILE_BYTES = INT8_TILE_BYTES / 2, INT4_TILE_NUMBERS = 2 * PANEL;

// A single block of rows over all of K.
template <int R>
inline void stream_int4(const LinearArgs& args, const PackedRows& rows, const uint8_t* tile, const int8_t* numbers,
                        int64_t panel) {
  Sums<R> sums = {};
  multiply_codes<R>(rows.words, tile, numbers, rows.K, sums);
  store_rows<R>(args, rows, sums, panel, 0);
}

// Blocks [first, last) of rows times one panel, a slab of which is expanded at a time.
inline void multiply_expanded(const LinearArgs& args, const PackedRows& rows, int64_t panel, int64_t first,
                              int64_t last, int32_t* saved, int8_t* expanded) {
  const int64_t start = rows.blocks.first(first), tiles = rows.K / INT8_TILE_K;
  const uint8_t* tile = static_cast<const uint8_t*>(args.weight.data) + panel * tiles * INT4_TILE_BYTES;
  const int8_t* numbers = args.weight.group_scales + panel * tiles * INT4_TILE_NUMBERS;
  for (int64_t k = 0; k < rows.K; k += SLAB_K) {
    for (int64_t at = 0; at < rows.slab_size(k); at += INT8_TILE_K) {
      expand_tile(tile, numbers, expanded + at * PANEL);
      tile += INT4_TILE_BYTES, numbers += INT4_TILE_NUMBERS;
    }
    for (int64_t block = first; block < last; ++block) {
      with_rows<INT8_ROWS>(rows.blocks.rows(block), [&]<int R>() {
        multiply_slab<R>(args, rows, expanded, reinterpret_cast<const int8_t*>(tile), panel, block, k,
                         saved + (rows.blocks.first(block) - start) * PANEL);
      });
    }
  }
}

template <int MOST>
inline void linear_int4_stream(ThreadPool& pool, const LinearArgs& args) {
  if constexpr (MOST > 0) {
    const PackedRows rows = pack_rows(pool, args, MOST, 0);
    const uint8_t* data = static_cast<const uint8_t*>(args.weight.data);
    for_panels(pool, args, rows.K * PANEL / 2, 1, [&](int64_t panel, int64_t, int) {
      const int64_t tiles = panel * rows.K / INT8_TILE_K;  // before this panel
      with_rows<MOST>(args.M, [&]<int R>() {
        stream_int4<R>(args, rows, data + tiles * INT4_TILE_BYTES, args.weight.group_scales + tiles * INT4_TILE_NUMBERS,
                       panel);
      });
    });
  }
}

inline void linear_int4(ThreadPool& pool, const LinearArgs& args) {
  if (args.M == 0) return;
  if (args.M <= INT4_STREAM_ROWS) return linear_int4_stream<INT4_STREAM_ROWS>(pool, args);
  constexpr int64_t BLOCKS_OF_TASK = INT8_CHUNK / INT8_ROWS, SAVED = INT8_CHUNK * PANEL * sizeof(int32_t);
  const PackedRows rows = pack_rows(pool, args, INT8_ROWS, SAVED + SLAB_K * PANEL);
  const int64_t chunks = (rows.blocks.count + BLOCKS_OF_TASK - 1) / BLOCKS_OF_TASK;
  for_panels(pool, args, rows.K * PANEL / 2, chunks, [&](int64_t panel, int64_t chunk, int thread) {
    const int64_t first = chunk * BLOCKS_OF_TASK, last = first + BLOCKS_OF_TASK;
    int8_t* scratch = static_cast<int8_t*>(pool.scratch(thread));
    multiply_expanded(args, rows, panel, first, last < rows.blocks.count ? last : rows.blocks.count,
                      reinterpret_cast<int32_t*>(scratch), scratch + SAVED);
  });
}

}  // namespace tampu::TAMPU_ISA
