// int8 x int8 -> int32, exact. A tile is [2][16][16][4]: a 64-byte row holds 16 columns x 4 k.
#pragma once

#include "isa/packed_rows.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace tampu::TAMPU_ISA {

constexpr int64_t INT8_TILE_BYTES = INT8_TILE_K * PANEL;

// R rows times the 32 columns of a panel; what a sum still lacks, finish_sums adds.
template <int R>
struct Sums {
  IntPart part[R][2 * PARTS];
};

template <int LINES>
INLINE void prefetch_lines(const int8_t* at) {
  UNROLL
  for (int line = 0; line < LINES; ++line) __builtin_prefetch(at + line * 64);
}

// multiply_tile<R, LINES> adds a tile times R rows, words [16][R], to the sums. Meanwhile it fetches 16 * LINES lines
// from `next` on: memory is then busy while the processor multiplies.

#if defined(__AVX512VNNI__)

// 24 sums, two weights, a broadcast and a constant fit 32 registers.
constexpr int INT8_ROWS = 12;
// vpdpbusd wants one unsigned operand: weights + 128, corrected at the end by 128 * the row's sum.
constexpr int32_t WEIGHT_OFFSET = 128;

// 4 k of weights + WEIGHT_OFFSET of both halves times R rows.
template <int R>
INLINE void multiply_words(const int32_t* words, __m512i left, __m512i right, Sums<R>& sums) {
  UNROLL
  for (int r = 0; r < R; ++r) {
    const __m512i four = _mm512_set1_epi32(words[r]);
    sums.part[r][0] = (IntPart)_mm512_dpbusd_epi32((__m512i)sums.part[r][0], left, four);
    sums.part[r][1] = (IntPart)_mm512_dpbusd_epi32((__m512i)sums.part[r][1], right, four);
  }
}

template <int R, int LINES>
INLINE void multiply_tile(const int32_t* words, const int8_t* tile, const int8_t* next, Sums<R>& sums) {
  const __m512i flip = _mm512_set1_epi8(-128);
  for (int group = 0; group < 16; ++group) {
    prefetch_lines<LINES>(next + group * LINES * 64);
    const __m512i left = _mm512_xor_si512(_mm512_loadu_si512(tile + group * 64), flip);
    const __m512i right = _mm512_xor_si512(_mm512_loadu_si512(tile + 1024 + group * 64), flip);
    multiply_words<R>(words + group * R, left, right, sums);
  }
}

#elif defined(__AVX2__)

constexpr int INT8_ROWS = 2;
constexpr int32_t WEIGHT_OFFSET = 0;

// vpmaddubsw saturates at 2^15: |weight| times the activation with the weight's sign stays below 2 * 127 * 127.
template <int R, int LINES>
INLINE void multiply_tile(const int32_t* words, const int8_t* tile, const int8_t* next, Sums<R>& sums) {
  const __m256i ones = _mm256_set1_epi16(1);
  for (int group = 0; group < 16; ++group) {
    prefetch_lines<LINES>(next + group * LINES * 64);
    UNROLL
    for (int q = 0; q < 4; ++q) {
      const int8_t* at = tile + q / 2 * 1024 + group * 64 + q % 2 * 32;
      const __m256i weight = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
      const __m256i magnitude = _mm256_abs_epi8(weight);
      UNROLL
      for (int r = 0; r < R; ++r) {
        const __m256i four = _mm256_set1_epi32(words[group * R + r]);
        const __m256i pairs = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(four, weight));
        sums.part[r][q] += (IntPart)_mm256_madd_epi16(pairs, ones);
      }
    }
  }
}

#else

constexpr int INT8_ROWS = 1;
constexpr int32_t WEIGHT_OFFSET = 0;
using Words = int16_t __attribute__((vector_size(16)));

INLINE IntPart two_words(int8_t first, int8_t second) {
  return broadcast(static_cast<int32_t>(static_cast<uint16_t>(first) | static_cast<uint32_t>(second) << 16)).part[0];
}

// Products of two int8 fit an int16, and so does the sum of two (2 * 127 * 127). Of 4 columns x 4 k, 16-bit words hold
// an even and an odd k each: shifts part them, and a second pair of shifts adds the two words of a column.
template <int R, int LINES>
INLINE void multiply_tile(const int32_t* words, const int8_t* tile, const int8_t* next, Sums<R>& sums) {
  static_assert(WIDTH == 4);
  for (int group = 0; group < 16; ++group) {
    prefetch_lines<LINES>(next + group * LINES * 64);
    UNROLL
    for (int r = 0; r < R; ++r) {
      int8_t a[4];
      std::memcpy(a, words + group * R + r, 4);
      const Words even = (Words)two_words(a[0], a[2]), odd = (Words)two_words(a[1], a[3]);
      UNROLL
      for (int i = 0; i < 2 * PARTS; ++i) {
        Words weight;
        std::memcpy(&weight, tile + i / PARTS * 1024 + group * 64 + i % PARTS * 16, 16);
        const IntPart pairs = (IntPart)((weight << 8 >> 8) * even + (weight >> 8) * odd);
        sums.part[r][i] += (pairs << 16 >> 16) + (pairs >> 16);
      }
    }
  }
}

#endif

template <int R>
INLINE Ints finish_sums(const Sums<R>& sums, int r, int half, int32_t row_sum) {
  Ints result;
  UNROLL
  for (int i = 0; i < PARTS; ++i) result.part[i] = sums.part[r][half * PARTS + i];
  return result - broadcast(WEIGHT_OFFSET * row_sum);
}

template <int R>
INLINE void load_sums(const int32_t* from, Sums<R>& sums) {
  UNROLL
  for (int i = 0; i < R * 2 * PARTS; ++i)
    std::memcpy(&sums.part[i / (2 * PARTS)][i % (2 * PARTS)], from + i * WIDTH, sizeof(IntPart));
}

template <int R>
INLINE void store_sums(int32_t* to, const Sums<R>& sums) {
  UNROLL
  for (int i = 0; i < R * 2 * PARTS; ++i)
    std::memcpy(to + i * WIDTH, &sums.part[i / (2 * PARTS)][i % (2 * PARTS)], sizeof(IntPart));
}

// Scales 16 exact sums of row m from column n on, adds the residual and stores them.
INLINE void store_scaled(const LinearArgs& args, int64_t m, int64_t n, const Ints& sums) {
  const Floats scales = load(args.weight.scales + n, args.weight.N > n ? args.weight.N - n : 0);
  store_columns(args, m, n, to_float(sums) * broadcast(args.row_scales[m]) * scales);
}

// Scales, adds the residual and stores R rows from m on of one panel.
template <int R>
INLINE void store_rows(const LinearArgs& args, const PackedRows& rows, const Sums<R>& sums, int64_t panel, int64_t m) {
  UNROLL
  for (int r = 0; r < R; ++r) {
    UNROLL
    for (int half = 0; half < 2; ++half) {
      store_scaled(args, m + r, panel * PANEL + half * LANES, finish_sums<R>(sums, r, half, rows.sums[m + r]));
    }
  }
}

// A single block of rows over all of K: weights come from memory, one line after another.
template <int R>
inline void multiply_stream(const LinearArgs& args, const PackedRows& rows, const int8_t* tile, int64_t panel) {
  Sums<R> sums = {};
  const int32_t* words = rows.words;
  for (int64_t k = 0; k < rows.K; k += INT8_TILE_K, tile += INT8_TILE_BYTES, words += INT8_TILE_K / 4 * R)
    multiply_tile<R, 2>(words, tile, tile + STREAM_AHEAD, sums);
  store_rows<R>(args, rows, sums, panel, 0);
}

// One block of rows over the slab at k; what is summed so far waits in `saved`.
template <int R>
inline void multiply_slab(const LinearArgs& args, const PackedRows& rows, const int8_t* tile, const int8_t* next,
                          int64_t panel, int64_t block, int64_t k, int32_t* saved) {
  Sums<R> sums = {};
  if (k > 0) load_sums<R>(saved, sums);
  const int64_t size = rows.slab_size(k);
  const int32_t* words = rows.at(block, k);
  for (int64_t i = 0; i < size; i += INT8_TILE_K, tile += INT8_TILE_BYTES, next += 1024, words += INT8_TILE_K / 4 * R)
    multiply_tile<R, 1>(words, tile, next, sums);
  if (k + size < rows.K) return store_sums<R>(saved, sums);
  store_rows<R>(args, rows, sums, panel, rows.blocks.first(block));
}

// Blocks [first, last) of rows times one panel, slab after slab; each block fetches a half of the next slab, in turn.
inline void multiply_panel(const LinearArgs& args, const PackedRows& rows, const int8_t* tiles, int64_t panel,
                           int64_t first, int64_t last, int32_t* saved) {
  const int64_t start = rows.blocks.first(first);
  for (int64_t k = 0; k < rows.K; k += SLAB_K) {
    const int8_t *slab = tiles + k * PANEL, *next = slab + SLAB_K * PANEL;
    for (int64_t block = first; block < last; ++block) {
      with_rows<INT8_ROWS>(rows.blocks.rows(block), [&]<int R>() {
        multiply_slab<R>(args, rows, slab, next + (block - first) % 2 * (SLAB_K * PANEL / 2), panel, block, k,
                         saved + (rows.blocks.first(block) - start) * PANEL);
      });
    }
  }
}

inline void linear_int8(ThreadPool& pool, const LinearArgs& args) {
  if (args.M == 0) return;
  constexpr int64_t BLOCKS_OF_TASK = INT8_CHUNK / INT8_ROWS;
  const PackedRows rows = pack_rows(pool, args, INT8_ROWS, INT8_CHUNK * PANEL * sizeof(int32_t));
  const int64_t panel_bytes = rows.K * PANEL, chunks = (rows.blocks.count + BLOCKS_OF_TASK - 1) / BLOCKS_OF_TASK;
  const int8_t* data = static_cast<const int8_t*>(args.weight.data);
  for_panels(pool, args, panel_bytes, chunks, [&](int64_t panel, int64_t chunk, int thread) {
    const int8_t* tiles = data + panel * panel_bytes;
    if (rows.blocks.count == 1)
      return with_rows<INT8_ROWS>(args.M, [&]<int R>() { multiply_stream<R>(args, rows, tiles, panel); });
    const int64_t first = chunk * BLOCKS_OF_TASK, last = first + BLOCKS_OF_TASK;
    multiply_panel(args, rows, tiles, panel, first, last < rows.blocks.count ? last : rows.blocks.count,
                   static_cast<int32_t*>(pool.scratch(thread)));
  });
}

}  // namespace tampu::TAMPU_ISA
