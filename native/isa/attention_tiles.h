// Attention on tiles: 16 query rows at a time meet a chunk of the cache, whose tiles are AMX tiles as they lie there.
// Fewer rows, and values that a bf16 row must not see (0 * NaN is NaN), go the way of isa/attention.h.
#pragma once

#include "isa/attention.h"
#include "isa/tiles.h"

namespace tampu::TAMPU_ISA {

constexpr int ROWS = 16;      // of queries that meet a chunk together
constexpr int SOME_ROWS = 4;  // of them that take a softmax step together

// Sums of 16 rows by two halves of 16 columns, as tiles are stored.
template <class Number>
struct alignas(64) TileSums {
  Number half[2][ROWS][LANES];
};

// Whether the sums are floats or integers is a matter of the cache; they end as tiles 0 and 1.
template <class Tiles, class Number>
INLINE void store_sums(TileSums<Number>& sums) {
  Tiles::template store<0>(sums.half[0], TILE_LINE);
  Tiles::template store<1>(sums.half[1], TILE_LINE);
}

// The lines of the next chunk, D in whole tiles each.
template <class Element>
INLINE void fetch_ahead(const ChunkTiles<Element>& tiles, int64_t key_depth, int64_t value_depth) {
  const auto fetch = [](const Element* from, int64_t ahead, int64_t depth) {
    const char* at = reinterpret_cast<const char*>(from) + ahead;
    for (int64_t byte = 0; byte < depth * CHUNK * static_cast<int64_t>(sizeof(Element)); byte += 64)
      __builtin_prefetch(at + byte);
  };
  fetch(tiles.keys, tiles.keys_ahead, key_depth);
  fetch(tiles.values, tiles.values_ahead, value_depth);
}

// Scores of 16 rows of bf16 queries [rows][depth].
template <class Tiles>
INLINE void score_halves(const uint16_t* queries, int64_t depth, const uint16_t* keys, TileSums<float>& scores) {
  Tiles::template zero<0>();
  Tiles::template zero<1>();
  for (int64_t d = 0; d < depth; d += CHUNK) {
    Tiles::template load<6>(queries + d, depth * sizeof(uint16_t));
    Tiles::template load<4>(keys + d * CHUNK, TILE_LINE);
    Tiles::template load<5>(keys + d * CHUNK + CHUNK * LANES, TILE_LINE);
    Tiles::template add_bf16<0, 6, 4>();
    Tiles::template add_bf16<1, 6, 5>();
  }
  store_sums<Tiles>(scores);
}

// Weights and decay of 16 rows that see a whole chunk.
INLINE void weigh_halves(const SoftmaxState& state, int64_t first, int64_t start, const TileSums<float>& sums,
                         uint16_t (&weights)[ROWS][CHUNK], float (&decay)[ROWS]) {
  for (int row = 0; row < ROWS; row += SOME_ROWS) {
    const Seen<SOME_ROWS> seen(state, first + row, start);
    Floats scores[SOME_ROWS][2], weight[SOME_ROWS][2];
    UNROLL
    for (int r = 0; r < SOME_ROWS; ++r) {
      UNROLL
      for (int half = 0; half < 2; ++half) scores[r][half] = load(sums.half[half][row + r]);
    }
    soften<true>(state, first + row, seen, scores, weight, decay + row);
    UNROLL
    for (int r = 0; r < SOME_ROWS; ++r) {
      UNROLL
      for (int half = 0; half < 2; ++half) {
        const Ints rounded = to_bf16(weight[r][half]);
        weight[r][half] = from_bits(rounded << 16);
        store_halves(weights[row + r] + half * LANES, rounded, LANES);
      }
    }
    add_total(state, first + row, weight, decay + row);
  }
}

// out [16][depth] = out * decay + weights times the values of a chunk.
template <class Tiles>
INLINE void add_halves(const uint16_t (&weights)[ROWS][CHUNK], const float (&decay)[ROWS], const uint16_t* values,
                       int64_t depth, float* out) {
  Tiles::template load<6>(weights, TILE_LINE);
  for (int64_t d = 0; d < depth; d += CHUNK) {
    TileSums<float> sums;
    Tiles::template zero<0>();
    Tiles::template zero<1>();
    Tiles::template load<4>(values + d * CHUNK, TILE_LINE);
    Tiles::template load<5>(values + d * CHUNK + CHUNK * LANES, TILE_LINE);
    Tiles::template add_bf16<0, 6, 4>();
    Tiles::template add_bf16<1, 6, 5>();
    store_sums<Tiles>(sums);
    for (int r = 0; r < ROWS; ++r) {
      UNROLL
      for (int half = 0; half < 2; ++half) {
        float* at = out + r * depth + d + half * LANES;
        store(at, load(at) * broadcast(decay[r]) + load(sums.half[half][r]));
      }
    }
  }
}

// Rows [first, first + 16) of a task meet the chunk that begins at position `start`.
template <class Tiles>
inline void attend_tile(const SoftmaxState& state, const uint16_t* queries, int64_t first,
                        const ChunkTiles<uint16_t>& tiles, int64_t start) {
  const int64_t depth = state.depth;
  const Seen<ROWS> all(state, first, start);
  if (all.most == 0) return;
  TileSums<float> sums;
  score_halves<Tiles>(queries + first * depth, depth, tiles.keys, sums);
  if (all.least == CHUNK) {
    alignas(64) uint16_t weights[ROWS][CHUNK];
    float decay[ROWS];
    weigh_halves(state, first, start, sums, weights, decay);
    return add_halves<Tiles>(weights, decay, tiles.values, depth, state.out + first * depth);
  }
  for (int row = 0; row < ROWS; row += SOME_ROWS) {
    const Seen<SOME_ROWS> seen(state, first + row, start);
    if (seen.most == 0) continue;
    Floats scores[SOME_ROWS][2];
    for (int r = 0; r < SOME_ROWS; ++r)
      for (int half = 0; half < 2; ++half) scores[r][half] = load(sums.half[half][row + r]);
    take_values<SOME_ROWS, false>(state, first + row, seen, scores, tiles);
  }
}

// The queries of a task [rows][depth], scaled and rounded, zero beyond D.
inline void halve_queries(const AttentionArgs& args, const TaskRows& rows, int64_t depth, uint16_t* halves) {
  const int64_t D = args.cache.D;
  const Floats scale = broadcast(1.0f / __builtin_sqrtf(static_cast<float>(D)));
  for (int64_t row = 0; row < rows.count(); ++row) {
    const float* query = args.queries + rows.at(args, row);
    for (int64_t d = 0; d < depth; d += LANES, halves += LANES)
      store_halves(halves, to_bf16(load(query + d, D > d ? D - d : 0) * scale), LANES);
  }
}

// In floats, whole lines of them.
inline int64_t halves_floats(int64_t D, int64_t rows) { return round_up(rows * round_up(D, CHUNK) / 2, LANES); }

template <class Tiles>
inline void attend_halves(const AttentionArgs& args, const TaskRows& rows, float* scratch) {
  const TileSession<Tiles> session(full_tiles());
  const int64_t depth = round_up(args.cache.D, CHUNK);
  uint16_t* halves = reinterpret_cast<uint16_t*>(scratch);
  float* queries = scratch + halves_floats(args.cache.D, rows.count());
  const SoftmaxState state(args, rows, queries + rows.count() * depth);
  scale_queries<true>(args, rows, depth, queries);
  halve_queries(args, rows, depth, halves);
  const int32_t* block_table = args.block_tables + args.row_of_token[rows.run.first] * args.table_width;
  for_chunks<ROWS>(state, rows, [&]<int R, bool STREAMED>(int64_t first, Place here, Place next) {
    const auto tiles = find_chunk<uint16_t>(args.cache, block_table, here, next);
    if constexpr (R == ROWS) {
      if (STREAMED) fetch_ahead(tiles, depth, depth);
      attend_tile<Tiles>(state, halves, first, tiles, here.position);
    } else {
      for_parts<R, ATTENTION_ROWS>(first, [&]<int SOME>(int64_t row) {
        attend_rows<SOME, STREAMED>(state, queries, row, tiles, here.position);
      });
    }
  });
  state.finish(args, rows);
}

// For int8: tiles 2 and 3 hold the 32 positions of 16 d of the values each, tile 7 the weights.
constexpr TileConfig int8_attention_tiles() {
  TileConfig config = full_tiles();
  config.shape(2, CHUNK / 4, TILE_LINE);
  config.shape(3, CHUNK / 4, TILE_LINE);
  config.shape(7, ROWS, CHUNK);
  return config;
}

// Products of 16 rows of queries and a chunk's keys.
template <class Tiles>
INLINE void score_tile_bytes(const Int8Queries& queries, int64_t first, const int8_t* keys, TileSums<int32_t>& sums) {
  Tiles::template zero<0>();
  Tiles::template zero<1>();
  for (int64_t d = 0; d < queries.depth; d += KEY_TILE) {
    Tiles::template load<6>(queries.values + first * queries.depth + d, queries.depth);
    Tiles::template load<4>(keys + d * CHUNK, TILE_LINE);
    Tiles::template load<5>(keys + d * CHUNK + KEY_TILE * LANES, TILE_LINE);
    Tiles::template add_signed<0, 6, 4>();
    Tiles::template add_signed<1, 6, 5>();
  }
  store_sums<Tiles>(sums);
}

// Weights of rows [first, first + 16), as bytes with a scale each.
struct alignas(64) ByteWeights {
  uint8_t bytes[ROWS][CHUNK];
  float scale[ROWS], decay[ROWS];
};

// Rows that see nothing of the chunk weigh nothing and keep what they have.
INLINE void weigh_tile_bytes(const SoftmaxState& state, const Int8Queries& queries, int64_t first, int64_t start,
                             const TileSums<int32_t>& sums, const Int8Chunk& chunk, ByteWeights& weights) {
  for (int row = 0; row < ROWS; row += SOME_ROWS) {
    const Seen<SOME_ROWS> seen(state, first + row, start);
    Floats scores[SOME_ROWS][2];
    UNROLL
    for (int r = 0; r < SOME_ROWS; ++r) {
      UNROLL
      for (int half = 0; half < 2; ++half)
        scores[r][half] = to_float(load(sums.half[half][row + r])) * broadcast(queries.scale[first + row + r]) *
                          load(chunk.key_scales + half * LANES);
    }
    uint8_t* bytes = weights.bytes[row];
    float *scale = weights.scale + row, *decay = weights.decay + row;
    if (seen.least == CHUNK) {
      weigh_bytes<true>(state, first + row, seen, scores, chunk.value_scales, bytes, scale, decay);
    } else {
      weigh_bytes<false>(state, first + row, seen, scores, chunk.value_scales, bytes, scale, decay);
    }
  }
}

// out [16][depth] = out * decay + weights times the values of a chunk.
template <class Tiles>
INLINE void add_tile_bytes(const ByteWeights& weights, const int8_t* values, int64_t depth, float* out) {
  Tiles::template load<7>(weights.bytes, CHUNK);
  for (int64_t d = 0; d < depth; d += CHUNK) {
    TileSums<int32_t> sums;
    Tiles::template zero<0>();
    Tiles::template zero<1>();
    Tiles::template load<2>(values + d * CHUNK, TILE_LINE);
    Tiles::template load<3>(values + d * CHUNK + CHUNK * LANES, TILE_LINE);
    Tiles::template add_unsigned<0, 7, 2>();
    Tiles::template add_unsigned<1, 7, 3>();
    store_sums<Tiles>(sums);
    for (int r = 0; r < ROWS; ++r) {
      UNROLL
      for (int half = 0; half < 2; ++half) {
        float* at = out + r * depth + d + half * LANES;
        store(at, load(at) * broadcast(weights.decay[r]) +
                      to_float(load(sums.half[half][r])) * broadcast(weights.scale[r]));
      }
    }
  }
}

template <class Tiles>
inline void attend_tile(const SoftmaxState& state, const Int8Queries& queries, int64_t first, const Int8Chunk& chunk,
                        int64_t start) {
  const Seen<ROWS> all(state, first, start);
  if (all.most == 0) return;
  TileSums<int32_t> sums;
  ByteWeights weights;
  score_tile_bytes<Tiles>(queries, first, chunk.tiles.keys, sums);
  weigh_tile_bytes(state, queries, first, start, sums, chunk, weights);
  add_tile_bytes<Tiles>(weights, chunk.tiles.values, state.depth, state.out + first * state.depth);
}

template <class Tiles>
inline void attend_bytes_on_tiles(const AttentionArgs& args, const TaskRows& rows, float* padded) {
  const TileSession<Tiles> session(int8_attention_tiles());
  const Cache& cache = args.cache;
  float* base = padded + round_up(cache.D, KEY_TILE);
  const Int8Queries queries(cache.D, rows.count(), base);
  const SoftmaxState state(args, rows, base + Int8Queries::floats(cache.D, rows.count()));
  quantize_queries(args, rows, padded, queries);
  const int32_t* block_table = args.block_tables + args.row_of_token[rows.run.first] * args.table_width;
  for_chunks<ROWS>(state, rows, [&]<int R, bool STREAMED>(int64_t first, Place here, Place next) {
    const Int8Chunk chunk = find_int8_chunk<STREAMED>(cache, block_table, here, next);
    if constexpr (R == ROWS) {
      if (STREAMED) fetch_ahead(chunk.tiles, queries.depth, state.depth);
      attend_tile<Tiles>(state, queries, first, chunk, here.position);
    } else {
      for_parts<R, INT8_ATTENTION_ROWS>(first, [&]<int SOME>(int64_t row) {
        attend_bytes<SOME, STREAMED>(state, queries, row, chunk, here.position);
      });
    }
  });
  state.finish(args, rows);
}

// Tasks with fewer rows of a group than a tile has go the way of isa/attention.h.
template <class Tiles>
inline void attention_tiles_int8(ThreadPool& pool, const AttentionArgs& args) {
  attend_tasks(pool, args, int8_attention_scratch, [](const AttentionArgs& args, const TaskRows& rows, float* scratch) {
    if (rows.of_group() < ROWS) return attend_int8(args, rows, scratch);
    attend_bytes_on_tiles<Tiles>(args, rows, scratch);
  });
}

template <class Tiles>
inline void attention_tiles_bf16(ThreadPool& pool, const AttentionArgs& args) {
  const auto floats = [](int64_t D, int64_t rows) { return halves_floats(D, rows) + float_attention_scratch(D, rows); };
  attend_tasks(pool, args, floats, [](const AttentionArgs& args, const TaskRows& rows, float* scratch) {
    if (rows.of_group() < ROWS) return attend_float<uint16_t>(args, rows, scratch);
    attend_halves<Tiles>(args, rows, scratch);
  });
}

}  // namespace tampu::TAMPU_ISA
