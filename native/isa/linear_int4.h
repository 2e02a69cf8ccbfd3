// int4 x int8 -> int32, exact. A tile is [16][16][4]: a byte has the codes (values + 8) of a column in either half, and
// every 32 k of a column have a whole number to multiply the values by. The product is an int8: for many rows a slab is
// expanded and multiplied as int8, for few each line is expanded in registers on its way from memory.
#pragma once

#include "isa/linear_int8.h"

namespace tampu::TAMPU_ISA {

constexpr int64_t INT4_TILE_BYTES = INT8_TILE_BYTES / 2, INT4_GROUP = 32, INT4_TILE_NUMBERS = 2 * PANEL;

// expand_tile writes one tile as an int8 tile; stream_int4<R> multiplies up to INT4_STREAM_ROWS rows with one panel.
#if defined(__AVX512VNNI__)

constexpr int INT4_STREAM_ROWS = INT8_ROWS;

// What turns codes of 16 columns, 4 bytes each, into int8, given their whole numbers n in [-15, 15]: (code - 8) * n is
// (code ^ flip) * |n| - less, with flip 0 and less 8 * |n|, or 15 and 7 * |n| where n is negative. No byte of the
// product passes 15 * 15, so that two are multiplied as one word.
struct Expansion {
  __m512i flip, factors, less;

  explicit Expansion(const int8_t* numbers, int8_t offset = 0) {
    const __m512i bytes = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(numbers)));
    const __m512i all = _mm512_mullo_epi32(bytes, _mm512_set1_epi32(0x01010101)), size = _mm512_abs_epi8(all);
    const __mmask64 negative = _mm512_movepi8_mask(all);
    flip = _mm512_maskz_set1_epi8(negative, 15);
    factors = _mm512_and_si512(size, _mm512_set1_epi16(15));
    less = _mm512_slli_epi16(size, 3);  // 8 * 15 fits a byte
    less = _mm512_sub_epi8(_mm512_mask_sub_epi8(less, negative, less, size), _mm512_set1_epi8(offset));
  }

  INLINE __m512i operator()(__m512i bytes) const {
    const __m512i codes = _mm512_ternarylogic_epi32(bytes, _mm512_set1_epi8(15), flip, 0x6A);  // (bytes & 15) ^ flip
    return _mm512_sub_epi8(_mm512_mullo_epi16(codes, factors), less);
  }
};

INLINE void expand_tile(const uint8_t* tile, const int8_t* numbers, int8_t* out) {
  for (int group = 0; group < 2; ++group) {
    const Expansion left(numbers + group * PANEL), right(numbers + group * PANEL + LANES);
    for (int row = group * 8; row < group * 8 + 8; ++row) {
      const __m512i both = _mm512_loadu_si512(tile + row * 64);
      _mm512_storeu_si512(out + row * 64, left(both));
      _mm512_storeu_si512(out + 1024 + row * 64, right(_mm512_srli_epi16(both, 4)));
    }
  }
}

// A single block of rows over all of K: codes come from memory and become weights + WEIGHT_OFFSET in registers.
template <int R>
inline void stream_int4(const LinearArgs& args, const PackedRows& rows, const uint8_t* tile, const int8_t* numbers,
                        int64_t panel) {
  Sums<R> sums = {};
  const int32_t* words = rows.words;
  for (int64_t k = 0; k < rows.K; k += INT4_GROUP, numbers += PANEL) {
    const Expansion left(numbers, WEIGHT_OFFSET), right(numbers + LANES, WEIGHT_OFFSET);
    for (int row = 0; row < 8; ++row, tile += 64, words += R) {
      prefetch(tile);
      const __m512i both = _mm512_loadu_si512(tile);
      multiply_words<R>(words, left(both), right(_mm512_srli_epi16(both, 4)), sums);
    }
  }
  store_rows<R>(args, rows, sums, panel, 0);
}

#else

INLINE void expand_tile(const uint8_t* tile, const int8_t* numbers, int8_t* out) {
  for (int group = 0; group < 2; ++group) {
    int8_t left[64], right[64];  // the number of each byte of a row
    for (int i = 0; i < 64; ++i) {
      left[i] = numbers[group * PANEL + i / 4];
      right[i] = numbers[group * PANEL + LANES + i / 4];
    }
    for (int row = group * 8; row < group * 8 + 8; ++row) {
      const uint8_t* both = tile + row * 64;
      for (int i = 0; i < 64; ++i) {
        out[row * 64 + i] = static_cast<int8_t>(((both[i] & 15) - 8) * left[i]);
        out[1024 + row * 64 + i] = static_cast<int8_t>(((both[i] >> 4) - 8) * right[i]);
      }
    }
  }
}

#endif

#if defined(__AVX2__) && !defined(__AVX512VNNI__)

constexpr int INT4_STREAM_ROWS = 1;

// The same for one row: what 32 k of codes add up to is multiplied by their number once.
template <int R>
inline void stream_int4(const LinearArgs& args, const PackedRows& rows, const uint8_t* tile, const int8_t* numbers,
                        int64_t panel) {
  static_assert(R == 1);
  Sums<R> sums = {};
  const __m256i nibble = _mm256_set1_epi8(15), eights = _mm256_set1_epi8(8), ones = _mm256_set1_epi16(1);
  const int32_t* words = rows.words;
  for (int64_t k = 0; k < rows.K; k += INT4_GROUP, numbers += PANEL) {
    // 16 products of at most 15 * 127, and 16 of at most 8 * 127 to take away: all stay below 2^15.
    __m256i pairs[4] = {}, less = {};
    for (int row = 0; row < 8; ++row, tile += 64) {
      prefetch(tile);
      const __m256i four = _mm256_set1_epi32(*words++);
      less = _mm256_add_epi16(less, _mm256_maddubs_epi16(eights, four));
      UNROLL
      for (int part = 0; part < 2; ++part) {
        const __m256i both = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(tile + part * 32));
        const __m256i left = _mm256_and_si256(both, nibble);
        const __m256i right = _mm256_and_si256(_mm256_srli_epi16(both, 4), nibble);
        pairs[part] = _mm256_add_epi16(pairs[part], _mm256_maddubs_epi16(left, four));
        pairs[2 + part] = _mm256_add_epi16(pairs[2 + part], _mm256_maddubs_epi16(right, four));
      }
    }
    UNROLL
    for (int q = 0; q < 4; ++q) {
      const __m256i partial = _mm256_madd_epi16(_mm256_sub_epi16(pairs[q], less), ones);
      const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(numbers + q * 8));
      sums.part[0][q] += (IntPart)_mm256_mullo_epi32(partial, _mm256_cvtepi8_epi32(bytes));
    }
  }
  store_rows<R>(args, rows, sums, panel, 0);
}

#endif

// Blocks [first, last) of rows times one panel, a slab of which is expanded at a time.
inline void multiply_expanded(const LinearArgs& args, const PackedRows& rows, int64_t panel, int64_t first,
                              int64_t last, int32_t* saved, int8_t* expanded) {
  const int64_t start = rows.blocks.first(first), tiles = rows.K / INT8_TILE_K;
  const uint8_t* tile = static_cast<const uint8_t*>(args.weight.data) + panel * tiles * INT4_TILE_BYTES;
  const int8_t* numbers = args.weight.group_scales + panel * tiles * INT4_TILE_NUMBERS;
  for (int64_t k = 0; k < rows.K; k += SLAB_K) {
    for (int64_t at = 0; at < rows.slab_size(k); at += INT8_TILE_K) {
      expand_tile(tile, numbers, expanded + at * PANEL);
      tile += INT4_TILE_BYTES, numbers += INT4_TILE_NUMBERS;
    }
    for (int64_t block = first; block < last; ++block) {
      with_rows<INT8_ROWS>(rows.blocks.rows(block), [&]<int R>() {
        multiply_slab<R>(args, rows, expanded, reinterpret_cast<const int8_t*>(tile), panel, block, k,
                         saved + (rows.blocks.first(block) - start) * PANEL);
      });
    }
  }
}

#if defined(__AVX2__)

inline void linear_int4_stream(ThreadPool& pool, const LinearArgs& args) {
  const PackedRows rows = pack_rows(pool, args, INT4_STREAM_ROWS, 0);
  const uint8_t* data = static_cast<const uint8_t*>(args.weight.data);
  for_panels(pool, args, rows.K * PANEL / 2, 1, [&](int64_t panel, int64_t, int) {
    const int64_t tiles = panel * rows.K / INT8_TILE_K;  // before this panel
    with_rows<INT4_STREAM_ROWS>(args.M, [&]<int R>() {
      stream_int4<R>(args, rows, data + tiles * INT4_TILE_BYTES, args.weight.group_scales + tiles * INT4_TILE_NUMBERS,
                     panel);
    });
  });
}

#endif

inline void linear_int4(ThreadPool& pool, const LinearArgs& args) {
  if (args.M == 0) return;
#if defined(__AVX2__)
  if (args.M <= INT4_STREAM_ROWS) return linear_int4_stream(pool, args);
#endif
  constexpr int64_t BLOCKS_OF_TASK = INT8_CHUNK / INT8_ROWS, SAVED = INT8_CHUNK * PANEL * sizeof(int32_t);
  const PackedRows rows = pack_rows(pool, args, INT8_ROWS, SAVED + SLAB_K * PANEL);
  const int64_t chunks = (rows.blocks.count + BLOCKS_OF_TASK - 1) / BLOCKS_OF_TASK;
  for_panels(pool, args, rows.K * PANEL / 2, chunks, [&](int64_t panel, int64_t chunk, int thread) {
    const int64_t first = chunk * BLOCKS_OF_TASK, last = first + BLOCKS_OF_TASK;
    int8_t* scratch = static_cast<int8_t*>(pool.scratch(thread));
    multiply_expanded(args, rows, panel, first, last < rows.blocks.count ? last : rows.blocks.count,
                      reinterpret_cast<int32_t*>(scratch), scratch + SAVED);
  });
}

}  // namespace tampu::TAMPU_ISA
