// int8 rows as integer linears read them: slabs of k, in a slab blocks of rows, in a block words of 4 k, [k / 4][R].
// One slab of weights stays in the first-level cache while all blocks of rows pass over it.
#pragma once

#include "isa/linear.h"

namespace tampu::TAMPU_ISA {

constexpr int64_t INT8_TILE_K = 64, SLAB_K = 512;
constexpr int64_t INT8_CHUNK = 516;  // rows of one task

// M rows in as few blocks of at most `most` rows as there can be, all equally long or one shorter.
struct RowBlocks {
  int64_t count, size, longer;  // blocks [0, longer) have size + 1 rows, the others size

  RowBlocks(int64_t M, int64_t most) : count((M + most - 1) / most), size(M / count), longer(M % count) {}
  int64_t first(int64_t block) const { return block * size + (block < longer ? block : longer); }
  int rows(int64_t block) const { return static_cast<int>(size + (block < longer)); }
};

struct PackedRows {
  int64_t M, K;  // K padded with zeros to whole tiles
  RowBlocks blocks;
  int32_t* words;
  int32_t* sums;  // [M]

  int64_t slab_size(int64_t k) const { return K - k < SLAB_K ? K - k : SLAB_K; }

  // The words of a block from k on, which starts a slab. A single block goes on through all slabs.
  int32_t* at(int64_t block, int64_t k) const { return words + (k * M + slab_size(k) * blocks.first(block)) / 4; }
};

// R rows of `stride` bytes, of which `bytes` are there, as `count` words each; the rest is zero.
inline void interleave_rows(const int8_t* rows, int64_t stride, int R, int64_t bytes, int64_t count, int32_t* out) {
  const int64_t whole = bytes / 4;
  for (int r = 0; r < R; ++r)
    for (int64_t i = 0; i < whole; ++i) std::memcpy(out + i * R + r, rows + r * stride + i * 4, 4);
  if (whole == count) return;
  std::memset(out + whole * R, 0, (count - whole) * R * 4);
  for (int r = 0; r < R; ++r) std::memcpy(out + whole * R + r, rows + r * stride + whole * 4, bytes % 4);
}

inline int32_t sum_of(const int8_t* row, int64_t K) {
  int32_t sum = 0;
  for (int64_t k = 0; k < K; ++k) sum += row[k];
  return sum;
}

// The rows of a linear, M >= 1, in the pool's shared scratch; every thread gets scratch_bytes of its own.
inline PackedRows pack_rows(ThreadPool& pool, const LinearArgs& args, int64_t most, int64_t scratch_bytes) {
  const int64_t M = args.M, K = args.weight.K, padded = round_up(K, INT8_TILE_K);
  const int64_t slabs = (padded + SLAB_K - 1) / SLAB_K;
  pool.reserve(scratch_bytes, (M * padded / 4 + M) * sizeof(int32_t));
  int32_t* words = static_cast<int32_t*>(pool.shared());
  const PackedRows packed{M, padded, RowBlocks(M, most), words, words + M * padded / 4};
  const int8_t* rows = static_cast<const int8_t*>(args.rows);
  parallel(pool, M, M * K / 16, [&](int64_t m, int) { packed.sums[m] = sum_of(rows + m * K, K); });
  parallel(pool, packed.blocks.count * slabs, M * K / 4, [&](int64_t task, int) {
    const int64_t block = task / slabs, k = task % slabs * SLAB_K, size = packed.slab_size(k);
    const int64_t bytes = K - k < size ? K - k : size;
    interleave_rows(rows + packed.blocks.first(block) * K + k, K, packed.blocks.rows(block), bytes, size / 4,
                    packed.at(block, k));
  });
  return packed;
}

// body.operator()<R>() for a number of rows that is known only now.
template <int MOST, class Body>
INLINE void with_rows(int rows, Body&& body) {
  if constexpr (MOST > 1)
    if (rows < MOST) return with_rows<MOST - 1>(rows, body);
  body.template operator()<MOST>();
}

}  // namespace tampu::TAMPU_ISA
