// bf16 and f32 linears in the paired order: in a block of 32 k, even k are added one after the other, and odd k; then
// the two; blocks in order. That is how an AMX bf16 tile adds, whatever the number of rows.
#pragma once

#include "isa/linear.h"
#include "isa/quads.h"

namespace tampu::TAMPU_ISA {

constexpr int64_t BLOCK = 32;         // k of a tile
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

// How 32 numbers of a row are kept for products with a tile; exact in bf16, or any.
template <bool BF16>
struct RowForm {
  static constexpr int64_t SIZE = BLOCK;  // in floats

  INLINE static void put(float* to, const Floats& left, const Floats& right) {
    store(to, left);
    store(to + LANES, right);
  }
};

#if defined(__AVX512BF16__)

template <>
struct RowForm<true> {
  static constexpr int64_t SIZE = LANES;

  INLINE static void put(float* to, const Floats& left, const Floats& right) { store_quads(to, left, right); }
};

template <int R, bool STREAMED>
INLINE void add_tile(const float* rows, int64_t stride, const uint16_t* tile, Floats (&totals)[R][2]) {
  UNROLL
  for (int half = 0; half < 2; ++half) {
    Floats even[R] = {}, odd[R] = {};
    for (int quad = 0; quad < 8; ++quad) {
      const uint16_t* at = tile + (half * 16 + 2 * quad) * 32;
      if constexpr (STREAMED) prefetch(at);
      if constexpr (STREAMED) prefetch(at + 32);
      const Quad weight = to_quad(_mm512_loadu_si512(at), _mm512_loadu_si512(at + 32));
      UNROLL
      for (int r = 0; r < R; ++r) {
        const float* a = rows + r * stride + 2 * quad;
        add_products(weight.even, _mm512_set1_ps(a[0]), even[r]);
        add_products(weight.odd, _mm512_set1_ps(a[1]), odd[r]);
      }
    }
    UNROLL
    for (int r = 0; r < R; ++r) totals[r][half] = totals[r][half] + (even[r] + odd[r]);
  }
}

#endif

// Blocks of a row [K] of bf16 in their form, padded with zeros.
inline void put_row(const uint16_t* halves, int64_t K, float* to) {
  for (int64_t k = 0; k < K; k += BLOCK, to += RowForm<true>::SIZE) {
    uint16_t block[BLOCK] = {};
    std::memcpy(block, halves + k, (K - k < BLOCK ? K - k : BLOCK) * sizeof(uint16_t));
    RowForm<true>::put(to, widen_bf16(block), widen_bf16(block + LANES));
  }
}

inline void put_row(const float* row, int64_t K, float* to) {
  std::memset(to + round_up(K, BLOCK) - BLOCK, 0, BLOCK * sizeof(float));
  std::memcpy(to, row, K * sizeof(float));
}

// Rows in their form, `stride` floats each, in shared scratch.
template <class Element>
inline const float* prepare_float_rows(ThreadPool& pool, const LinearArgs& args, int64_t stride) {
  const int64_t K = args.weight.K;
  const Element* rows = static_cast<const Element*>(args.rows);
  if (sizeof(Element) == sizeof(float) && stride == K) return static_cast<const float*>(args.rows);
  pool.reserve(0, args.M * stride * sizeof(float));
  float* copy = static_cast<float*>(pool.shared());
  parallel(pool, args.M, args.M * K, [&](int64_t m, int) { put_row(rows + m * K, K, copy + m * stride); });
  return copy;
}

template <class Element>
inline void linear_float(ThreadPool& pool, const LinearArgs& args) {
  constexpr int64_t SIZE = RowForm<sizeof(Element) == 2>::SIZE;
  const int64_t blocks = round_up(args.weight.K, BLOCK) / BLOCK, stride = blocks * SIZE;
  const int64_t panel_elements = blocks * BLOCK * PANEL;
  const float* rows = prepare_float_rows<Element>(pool, args, stride);
  const Element* data = static_cast<const Element*>(args.weight.data);
  const int64_t chunks = (args.M + FLOAT_CHUNK - 1) / FLOAT_CHUNK;
  for_panels(pool, args, panel_elements * sizeof(Element), chunks, [&](int64_t panel, int64_t chunk, int) {
    const int64_t first = chunk * FLOAT_CHUNK, last = first + FLOAT_CHUNK < args.M ? first + FLOAT_CHUNK : args.M;
    for_blocks<FLOAT_ROWS>(first, last, [&]<int R>(int64_t m) {
      Floats totals[R][2] = {};
      const Element* tile = data + panel * panel_elements;
      for (int64_t k = 0; k < stride; k += SIZE, tile += BLOCK * PANEL)
        add_tile<R, true>(rows + m * stride + k, stride, tile, totals);
      UNROLL
      for (int r = 0; r < R; ++r) {
        UNROLL
        for (int half = 0; half < 2; ++half) store_columns(args, m + r, panel * PANEL + half * LANES, totals[r][half]);
      }
    });
  });
}

}  // namespace tampu::TAMPU_ISA
