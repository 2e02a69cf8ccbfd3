// Whether tiles do what the manual says: each instruction against software tiles, on patterns that round, cancel,
// overflow an int8 pair, have denormals and fill only a part of a tile.
#pragma once

#include "isa/tiles.h"

namespace tampu::TAMPU_ISA {

// A linear congruential generator: the patterns are the same everywhere.
struct Patterns {
  uint64_t state = 1;

  uint32_t next() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(state >> 32);
  }

  void fill_bytes(uint8_t (&tile)[TILE_BYTES]) {
    for (auto& byte : tile) byte = static_cast<uint8_t>(next());
  }

  // bf16 of either sign between 2^-20 and 2^20, every sixteenth denormal or zero.
  void fill_halves(uint8_t (&tile)[TILE_BYTES]) {
    for (int64_t i = 0; i < TILE_BYTES; i += 2) {
      const uint32_t random = next(), exponent = random % 16 == 0 ? 0 : 107 + random / 16 % 41;
      const uint16_t half = static_cast<uint16_t>((random >> 16 & 0x807F) | exponent << 7);
      std::memcpy(tile + i, &half, 2);
    }
  }
};

struct TileOperands {
  uint8_t a[TILE_BYTES], b[TILE_BYTES], c[TILE_BYTES];
};

// c += a * b by one instruction.
template <class Tiles, class Multiply>
inline void multiply_once(const TileConfig& config, TileOperands& operands, Multiply multiply) {
  const TileSession<Tiles> session(config);
  Tiles::template load<0>(operands.c, TILE_LINE);
  Tiles::template load<1>(operands.a, TILE_LINE);
  Tiles::template load<2>(operands.b, TILE_LINE);
  multiply(Tiles{});
  Tiles::template store<0>(operands.c, TILE_LINE);
}

template <class Tiles, class Multiply>
inline bool same_as_software(bool halves, Multiply multiply) {
  constexpr int SHAPES[][3] = {{16, 16, 16}, {5, 16, 16}, {16, 8, 16}, {1, 3, 7}};  // rows, words of k, columns
  Patterns patterns;
  for (int round = 0; round < 32; ++round) {
    const auto& [rows, depth, width] = SHAPES[round % 4];
    TileConfig config;
    config.shape(0, rows, 4 * width);
    config.shape(1, rows, 4 * depth);
    config.shape(2, depth, 4 * width);
    TileOperands mine;
    for (auto* tile : {&mine.a, &mine.b}) halves ? patterns.fill_halves(*tile) : patterns.fill_bytes(*tile);
    patterns.fill_halves(mine.c);
    TileOperands theirs = mine;
    multiply_once<Tiles>(config, mine, multiply);
    multiply_once<SoftwareTiles>(config, theirs, multiply);
    if (std::memcmp(mine.c, theirs.c, TILE_BYTES) != 0) return false;
  }
  return true;
}

// The name of the first instruction whose bits are not those of the manual, or null.
template <class Tiles>
inline const char* find_wrong_instruction() {
  if (!same_as_software<Tiles>(false, [](auto tiles) { tiles.template add_signed<0, 1, 2>(); })) return "TDPBSSD";
  if (!same_as_software<Tiles>(false, [](auto tiles) { tiles.template add_unsigned<0, 1, 2>(); })) return "TDPBUSD";
  if (!same_as_software<Tiles>(true, [](auto tiles) { tiles.template add_bf16<0, 1, 2>(); })) return "TDPBF16PS";
  return nullptr;
}

}  // namespace tampu::TAMPU_ISA
