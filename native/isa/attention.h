// Paged attention: an online softmax over chunks of 32 absolute positions, as reference/attention.py defines it.
//
// A task is a run of tokens of one sequence times some heads of one key-value group. The cache holds a chunk as two
// tiles of linears, see isa/cache.h: the scores of a row are a linear of its query, what it adds to its output is a
// linear of its weights. Rows go through a chunk a few at a time, so that their sums stay in registers.
#pragma once

#include "isa/linear_float.h"

namespace tampu::TAMPU_ISA {

constexpr int64_t ROWS_OF_TASK = 64;  // query rows that share a chunk of keys and values
constexpr int ATTENTION_ROWS = WIDTH == 16 ? 4 : WIDTH == 8 ? 2 : 1;  // rows that pass through a tile together
constexpr int ATTENTION_HALVES = WIDTH == 16 ? 2 : 1;                 // halves of the tile they meet at once

// Tokens [first, first + count) belong to one sequence.
struct TokenRun {
  int64_t first, count;
};

// The query rows of a task: heads [head, head + heads) of each token of the run, all of one group.
struct TaskRows {
  TokenRun run;
  int64_t group, head, heads;

  int64_t count() const { return run.count * heads; }
  int64_t token(int64_t row) const { return run.first + row / heads; }
  int64_t at(const AttentionArgs& args, int64_t row) const {  // in queries and out
    return (token(row) * args.H + head + row % heads) * args.cache.D;
  }
};

// What one task works with, in its thread's scratch; depth is D in whole blocks of 32.
struct AttentionScratch {
  float* queries;     // [rows][depth], scaled, zero beyond D
  float* out;         // [rows][depth]
  float* highest;     // [rows]
  float* total;       // [rows]
  int32_t* position;  // [rows]

  static int64_t floats(int64_t depth, int64_t rows) { return 2 * rows * depth + 3 * rows; }

  AttentionScratch(float* base, int64_t depth, int64_t rows)
      : queries(base),
        out(queries + rows * depth),
        highest(out + rows * depth),
        total(highest + rows),
        position(reinterpret_cast<int32_t*>(total + rows)) {}
};

// A chunk's tiles, and what to fetch meanwhile: the next chunk lies so many bytes further on, 0 for no other.
template <class Element>
struct ChunkTiles {
  const Element *keys, *values;
  int64_t keys_ahead, values_ahead;
};

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

// The softmax step of rows [first, first + R): of its `scores` of 32 positions a row sees the first seen[r], all if FULL.
// weights [R][32] are what each position adds, decay [R] what becomes of the past. Stage by stage, so that the
// processor has R chains of dependent operations to choose from.
template <bool BF16, bool FULL, int R>
INLINE void soften(const AttentionScratch& scratch, int64_t first, const Floats (&scores)[R][2],
                   const int64_t (&seen)[R], float* weights, float* decay) {
  const Floats hidden = broadcast(-INFINITE), nothing = broadcast(0.0f);
  float* highest = scratch.highest + first;
  float* total = scratch.total + first;
  const auto mask = [&](int r, int half, const Floats& x, const Floats& instead) {
    if constexpr (FULL) return x;
    return select(count_up() + broadcast(half * LANES) < broadcast(static_cast<int32_t>(seen[r])), x, instead);
  };
  float past[LANES] = {};
  bool moved = false;
  UNROLL
  for (int r = 0; r < R; ++r) {
    const Floats left = mask(r, 0, scores[r][0], hidden), right = mask(r, 1, scores[r][1], hidden);
    const float here = fold_maximum(select(right > left, right, left));
    decay[r] = 1.0f;
    if (here > highest[r]) {
      past[r] = highest[r] - here;
      highest[r] = here;
      moved = true;
    }
  }
  if (moved) {
    float decays[LANES];
    store(decays, exp_below(load(past)));
    for (int r = 0; r < R; ++r) decay[r] = decays[r];
  }
  Floats weight[R][2];
  UNROLL
  for (int r = 0; r < R; ++r)
    UNROLL
    for (int half = 0; half < 2; ++half) weight[r][half] = exp_below(scores[r][half] - broadcast(highest[r]));
  UNROLL
  for (int r = 0; r < R; ++r) {
    UNROLL
    for (int half = 0; half < 2; ++half) {
      weight[r][half] = mask(r, half, weight[r][half], nothing);
      if constexpr (BF16) weight[r][half] = round_bf16(weight[r][half]);
      store(weights + r * CHUNK + half * LANES, weight[r][half]);
    }
    total[r] = total[r] * decay[r] + fold_sum(nothing + weight[r][0] + weight[r][1]);
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

// Rows [first, first + R) of a task meet the chunk that begins at position `start`.
template <int R, bool STREAMED, class Element>
INLINE void attend_rows(const AttentionScratch& scratch, int64_t first, const ChunkTiles<Element>& tiles, int64_t start,
                        int64_t depth) {
  const float* queries = scratch.queries + first * depth;
  float* out = scratch.out + first * depth;
  int64_t seen[R], least = CHUNK, most = 0;
  for (int r = 0; r < R; ++r) {
    const int64_t visible = scratch.position[first + r] - start + 1;
    seen[r] = visible < 0 ? 0 : visible < CHUNK ? visible : CHUNK;
    least = seen[r] < least ? seen[r] : least;
    most = seen[r] > most ? seen[r] : most;
  }
  if (most == 0) return;
  Floats scores[R][2];
  UNROLL
  for (int r = 0; r < R; ++r) scores[r][0] = scores[r][1] = broadcast(0.0f);
  for (int64_t d = 0; d < depth; d += CHUNK)
    multiply_rows<R, STREAMED>(queries + d, depth, tiles.keys + d * CHUNK, tiles.keys_ahead, CHUNK,
                               [&](int r, int half, const Floats& sums) { scores[r][half] = scores[r][half] + sums; });
  alignas(64) float weights[R * CHUNK];
  float decay[R];
  constexpr bool BF16 = sizeof(Element) == 2;
  if (least == CHUNK) {
    soften<BF16, true>(scratch, first, scores, seen, weights, decay);
    return add_values<R, STREAMED>(weights, decay, tiles, CHUNK, depth, out);
  }
  soften<BF16, false>(scratch, first, scores, seen, weights, decay);
  if (least == most) return add_values<R, STREAMED>(weights, decay, tiles, most, depth, out);
  for (int r = 0; r < R; ++r)
    if (seen[r] > 0) add_values<1, false>(weights + r * CHUNK, decay + r, tiles, seen[r], depth, out + r * depth);
}

// Scaled queries of the task's rows, and everything else to its beginning.
template <bool BF16>
inline void begin_rows(const AttentionArgs& args, const TaskRows& rows, int64_t depth,
                       const AttentionScratch& scratch) {
  const int64_t D = args.cache.D;
  const Floats scale = broadcast(1.0f / __builtin_sqrtf(static_cast<float>(D)));
  std::memset(scratch.out, 0, rows.count() * depth * sizeof(float));
  for (int64_t row = 0; row < rows.count(); ++row) {
    scratch.highest[row] = -INFINITE;
    scratch.total[row] = 0.0f;
    scratch.position[row] = args.positions[rows.token(row)];
    const float* query = args.queries + rows.at(args, row);
    for (int64_t d = 0; d < depth; d += LANES) {
      const Floats scaled = load(query + d, D > d ? D - d : 0) * scale;
      store(scratch.queries + row * depth + d, BF16 ? round_bf16(scaled) : scaled);
    }
  }
}

// The chunk of `position`, on whose way to the caches the one after it is sent.
template <class Element>
inline ChunkTiles<Element> find_chunk(const Cache& cache, const int32_t* block_table, int64_t group, int64_t position,
                                      int64_t end) {
  using Layout = CacheLayout<Element>;
  const auto place = [&](auto find, int64_t at) { return find(cache, block_table[at / cache.S], group, at % cache.S); };
  const int64_t next = position + CHUNK < end ? position + CHUNK : position;
  const Element *keys = place(Layout::keys, position), *values = place(Layout::values, position);
  const auto bytes = [](const Element* from, const Element* to) {
    return reinterpret_cast<const char*>(to) - reinterpret_cast<const char*>(from);
  };
  return {keys, values, bytes(keys, place(Layout::keys, next)), bytes(values, place(Layout::values, next))};
}

template <class Element>
inline void attend(const AttentionArgs& args, const TaskRows& rows, float* base) {
  const int64_t D = args.cache.D, depth = round_up(D, CHUNK);
  const AttentionScratch scratch(base, depth, rows.count());
  begin_rows<sizeof(Element) == 2>(args, rows, depth, scratch);
  int64_t end = 0;
  for (int64_t row = 0; row < rows.count(); row += rows.heads)
    if (scratch.position[row] + 1 > end) end = scratch.position[row] + 1;
  const int32_t* block_table = args.block_tables + args.row_of_token[rows.run.first] * args.table_width;
  for (int64_t start = 0; start < end; start += CHUNK) {
    const auto tiles = find_chunk<Element>(args.cache, block_table, rows.group, start, end);
    for_blocks<ATTENTION_ROWS>(0, rows.count(), [&]<int R>(int64_t first) {
      if (first == 0) {
        attend_rows<R, true>(scratch, first, tiles, start, depth);
      } else {
        attend_rows<R, false>(scratch, first, tiles, start, depth);
      }
    });
  }
  for (int64_t row = 0; row < rows.count(); ++row) {
    float* out = args.out + rows.at(args, row);
    const Floats total = broadcast(scratch.total[row]);
    for (int64_t d = 0; d < D; d += LANES) store(out + d, load(scratch.out + row * depth + d) / total, D - d);
  }
}

// Runs of at most `most` tokens that belong to one sequence and follow each other.
inline int64_t find_runs(const AttentionArgs& args, int64_t most, TokenRun* runs) {
  int64_t num_runs = 0;
  for (int64_t token = 0; token < args.N; ++token) {
    const bool joins = num_runs > 0 && runs[num_runs - 1].count < most &&
                       args.row_of_token[runs[num_runs - 1].first] == args.row_of_token[token];
    if (!joins) runs[num_runs++] = {token, 0};
    ++runs[num_runs - 1].count;
  }
  return num_runs;
}

inline void attention(ThreadPool& pool, const AttentionArgs& args) {
  const int64_t G = args.cache.G, ratio = args.H / G, depth = round_up(args.cache.D, CHUNK);
  const int64_t most = ROWS_OF_TASK / ratio > 1 ? ROWS_OF_TASK / ratio : 1;  // tokens of one task
  pool.reserve(AttentionScratch::floats(depth, most * ratio) * sizeof(float), args.N * sizeof(TokenRun));
  TokenRun* runs = static_cast<TokenRun*>(pool.shared());
  const int64_t num_runs = find_runs(args, most, runs);
  int64_t work = 0;
  for (int64_t token = 0; token < args.N; ++token) work += (args.positions[token] + 1) * args.H * args.cache.D / 4;
  // Heads of a group read the same keys and values: they part only where a thread would have nothing to do.
  const int64_t wanted = num_runs > 0 ? pool.size() / (num_runs * G) : 1, parts = wanted < ratio ? wanted : ratio;
  const int64_t heads = parts > 1 ? (ratio + parts - 1) / parts : ratio, tasks_of_run = G * ((ratio + heads - 1) / heads);
  parallel(pool, num_runs * tasks_of_run, work, [&](int64_t task, int thread) {
    const int64_t part = task % tasks_of_run, first = part / G * heads, group = part % G;
    const int64_t some = ratio - first < heads ? ratio - first : heads;
    const TaskRows rows{runs[task / tasks_of_run], group, group * ratio + first, some};
    float* base = static_cast<float*>(pool.scratch(thread));
    if (args.cache.kind == Kind::bf16) {
      attend<uint16_t>(args, rows, base);
    } else {
      attend<float>(args, rows, base);
    }
  });
}

}  // namespace tampu::TAMPU_ISA
