// What attention over every kind of cache shares: the rows of a task, the chunks they meet, and the softmax step.
//
// A task is a run of tokens of one sequence times some heads of one or more key-value groups. The cache holds a chunk
// as two tiles of linears, see isa/cache.h: the scores of a row are a linear of its query, what it adds to its output
// is a linear of its weights. Rows go through a chunk a few at a time, so that their sums stay in registers.
#pragma once

#include "isa/rows.h"

namespace tampu::TAMPU_ISA {

constexpr int64_t ROWS_OF_TASK = 64;  // query rows that share a chunk of keys and values

// Tokens [first, first + count) belong to one sequence.
struct TokenRun {
  int64_t first, count;
};

// The query rows of a task, group after group: heads [head, head + heads) of the group, of each token of the run.
struct TaskRows {
  TokenRun run;
  int64_t group, groups, head, heads;

  int64_t of_group() const { return run.count * heads; }
  int64_t count() const { return groups * of_group(); }
  int64_t token(int64_t row) const { return run.first + row % of_group() / heads; }
  int64_t at(const AttentionArgs& args, int64_t row) const {  // in queries and out
    const int64_t first = (group + row / of_group()) * (args.H / args.cache.G) + head;
    return (token(row) * args.H + first + row % heads) * args.cache.D;
  }
};

// A chunk of one group.
struct Place {
  int64_t group, position;
};

// How far the rows of a task have come: the largest score and the sum of weights of each, and what it adds up to.
struct SoftmaxState {
  float* out;         // [rows][depth], D in whole blocks of 32
  float* highest;     // [rows]
  float* total;       // [rows]
  int32_t* position;  // [rows]
  int64_t depth;

  static int64_t floats(int64_t D, int64_t rows) { return rows * (round_up(D, CHUNK) + 3); }

  SoftmaxState(const AttentionArgs& args, const TaskRows& rows, float* base)
      : out(base),
        highest(out + rows.count() * round_up(args.cache.D, CHUNK)),
        total(highest + rows.count()),
        position(reinterpret_cast<int32_t*>(total + rows.count())),
        depth(round_up(args.cache.D, CHUNK)) {
    std::memset(out, 0, rows.count() * depth * sizeof(float));
    for (int64_t row = 0; row < rows.count(); ++row) {
      highest[row] = -INFINITE;
      total[row] = 0.0f;
      position[row] = args.positions[rows.token(row)];
    }
  }

  void finish(const AttentionArgs& args, const TaskRows& rows) const {
    for (int64_t row = 0; row < rows.count(); ++row) {
      float* to = args.out + rows.at(args, row);
      for (int64_t d = 0; d < args.cache.D; d += LANES)
        store(to + d, load(out + row * depth + d) / broadcast(total[row]), args.cache.D - d);
    }
  }
};

// How many of the 32 positions from `start` on each of R rows sees.
template <int R>
struct Seen {
  int64_t row[R], least = CHUNK, most = 0;

  INLINE Seen(const SoftmaxState& state, int64_t first, int64_t start) {
    for (int r = 0; r < R; ++r) {
      const int64_t visible = state.position[first + r] - start + 1;
      row[r] = visible < 0 ? 0 : visible < CHUNK ? visible : CHUNK;
      least = row[r] < least ? row[r] : least;
      most = row[r] > most ? row[r] : most;
    }
  }
};

// The softmax step of rows [first, first + R) with `scores` of 32 positions each: `weight` gets what each position
// weighs, 0 where it is hidden (never if FULL), `decay` what becomes of the past. Stage by stage, so that the
// processor has R chains of dependent operations to choose from.
template <bool FULL, int R>
INLINE void soften(const SoftmaxState& state, int64_t first, const Seen<R>& seen, const Floats (&scores)[R][2],
                   Floats (&weight)[R][2], float* decay) {
  float* highest = state.highest + first;
  const auto mask = [&](int r, int half, const Floats& x, float instead) {
    if constexpr (FULL) return x;
    const Ints position = count_up() + broadcast(half * LANES);
    return select(position < broadcast(static_cast<int32_t>(seen.row[r])), x, broadcast(instead));
  };
  float past[LANES] = {};
  bool moved = false;
  UNROLL
  for (int r = 0; r < R; ++r) {
    const Floats left = mask(r, 0, scores[r][0], -INFINITE), right = mask(r, 1, scores[r][1], -INFINITE);
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
  UNROLL
  for (int r = 0; r < R; ++r) {
    UNROLL
    for (int half = 0; half < 2; ++half)
      weight[r][half] = mask(r, half, exp_below(scores[r][half] - broadcast(highest[r])), 0.0f);
  }
}

// Counts the weights of R rows in.
template <int R>
INLINE void add_total(const SoftmaxState& state, int64_t first, const Floats (&weight)[R][2], const float* decay) {
  float* total = state.total + first;
  UNROLL
  for (int r = 0; r < R; ++r) total[r] = total[r] * decay[r] + fold_sum(broadcast(0.0f) + weight[r][0] + weight[r][1]);
}

// A chunk's tiles, and what to fetch meanwhile: those of the chunk that comes next lie so many bytes further on.
template <class Element>
struct ChunkTiles {
  const Element *keys, *values;
  int64_t keys_ahead, values_ahead;
};

template <class Element>
inline ChunkTiles<Element> find_chunk(const Cache& cache, const int32_t* block_table, Place here, Place next) {
  using Layout = CacheLayout<Element>;
  const auto tile = [&](auto find, Place at) {
    return find(cache, block_table[at.position / cache.S], at.group, at.position % cache.S);
  };
  const Element *keys = tile(Layout::keys, here), *values = tile(Layout::values, here);
  const auto bytes = [](const Element* from, const Element* to) {
    return reinterpret_cast<const char*>(to) - reinterpret_cast<const char*>(from);
  };
  return {keys, values, bytes(keys, tile(Layout::keys, next)), bytes(values, tile(Layout::values, next))};
}

// meet.operator()<R, STREAMED>(first row, chunk, next chunk) for every chunk, group after group as they lie in memory,
// and every block of rows of the group; the first finds the chunk in memory, the others in a cache.
template <int ROWS, class Meet>
INLINE void for_chunks(const SoftmaxState& state, const TaskRows& rows, Meet&& meet) {
  int64_t end = 0;
  for (int64_t row = 0; row < rows.of_group(); ++row)
    end = state.position[row] + 1 > end ? state.position[row] + 1 : end;
  for (int64_t start = 0; start < end; start += CHUNK) {
    for (int64_t group = 0; group < rows.groups; ++group) {
      const Place here = {rows.group + group, start};
      const bool turns = group + 1 == rows.groups, last = turns && start + CHUNK >= end;
      const Place next = last ? here : turns ? Place{rows.group, start + CHUNK} : Place{here.group + 1, start};
      const int64_t begin = group * rows.of_group();
      for_blocks<ROWS>(begin, begin + rows.of_group(), [&]<int R>(int64_t first) {
        if (first == begin) {
          meet.template operator()<R, true>(first, here, next);
        } else {
          meet.template operator()<R, false>(first, here, next);
        }
      });
    }
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

}  // namespace tampu::TAMPU_ISA
