// Paged attention: an online softmax over chunks of 32 absolute positions, as reference/attention.py defines it.
//
// A task is a run of tokens of one sequence times one key-value head: its query rows (token, head of the group) lie in
// lanes, 16 at a time, so that the softmax needs no sum across lanes but the defined one over positions.
#pragma once

#include "isa/numerics.h"
#include "isa/rows.h"

namespace tampu::TAMPU_ISA {

constexpr int CHUNK = 32;                // positions of one softmax step
constexpr int64_t ROWS_OF_TASK = 64;     // query rows that share a widened chunk of keys and values
constexpr int KEYS_AT_A_TIME = WIDTH == 16 ? 8 : WIDTH == 8 ? 2 : 1;
constexpr int VALUES_AT_A_TIME = WIDTH == 16 ? 8 : WIDTH == 8 ? 2 : 1;  // in units of 16 lanes

// Tokens [first, first + count) belong to one sequence.
struct TokenRun {
  int64_t first, count;
};

// What one task works with, in its thread's scratch. depth is D in whole blocks of 32, rows in whole lanes.
struct AttentionScratch {
  float* keys;       // [32][depth]
  float* values;     // [32][depth]
  float* queries;    // [rows / 16][depth][16], scaled
  float* weights;    // [32][16]: scores, then weights of 16 rows
  float* out;        // [rows][depth]
  float* highest;    // [rows]
  float* total;      // [rows]
  int32_t* position;  // [rows], -1 for padding

  static int64_t floats(int64_t depth, int64_t rows) {
    return 2 * CHUNK * depth + 2 * rows * depth + CHUNK * LANES + 3 * rows;
  }

  AttentionScratch(float* base, int64_t depth, int64_t rows)
      : keys(base),
        values(keys + CHUNK * depth),
        queries(values + CHUNK * depth),
        weights(queries + rows * depth),
        out(weights + CHUNK * LANES),
        highest(out + rows * depth),
        total(highest + rows),
        position(reinterpret_cast<int32_t*>(total + rows)) {}
};

// One row of the cache [D] as float32.
template <bool BF16>
INLINE void widen_slot(const void* base, int64_t at, int64_t D, float* to) {
  if constexpr (!BF16) {
    std::memcpy(to, static_cast<const float*>(base) + at, D * sizeof(float));
  } else {
    const uint16_t* from = static_cast<const uint16_t*>(base) + at;
    int64_t d = 0;
    for (; d + LANES <= D; d += LANES) store(to + d, widen_bf16(from + d));
    for (; d < D; ++d) to[d] = widen_bf16_scalar(from[d]);
  }
}

// Keys and values of positions [start, start + count) for one group; no other slot is read.
template <bool BF16>
inline void widen_chunk(const Cache& cache, const int32_t* block_table, int64_t group, int64_t start, int64_t count,
                        int64_t depth, const AttentionScratch& scratch) {
  for (int64_t i = 0; i < count; ++i) {
    const int64_t position = start + i, block = block_table[position / cache.S];
    const int64_t at = ((block * cache.G + group) * cache.S + position % cache.S) * cache.D;
    widen_slot<BF16>(cache.keys, at, cache.D, scratch.keys + i * depth);
    widen_slot<BF16>(cache.values, at, cache.D, scratch.values + i * depth);
  }
}

// scores [count][16] of 16 query rows, in the paired order over depth.
template <bool EXACT>
inline void score_keys(const float* queries, const float* keys, int64_t count, int64_t depth, float* scores) {
  for (int64_t first = 0; first < count; first += KEYS_AT_A_TIME) {
    const float* key = keys + first * depth;
    Floats totals[KEYS_AT_A_TIME] = {};
    for (int64_t d = 0; d < depth; d += 32) {
      Floats even[KEYS_AT_A_TIME] = {}, odd[KEYS_AT_A_TIME] = {};
      for (int64_t i = d; i < d + 32; i += 2) {
        const Floats q0 = load(queries + i * LANES), q1 = load(queries + (i + 1) * LANES);
        UNROLL
        for (int k = 0; k < KEYS_AT_A_TIME; ++k) {
          even[k] = add_product<EXACT>(broadcast(key[k * depth + i]), q0, even[k]);
          odd[k] = add_product<EXACT>(broadcast(key[k * depth + i + 1]), q1, odd[k]);
        }
      }
      UNROLL
      for (int k = 0; k < KEYS_AT_A_TIME; ++k) totals[k] = totals[k] + (even[k] + odd[k]);
    }
    UNROLL
    for (int k = 0; k < KEYS_AT_A_TIME; ++k) store(scores + (first + k) * LANES, totals[k]);
  }
}

// Scores become weights e^(score - highest), zero where a row may not look; returns how much older sums shrink.
template <bool BF16>
inline Floats soften(float* scores, int64_t start, int64_t count, const int32_t* positions, float* highest,
                     float* total) {
  const Ints position = load(positions);
  const Floats before = load(highest), nothing = broadcast(0.0f);
  Floats after = before;
  for (int64_t i = 0; i < count; ++i) {
    const Ints visible = position >= broadcast(static_cast<int32_t>(start + i));
    const Floats score = select(visible, load(scores + i * LANES), broadcast(-INFINITE));
    after = select(score > after, score, after);
  }
  const Floats decay = exp(before - after);
  Floats sums[LANES];  // one per lane of `lane_sum`, each of 16 rows
  for (int64_t i = 0; i < CHUNK; ++i) {
    Floats weight = nothing;
    if (i < count) {
      const Ints visible = position >= broadcast(static_cast<int32_t>(start + i));
      weight = select(visible, exp(load(scores + i * LANES) - after), nothing);
      if constexpr (BF16) weight = round_bf16(weight);
      store(scores + i * LANES, weight);
    }
    sums[i % LANES] = i < LANES ? weight : sums[i % LANES] + weight;
  }
  for (int half = LANES / 2; half > 0; half /= 2)
    for (int l = 0; l < half; ++l) sums[l] = sums[l] + sums[l + half];
  store(total, load(total) * decay + sums[0]);
  store(highest, after);
  return decay;
}

// L * 16 elements of out = out * decay + weights [count] (16 apart) times values [count][depth], in the paired order.
template <bool EXACT, int L>
INLINE void add_some_values(const float* weights, const float* values, int64_t count, int64_t depth, float decay,
                            float* out) {
  Floats even[L] = {}, odd[L] = {};
  for (int64_t i = 0; i < count; i += 2) {
    const float* value = values + i * depth;
    const Floats w0 = broadcast(weights[i * LANES]);
    UNROLL
    for (int l = 0; l < L; ++l) even[l] = add_product<EXACT>(w0, load(value + l * LANES), even[l]);
    if (i + 1 == count) break;
    const Floats w1 = broadcast(weights[(i + 1) * LANES]);
    UNROLL
    for (int l = 0; l < L; ++l) odd[l] = add_product<EXACT>(w1, load(value + depth + l * LANES), odd[l]);
  }
  UNROLL
  for (int l = 0; l < L; ++l) {
    float* at = out + l * LANES;
    store(at, load(at) * broadcast(decay) + (even[l] + odd[l]));
  }
}

template <bool EXACT>
inline void add_values(const float* weights, const float* values, int64_t count, int64_t depth, float decay,
                       float* out) {
  for_blocks<VALUES_AT_A_TIME>(0, depth / LANES, [&]<int L>(int64_t lanes) {
    const int64_t d = lanes * LANES;
    add_some_values<EXACT, L>(weights, values + d, count, depth, decay, out + d);
  });
}

// One chunk of positions for all query rows of the task.
template <bool BF16>
inline void attend_chunk(const AttentionScratch& scratch, int64_t rows, int64_t start, int64_t count, int64_t depth) {
  for (int64_t first = 0; first < rows; first += LANES) {
    score_keys<BF16>(scratch.queries + first * depth, scratch.keys, count, depth, scratch.weights);
    float decay[LANES];
    store(decay, soften<BF16>(scratch.weights, start, count, scratch.position + first, scratch.highest + first,
                              scratch.total + first));
    for (int64_t r = 0; r < LANES && first + r < rows; ++r) {
      const int64_t seen = scratch.position[first + r] - start + 1;
      if (seen > 0)
        add_values<BF16>(scratch.weights + r, scratch.values, seen < count ? seen : count, depth, decay[r],
                         scratch.out + (first + r) * depth);
    }
  }
}

// Scaled queries of the run's rows into lanes, and everything else to its beginning.
template <bool BF16>
inline void begin_rows(const AttentionArgs& args, TokenRun run, int64_t group, int64_t depth, int64_t rows,
                       const AttentionScratch& scratch) {
  const int64_t D = args.cache.D, ratio = args.H / args.cache.G, lanes = round_up(rows, LANES);
  const float scale = 1.0f / __builtin_sqrtf(static_cast<float>(D));
  std::memset(scratch.keys, 0, 2 * CHUNK * depth * sizeof(float));
  std::memset(scratch.queries, 0, lanes * depth * sizeof(float));
  std::memset(scratch.out, 0, lanes * depth * sizeof(float));
  for (int64_t row = 0; row < lanes; ++row) {
    const int64_t token = run.first + row / ratio;
    scratch.highest[row] = -INFINITE;
    scratch.total[row] = 0.0f;
    scratch.position[row] = row < rows ? args.positions[token] : -1;
    if (row >= rows) continue;
    const float* query = args.queries + (token * args.H + group * ratio + row % ratio) * D;
    float* column = scratch.queries + row / LANES * depth * LANES + row % LANES;
    for (int64_t d = 0; d < D; d += LANES) {
      float some[LANES];
      Floats scaled = load(query + d, D - d) * broadcast(scale);
      if constexpr (BF16) scaled = round_bf16(scaled);
      store(some, scaled);
      for (int64_t i = 0; i < LANES && d + i < D; ++i) column[(d + i) * LANES] = some[i];
    }
  }
}

template <bool BF16>
inline void attend(const AttentionArgs& args, TokenRun run, int64_t group, float* base) {
  const int64_t D = args.cache.D, depth = round_up(D, 32), ratio = args.H / args.cache.G, rows = run.count * ratio;
  const AttentionScratch scratch(base, depth, round_up(rows, LANES));
  begin_rows<BF16>(args, run, group, depth, rows, scratch);
  int64_t end = 0;
  for (int64_t token = run.first; token < run.first + run.count; ++token)
    if (args.positions[token] + 1 > end) end = args.positions[token] + 1;
  const int32_t* block_table = args.block_tables + args.row_of_token[run.first] * args.table_width;
  for (int64_t start = 0; start < end; start += CHUNK) {
    const int64_t count = end - start < CHUNK ? end - start : CHUNK;
    widen_chunk<BF16>(args.cache, block_table, group, start, count, depth, scratch);
    attend_chunk<BF16>(scratch, rows, start, count, depth);
  }
  for (int64_t row = 0; row < rows; ++row) {
    float* out = args.out + ((run.first + row / ratio) * args.H + group * ratio + row % ratio) * D;
    const Floats total = broadcast(scratch.total[row]);
    for (int64_t d = 0; d < D; d += LANES) store(out + d, load(scratch.out + row * depth + d) / total, D - d);
  }
}

inline void attention(ThreadPool& pool, const AttentionArgs& args) {
  const int64_t G = args.cache.G, ratio = args.H / G, depth = round_up(args.cache.D, 32);
  const int64_t most = ROWS_OF_TASK / ratio > 1 ? ROWS_OF_TASK / ratio : 1;  // tokens of one task
  pool.reserve(AttentionScratch::floats(depth, round_up(most * ratio, LANES)) * sizeof(float),
               args.N * sizeof(TokenRun));
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
      attend<true>(args, runs[task / G], task % G, base);
    } else {
      attend<false>(args, runs[task / G], task % G, base);
    }
  });
}

}  // namespace tampu::TAMPU_ISA
