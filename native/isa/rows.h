// Row-wise kernels: one row per task, 16 lanes in order; the row passes through a scratch copy padded with zeros.
#pragma once

#include "isa/cache.h"
#include "isa/hadamard.h"
#include "isa/numerics.h"
#include "kernels.h"
#include "thread_pool.h"

namespace tampu::TAMPU_ISA {

INLINE int64_t round_up(int64_t x, int64_t multiple) { return (x + multiple - 1) / multiple * multiple; }

INLINE Ints maximum(const Ints& a, const Ints& b) { return select(a > b, a, b); }

// The largest magnitude in x[0, K), as bits: they order like the magnitudes, NaN above infinity.
inline int32_t amax_bits(const float* x, int64_t K) {
  Ints highest = broadcast(0);
  for (int64_t k = 0; k < K; k += LANES) highest = maximum(highest, bits(load(x + k)) & broadcast(0x7FFFFFFF));
  int32_t lane[LANES], result = 0;
  store(lane, highest);
  for (const int32_t word : lane) result = word > result ? word : result;
  return result;
}

// x[0, K) as int8; the scale is NaN for a row with NaN or infinity, zero for one below 2^-100.
inline void quantize_int8(const float* x, int64_t K, int8_t* values, float* scale) {
  const int32_t word = amax_bits(x, K);
  float amax;
  std::memcpy(&amax, &word, 4);
  const bool finite = word < 0x7F800000, usable = finite && amax >= 0x1p-100f;
  *scale = usable ? amax / 127.0f : finite ? 0.0f : __builtin_nanf("");
  if (!usable) {
    std::memset(values, 0, K);
    return;
  }
  const Floats inverse = broadcast(127.0f / amax);
  for (int64_t k = 0; k < K; k += LANES) store_bytes(values + k, nearest(load(x + k) * inverse), K - k);
}

// Writes row m; x is padded with zeros to whole lanes.
inline void write_row(const float* x, int64_t K, const RowsOut& out, int64_t m) {
  switch (out.kind) {
    case Kind::int8:
      return quantize_int8(x, K, static_cast<int8_t*>(out.values) + m * K, out.scales + m);
    case Kind::int4:  // rows are never int4
      return;
    case Kind::bf16:
      for (int64_t k = 0; k < K; k += LANES)
        store_halves(static_cast<uint16_t*>(out.values) + m * K + k, to_bf16(load(x + k)), K - k);
      return;
    case Kind::f32:
      std::memcpy(static_cast<float*>(out.values) + m * K, x, K * sizeof(float));
  }
}

// For each row m: fill(m, scratch) writes the padded row, which then is mixed and goes out in its kind.
template <class Fill>
inline void for_rows(ThreadPool& pool, int64_t M, int64_t K, const RowsOut& out, Fill fill) {
  pool.reserve(round_up(K, LANES) * sizeof(float));
  parallel(pool, M, M * K, [&](int64_t m, int thread) {
    float* row = static_cast<float*>(pool.scratch(thread));
    fill(m, row);
    if (out.hadamard > 1) hadamard(row, K, out.hadamard);
    write_row(row, K, out, m);
  });
}

inline void quantize_rows(ThreadPool& pool, const QuantizeArgs& args) {
  for_rows(pool, args.M, args.K, args.out, [&](int64_t m, float* row) {
    for (int64_t k = 0; k < args.K; k += LANES) store(row + k, load(args.x + m * args.K + k, args.K - k));
  });
}

inline void rms_norm(ThreadPool& pool, const RmsNormArgs& args) {
  for_rows(pool, args.M, args.K, args.out, [&](int64_t m, float* row) {
    const float* x = args.x + m * args.K;
    Floats squares = broadcast(0.0f);
    for (int64_t k = 0; k < args.K; k += LANES) {
      const Floats some = load(x + k, args.K - k);
      store(row + k, some);
      squares = squares + some * some;
    }
    const float mean = fold_sum(squares) / static_cast<float>(args.K);
    const Floats inverse = broadcast(1.0f / __builtin_sqrtf(mean + args.eps));
    for (int64_t k = 0; k < args.K; k += LANES)
      store(row + k, load(row + k) * inverse * load(args.gain + k, args.K - k));
  });
}

inline void silu_mul(ThreadPool& pool, const SiluMulArgs& args) {
  for_rows(pool, args.M, args.K, args.out, [&](int64_t m, float* row) {
    const float *gates = args.gate_up + m * 2 * args.K, *ups = gates + args.K;
    for (int64_t k = 0; k < args.K; k += LANES) {
      const Floats gate = load(gates + k, args.K - k), up = load(ups + k, args.K - k);
      const Floats negated = from_bits(bits(gate) + broadcast(INT32_MIN));
      store(row + k, gate / (broadcast(1.0f) + exp(negated)) * up);
    }
  });
}

// How the tiles of a kind are laid out, see tampu/kernels/layout.py: [tile][half][row][column][group].
struct TileShape {
  int64_t k, group, columns;  // k of a tile, k side by side, columns of a half
  explicit TileShape(Kind kind)
      : k(kind == Kind::int8 ? 64 : 32),
        group(kind == Kind::int8   ? 4
              : kind == Kind::bf16 ? 2
                                   : 1),
        columns(kind == Kind::f32 ? 32 : 16) {}
};

// Row n of a packed weight; widen(value) gives the float.
template <class Element, class Widen>
inline void unpack_row(const Weight& weight, int64_t n, float* out, Widen widen) {
  const TileShape shape(weight.kind);
  const int64_t tiles = round_up(weight.K, shape.k) / shape.k, row_size = shape.columns * shape.group;
  const int64_t half_size = shape.k / shape.group * row_size;
  const int64_t first = n / 32 * tiles * shape.k * 32 + n % 32 / shape.columns * half_size;
  const Element* at = static_cast<const Element*>(weight.data) + first + n % shape.columns * shape.group;
  for (int64_t k = 0; k < weight.K; ++k) {
    const int64_t tile = k / shape.k, row = k % shape.k / shape.group;
    out[k] = widen(at[tile * shape.k * 32 + row * row_size + k % shape.group]);
  }
}

// Row n of a packed int4 weight.
inline void unpack_int4_row(const Weight& weight, int64_t n, float* out) {
  const int64_t tiles = round_up(weight.K, 64) / 64, panel = n / 32 * tiles, column = n % 32;
  const uint8_t* at = static_cast<const uint8_t*>(weight.data) + panel * 1024 + column % 16 * 4;
  const int8_t* scales = weight.group_scales + panel * 64 + column;
  for (int64_t k = 0; k < weight.K; ++k) {
    const int both = at[k / 64 * 1024 + k % 64 / 4 * 64 + k % 4], value = (column < 16 ? both & 15 : both >> 4) - 8;
    out[k] = static_cast<float>(value * scales[k / 32 * 32]) * weight.scales[n];
  }
}

inline void gather_rows(ThreadPool& pool, const GatherArgs& args) {
  const Weight& weight = args.weight;
  parallel(pool, args.count, args.count * weight.K * 4, [&](int64_t i, int) {
    const int64_t n = args.token_ids[i];
    float* out = args.out + i * weight.K;
    switch (weight.kind) {
      case Kind::int8:
        return unpack_row<int8_t>(weight, n, out, [&](int8_t x) { return static_cast<float>(x) * weight.scales[n]; });
      case Kind::int4:
        return unpack_int4_row(weight, n, out);
      case Kind::bf16:
        return unpack_row<uint16_t>(weight, n, out, widen_bf16_scalar);
      case Kind::f32:
        return unpack_row<float>(weight, n, out, [](float x) { return x; });
    }
  });
}

inline void rotary_table(ThreadPool& pool, const RotaryTableArgs& args) {
  parallel(pool, args.N, args.N * args.half * 32, [&](int64_t n, int) {
    for (int64_t i = 0; i < args.half; ++i) {
      const float angle = static_cast<float>(args.positions[n]) * args.frequencies[i];
      sin_cos(angle, args.sin + n * args.half + i, args.cos + n * args.half + i);
    }
  });
}

// One head: halves (x, y) become (x cos - y sin, y cos + x sin).
inline void rotate(const float* head, const float* cos, const float* sin, int64_t half, float* out) {
  for (int64_t i = 0; i < half; i += LANES) {
    const int64_t count = half - i;
    const Floats x = load(head + i, count), y = load(head + half + i, count);
    const Floats c = load(cos + i, count), s = load(sin + i, count);
    store(out + i, x * c - y * s, count);
    store(out + half + i, y * c + x * s, count);
  }
}

// x [D], padded with zeros to `depth`, as a cache of Element keeps it, in `out`; int8 has a scale.
INLINE void to_cache(const float* x, int64_t, int64_t depth, float* out, float*) {
  std::memcpy(out, x, depth * sizeof(float));
}

INLINE void to_cache(const float* x, int64_t, int64_t depth, uint16_t* out, float*) {
  for (int64_t d = 0; d < depth; d += LANES) store_halves(out + d, to_bf16(load(x + d)), LANES);
}

INLINE void to_cache(const float* x, int64_t D, int64_t depth, int8_t* out, float* scale) {
  std::memset(out, 0, depth);
  quantize_int8(x, D, out, scale);
}

// Key and value of one token, [D] each and padded with zeros to whole tiles, into a slot of the cache.
template <class Element>
inline void write_slot(const Cache& cache, int64_t slot, int64_t group, const float* key, const float* value,
                       float* scratch) {
  using Layout = CacheLayout<Element>;
  const int64_t block = slot / cache.S, offset = slot % cache.S, p = offset % CHUNK;
  const int64_t key_depth = Layout::key_depth(cache.D), value_depth = Layout::value_depth(cache.D);
  Element* row = reinterpret_cast<Element*>(scratch);
  float scale[2];
  to_cache(key, cache.D, key_depth, row, scale);
  Layout::write_key(row, key_depth, p, Layout::keys(cache, block, group, offset));
  to_cache(value, cache.D, value_depth, row, scale + 1);
  Layout::write_value(row, value_depth, p, Layout::values(cache, block, group, offset));
  if (cache.kind != Kind::int8) return;
  const int64_t at = (block * cache.G + group) * cache.S + offset;
  cache.key_scales[at] = scale[0];
  cache.value_scales[at] = scale[1];
}

// One token: queries leave rotated, rotated keys and values go to their slot; scratch has 3 * depth floats. An int8
// cache wants queries and keys mixed, so that no channel of a key is much larger than the others.
template <class Element>
inline void rotate_token(const RotateArgs& args, int64_t n, int64_t depth, float* scratch) {
  const Cache& cache = args.cache;
  const int64_t D = cache.D, half = D / 2;
  const float *head = args.qkv + n * (args.H + 2 * cache.G) * D, *cos = args.cos + n * half, *sin = args.sin + n * half;
  float *rotated = scratch, *value = scratch + depth;
  std::memset(scratch, 0, 2 * depth * sizeof(float));
  for (int64_t h = 0; h < args.H + cache.G; ++h, head += D) {
    rotate(head, cos, sin, half, rotated);
    if (cache.kind == Kind::int8) hadamard(rotated, D, D & -D);
    if (h < args.H) {
      std::memcpy(args.queries + (n * args.H + h) * D, rotated, D * sizeof(float));
    } else {
      std::memcpy(value, head + cache.G * D, D * sizeof(float));
      write_slot<Element>(cache, args.slot_mapping[n], h - args.H, rotated, value, value + depth);
    }
  }
}

// Neighbouring tokens share lines of the cache, so a task has a few of them.
constexpr int64_t TOKENS_OF_TASK = 16;

inline void rotate_and_cache(ThreadPool& pool, const RotateArgs& args) {
  const int64_t D = args.cache.D, heads = args.H + 2 * args.cache.G, depth = round_up(D, 64);
  pool.reserve(3 * depth * sizeof(float));
  parallel(pool, (args.N + TOKENS_OF_TASK - 1) / TOKENS_OF_TASK, args.N * heads * D * 2, [&](int64_t task, int thread) {
    const int64_t first = task * TOKENS_OF_TASK, last = first + TOKENS_OF_TASK;
    float* scratch = static_cast<float*>(pool.scratch(thread));
    for (int64_t n = first; n < last && n < args.N; ++n) {
      switch (args.cache.kind) {
        case Kind::int8:
          rotate_token<int8_t>(args, n, depth, scratch);
          break;
        case Kind::bf16:
          rotate_token<uint16_t>(args, n, depth, scratch);
          break;
        default:
          rotate_token<float>(args, n, depth, scratch);
      }
    }
  });
}

}  // namespace tampu::TAMPU_ISA
