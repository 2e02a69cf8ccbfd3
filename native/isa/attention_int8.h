// Attention over a cache of int8: scores and outputs of a chunk are exact sums of integers, scaled once.
#pragma once

#include "isa/attention_rows.h"
#include "isa/multiply.h"

namespace tampu::TAMPU_ISA {

constexpr int INT8_ATTENTION_ROWS = WIDTH == 16 ? 8 : WIDTH == 8 ? 2 : 1;  // rows that pass through a tile together
constexpr int64_t KEY_TILE = CacheLayout<int8_t>::KEY_K;                   // d of a tile of keys

// What a task has of its rows, beside their SoftmaxState.
struct Int8Queries {
  int8_t* values;  // [rows][depth], zero beyond D
  float* scale;    // [rows], times 1 / sqrt(D)
  int32_t* sum;    // [rows], of the values
  int64_t depth;   // D in whole tiles of keys

  static int64_t floats(int64_t D, int64_t rows) { return rows * (round_up(D, KEY_TILE) / 4 + 2); }

  Int8Queries(int64_t D, int64_t rows, float* base)
      : values(reinterpret_cast<int8_t*>(base)),
        scale(base + rows * round_up(D, KEY_TILE) / 4),
        sum(reinterpret_cast<int32_t*>(scale + rows)),
        depth(round_up(D, KEY_TILE)) {}
};

// A chunk and the scales [32] of its keys and values.
struct Int8Chunk {
  ChunkTiles<int8_t> tiles;
  const float *key_scales, *value_scales;
};

// Scores [R][2] of 16 positions each.
template <int R, bool STREAMED>
INLINE void score_bytes(const Int8Queries& queries, int64_t first, const Int8Chunk& chunk, Floats (&scores)[R][2]) {
  Ints sums[R][2];
  UNROLL
  for (int r = 0; r < R; ++r) sums[r][0] = sums[r][1] = broadcast(-TILE_BIAS * queries.sum[first + r]);
  for (int64_t d = 0; d < queries.depth; d += KEY_TILE)
    multiply_bytes<R, false, STREAMED>(queries.values + first * queries.depth + d, queries.depth,
                                       chunk.tiles.keys + d * CHUNK, 16, chunk.tiles.keys_ahead, sums);
  UNROLL
  for (int r = 0; r < R; ++r) {
    UNROLL
    for (int half = 0; half < 2; ++half)
      scores[r][half] =
          to_float(sums[r][half]) * broadcast(queries.scale[first + r]) * load(chunk.key_scales + half * LANES);
  }
}

// Weights times the scales of the values, as bytes [R][32] with a scale per row. A row with NaN gets the scale NaN.
template <bool FULL, int R>
INLINE void quantize_weights(const Floats (&weight)[R][2], const Seen<R>& seen, const float* value_scales,
                             uint8_t* bytes, float* scale) {
  Floats scaled[R][2];
  int32_t amax[LANES] = {};
  UNROLL
  for (int r = 0; r < R; ++r) {
    UNROLL
    for (int half = 0; half < 2; ++half) {
      scaled[r][half] = weight[r][half] * load(value_scales + half * LANES);
      if constexpr (!FULL) {  // what is hidden may be NaN
        const Ints position = count_up() + broadcast(half * LANES);
        const Ints visible = position < broadcast(static_cast<int32_t>(seen.row[r]));
        scaled[r][half] = select(visible, scaled[r][half], broadcast(0.0f));
      }
    }
    const Ints sign = broadcast(0x7FFFFFFF);
    amax[r] = fold_maximum(maximum(bits(scaled[r][0]) & sign, bits(scaled[r][1]) & sign));
  }
  const Floats most = from_bits(load(amax)), nothing = broadcast(0.0f);
  const Ints finite = load(amax) < broadcast(0x7F800000), usable = most >= broadcast(0x1p-100f);
  float inverse[LANES], scales[LANES];
  store(inverse, select(usable, broadcast(255.0f) / most, nothing));
  store(scales, select(finite, select(usable, most / broadcast(255.0f), nothing), broadcast(__builtin_nanf(""))));
  UNROLL
  for (int r = 0; r < R; ++r) {
    scale[r] = scales[r];
    UNROLL
    for (int half = 0; half < 2; ++half)
      store_bytes(reinterpret_cast<int8_t*>(bytes + r * CHUNK + half * LANES),
                  nearest(scaled[r][half] * broadcast(inverse[r])), LANES);
  }
}

// Softmax weights of R rows for a chunk, as bytes; their totals grow.
template <bool FULL, int R>
INLINE void weigh_bytes(const SoftmaxState& state, int64_t first, const Seen<R>& seen, const Floats (&scores)[R][2],
                        const float* value_scales, uint8_t* bytes, float* scale, float* decay) {
  Floats weight[R][2];
  soften<FULL>(state, first, seen, scores, weight, decay);
  add_total(state, first, weight, decay);
  quantize_weights<FULL>(weight, seen, value_scales, bytes, scale);
}

// Rows [first, first + R) of a task meet the chunk that begins at position `start`.
template <int R, bool STREAMED>
INLINE void attend_bytes(const SoftmaxState& state, const Int8Queries& queries, int64_t first, const Int8Chunk& chunk,
                         int64_t start) {
  const Seen<R> seen(state, first, start);
  if (seen.most == 0) return;
  Floats scores[R][2];
  score_bytes<R, STREAMED>(queries, first, chunk, scores);
  alignas(64) uint8_t bytes[R * CHUNK];
  float scale[R], decay[R];
  if (seen.least == CHUNK) {
    weigh_bytes<true>(state, first, seen, scores, chunk.value_scales, bytes, scale, decay);
  } else {
    weigh_bytes<false>(state, first, seen, scores, chunk.value_scales, bytes, scale, decay);
  }
  float* out = state.out + first * state.depth;
  for (int64_t d = 0; d < state.depth; d += CHUNK) {
    Ints sums[R][2];
    UNROLL
    for (int r = 0; r < R; ++r) sums[r][0] = sums[r][1] = broadcast(0);
    multiply_bytes<R, true, STREAMED>(bytes, CHUNK, chunk.tiles.values + d * CHUNK, 8, chunk.tiles.values_ahead, sums);
    UNROLL
    for (int r = 0; r < R; ++r) {
      UNROLL
      for (int half = 0; half < 2; ++half) {
        float* at = out + r * state.depth + d + half * LANES;
        store(at, load(at) * broadcast(decay[r]) + to_float(sums[r][half]) * broadcast(scale[r]));
      }
    }
  }
}

inline void quantize_queries(const AttentionArgs& args, const TaskRows& rows, float* padded,
                             const Int8Queries& queries) {
  const int64_t D = args.cache.D;
  const float scale = 1.0f / __builtin_sqrtf(static_cast<float>(D));
  std::memset(queries.values, 0, rows.count() * queries.depth);
  std::memset(padded, 0, queries.depth * sizeof(float));
  for (int64_t row = 0; row < rows.count(); ++row) {
    int8_t* values = queries.values + row * queries.depth;
    std::memcpy(padded, args.queries + rows.at(args, row), D * sizeof(float));
    quantize_int8(padded, D, values, queries.scale + row);
    queries.scale[row] *= scale;
    queries.sum[row] = 0;
    for (int64_t d = 0; d < D; ++d) queries.sum[row] += values[d];
  }
}

// Floats of scratch that a task of so many rows needs.
inline int64_t int8_attention_scratch(int64_t D, int64_t rows) {
  return round_up(D, KEY_TILE) + Int8Queries::floats(D, rows) + SoftmaxState::floats(D, rows);
}

// The chunk here; the scales of the next are sent for if STREAMED.
template <bool STREAMED>
INLINE Int8Chunk find_int8_chunk(const Cache& cache, const int32_t* block_table, Place here, Place next) {
  const auto scales_of = [&](Place at) {
    return (block_table[at.position / cache.S] * cache.G + at.group) * cache.S + at.position % cache.S;
  };
  const int64_t scales = scales_of(here), next_scales = scales_of(next);
  for (int64_t line = 0; STREAMED && line < 2; ++line) {
    __builtin_prefetch(cache.key_scales + next_scales + line * LANES);
    __builtin_prefetch(cache.value_scales + next_scales + line * LANES);
  }
  return {find_chunk<int8_t>(cache, block_table, here, next), cache.key_scales + scales, cache.value_scales + scales};
}

inline void attend_int8(const AttentionArgs& args, const TaskRows& rows, float* padded) {
  const Cache& cache = args.cache;
  float* base = padded + round_up(cache.D, KEY_TILE);
  const Int8Queries queries(cache.D, rows.count(), base);
  const SoftmaxState state(args, rows, base + Int8Queries::floats(cache.D, rows.count()));
  quantize_queries(args, rows, padded, queries);
  const int32_t* block_table = args.block_tables + args.row_of_token[rows.run.first] * args.table_width;
  for_chunks<INT8_ATTENTION_ROWS>(state, rows, [&]<int R, bool STREAMED>(int64_t first, Place here, Place next) {
    const Int8Chunk chunk = find_int8_chunk<STREAMED>(cache, block_table, here, next);
    attend_bytes<R, STREAMED>(state, queries, first, chunk, here.position);
  });
  state.finish(args, rows);
}

}  // namespace tampu::TAMPU_ISA
