// int4 x int8 -> int32, exact. A tile is [16][16][4]: a byte has the values + 8 of a column in either half, and every 32
// k of a column have a whole number to multiply them by. (value * number) is an int8, so a panel can be expanded and
// multiplied as int8; for few rows the products of 32 k are summed first and multiplied once.
#pragma once

#include "isa/linear_int8.h"

namespace tampu::TAMPU_ISA {

constexpr int64_t INT4_TILE_BYTES = INT8_TILE_BYTES / 2, INT4_GROUP = 32, INT4_TILE_NUMBERS = 2 * PANEL;

// expand_tile writes one tile as an int8 tile.
#if defined(__AVX512VNNI__)

// (codes - 8) * factors of 64 bytes, where a word of `factors` belongs to two of them.
INLINE __m512i expand_codes(__m512i codes, __m512i factors, __m512i eights) {
  const __m512i even = _mm512_and_si512(codes, _mm512_set1_epi16(0x00FF)), odd = _mm512_srli_epi16(codes, 8);
  const __m512i low = _mm512_sub_epi16(_mm512_mullo_epi16(even, factors), eights);
  const __m512i high = _mm512_sub_epi16(_mm512_mullo_epi16(odd, factors), eights);
  return _mm512_mask_blend_epi8(0xAAAAAAAAAAAAAAAA, low, _mm512_slli_epi16(high, 8));
}

INLINE void expand_tile(const uint8_t* tile, const int8_t* numbers, int8_t* out) {
  const __m512i nibble = _mm512_set1_epi8(15);
  for (int group = 0; group < 2; ++group) {
    __m512i factors[2], eights[2];
    for (int half = 0; half < 2; ++half) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(numbers + group * PANEL + half * LANES));
      const __m512i number = _mm512_cvtepi8_epi32(bytes);
      factors[half] = _mm512_mask_blend_epi16(0xAAAAAAAA, number, _mm512_slli_epi32(number, 16));
      eights[half] = _mm512_slli_epi16(factors[half], 3);
    }
    for (int row = group * 8; row < group * 8 + 8; ++row) {
      const __m512i both = _mm512_loadu_si512(tile + row * 64);
      const __m512i left = _mm512_and_si512(both, nibble);
      const __m512i right = _mm512_and_si512(_mm512_srli_epi16(both, 4), nibble);
      _mm512_storeu_si512(out + row * 64, expand_codes(left, factors[0], eights[0]));
      _mm512_storeu_si512(out + 1024 + row * 64, expand_codes(right, factors[1], eights[1]));
    }
  }
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

#if defined(__AVX2__)

// multiply_int4_tile<R> adds a tile times R rows, words [16][R], to the sums; `offsets` [2][R] has -8 times the sum of
// every 32 k of a row.
#if defined(__AVX512VNNI__)

constexpr int INT4_ROWS = 8;              // 16 sums of 32 k in registers; what they add up to waits in memory
constexpr int64_t INT4_DIRECT_ROWS = 32;  // at most: beyond, expanding is as fast, and simpler on the memory

template <int R>
INLINE void multiply_int4_tile(const int32_t* words, const int32_t* offsets, const uint8_t* tile,
                               const int8_t* numbers, Sums<R>& sums) {
  const __m512i nibble = _mm512_set1_epi8(15), low_word = _mm512_set1_epi32(0xFFFF);
  for (int group = 0; group < 2; ++group) {
    Sums<R> partial;
    UNROLL
    for (int r = 0; r < R; ++r)
      partial.part[r][0] = partial.part[r][1] = broadcast(offsets[group * R + r]).part[0];
    for (int row = group * 8; row < group * 8 + 8; ++row) {
      prefetch(tile + row * 64);
      const __m512i both = _mm512_loadu_si512(tile + row * 64);
      const __m512i left = _mm512_and_si512(both, nibble);
      const __m512i right = _mm512_and_si512(_mm512_srli_epi16(both, 4), nibble);
      UNROLL
      for (int r = 0; r < R; ++r) {
        const __m512i four = _mm512_set1_epi32(words[row * R + r]);
        partial.part[r][0] = (IntPart)_mm512_dpbusd_epi32((__m512i)partial.part[r][0], left, four);
        partial.part[r][1] = (IntPart)_mm512_dpbusd_epi32((__m512i)partial.part[r][1], right, four);
      }
    }
    UNROLL
    for (int half = 0; half < 2; ++half) {
      // |partial| <= 32 * 8 * 127 is an int16, so that its low word times the number is the product.
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(numbers + group * PANEL + half * LANES));
      const __m512i factors = _mm512_and_si512(_mm512_cvtepi8_epi32(bytes), low_word);
      UNROLL
      for (int r = 0; r < R; ++r) {
        IntPart* sum = &sums.part[r][half];
        _mm512_store_si512(sum, _mm512_dpwssd_epi32(_mm512_load_si512(sum), (__m512i)partial.part[r][half], factors));
      }
    }
  }
}

#else

constexpr int INT4_ROWS = 1;
constexpr int64_t INT4_DIRECT_ROWS = 1;

template <int R>
INLINE void multiply_int4_tile(const int32_t* words, const int32_t* offsets, const uint8_t* tile,
                               const int8_t* numbers, Sums<R>& sums) {
  static_assert(R == 1);
  const __m256i nibble = _mm256_set1_epi8(15), ones = _mm256_set1_epi16(1);
  for (int group = 0; group < 2; ++group) {
    // 16 products of at most 15 * 127 stay below 2^15.
    __m256i pairs[4] = {};
    for (int row = group * 8; row < group * 8 + 8; ++row) {
      prefetch(tile + row * 64);
      const __m256i four = _mm256_set1_epi32(words[row]);
      UNROLL
      for (int part = 0; part < 2; ++part) {
        const __m256i both = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(tile + row * 64 + part * 32));
        const __m256i left = _mm256_and_si256(both, nibble);
        const __m256i right = _mm256_and_si256(_mm256_srli_epi16(both, 4), nibble);
        pairs[part] = _mm256_add_epi16(pairs[part], _mm256_maddubs_epi16(left, four));
        pairs[2 + part] = _mm256_add_epi16(pairs[2 + part], _mm256_maddubs_epi16(right, four));
      }
    }
    UNROLL
    for (int q = 0; q < 4; ++q) {
      const __m256i partial = _mm256_add_epi32(_mm256_madd_epi16(pairs[q], ones), _mm256_set1_epi32(offsets[group]));
      const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(numbers + group * PANEL + q * 8));
      sums.part[0][q] += (IntPart)_mm256_mullo_epi32(partial, _mm256_cvtepi8_epi32(bytes));
    }
  }
}

#endif

// -8 times the sum of every 32 k: for every block of R rows [K / 32][R].
inline const int32_t* int4_offsets(ThreadPool& pool, const LinearArgs& args, const PackedRows& rows) {
  const int64_t groups = rows.K / INT4_GROUP;
  parallel(pool, rows.blocks.count, args.M * rows.K / 16, [&](int64_t block, int) {
    const int64_t first = rows.blocks.first(block), R = rows.blocks.rows(block);
    for (int64_t r = 0; r < R; ++r) {
      const int8_t* row = static_cast<const int8_t*>(args.rows) + (first + r) * args.weight.K;
      for (int64_t group = 0; group < groups; ++group) {
        const int64_t left = args.weight.K - group * INT4_GROUP;
        const int64_t count = left < 0 ? 0 : left < INT4_GROUP ? left : INT4_GROUP;
        rows.spare[first * groups + group * R + r] = -8 * sum_of(row + group * INT4_GROUP, count);
      }
    }
  });
  return rows.spare;
}

// One block of rows times one panel.
template <int R>
inline void multiply_int4_panel(const LinearArgs& args, const PackedRows& rows, const int32_t* offsets, int64_t panel,
                                int64_t block) {
  const int64_t tiles = rows.K / INT8_TILE_K;
  const uint8_t* tile = static_cast<const uint8_t*>(args.weight.data) + panel * tiles * INT4_TILE_BYTES;
  const int8_t* numbers = args.weight.group_scales + panel * tiles * INT4_TILE_NUMBERS;
  Sums<R> sums = {};
  for (int64_t k = 0; k < rows.K; k += SLAB_K) {
    const int32_t* words = rows.at(block, k);
    for (int64_t end = k + rows.slab_size(k), at = k; at < end; at += INT8_TILE_K) {
      multiply_int4_tile<R>(words, offsets, tile, numbers, sums);
      words += INT8_TILE_K / 4 * R, offsets += 2 * R, tile += INT4_TILE_BYTES, numbers += INT4_TILE_NUMBERS;
    }
  }
  for (int r = 0; r < R; ++r) {
    UNROLL
    for (int half = 0; half < 2; ++half) {
      Ints total;
      for (int i = 0; i < PARTS; ++i) total.part[i] = sums.part[r][half * PARTS + i];
      store_scaled(args, rows.blocks.first(block) + r, panel * PANEL + half * LANES, total);
    }
  }
}

inline void linear_int4_direct(ThreadPool& pool, const LinearArgs& args) {
  const int64_t groups = round_up(args.weight.K, INT8_TILE_K) / INT4_GROUP;
  const PackedRows rows = pack_rows(pool, args, INT4_ROWS, 0, args.M * groups);
  const int32_t* offsets = int4_offsets(pool, args, rows);
  for_panels(pool, args, rows.K * PANEL / 2, 1, [&](int64_t panel, int64_t, int) {
    for (int64_t block = 0; block < rows.blocks.count; ++block)
      with_rows<INT4_ROWS>(rows.blocks.rows(block), [&]<int R>() {
        multiply_int4_panel<R>(args, rows, offsets + rows.blocks.first(block) * groups, panel, block);
      });
  });
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

inline void linear_int4(ThreadPool& pool, const LinearArgs& args) {
  if (args.M == 0) return;
#if defined(__AVX2__)
  if (args.M <= INT4_DIRECT_ROWS) return linear_int4_direct(pool, args);
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
