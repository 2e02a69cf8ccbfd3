// Sampling and log-probabilities. Kept tokens weigh integers, so sums are exact: nothing here needs a sort of the
// whole row, only a histogram and a sort of the one bucket in which a cut falls.
#pragma once

#include <algorithm>

#include "isa/numerics.h"
#include "isa/rows.h"
#include "philox.h"

namespace tampu::TAMPU_ISA {

constexpr float HEAVIEST = 1073741824.0f;  // 2^30, the weight of the likeliest
constexpr float WEIGHTLESS = -23.0f;       // e^-23 * 2^30 rounds to zero
constexpr int BUCKETS = 4096;
constexpr float BUCKETS_PER_UNIT = 178.0f;  // 23 * 178 < 4096

// One row on its way; scratch of [V] each, padded to whole lanes with -inf and 0.
struct SampleRow {
  float* logits;    // after scale_temperature: minus the maximum
  int32_t* weights;  // 0: cannot be drawn
  int64_t V, padded;
};

struct Candidate {
  float logit;
  int32_t id;
  bool operator<(const Candidate& other) const {
    return logit > other.logit || (logit == other.logit && id < other.id);  // likeliest first
  }
};

struct CutScratch {
  int64_t* buckets;       // [BUCKETS]
  Candidate* candidates;  // [V]
};

inline void add_logit_bias(const SampleRow& row, const Sparse& bias, int64_t b) {
  for (int32_t i = bias.offsets[b]; i < bias.offsets[b + 1]; ++i) row.logits[bias.token_ids[i]] += bias.values[i];
}

inline void apply_penalties(const SampleRow& row, const SampleArgs& args, int64_t b) {
  const float repetition = args.repetition_penalty[b];
  for (int32_t i = args.seen.offsets[b]; i < args.seen.offsets[b + 1]; ++i) {
    float& at = row.logits[args.seen.token_ids[i]];
    const float count = args.seen.values[i];
    float logit = at > 0 ? at / repetition : at * repetition;
    logit = logit - args.frequency_penalty[b] * count;
    at = count > 0 ? logit - args.presence_penalty[b] : logit;
  }
}

// Drops the tokens whose bit is 0.
inline void mask_grammar(const SampleRow& row, const uint32_t* mask) {
  const int32_t bits[LANES] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768};
  const Ints bit = load(bits);
  for (int64_t i = 0; i < row.padded; i += LANES) {
    const int32_t half = mask[i / 32] >> i % 32 & 0xFFFF;
    if (half == 0xFFFF) continue;  // most of a row, inside a string
    const Ints kept = (broadcast(half) & bit) == bit;
    store(row.logits + i, select(kept, load(row.logits + i), broadcast(-INFINITE)));
  }
}

// The largest logit; NaN where there is one, -inf where there is nothing else.
inline float highest_logit(const float* logits, int64_t V) {
  Floats highest = broadcast(-INFINITE);
  Ints broken = broadcast(0);
  int64_t i = 0;
  for (; i + LANES <= V; i += LANES) {
    const Floats x = load(logits + i);
    broken = broken | (x != x);
    highest = select(x > highest, x, highest);
  }
  float lane[LANES], result = -INFINITE;
  int32_t bad[LANES];
  store(lane, highest);
  store(bad, broken);
  for (int l = 0; l < LANES; ++l) {
    if (bad[l]) return __builtin_nanf("");
    result = lane[l] > result ? lane[l] : result;
  }
  for (; i < V; ++i) {
    if (logits[i] != logits[i]) return logits[i];
    result = logits[i] > result ? logits[i] : result;
  }
  return result;
}

// logits - highest, 0 for the highest even where that is infinite.
INLINE Floats centre(const Floats& logits, const Floats& highest) {
  return select(logits == highest, broadcast(0.0f), logits - highest);
}

// rint(likelihood * 2^30): integers already from 2^23 on; below, adding 2^23 rounds to nearest even.
INLINE Ints weigh(const Floats& likelihood) {
  const Floats weight = likelihood * broadcast(HEAVIEST), large = broadcast(8388608.0f);
  return select(weight >= large, to_int(weight), bits(weight + large) - broadcast(0x4B000000));
}

// Centres and scales the logits, drops what min_p drops, and weighs the rest.
inline void scale_and_weigh(const SampleRow& row, float highest, float temperature, float min_p) {
  const Floats top = broadcast(highest), divisor = broadcast(temperature), least = broadcast(min_p);
  for (int64_t i = 0; i < row.padded; i += LANES) {
    const Floats scaled = centre(load(row.logits + i), top) / divisor;
    const Floats likelihood = exp(scaled);
    const Ints kept = likelihood >= least;
    store(row.logits + i, select(kept, scaled, broadcast(-INFINITE)));
    store(row.weights + i, select(kept, weigh(likelihood), broadcast(0)));
  }
}

// The token with which `measure`, summed from the likeliest on, reaches `needed`; where it never does, one that is
// less likely than all.
template <class Measure>
inline Candidate find_cut(const SampleRow& row, const CutScratch& scratch, int64_t needed, Measure measure) {
  const auto bucket = [&](int64_t i) { return static_cast<int>(row.logits[i] * -BUCKETS_PER_UNIT); };
  std::memset(scratch.buckets, 0, BUCKETS * sizeof(int64_t));
  for (int64_t i = 0; i < row.V; ++i)
    if (row.logits[i] >= WEIGHTLESS) scratch.buckets[bucket(i)] += measure(i);
  int crossing = 0;
  for (; crossing < BUCKETS && scratch.buckets[crossing] < needed; ++crossing) needed -= scratch.buckets[crossing];
  int64_t count = 0;
  for (int64_t i = 0; i < row.V; ++i)
    if (row.logits[i] >= WEIGHTLESS && bucket(i) == crossing)
      scratch.candidates[count++] = {row.logits[i], static_cast<int32_t>(i)};
  std::sort(scratch.candidates, scratch.candidates + count);
  Candidate cut = {-INFINITE, INT32_MAX};
  for (int64_t i = 0; i < count && needed > 0; ++i) {
    cut = scratch.candidates[i];
    needed -= measure(cut.id);
  }
  return cut;
}

// Drops everything less likely than `cut`: a lower logit, or an equal one with a higher id.
inline void keep_through(const SampleRow& row, const Candidate& cut) {
  const Floats least = broadcast(cut.logit), nothing = broadcast(-INFINITE);
  const auto keep = [&](int64_t i, const Ints& kept) {
    store(row.logits + i, select(kept, load(row.logits + i), nothing));
    store(row.weights + i, select(kept, load(row.weights + i), broadcast(0)));
  };
  const int64_t last = cut.id < row.padded ? cut.id / LANES * LANES : row.padded;  // lanes with the cut itself
  for (int64_t i = 0; i < last; i += LANES) keep(i, load(row.logits + i) >= least);
  if (last == row.padded) return;
  int32_t kept[LANES];
  for (int l = 0; l < LANES; ++l) {
    const Candidate other = {row.logits[last + l], static_cast<int32_t>(last + l)};
    kept[l] = cut < other ? 0 : -1;
  }
  keep(last, load(kept));
  for (int64_t i = last + LANES; i < row.padded; i += LANES) keep(i, load(row.logits + i) > least);
}

inline int64_t total_weight(const SampleRow& row) {
  int64_t total = 0;
  for (int64_t i = 0; i < row.V; ++i) total += row.weights[i];
  return total;
}

inline void keep_top_k(const SampleRow& row, int32_t top_k, const CutScratch& scratch) {
  if (top_k <= 0 || top_k >= row.V) return;
  keep_through(row, find_cut(row, scratch, top_k, [](int64_t) { return 1; }));
}

inline void keep_top_p(const SampleRow& row, float top_p, const CutScratch& scratch) {
  if (top_p >= 1) return;
  const double share = static_cast<double>(top_p) * static_cast<double>(total_weight(row));
  const int64_t whole = static_cast<int64_t>(__builtin_ceil(share)), needed = whole < 1 ? 1 : whole;
  keep_through(row, find_cut(row, scratch, needed, [&](int64_t i) { return row.weights[i]; }));
}

// The first token in id order whose cumulative weight exceeds u * total, u = fraction / 2^64; -1 if all weigh nothing.
inline int32_t draw(const SampleRow& row, uint64_t fraction) {
  constexpr int64_t STRIDE = 256;
  const int64_t total = total_weight(row);
  if (total <= 0) return -1;
  int64_t left = static_cast<int64_t>(high_product(fraction, static_cast<uint64_t>(total)));
  int64_t i = 0;
  for (; i + STRIDE < row.padded; i += STRIDE) {
    int64_t sum = 0;
    for (int64_t j = i; j < i + STRIDE; ++j) sum += row.weights[j];
    if (sum > left) break;
    left -= sum;
  }
  while (i + 1 < row.V && row.weights[i] <= left) left -= row.weights[i++];
  return static_cast<int32_t>(i);
}

inline int32_t first_equal(const float* logits, float wanted) {
  int32_t i = 0;
  while (logits[i] != wanted) ++i;
  return i;
}

inline int32_t sample_row(const SampleArgs& args, int64_t b, const SampleRow& row, const CutScratch& scratch) {
  std::memcpy(row.logits, args.logits + b * row.V, row.V * sizeof(float));
  for (int64_t i = row.V; i < row.padded; ++i) row.logits[i] = -INFINITE;
  add_logit_bias(row, args.logit_bias, b);
  apply_penalties(row, args, b);
  if (args.mask) mask_grammar(row, args.mask + b * ((row.V + 31) / 32));
  const float highest = highest_logit(row.logits, row.V);
  if (!(highest > -INFINITE)) return -1;  // a NaN, or nothing to draw
  if (args.temperature[b] == 0) return first_equal(row.logits, highest);
  scale_and_weigh(row, highest, args.temperature[b], args.min_p[b]);
  keep_top_k(row, args.top_k[b], scratch);
  keep_top_p(row, args.top_p[b], scratch);
  return draw(row, philox_fraction(args.seed[b], args.choice[b], args.position[b]));
}

inline void sample(ThreadPool& pool, const SampleArgs& args) {
  const int64_t padded = round_up(args.V, LANES);
  pool.reserve(padded * (sizeof(float) + sizeof(int32_t) + sizeof(Candidate)) + BUCKETS * sizeof(int64_t));
  parallel(pool, args.B, args.B * args.V, [&](int64_t b, int thread) {
    int64_t* buckets = static_cast<int64_t*>(pool.scratch(thread));
    Candidate* candidates = reinterpret_cast<Candidate*>(buckets + BUCKETS);
    float* logits = reinterpret_cast<float*>(candidates + padded);
    const SampleRow row{logits, reinterpret_cast<int32_t*>(logits + padded), args.V, padded};
    args.token_ids[b] = sample_row(args, b, row, {buckets, candidates});
  });
}

// The `top` likeliest of a row, into ids and values: an insertion for each logit that beats the last.
inline void find_top(const float* logits, int64_t V, int64_t top, int32_t* ids, float* values) {
  int64_t found = 0;
  for (int64_t i = 0; i < V; ++i) {
    if (found == top && !(logits[i] > values[top - 1])) continue;
    int64_t at = found < top ? found++ : top - 1;
    for (; at > 0 && logits[i] > values[at - 1]; --at) {
      values[at] = values[at - 1];
      ids[at] = ids[at - 1];
    }
    values[at] = logits[i];
    ids[at] = static_cast<int32_t>(i);
  }
}

inline void logprobs_row(const LogprobArgs& args, int64_t b) {
  const float* logits = args.logits + b * args.V;
  int32_t* ids = args.top_ids + b * args.top;
  float* values = args.top_logprobs + b * args.top;
  const float highest = highest_logit(logits, args.V);
  if (!(highest > -INFINITE)) {
    args.chosen[b] = __builtin_nanf("");
    for (int64_t i = 0; i < args.top; ++i) ids[i] = -1, values[i] = __builtin_nanf("");
    return;
  }
  Floats sums = broadcast(0.0f);
  const Floats top = broadcast(highest);
  int64_t i = 0;
  for (; i + LANES <= args.V; i += LANES) sums = sums + exp(centre(load(logits + i), top));
  if (i < args.V) {
    float rest[LANES];
    store(rest, broadcast(-INFINITE));
    std::memcpy(rest, logits + i, (args.V - i) * sizeof(float));
    sums = sums + exp(centre(load(rest), top));
  }
  const float normaliser = log(fold_sum(sums));
  const auto logprob = [&](float x) { return (x == highest ? 0.0f : x - highest) - normaliser; };
  args.chosen[b] = logprob(logits[args.token_ids[b]]);
  if (args.top > 0) find_top(logits, args.V, args.top, ids, values);
  for (int64_t k = 0; k < args.top; ++k) values[k] = logprob(values[k]);
}

inline void logprobs(ThreadPool& pool, const LogprobArgs& args) {
  parallel(pool, args.B, args.B * args.V * 4, [&](int64_t b, int) { logprobs_row(args, b); });
}

}  // namespace tampu::TAMPU_ISA
