// The key-value cache, in the order of tampu/kernels/cache.py: chunks of 32 positions, each as two packed weights.
//
// Words of four bytes hold neighbours: d in keys, positions in values. A chunk's keys are tiles [2][words][16], a word
// for each of 2 x 16 positions; its values are tiles [2][words][16], a word for each of 2 x 16 d. So scores are a
// linear of the query with 32 positions as columns, and the output is a linear of the 32 weights with d as columns.
#pragma once

#include "isa/lanes.h"
#include "kernels.h"

namespace tampu::TAMPU_ISA {

constexpr int CHUNK = 32;  // positions of one softmax step: the columns of a tile of keys, the k of a tile of values

template <class Element>
struct CacheLayout {
  static constexpr int64_t GROUP = 4 / sizeof(Element);                      // neighbours in a word
  static constexpr int64_t KEY_K = 16 * GROUP > CHUNK ? 16 * GROUP : CHUNK;  // d of a tile of keys
  static constexpr int64_t KEY_WORDS = KEY_K / GROUP, VALUE_WORDS = CHUNK / GROUP;

  static int64_t key_depth(int64_t D) { return (D + KEY_K - 1) / KEY_K * KEY_K; }
  static int64_t value_depth(int64_t D) { return (D + CHUNK - 1) / CHUNK * CHUNK; }

  // The chunk that holds `offset` of a block, for one group.
  static Element* keys(const Cache& cache, int64_t block, int64_t group, int64_t offset) {
    const int64_t chunk = ((block * cache.G + group) * cache.S + offset) / CHUNK;
    return static_cast<Element*>(cache.keys) + chunk * CHUNK * key_depth(cache.D);
  }

  static Element* values(const Cache& cache, int64_t block, int64_t group, int64_t offset) {
    const int64_t chunk = ((block * cache.G + group) * cache.S + offset) / CHUNK;
    return static_cast<Element*>(cache.values) + chunk * CHUNK * value_depth(cache.D);
  }

  // The key of position `p` of a chunk, from a row padded to key_depth.
  static void write_key(const Element* row, int64_t depth, int64_t p, Element* chunk) {
    for (int64_t word = 0; word < depth / GROUP; ++word) {
      const int64_t line = (word / KEY_WORDS * 2 + p / 16) * KEY_WORDS + word % KEY_WORDS;
      std::memcpy(chunk + (line * 16 + p % 16) * GROUP, row + word * GROUP, 4);
    }
  }

  // The value of position `p` of a chunk, from a row padded to value_depth.
  static void write_value(const Element* row, int64_t depth, int64_t p, Element* chunk) {
    for (int64_t d = 0; d < depth; ++d) {
      const int64_t line = d / 16 * VALUE_WORDS + p / GROUP;
      chunk[(line * 16 + d % 16) * GROUP + p % GROUP] = row[d];
    }
  }
};

}  // namespace tampu::TAMPU_ISA
