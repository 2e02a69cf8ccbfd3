// bf16 and f32 linears in the paired order: in a block of 32 k, even k are added one after the other, and odd k; then
// the two; blocks in order. That is how an AMX bf16 tile adds, whatever the number of rows.
#pragma once

#include "isa/linear.h"

namespace tampu::TAMPU_ISA {

constexpr int64_t BLOCK = 32;  // k of a tile
constexpr int64_t FLOAT_CHUNK = 128;  // rows of one task
constexpr int FLOAT_ROWS = WIDTH == 16 ? 8 : WIDTH == 8 ? 2 : 1;

struct Pair {
  Floats even, odd;
};

// Weights of 16 columns for k = 2 * pair and the next: one 64-byte row of a bf16 tile [2][16][16][2] ...
INLINE Pair load_pair(const uint16_t* tile, int half, int pair) {
  const Ints words = load(reinterpret_cast<const int32_t*>(tile + (half * 16 + pair) * 32));
  return {from_bits(words << 16), from_bits(words & broadcast(static_cast<int32_t>(0xFFFF0000)))};
}

// ... or half of two rows of an f32 tile [32][32].
INLINE Pair load_pair(const float* tile, int half, int pair) {
  const float* at = tile + pair * 2 * PANEL + half * LANES;
  return {load(at), load(at + PANEL)};
}

// Adds one tile times R rows to totals [R][2] of 16 columns each; STREAMED tiles come from memory, one after another.
template <int R, bool STREAMED, class Element>
INLINE void add_tile(const float* rows, int64_t stride, const Element* tile, Floats (&totals)[R][2]) {
  constexpr bool EXACT = sizeof(Element) == 2;
  UNROLL
  for (int half = 0; half < 2; ++half) {
    Floats even[R] = {}, odd[R] = {};
    for (int pair = 0; pair < 16; ++pair) {
      for (size_t line = 0; STREAMED && line < sizeof(Element) / 2; ++line)
        prefetch(tile + ((half * 16 + pair) * 32 + line * 16));
      const Pair weight = load_pair(tile, half, pair);
      UNROLL
      for (int r = 0; r < R; ++r) {
        const float* a = rows + r * stride + 2 * pair;
        even[r] = add_product<EXACT>(broadcast(a[0]), weight.even, even[r]);
        odd[r] = add_product<EXACT>(broadcast(a[1]), weight.odd, odd[r]);
      }
    }
    UNROLL
    for (int r = 0; r < R; ++r) totals[r][half] = totals[r][half] + (even[r] + odd[r]);
  }
}

// Rows as float32, padded with zeros to whole blocks, in shared scratch.
inline const float* prepare_float_rows(ThreadPool& pool, const LinearArgs& args, int64_t stride) {
  const int64_t K = args.weight.K;
  const bool bf16 = args.weight.kind == Kind::bf16;
  if (!bf16 && stride == K) return static_cast<const float*>(args.rows);
  pool.reserve(0, args.M * stride * sizeof(float));
  float* copy = static_cast<float*>(pool.shared());
  parallel(pool, args.M, args.M * K, [&](int64_t m, int) {
    float* row = copy + m * stride;
    std::memset(row + stride - BLOCK, 0, BLOCK * sizeof(float));
    if (!bf16) {
      std::memcpy(row, static_cast<const float*>(args.rows) + m * K, K * sizeof(float));
      return;
    }
    const uint16_t* halves = static_cast<const uint16_t*>(args.rows) + m * K;
    for (int64_t k = 0; k < K; ++k) row[k] = widen_bf16_scalar(halves[k]);
  });
  return copy;
}

template <class Element>
inline void linear_float(ThreadPool& pool, const LinearArgs& args) {
  const int64_t stride = round_up(args.weight.K, BLOCK), panel_elements = stride * PANEL;
  const float* rows = prepare_float_rows(pool, args, stride);
  const Element* data = static_cast<const Element*>(args.weight.data);
  const int64_t chunks = (args.M + FLOAT_CHUNK - 1) / FLOAT_CHUNK;
  for_panels(pool, args, panel_elements * sizeof(Element), chunks, [&](int64_t panel, int64_t chunk, int) {
    const int64_t first = chunk * FLOAT_CHUNK, last = first + FLOAT_CHUNK < args.M ? first + FLOAT_CHUNK : args.M;
    for_blocks<FLOAT_ROWS>(first, last, [&]<int R>(int64_t m) {
      Floats totals[R][2] = {};
      const Element* tile = data + panel * panel_elements;
      for (int64_t k = 0; k < stride; k += BLOCK, tile += BLOCK * PANEL)
        add_tile<R, true>(rows + m * stride + k, stride, tile, totals);
      UNROLL
      for (int r = 0; r < R; ++r)
        UNROLL
        for (int half = 0; half < 2; ++half) store_columns(args, m + r, panel * PANEL + half * LANES, totals[r][half]);
    });
  });
}

}  // namespace tampu::TAMPU_ISA
