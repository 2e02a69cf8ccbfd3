// Paged attention: an online softmax over chunks of 32 absolute positions, as reference/attention.py defines it.
//
// A task is a run of tokens of one sequence times one key-value head. A chunk of its keys is transposed into the tile
// of a linear, so that scores are a linear of the query rows (token, head of the group) with 32 positions as columns.
#pragma once

#include "isa/linear_float.h"
#include "isa/transpose.h"

namespace tampu::TAMPU_ISA {

constexpr int CHUNK = 32;             // positions of one softmax step: the columns of a tile
constexpr int64_t ROWS_OF_TASK = 64;  // query rows that share a chunk of keys and values
constexpr int VALUES_AT_A_TIME = WIDTH == 16 ? 8 : WIDTH == 8 ? 2 : 1;  // in units of 16 lanes

// Tokens [first, first + count) belong to one sequence.
struct TokenRun {
  int64_t first, count;
};

// What one task works with, in its thread's scratch; depth is D in whole blocks of 32.
struct AttentionScratch {
  float* keys;        // tiles [depth / 32], of the cache's element
  float* values;      // [32][depth]
  float* queries;     // [rows][depth], scaled, zero beyond D
  float* out;         // [rows][depth]
  float* highest;     // [rows]
  float* total;       // [rows]
  int32_t* position;  // [rows]

  static int64_t floats(int64_t depth, int64_t rows) { return 2 * CHUNK * depth + 2 * rows * depth + 3 * rows; }

  AttentionScratch(float* base, int64_t depth, int64_t rows)
      : keys(base),
        values(keys + CHUNK * depth),
        queries(values + CHUNK * depth),
        out(queries + rows * depth),
        highest(out + rows * depth),
        total(highest + rows),
        position(reinterpret_cast<int32_t*>(total + rows)) {}
};

// One row of the cache [D] as float32.
INLINE void widen_row(const float* from, int64_t D, float* to) { std::memcpy(to, from, D * sizeof(float)); }

INLINE void widen_row(const uint16_t* from, int64_t D, float* to) {
  int64_t d = 0;
  for (; d + LANES <= D; d += LANES) store(to + d, widen_bf16(from + d));
  for (; d < D; ++d) to[d] = widen_bf16_scalar(from[d]);
}

// 32 keys as tiles: a pair of bf16 moves as one word.
INLINE void tile_keys(const uint16_t* const* rows, int64_t D, int64_t depth, uint16_t* tiles) {
  for (int64_t d = 0; d < depth; d += BLOCK)
    for (int half = 0; half < 2; ++half)
      transpose(reinterpret_cast<const void* const*>(rows) + half * LANES, d / 2, (D - d) / 2,
                tiles + d * PANEL + half * 512, LANES);
}

INLINE void tile_keys(const float* const* rows, int64_t D, int64_t depth, float* tiles) {
  for (int64_t d = 0; d < depth; d += LANES)
    for (int half = 0; half < 2; ++half)
      transpose(reinterpret_cast<const void* const*>(rows) + half * LANES, d, D - d, tiles + d * PANEL + half * LANES,
                PANEL);
}

// Keys and values of positions [start, start + count) for one group; no other slot is read.
template <class Element>
inline void load_chunk(const Cache& cache, const int32_t* block_table, int64_t group, int64_t start, int64_t count,
                       int64_t depth, const AttentionScratch& scratch) {
  const Element *keys = static_cast<const Element*>(cache.keys), *values = static_cast<const Element*>(cache.values);
  const Element* rows[CHUNK];
  for (int64_t i = 0; i < count; ++i) {
    const int64_t position = start + i, block = block_table[position / cache.S];
    const int64_t at = ((block * cache.G + group) * cache.S + position % cache.S) * cache.D;
    rows[i] = keys + at;
    widen_row(values + at, cache.D, scratch.values + i * depth);
  }
  for (int64_t i = count; i < CHUNK; ++i) rows[i] = rows[0];  // no row will look at these columns
  tile_keys(rows, cache.D, depth, reinterpret_cast<Element*>(scratch.keys));
}

// L * 16 elements of out = out * decay + weights [count] times values [count][depth], in the paired order.
template <bool EXACT, int L>
INLINE void add_some_values(const float* weights, const float* values, int64_t count, int64_t depth, float decay,
                            float* out) {
  Floats even[L] = {}, odd[L] = {};
  for (int64_t i = 0; i < count; i += 2) {
    const float* value = values + i * depth;
    const Floats w0 = broadcast(weights[i]);
    UNROLL
    for (int l = 0; l < L; ++l) even[l] = add_product<EXACT>(w0, load(value + l * LANES), even[l]);
    if (i + 1 == count) break;
    const Floats w1 = broadcast(weights[i + 1]);
    UNROLL
    for (int l = 0; l < L; ++l) odd[l] = add_product<EXACT>(w1, load(value + depth + l * LANES), odd[l]);
  }
  UNROLL
  for (int l = 0; l < L; ++l) {
    float* at = out + l * LANES;
    store(at, load(at) * broadcast(decay) + (even[l] + odd[l]));
  }
}

// The softmax step of one row: `scores` of 32 positions, of which it sees the first `seen`.
template <bool BF16>
inline void attend_row(const Floats (&scores)[2], int64_t seen, int64_t row, int64_t depth,
                       const AttentionScratch& scratch) {
  const Ints lane = count_up(), last = broadcast(static_cast<int32_t>(seen));
  const Ints visible[2] = {lane < last, lane + broadcast(LANES) < last};
  const Floats hidden = broadcast(-INFINITE), nothing = broadcast(0.0f);
  const Floats left = select(visible[0], scores[0], hidden), right = select(visible[1], scores[1], hidden);
  const float before = scratch.highest[row], highest = fold_maximum(select(right > left, right, left));
  const float after = highest > before ? highest : before;
  const float decay = after == before ? 1.0f : exp(before - after);
  float weights[CHUNK];
  Floats sums = nothing;
  UNROLL
  for (int half = 0; half < 2; ++half) {
    Floats weight = select(visible[half], exp(scores[half] - broadcast(after)), nothing);
    if constexpr (BF16) weight = round_bf16(weight);
    sums = sums + weight;
    store(weights + half * LANES, weight);
  }
  scratch.highest[row] = after;
  scratch.total[row] = scratch.total[row] * decay + fold_sum(sums);
  for_blocks<VALUES_AT_A_TIME>(0, depth / LANES, [&]<int L>(int64_t lanes) {
    const int64_t d = lanes * LANES;
    add_some_values<BF16, L>(weights, scratch.values + d, seen, depth, decay, scratch.out + row * depth + d);
  });
}

// The chunk [start, start + count) for all query rows of the task.
template <class Element>
inline void attend_chunk(const AttentionScratch& scratch, int64_t rows, int64_t start, int64_t count, int64_t depth) {
  const Element* tiles = reinterpret_cast<const Element*>(scratch.keys);
  for_blocks<FLOAT_ROWS>(0, rows, [&]<int R>(int64_t first) {
    Floats scores[R][2] = {};
    for (int64_t d = 0; d < depth; d += BLOCK)
      add_tile<R, false>(scratch.queries + first * depth + d, depth, tiles + d * PANEL, scores);
    UNROLL
    for (int r = 0; r < R; ++r) {
      const int64_t seen = scratch.position[first + r] - start + 1;
      if (seen > 0) attend_row<sizeof(Element) == 2>(scores[r], seen < count ? seen : count, first + r, depth, scratch);
    }
  });
}

// Scaled queries of the run's rows, and everything else to its beginning.
template <bool BF16>
inline void begin_rows(const AttentionArgs& args, TokenRun run, int64_t group, int64_t depth, int64_t rows,
                       const AttentionScratch& scratch) {
  const int64_t D = args.cache.D, ratio = args.H / args.cache.G;
  const Floats scale = broadcast(1.0f / __builtin_sqrtf(static_cast<float>(D)));
  std::memset(scratch.out, 0, rows * depth * sizeof(float));
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t token = run.first + row / ratio;
    scratch.highest[row] = -INFINITE;
    scratch.total[row] = 0.0f;
    scratch.position[row] = args.positions[token];
    const float* query = args.queries + (token * args.H + group * ratio + row % ratio) * D;
    for (int64_t d = 0; d < depth; d += LANES) {
      const Floats scaled = load(query + d, D > d ? D - d : 0) * scale;
      store(scratch.queries + row * depth + d, BF16 ? round_bf16(scaled) : scaled);
    }
  }
}

template <class Element>
inline void attend(const AttentionArgs& args, TokenRun run, int64_t group, float* base) {
  const int64_t D = args.cache.D, depth = round_up(D, BLOCK), ratio = args.H / args.cache.G, rows = run.count * ratio;
  const AttentionScratch scratch(base, depth, rows);
  begin_rows<sizeof(Element) == 2>(args, run, group, depth, rows, scratch);
  int64_t end = 0;
  for (int64_t token = run.first; token < run.first + run.count; ++token)
    if (args.positions[token] + 1 > end) end = args.positions[token] + 1;
  const int32_t* block_table = args.block_tables + args.row_of_token[run.first] * args.table_width;
  for (int64_t start = 0; start < end; start += CHUNK) {
    const int64_t count = end - start < CHUNK ? end - start : CHUNK;
    load_chunk<Element>(args.cache, block_table, group, start, count, depth, scratch);
    attend_chunk<Element>(scratch, rows, start, count, depth);
  }
  for (int64_t row = 0; row < rows; ++row) {
    float* out = args.out + ((run.first + row / ratio) * args.H + group * ratio + row % ratio) * D;
    const Floats total = broadcast(scratch.total[row]);
    for (int64_t d = 0; d < D; d += LANES) store(out + d, load(scratch.out + row * depth + d) / total, D - d);
  }
}

inline void attention(ThreadPool& pool, const AttentionArgs& args) {
  const int64_t G = args.cache.G, ratio = args.H / G, depth = round_up(args.cache.D, BLOCK);
  const int64_t most = ROWS_OF_TASK / ratio > 1 ? ROWS_OF_TASK / ratio : 1;  // tokens of one task
  pool.reserve(AttentionScratch::floats(depth, most * ratio) * sizeof(float), args.N * sizeof(TokenRun));
  TokenRun* runs = static_cast<TokenRun*>(pool.shared());
  int64_t num_runs = 0, work = 0;
  for (int64_t token = 0; token < args.N; ++token) {
    work += (args.positions[token] + 1) * args.H * args.cache.D / 4;
    const bool joins = num_runs > 0 && runs[num_runs - 1].count < most &&
                       args.row_of_token[runs[num_runs - 1].first] == args.row_of_token[token];
    if (!joins) runs[num_runs++] = {token, 0};
    ++runs[num_runs - 1].count;
  }
  parallel(pool, num_runs * G, work, [&](int64_t task, int thread) {
    float* base = static_cast<float*>(pool.scratch(thread));
    if (args.cache.bf16) {
      attend<uint16_t>(args, runs[task / G], task % G, base);
    } else {
      attend<float>(args, runs[task / G], task % G, base);
    }
  });
}

}  // namespace tampu::TAMPU_ISA
