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

// Asks for what lies `ahead` of line `pair` of a half of a tile.
template <class Element>
INLINE void prefetch_words(const Element* tile, int half, int pair, int64_t ahead) {
  for (size_t line = 0; line < sizeof(Element) / 2; ++line)
    __builtin_prefetch(reinterpret_cast<const char*>(tile + (half * 16 + pair) * 32 + line * 16) + ahead);
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
        if constexpr (STREAMED) prefetch_words(tile, first + h, pair, ahead);
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
    for (int r = 0; r < R; ++r) {
      UNROLL
      for (int h = 0; h < H; ++h) join(r, first + h, even[r][h] + odd[r][h]);
    }
  }
}

#if defined(__AVX512BF16__)

template <int R, bool STREAMED, class Join>
INLINE void multiply_rows(const float* rows, int64_t stride, const uint16_t* tile, int64_t ahead, int64_t count,
                          Join join) {
  Floats even[R][2] = {}, odd[R][2] = {};
  for (int quad = 0; 4 * quad < count; ++quad) {
    Quad words[2];
    UNROLL
    for (int half = 0; half < 2; ++half) {
      const uint16_t* at = tile + (half * 16 + 2 * quad) * 32;
      words[half] = to_quad(_mm512_loadu_si512(at), _mm512_loadu_si512(at + 32));
      if (count < 4 * quad + 4) words[half] = keep(words[half], count - 4 * quad);  // what is hidden may be NaN
      if constexpr (STREAMED) prefetch_words(tile, half, 2 * quad, ahead);
      if constexpr (STREAMED) prefetch_words(tile, half, 2 * quad + 1, ahead);
    }
    UNROLL
    for (int r = 0; r < R; ++r) {
      const float* a = rows + r * stride + 2 * quad;
      UNROLL
      for (int half = 0; half < 2; ++half) add_products(words[half].even, _mm512_set1_ps(a[0]), even[r][half]);
      UNROLL
      for (int half = 0; half < 2; ++half) add_products(words[half].odd, _mm512_set1_ps(a[1]), odd[r][half]);
    }
  }
  UNROLL
  for (int r = 0; r < R; ++r) {
    UNROLL
    for (int half = 0; half < 2; ++half) join(r, half, even[r][half] + odd[r][half]);
  }
}

#endif

// out [R][depth] = out * decay + the first `count` of 32 weights of R rows times the values of a chunk.
template <int R, bool STREAMED, class Element>
INLINE void add_values(const float* weights, const float* decay, const ChunkTiles<Element>& tiles, int64_t count,
                       int64_t depth, float* out) {
  for (int64_t d = 0; d < depth; d += CHUNK)
    multiply_rows<R, STREAMED>(weights, RowForm<sizeof(Element) == 2>::SIZE, tiles.values + d * CHUNK,
                               tiles.values_ahead, count, [&](int r, int half, const Floats& sums) {
                                 float* at = out + r * depth + d + half * LANES;
                                 store(at, load(at) * broadcast(decay[r]) + sums);
                               });
}

// 32 weights for each of rows [first, first + R) and a chunk, rounded as the cache is; their totals grow.
template <bool BF16, bool FULL, int R>
INLINE void weigh(const SoftmaxState& state, int64_t first, const Seen<R>& seen, const Floats (&scores)[R][2],
                  float* weights, float* decay) {
  Floats weight[R][2];
  soften<FULL>(state, first, seen, scores, weight, decay);
  UNROLL
  for (int r = 0; r < R; ++r) {
    if constexpr (BF16)
      for (Floats& half : weight[r]) half = round_bf16(half);
    RowForm<BF16>::put(weights + r * RowForm<BF16>::SIZE, weight[r][0], weight[r][1]);
  }
  add_total(state, first, weight, decay);
}

// Rows [first, first + R) with `scores` of a chunk take its values in.
template <int R, bool STREAMED, class Element>
INLINE void take_values(const SoftmaxState& state, int64_t first, const Seen<R>& seen, const Floats (&scores)[R][2],
                        const ChunkTiles<Element>& tiles) {
  constexpr bool BF16 = sizeof(Element) == 2;
  constexpr int64_t SIZE = RowForm<BF16>::SIZE;
  const int64_t depth = state.depth;
  alignas(64) float weights[R * SIZE];
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
      add_values<1, false>(weights + r * SIZE, decay + r, tiles, seen.row[r], depth, out + r * depth);
}

// Rows [first, first + R) of a task meet the chunk that begins at position `start`.
template <int R, bool STREAMED, class Element>
INLINE void attend_rows(const SoftmaxState& state, const float* queries, int64_t first,
                        const ChunkTiles<Element>& tiles, int64_t start) {
  constexpr int64_t SIZE = RowForm<sizeof(Element) == 2>::SIZE;
  const Seen<R> seen(state, first, start);
  if (seen.most == 0) return;
  const int64_t depth = state.depth, stride = depth / CHUNK * SIZE;
  Floats scores[R][2];
  UNROLL
  for (int r = 0; r < R; ++r) scores[r][0] = scores[r][1] = broadcast(0.0f);
  for (int64_t d = 0; d < depth; d += CHUNK)
    multiply_rows<R, STREAMED>(queries + first * stride + d / CHUNK * SIZE, stride, tiles.keys + d * CHUNK,
                               tiles.keys_ahead, CHUNK,
                               [&](int r, int half, const Floats& sums) { scores[r][half] = scores[r][half] + sums; });
  take_values<R, STREAMED>(state, first, seen, scores, tiles);
}

// The queries of a task [rows][depth] in their RowForm: scaled, rounded as the cache is, zero beyond D.
template <bool BF16>
inline void scale_queries(const AttentionArgs& args, const TaskRows& rows, int64_t depth, float* queries) {
  const int64_t D = args.cache.D;
  const Floats scale = broadcast(1.0f / __builtin_sqrtf(static_cast<float>(D)));
  for (int64_t row = 0; row < rows.count(); ++row) {
    const float* query = args.queries + rows.at(args, row);
    for (int64_t d = 0; d < depth; d += CHUNK, queries += RowForm<BF16>::SIZE) {
      Floats scaled[2];
      for (int half = 0; half < 2; ++half) {
        const int64_t from = d + half * LANES;
        scaled[half] = load(query + from, D > from ? D - from : 0) * scale;
        if constexpr (BF16) scaled[half] = round_bf16(scaled[half]);
      }
      RowForm<BF16>::put(queries, scaled[0], scaled[1]);
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
