// What tiles do better than the set TAMPU_BASE, whose kernels stand in for the rest. CMake compiles this file for the
// processor's tiles and, so that any machine can prove it, for software tiles.
#include "isa/attention_tiles.h"
#include "isa/linear_tiles.h"
#include "isa/tiles_check.h"
#include "kernels.h"

#if !defined(TAMPU_HARDWARE_TILES)
#include "tile_tests.h"
#endif

namespace tampu::TAMPU_ISA {

#if defined(TAMPU_HARDWARE_TILES)
using Tiles = HardwareTiles;
#else
using Tiles = SoftwareTiles;
#endif

void linear(ThreadPool& pool, const LinearArgs& args) {
  if (args.weight.kind == Kind::int8 && args.M >= Int8Product::LEAST_ROWS)
    return linear_tiles<Tiles, Int8Product>(pool, args);
  if (args.weight.kind == Kind::int4 && args.M >= Int4Product::LEAST_ROWS)
    return linear_tiles<Tiles, Int4Product>(pool, args);
  if (args.weight.kind == Kind::bf16 && args.M >= Bf16Product::LEAST_ROWS)
    return linear_tiles<Tiles, Bf16Product>(pool, args);
  TAMPU_BASE::linear(pool, args);
}

void attention(ThreadPool& pool, const AttentionArgs& args) {
  switch (args.cache.kind) {
    case Kind::int8:
      return attention_tiles_int8<Tiles>(pool, args);
    case Kind::bf16:
      return attention_tiles_bf16<Tiles>(pool, args);
    default:
      TAMPU_BASE::attention(pool, args);
  }
}

// Every thread multiplies its tiles of bytes, four sums in turn.
void multiply_registers(ThreadPool& pool, const MultiplyArgs& args) {
  const int64_t tasks = 8 * pool.size();
  pool.reserve(TILE_BYTES);
  parallel(pool, tasks, WORTH_WAKING, [&](int64_t, int thread) {
    const TileSession<Tiles> session(full_tiles());
    for (int64_t round = 0; round < args.rounds; ++round) {
      Tiles::add_signed<0, 6, 4>();
      Tiles::add_signed<1, 6, 5>();
      Tiles::add_signed<2, 7, 4>();
      Tiles::add_signed<3, 7, 5>();
    }
    Tiles::store<0>(pool.scratch(thread), TILE_LINE);
  });
  *args.operations = tasks * args.rounds * 4 * 2 * TILE_BYTES * TILE_ROWS;
}

const char* find_wrong_instruction() { return find_wrong_instruction<Tiles>(); }

#if !defined(TAMPU_HARDWARE_TILES)

void multiply_software_tiles(TileInstruction instruction, const TileProduct& product) {
  const int64_t width = 4 * product.width, depth = 4 * product.depth;
  TileConfig config;
  config.shape(0, product.rows, width);
  config.shape(1, product.rows, depth);
  config.shape(2, product.depth, width);
  const TileSession<SoftwareTiles> session(config);
  SoftwareTiles::load<0>(product.c, width);
  SoftwareTiles::load<1>(product.a, depth);
  SoftwareTiles::load<2>(product.b, width);
  switch (instruction) {
    case TileInstruction::tdpbssd:
      SoftwareTiles::add_signed<0, 1, 2>();
      break;
    case TileInstruction::tdpbusd:
      SoftwareTiles::add_unsigned<0, 1, 2>();
      break;
    case TileInstruction::tdpbf16ps:
      SoftwareTiles::add_bf16<0, 1, 2>();
      break;
  }
  SoftwareTiles::store<0>(product.c, width);
}

// Tiles that get the lowest bit of one sum wrong.
template <TileInstruction WRONG>
struct DisturbedTiles : SoftwareTiles {
  template <int C, TileInstruction INSTRUCTION>
  static void disturb() {
    if constexpr (INSTRUCTION == WRONG) registers().tile[C][0][0] ^= 1;
  }
  template <int C, int A, int B>
  static void add_signed() {
    SoftwareTiles::add_signed<C, A, B>();
    disturb<C, TileInstruction::tdpbssd>();
  }
  template <int C, int A, int B>
  static void add_unsigned() {
    SoftwareTiles::add_unsigned<C, A, B>();
    disturb<C, TileInstruction::tdpbusd>();
  }
  template <int C, int A, int B>
  static void add_bf16() {
    SoftwareTiles::add_bf16<C, A, B>();
    disturb<C, TileInstruction::tdpbf16ps>();
  }
};

const char* find_disturbed_instruction(TileInstruction instruction) {
  switch (instruction) {
    case TileInstruction::tdpbssd:
      return find_wrong_instruction<DisturbedTiles<TileInstruction::tdpbssd>>();
    case TileInstruction::tdpbusd:
      return find_wrong_instruction<DisturbedTiles<TileInstruction::tdpbusd>>();
    default:
      return find_wrong_instruction<DisturbedTiles<TileInstruction::tdpbf16ps>>();
  }
}

#endif

}  // namespace tampu::TAMPU_ISA
