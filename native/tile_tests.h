// What tests ask of software tiles; compiled where TAMPU_TEST_TILES is on. isa/tiles.cpp defines the tiles' part.
#pragma once

#include <cstdint>

namespace tampu {

enum class TileInstruction : int { tdpbssd, tdpbusd, tdpbf16ps };

// c [rows, width] += a [rows, depth] * b [depth, width] in words of four bytes; at most 16 of each.
struct TileProduct {
  const uint8_t *a, *b;
  uint8_t* c;
  int64_t rows, depth, width;
};

namespace amx_emulated_portable {

void multiply_software_tiles(TileInstruction instruction, const TileProduct& product);

// What the proof of tiles says of tiles whose `instruction` gets one bit wrong: its name, or null.
const char* find_disturbed_instruction(TileInstruction instruction);

}  // namespace amx_emulated_portable

}  // namespace tampu
