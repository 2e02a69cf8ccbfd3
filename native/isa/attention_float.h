// Attention over a cache of bf16 or float: products in the paired order of isa/linear_float.h.
#pragma once

#include "isa/attention_rows.h"
#include "isa/linear_float.h"

namespace tampu::TAMPU_ISA {

constexpr int ATTENTION_ROWS = WIDTH == 16 ? 4 : WIDTH == 8 ? 2 : 1;  // rows that pass through a tile together
constexpr int ATTENTION_HALVES = WIDTH == 16 ? 2 : 1;                 // halves of the tile they meet at once

// Words of 16 columns for k = 2 * pair and the next, in a tile [2][16][16][2] of bf16 ...
INLINE Pair load_words(const uint16_t* tile, int half, int pair) { return load_pair(tile, half, pair); }

// ... or [2][32][16] of float.
INLINE Pair load_words(const float* tile, int half, int pair) {
  const float* at = tile + half * 512 + pair * 32;
  return {load(at), load(at + LANES)};
}

// One tile times R rows: join(row, half, sums of 16 columns) gets the first `count` of its 32 k in the paired order.
// STREAMED tiles come from memory, the others have been used before.
template <int R, bool STREAMED, class Element, class Join>
INLINE void multiply_rows(const float* rows, int64_t stride, const Element* tile, int64_t ahead, int64_t count,
                          Join join) {
  constexpr bool EXACT = sizeof(Element) == 2;
  constexpr int H = ATTENTION_HALVES;
  UNROLL
  for (int first = 0; first < 2; first += H) {
    Floats even[R][H] = {}, odd[R][H] = {};
    for (int pair = 0; 2 * pair < count; ++pair) {
      Pair words[H];
      UNROLL
      for (int h = 0; h < H; ++h) {
        words[h] = load_words(tile, first + h, pair);
        for (size_t line = 0; STREAMED && line < sizeof(Element) / 2; ++line)
          __builtin_prefetch(reinterpret_cast<const char*>(tile + ((first + h) * 16 + pair) * 32 + line * 16) + ahead);
      }
      const bool alone = 2 * pair + 1 == count;  // its neighbour is hidden, and may be NaN
      UNROLL
      for (int r = 0; r < R; ++r) {
        const float* a = rows + r * stride + 2 * pair;
        UNROLL
        for (int h = 0; h < H; ++h) {
          even[r][h] = add_product<EXACT>(broadcast(a[0]), words[h].even, even[r][h]);
          if (!alone) odd[r][h] = add_product<EXACT>(broadcast(a[1]), words[h].odd, odd[r][h]);
        }
      }
    }
    UNROLL
    for (int r = 0; r < R; ++r)
      UNROLL
      for (int h = 0; h < H; ++h) join(r, first + h, even[r][h] + odd[r][h]);
  }
}

// out [R][depth] = out * decay + the first `count` of weights [R][32] times the values of a chunk.
template <int R, bool STREAMED, class Element>
INLINE void add_values(const float* weights, const float* decay, const ChunkTiles<Element>& tiles, int64_t count,
                       int64_t depth, float* out) {
  for (int64_t d = 0; d < depth; d += CHUNK)
    multiply_rows<R, STREAMED>(weights, CHUNK, tiles.values + d * CHUNK, tiles.values_ahead, count,
                               [&](int r, int half, const Floats& sums) {
                                 float* at = out + r * depth + d + half * LANES;
                                 store(at, load(at) * broadcast(decay[r]) + sums);
                               });
}

// Weights [R][32] of rows [first, first + R) for a chunk, rounded as the cache is; their totals grow.
template <bool BF16, bool FULL, int R>
INLINE void weigh(const SoftmaxState& state, int64_t first, const Seen<R>& seen, const Floats (&scores)[R][2],
                  float* weights, float* decay) {
  Floats weight[R][2];
  soften<FULL>(state, first, seen, scores, weight, decay);
  UNROLL
  for (int r = 0; r < R; ++r)
    UNROLL
    for (int half = 0; half < 2; ++half) {
      if constexpr (BF16) weight[r][half] = round_bf16(weight[r][half]);
      store(weights + r * CHUNK + half * LANES, weight[r][half]);
    }
  add_total(state, first, weight, decay);
}

// Rows [first, first + R) of a task meet the chunk that begins at position `start`; queries [rows][depth].
template <int R, bool STREAMED, class Element>
INLINE void attend_rows(const SoftmaxState& state, const float* queries, int64_t first,
                        const ChunkTiles<Element>& tiles, int64_t start) {
  constexpr bool BF16 = sizeof(Element) == 2;
  const Seen<R> seen(state, first, start);
  if (seen.most == 0) return;
  const int64_t depth = state.depth;
  Floats scores[R][2];
  UNROLL
  for (int r = 0; r < R; ++r) scores[r][0] = scores[r][1] = broadcast(0.0f);
  for (int64_t d = 0; d < depth; d += CHUNK)
    multiply_rows<R, STREAMED>(queries + first * depth + d, depth, tiles.keys + d * CHUNK, tiles.keys_ahead, CHUNK,
                               [&](int r, int half, const Floats& sums) { scores[r][half] = scores[r][half] + sums; });
  alignas(64) float weights[R * CHUNK];
  float decay[R];
  float* out = state.out + first * depth;
  if (seen.least == CHUNK) {
    weigh<BF16, true>(state, first, seen, scores, weights, decay);
    return add_values<R, STREAMED>(weights, decay, tiles, CHUNK, depth, out);
  }
  weigh<BF16, false>(state, first, seen, scores, weights, decay);
  if (seen.least == seen.most) return add_values<R, STREAMED>(weights, decay, tiles, seen.most, depth, out);
  for (int r = 0; r < R; ++r)
    if (seen.row[r] > 0)
      add_values<1, false>(weights + r * CHUNK, decay + r, tiles, seen.row[r], depth, out + r * depth);
}

// The queries of a task [rows][depth]: scaled, rounded as the cache is, zero beyond D.
template <bool BF16>
inline void scale_queries(const AttentionArgs& args, const TaskRows& rows, int64_t depth, float* queries) {
  const int64_t D = args.cache.D;
  const Floats scale = broadcast(1.0f / __builtin_sqrtf(static_cast<float>(D)));
  for (int64_t row = 0; row < rows.count(); ++row) {
    const float* query = args.queries + rows.at(args, row);
    for (int64_t d = 0; d < depth; d += LANES) {
      const Floats scaled = load(query + d, D > d ? D - d : 0) * scale;
      store(queries + row * depth + d, BF16 ? round_bf16(scaled) : scaled);
    }
  }
}

// Floats of scratch that a task of so many rows needs.
inline int64_t float_attention_scratch(int64_t D, int64_t rows) {
  return rows * round_up(D, CHUNK) + SoftmaxState::floats(D, rows);
}

template <class Element>
inline void attend_float(const AttentionArgs& args, const TaskRows& rows, float* queries) {
  const int64_t depth = round_up(args.cache.D, CHUNK);
  const SoftmaxState state(args, rows, queries + rows.count() * depth);
  scale_queries<sizeof(Element) == 2>(args, rows, depth, queries);
  const int32_t* block_table = args.block_tables + args.row_of_token[rows.run.first] * args.table_width;
  for_chunks<ATTENTION_ROWS>(state, rows, [&]<int R, bool STREAMED>(int64_t first, Place here, Place next) {
    const auto tiles = find_chunk<Element>(args.cache, block_table, here, next);
    attend_rows<R, STREAMED>(state, queries, first, tiles, here.position);
  });
  state.finish(args, rows);
}

}  // namespace tampu::TAMPU_ISA
