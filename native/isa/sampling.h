// Sampling and log-probabilities. What may be drawn is gathered once, in id order, and each cut leaves less of it.
// Kept tokens weigh integers, so sums are exact in any order, and a cut is found by narrowing, without a sort.
#pragma once

#include "isa/numerics.h"
#include "isa/rows.h"
#include "philox.h"

namespace tampu::TAMPU_ISA {

constexpr float HEAVIEST = 1073741824.0f;  // 2^30, the weight of the likeliest
constexpr int PIVOTS = 3;                  // by which a cut is narrowed at once

// Tokens that may be drawn, in id order; each array has whole lanes, the last ones filled with -inf and 0.
struct Tokens {
  float* logits;     // minus the maximum, after the temperature
  int32_t* weights;  // 1 or more
  int32_t* ids;      // null where nobody asks for them
  int64_t count;
};

// What a cut leaves: all tokens above `logit`, and the first `ties` of those that equal it.
struct Cut {
  float logit;
  int64_t ties;
};

inline void add_logit_bias(float* logits, const Sparse& bias, int64_t b) {
  for (int32_t i = bias.offsets[b]; i < bias.offsets[b + 1]; ++i) logits[bias.token_ids[i]] += bias.values[i];
}

inline void apply_penalties(float* logits, const SampleArgs& args, int64_t b) {
  const float repetition = args.repetition_penalty[b];
  for (int32_t i = args.seen.offsets[b]; i < args.seen.offsets[b + 1]; ++i) {
    float& at = logits[args.seen.token_ids[i]];
    const float count = args.seen.values[i];
    float logit = at > 0 ? at / repetition : at * repetition;
    logit = logit - args.frequency_penalty[b] * count;
    at = count > 0 ? logit - args.presence_penalty[b] : logit;
  }
}

// Drops the tokens whose bit is 0.
inline void mask_grammar(float* logits, int64_t V, const uint32_t* mask) {
  const int32_t bits[LANES] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768};
  const Ints bit = load(bits);
  for (int64_t i = 0; i < V; i += LANES) {
    const int32_t half = mask[i / 32] >> i % 32 & 0xFFFF;
    if (half == 0xFFFF) continue;  // most of a row, inside a string
    const Ints kept = (broadcast(half) & bit) == bit;
    store(logits + i, select(kept, load(logits + i), broadcast(-INFINITE)));
  }
}

// Lanes from i on, -inf past the end.
INLINE Floats load_logits(const float* logits, int64_t i, int64_t V) {
  if (i + LANES <= V) return load(logits + i);
  const Ints inside = count_up() < broadcast(static_cast<int32_t>(V - i));
  return select(inside, load(logits + i, V - i), broadcast(-INFINITE));
}

// The largest logit; NaN where there is one, -inf where there is nothing else.
inline float highest_logit(const float* logits, int64_t V) {
  constexpr int CHAINS = 4;
  Floats highest[CHAINS];
  Ints broken = broadcast(0);
  UNROLL
  for (int c = 0; c < CHAINS; ++c) highest[c] = broadcast(-INFINITE);
  const auto look = [&](int64_t i, Floats& most) {
    const Floats x = load_logits(logits, i, V);
    broken = broken | (x != x);
    most = select(x > most, x, most);
  };
  int64_t i = 0;
  for (; i + CHAINS * LANES <= V; i += CHAINS * LANES) {
    UNROLL
    for (int c = 0; c < CHAINS; ++c) look(i + c * LANES, highest[c]);
  }
  for (; i < V; i += LANES) look(i, highest[0]);
  if (lane_bits(broken)) return __builtin_nanf("");
  float result = -INFINITE;
  for (int c = 0; c < CHAINS; ++c) {
    const float most = fold_maximum(highest[c]);
    result = most > result ? most : result;
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

// Fills the last lanes behind the tokens.
inline void pad(const Tokens& tokens) {
  for (int64_t i = tokens.count; i % LANES != 0; ++i) {
    tokens.logits[i] = -INFINITE;
    tokens.weights[i] = 0;
  }
}

// Appends the lanes in `kept` to a local `to`, which so stays in registers; the place of a token is at or before where
// it was, so that this may be done in place.
INLINE void append(Tokens& to, const Floats& logits, const Ints& weights, const Ints& ids, uint32_t kept) {
  store_kept(reinterpret_cast<int32_t*>(to.logits + to.count), bits(logits), kept);
  store_kept(to.weights + to.count, weights, kept);
  if (to.ids) store_kept(to.ids + to.count, ids, kept);
  to.count += __builtin_popcount(kept);
}

// Centres and scales the logits, weighs them, and gathers what min_p leaves and weighs something.
inline Tokens gather_tokens(Tokens to, const float* logits, int64_t V, float highest, float temperature, float min_p) {
  const Floats top = broadcast(highest), divisor = broadcast(temperature), least = broadcast(min_p);
  to.count = 0;
  for (int64_t i = 0; i < V; i += LANES) {
    const Floats scaled = centre(load_logits(logits, i, V), top) / divisor;
    const Floats likelihood = exp_below(scaled);
    const Ints weights = weigh(likelihood);
    const Ints kept = (likelihood >= least) & (weights > broadcast(0));
    const Ints ids = count_up() + broadcast(static_cast<int32_t>(i));
    if (const uint32_t some = lane_bits(kept)) append(to, scaled, weights, ids, some);
  }
  pad(to);
  return to;
}

// The largest and the smallest logit.
struct Range {
  float highest, lowest;
};

inline Range range_of(const Tokens& tokens) {
  Floats highest = broadcast(-INFINITE), lowest = broadcast(INFINITE);
  for (int64_t i = 0; i < tokens.count; i += LANES) {
    const Floats x = load(tokens.logits + i);
    highest = select(x > highest, x, highest);
    lowest = select((x < lowest) & (x > broadcast(-INFINITE)), x, lowest);
  }
  return {fold_maximum(highest), -fold_maximum(broadcast(0.0f) - lowest)};
}

// Lanes of non-negative numbers, halved so that LONGEST additions cannot overflow.
struct WideSum {
  static constexpr int64_t LONGEST = 1 << 15;
  Ints lower = broadcast(0), upper = broadcast(0);

  INLINE void add(const Ints& low, const Ints& high) {
    lower = lower + low;
    upper = upper + high;
  }
  int64_t total() const {
    int32_t low[LANES], high[LANES];
    store(low, lower);
    store(high, upper);
    int64_t sum = 0;
    for (int l = 0; l < LANES; ++l) sum += low[l] + (static_cast<int64_t>(high[l]) << 16);
    return sum;
  }
};

// Adds to above[p] what the tokens above pivots[p] weigh; where WEIGHED is false, how many they are.
template <bool WEIGHED>
inline void measure_above(const Tokens& tokens, const float* pivots, int64_t* above) {
  Floats pivot[PIVOTS];
  UNROLL
  for (int p = 0; p < PIVOTS; ++p) pivot[p] = broadcast(pivots[p]);
  for (int64_t first = 0; first < tokens.count; first += WideSum::LONGEST * LANES) {
    const int64_t most = first + WideSum::LONGEST * LANES, end = most < tokens.count ? most : tokens.count;
    WideSum sums[PIVOTS];
    for (int64_t i = first; i < end; i += LANES) {
      const Floats x = load(tokens.logits + i);
      const Ints weight = WEIGHED ? load(tokens.weights + i) : broadcast(1);
      const Ints lower = weight & broadcast(0xFFFF), upper = shift_right_logical(weight, 16);
      UNROLL
      for (int p = 0; p < PIVOTS; ++p) {
        const Ints counts = x > pivot[p];
        sums[p].add(counts & lower, counts & upper);
      }
    }
    for (int p = 0; p < PIVOTS; ++p) above[p] += sums[p].total();
  }
}

// The tokens with logits in (lowest, highest], into the arrays of `to`, which may be those of `from`.
inline Tokens between(const Tokens& from, Tokens to, float lowest, float highest) {
  const Floats low = broadcast(lowest), high = broadcast(highest);
  to.count = 0;
  for (int64_t i = 0; i < from.count; i += LANES) {
    const Floats x = load(from.logits + i);
    if (const uint32_t kept = lane_bits((x > low) & (high >= x)))
      append(to, x, load(from.weights + i), broadcast(0), kept);
  }
  pad(to);
  return to;
}

// The cut at the token with which the weights, or where WEIGHED is false the number of tokens, summed from the
// likeliest on, reach `needed`; they do. Each round keeps the part between two pivots in which that happens.
template <bool WEIGHED>
inline Cut find_cut(Tokens tokens, const Tokens& scratch, int64_t needed) {
  Range range = range_of(tokens);
  while (range.lowest < range.highest) {
    float edges[PIVOTS + 2] = {range.highest, 0, 0, 0, -INFINITE};
    int64_t above[PIVOTS + 2] = {};
    const float step = (range.highest - range.lowest) / (PIVOTS + 1);
    for (int p = 1; p <= PIVOTS; ++p) {
      const float pivot = range.highest - static_cast<float>(p) * step;
      edges[p] = pivot < range.highest && pivot >= range.lowest ? pivot : range.lowest;  // splits, also by rounding
    }
    measure_above<WEIGHED>(tokens, edges + 1, above + 1);
    int part = 0;
    while (part < PIVOTS && above[part + 1] < needed) ++part;
    needed -= above[part];
    tokens = between(tokens, scratch, edges[part + 1], edges[part]);
    range = range_of(tokens);
  }
  const int64_t each = WEIGHED ? tokens.weights[0] : 1;
  return {range.lowest, (needed + each - 1) / each};
}

// What the cut leaves, in place.
inline Tokens keep_through(Tokens tokens, const Cut& cut) {
  const Floats least = broadcast(cut.logit);
  const int64_t count = tokens.count;
  int64_t ties = cut.ties;
  tokens.count = 0;
  for (int64_t i = 0; i < count; i += LANES) {
    const Floats x = load(tokens.logits + i);
    uint32_t equal = ties > 0 ? lane_bits(x == least) : 0;
    while (__builtin_popcount(equal) > ties) equal &= 0x7FFFFFFFu >> __builtin_clz(equal);  // without the last
    ties -= __builtin_popcount(equal);
    if (const uint32_t kept = lane_bits(x > least) | equal)
      append(tokens, x, load(tokens.weights + i), load(tokens.ids + i), kept);
  }
  pad(tokens);
  return tokens;
}

inline int64_t total_weight(const Tokens& tokens) {
  int64_t total = 0;
  for (int64_t i = 0; i < tokens.count; ++i) total += tokens.weights[i];
  return total;
}

// Keeps tokens with p >= top_a * p_max^2: with the likeliest weighing 2^30, weight * total >= top_a * 2^60.
inline Tokens keep_top_a(Tokens tokens, float top_a) {
  if (top_a <= 0) return tokens;
  const double share = static_cast<double>(top_a) * 0x1p60 / static_cast<double>(total_weight(tokens));
  const Ints below = broadcast(static_cast<int32_t>(__builtin_ceil(share)) - 1);
  const int64_t count = tokens.count;
  tokens.count = 0;
  for (int64_t i = 0; i < count; i += LANES) {
    const Ints weights = load(tokens.weights + i);
    if (const uint32_t kept = lane_bits(weights > below))
      append(tokens, load(tokens.logits + i), weights, load(tokens.ids + i), kept);
  }
  pad(tokens);
  return tokens;
}

// Tokens that weigh nothing count too, but come last and cannot be drawn.
inline Tokens keep_top_k(const Tokens& tokens, int32_t top_k, const Tokens& scratch) {
  if (top_k <= 0 || top_k >= tokens.count) return tokens;
  return keep_through(tokens, find_cut<false>(tokens, scratch, top_k));
}

inline Tokens keep_top_p(const Tokens& tokens, float top_p, const Tokens& scratch) {
  if (top_p >= 1) return tokens;
  const double share = static_cast<double>(top_p) * static_cast<double>(total_weight(tokens));
  const int64_t whole = static_cast<int64_t>(__builtin_ceil(share)), needed = whole < 1 ? 1 : whole;
  return keep_through(tokens, find_cut<true>(tokens, scratch, needed));
}

// The first token in id order whose cumulative weight exceeds u * total, u = fraction / 2^64.
inline int32_t draw(const Tokens& tokens, uint64_t fraction) {
  constexpr int64_t STRIDE = 256;
  const uint64_t total = static_cast<uint64_t>(total_weight(tokens));
  int64_t left = static_cast<int64_t>(high_product(fraction, total));
  int64_t i = 0;
  for (; i + STRIDE < tokens.count; i += STRIDE) {
    int64_t sum = 0;
    for (int64_t j = i; j < i + STRIDE; ++j) sum += tokens.weights[j];
    if (sum > left) break;
    left -= sum;
  }
  while (i + 1 < tokens.count && tokens.weights[i] <= left) left -= tokens.weights[i++];
  return tokens.ids[i];
}

inline int32_t first_equal(const float* logits, int64_t V, float wanted) {
  for (int64_t i = 0; i < V; i += LANES)
    if (const uint32_t equal = lane_bits(load_logits(logits, i, V) == broadcast(wanted)))
      return static_cast<int32_t>(i) + __builtin_ctz(equal);
  return -1;
}

// Where a thread works: `tokens` for what may be drawn, `part` for what a cut narrows down to.
struct SampleScratch {
  Tokens tokens, part;
};

// The row's logits with bias, penalties and mask; a copy only where they change something.
inline const float* changed_logits(const SampleArgs& args, int64_t b, float* copy) {
  const float* logits = args.logits + b * args.V;
  const auto has = [&](const Sparse& sparse) { return sparse.offsets[b] < sparse.offsets[b + 1]; };
  if (!has(args.logit_bias) && !has(args.seen) && !args.mask) return logits;
  std::memcpy(copy, logits, args.V * sizeof(float));
  add_logit_bias(copy, args.logit_bias, b);
  apply_penalties(copy, args, b);
  if (args.mask) mask_grammar(copy, args.V, args.mask + b * ((args.V + 31) / 32));
  return copy;
}

inline int32_t sample_row(const SampleArgs& args, int64_t b, const SampleScratch& scratch) {
  const float* logits = changed_logits(args, b, scratch.tokens.logits);
  const float highest = highest_logit(logits, args.V);
  if (!(highest > -INFINITE)) return -1;  // a NaN, or nothing to draw
  if (args.temperature[b] == 0) return first_equal(logits, args.V, highest);
  Tokens tokens = gather_tokens(scratch.tokens, logits, args.V, highest, args.temperature[b], args.min_p[b]);
  if (tokens.count == 0) return -1;
  tokens = keep_top_a(tokens, args.top_a[b]);
  tokens = keep_top_k(tokens, args.top_k[b], scratch.part);
  tokens = keep_top_p(tokens, args.top_p[b], scratch.part);
  return draw(tokens, philox_fraction(args.seed[b], args.choice[b], args.position[b]));
}

// Five arrays of [V], whole lanes and one more: what is appended may be followed by undefined lanes.
inline SampleScratch sample_scratch(void* memory, int64_t size) {
  float* logits = static_cast<float*>(memory);
  int32_t* rest = reinterpret_cast<int32_t*>(logits + 2 * size);
  return {{logits, rest, rest + size, 0}, {logits + size, rest + 2 * size, nullptr, 0}};
}

inline void sample(ThreadPool& pool, const SampleArgs& args) {
  const int64_t size = round_up(args.V, LANES) + LANES;
  pool.reserve(5 * size * sizeof(float));
  parallel(pool, args.B, args.B * args.V, [&](int64_t b, int thread) {
    args.token_ids[b] = sample_row(args, b, sample_scratch(pool.scratch(thread), size));
  });
}

// The `top` likeliest of a row, into ids and values: an insertion for each logit that beats the last.
inline void find_top(const float* logits, int64_t V, int64_t top, int32_t* ids, float* values) {
  const auto insert = [&](int64_t i, int64_t last) {
    int64_t at = last;
    for (; at > 0 && logits[i] > values[at - 1]; --at) {
      values[at] = values[at - 1];
      ids[at] = ids[at - 1];
    }
    values[at] = logits[i];
    ids[at] = static_cast<int32_t>(i);
  };
  for (int64_t i = 0; i < top; ++i) insert(i, i);
  for (int64_t i = top; i < V; i += LANES) {
    uint32_t better = lane_bits(load_logits(logits, i, V) > broadcast(values[top - 1]));
    for (; better; better &= better - 1)
      if (const int64_t at = i + __builtin_ctz(better); logits[at] > values[top - 1]) insert(at, top - 1);
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
  for (int64_t i = 0; i < args.V; i += LANES) sums = sums + exp_below(centre(load_logits(logits, i, args.V), top));
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
