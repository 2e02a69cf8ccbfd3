// int8, int4 and bf16 linears on tiles: four tiles of sums at a time, of 32 rows by the 32 columns of a panel.
//
// A tile of a packed weight is two AMX tiles as it lies there; one of int4 is expanded to that, once for all rows of a
// task. Rows are copied into tiles, 16 by 64 bytes. A task is a
// group of panels times up to 512 rows. Where its rows do not fit the second-level cache, K is cut into blocks that do:
// sums wait in scratch meanwhile, so that weights are read once from memory whatever the number of rows.
#pragma once

#include "isa/linear_int4.h"
#include "isa/tiles.h"

namespace tampu::TAMPU_ISA {

constexpr int64_t CHUNK_TILES = 32;          // tiles of rows in one task, at most
constexpr int64_t RESIDENT_BYTES = 1 << 20;  // of rows, at most, in one block: half the cache of the target
constexpr int64_t BLOCKED_PANELS = 8;        // panels whose sums wait, at most: another quarter
constexpr int64_t STREAM_BYTES = 16384;      // how far ahead weights that are used once are fetched
constexpr int64_t WEIGHT_TILE_BYTES = 2 * TILE_BYTES;

struct Int8Product {
  static constexpr int64_t TILE_K = 64, LEAST_ROWS = 9, PACKED_BYTES = WEIGHT_TILE_BYTES;

  template <class Tiles, int C, int A, int B>
  static void add() {
    Tiles::template add_signed<C, A, B>();
  }
  static Floats finish(const LinearArgs& args, const void* sums, int64_t m, int64_t n) {
    const Floats scales = load(args.weight.scales + n, args.weight.N > n ? args.weight.N - n : 0);
    return to_float(load(static_cast<const int32_t*>(sums))) * broadcast(args.row_scales[m]) * scales;
  }
};

// Up to 12 rows the kernel for AVX-512 expands in registers, while weights come from memory; beyond, it too writes what
// it expands to scratch.
struct Int4Product : Int8Product {
  static constexpr int64_t LEAST_ROWS = 13, PACKED_BYTES = INT4_TILE_BYTES;
};

struct Bf16Product {
  static constexpr int64_t TILE_K = 32, LEAST_ROWS = 5, PACKED_BYTES = WEIGHT_TILE_BYTES;

  template <class Tiles, int C, int A, int B>
  static void add() {
    Tiles::template add_bf16<C, A, B>();
  }
  static Floats finish(const LinearArgs&, const void* sums, int64_t, int64_t) {
    return load(static_cast<const float*>(sums));
  }
};

// How a product is cut, in tiles of 16 rows, tiles of K, and panels.
struct TilePlan {
  int64_t depth;      // tiles of K, padded
  int64_t row_tiles;  // tiles of rows, padded
  int64_t chunk;      // tiles of rows of a task; even where there are two or more
  int64_t block;      // tiles of K of a block
  int64_t panels, group;

  TilePlan(const LinearArgs& args, int64_t tile_k, int num_threads)
      : depth((args.weight.K + tile_k - 1) / tile_k),
        row_tiles((args.M + TILE_ROWS - 1) / TILE_ROWS),
        panels((args.weight.N + PANEL - 1) / PANEL) {
    const int64_t least_chunks = (row_tiles + CHUNK_TILES - 1) / CHUNK_TILES;
    chunk = row_tiles == 1 ? 1 : round_up((row_tiles + least_chunks - 1) / least_chunks, 2);
    const int64_t blocks = (chunk * depth * TILE_BYTES + RESIDENT_BYTES - 1) / RESIDENT_BYTES;
    block = (depth + blocks - 1) / blocks;
    const int64_t panel_bytes = depth * WEIGHT_TILE_BYTES;
    const int64_t least = (TASK_BYTES + panel_bytes - 1) / panel_bytes, fair = panels / (8 * num_threads);
    group = fair > least ? fair : least;
    if (blocked() && group > BLOCKED_PANELS) group = BLOCKED_PANELS;
  }

  bool blocked() const { return block < depth; }
  int64_t chunks() const { return (row_tiles + chunk - 1) / chunk; }
  int64_t groups() const { return (panels + group - 1) / group; }
  int64_t rows_of(int64_t first) const { return first + chunk < row_tiles ? chunk : row_tiles - first; }
  int64_t depth_of(int64_t first) const { return first + block < depth ? block : depth - first; }

  // The tile of rows `row`, k `k` of the block that begins at `first`: a block of a chunk lies in one piece.
  int64_t row_tile_at(int64_t row, int64_t first, int64_t k) const {
    const int64_t start = row / chunk * chunk;
    return start * depth + first * rows_of(start) + (row - start) * depth_of(first) + k;
  }
  // What a thread needs to expand a block of weights that lie packed closer.
  int64_t expanded_bytes(int64_t packed) const { return packed < WEIGHT_TILE_BYTES ? block * WEIGHT_TILE_BYTES : 0; }
  int64_t rows_bytes() const { return row_tiles * depth * TILE_BYTES; }
  int64_t sums_bytes() const { return (blocked() ? group * chunk : 2) * WEIGHT_TILE_BYTES; }
};

// Rows [16 * row, 16 * row + 16) as tiles of 64 bytes of each, zero beyond M and K.
inline void pack_row_tiles(const LinearArgs& args, const TilePlan& plan, int64_t row, int64_t row_bytes, char* tiles) {
  for (int64_t first = 0; first < plan.depth; first += plan.block) {
    for (int64_t k = 0; k < plan.depth_of(first); ++k) {
      char* tile = tiles + plan.row_tile_at(row, first, k) * TILE_BYTES;
      const int64_t start = (first + k) * TILE_LINE;
      const int64_t bytes = row_bytes - start < TILE_LINE ? row_bytes - start : TILE_LINE;
      for (int64_t r = 0; r < TILE_ROWS; ++r) {
        const int64_t m = row * TILE_ROWS + r, count = m < args.M ? bytes : 0;
        if (count > 0)
          std::memcpy(tile + r * TILE_LINE, static_cast<const char*>(args.rows) + m * row_bytes + start, count);
        std::memset(tile + r * TILE_LINE + count, 0, TILE_LINE - count);
      }
    }
  }
}

// Weights that will be needed: so many lines of 64 bytes are fetched with every step.
struct Ahead {
  const char* at;
  int64_t lines;

  void fetch() {
    for (int64_t line = 0; line < lines; ++line, at += 64) __builtin_prefetch(at, 0, 2);
  }
};

// sums [R][2] tiles (+)= R rows of tiles times `steps` tiles of a panel; `fresh` sums begin at zero.
template <class Tiles, class Product, int R>
inline void multiply_tiles(const char* rows, int64_t row_stride, const char* weights, int64_t steps, bool fresh,
                           char* sums, Ahead& ahead) {
  Tiles::template zero<0>();
  Tiles::template zero<1>();
  if constexpr (R == 2) Tiles::template zero<2>();
  if constexpr (R == 2) Tiles::template zero<3>();
  if (!fresh) {
    Tiles::template load<0>(sums, TILE_LINE);
    Tiles::template load<1>(sums + TILE_BYTES, TILE_LINE);
    if constexpr (R == 2) Tiles::template load<2>(sums + 2 * TILE_BYTES, TILE_LINE);
    if constexpr (R == 2) Tiles::template load<3>(sums + 3 * TILE_BYTES, TILE_LINE);
  }
  for (int64_t step = 0; step < steps; ++step, rows += TILE_BYTES, weights += WEIGHT_TILE_BYTES) {
    Tiles::template load<4>(weights, TILE_LINE);
    Tiles::template load<6>(rows, TILE_LINE);
    Product::template add<Tiles, 0, 6, 4>();
    Tiles::template load<5>(weights + TILE_BYTES, TILE_LINE);
    Product::template add<Tiles, 1, 6, 5>();
    if constexpr (R == 2) {
      Tiles::template load<7>(rows + row_stride, TILE_LINE);
      Product::template add<Tiles, 2, 7, 4>();
      Product::template add<Tiles, 3, 7, 5>();
    }
    ahead.fetch();
  }
  Tiles::template store<0>(sums, TILE_LINE);
  Tiles::template store<1>(sums + TILE_BYTES, TILE_LINE);
  if constexpr (R == 2) Tiles::template store<2>(sums + 2 * TILE_BYTES, TILE_LINE);
  if constexpr (R == 2) Tiles::template store<3>(sums + 3 * TILE_BYTES, TILE_LINE);
}

// Results of `tiles` tiles of rows from tile `row` on and of one panel, out of sums [tiles][2].
template <class Product>
inline void store_tiles(const LinearArgs& args, int64_t row, int64_t tiles, int64_t panel, const char* sums) {
  const int64_t first = row * TILE_ROWS, left = args.M - first;
  const int64_t count = tiles * TILE_ROWS < left ? tiles * TILE_ROWS : left;
  for (int64_t r = 0; r < count; ++r) {
    for (int64_t half = 0; half < 2; ++half) {
      const char* line = sums + (r / TILE_ROWS * 2 + half) * TILE_BYTES + r % TILE_ROWS * TILE_LINE;
      const int64_t n = panel * PANEL + half * LANES;
      if (n < args.weight.N) store_columns(args, first + r, n, Product::finish(args, line, first + r, n));
    }
  }
}

// Tiles [tile, tile + steps) of the weight as they are multiplied: where they lie, or expanded.
template <class Product>
inline const char* find_weights(const LinearArgs& args, int64_t tile, int64_t steps, char* expanded) {
  const char* packed = static_cast<const char*>(args.weight.data) + tile * Product::PACKED_BYTES;
  if constexpr (Product::PACKED_BYTES == WEIGHT_TILE_BYTES) return packed;
  const uint8_t* codes = reinterpret_cast<const uint8_t*>(packed);
  const int8_t* numbers = args.weight.group_scales + tile * INT4_TILE_NUMBERS;
  for (int64_t step = 0; step < steps; ++step)
    expand_tile(codes + step * INT4_TILE_BYTES, numbers + step * INT4_TILE_NUMBERS,
                reinterpret_cast<int8_t*>(expanded + step * WEIGHT_TILE_BYTES));
  return expanded;
}

// Panels [first, last) times the rows of the chunk that begins at tile `start`.
template <class Tiles, class Product>
inline void multiply_panels(const LinearArgs& args, const TilePlan& plan, const char* rows, int64_t start,
                            int64_t first, int64_t last, char* scratch) {
  const TileSession<Tiles> session(full_tiles());
  const char* data = static_cast<const char*>(args.weight.data);
  const int64_t row_tiles = plan.rows_of(start), pairs = (row_tiles + 1) / 2;
  const auto place = [&](int64_t panel, int64_t k) { return data + (panel * plan.depth + k) * Product::PACKED_BYTES; };
  for (int64_t k = 0; k < plan.depth; k += plan.block) {
    const int64_t steps = plan.depth_of(k);
    for (int64_t panel = first; panel < last; ++panel) {
      const char* weights = find_weights<Product>(args, panel * plan.depth + k, steps, scratch + plan.sums_bytes());
      const char* next = panel + 1 < last ? place(panel + 1, k) : place(first, k + steps);
      // Weights of one pair stream by; those of several, or expanded, are used again while the next ones come.
      const bool stream = pairs == 1 && weights == place(panel, k);
      Ahead ahead{stream ? weights + STREAM_BYTES : next, (Product::PACKED_BYTES / 64 + pairs - 1) / pairs};
      for (int64_t row = 0; row < row_tiles; row += 2) {
        char* sums = scratch + (plan.blocked() ? (panel - first) * plan.chunk + row : 0) * WEIGHT_TILE_BYTES;
        const char* tiles = rows + plan.row_tile_at(start + row, k, 0) * TILE_BYTES;
        const bool alone = row + 1 == row_tiles;
        if (alone) {
          multiply_tiles<Tiles, Product, 1>(tiles, 0, weights, steps, k == 0, sums, ahead);
        } else {
          multiply_tiles<Tiles, Product, 2>(tiles, steps * TILE_BYTES, weights, steps, k == 0, sums, ahead);
        }
        if (k + steps == plan.depth) store_tiles<Product>(args, start + row, alone ? 1 : 2, panel, sums);
      }
    }
  }
}

template <class Tiles, class Product>
inline void linear_tiles(ThreadPool& pool, const LinearArgs& args) {
  const TilePlan plan(args, Product::TILE_K, pool.size());
  const int64_t row_bytes = args.weight.K * TILE_LINE / Product::TILE_K;
  pool.reserve(plan.sums_bytes() + plan.expanded_bytes(Product::PACKED_BYTES), plan.rows_bytes());
  char* rows = static_cast<char*>(pool.shared());
  parallel(pool, plan.row_tiles, args.M * args.weight.K / 8,
           [&](int64_t row, int) { pack_row_tiles(args, plan, row, row_bytes, rows); });
  const int64_t chunks = plan.chunks(), work = args.M * args.weight.N * args.weight.K / 512;
  parallel(pool, plan.groups() * chunks, work + plan.panels * plan.depth * WEIGHT_TILE_BYTES / 16,
           [&](int64_t task, int thread) {
             const int64_t first = task / chunks * plan.group, start = task % chunks * plan.chunk;
             const int64_t last = first + plan.group < plan.panels ? first + plan.group : plan.panels;
             multiply_panels<Tiles, Product>(args, plan, rows, start, first, last,
                                             static_cast<char*>(pool.scratch(thread)));
           });
}

}  // namespace tampu::TAMPU_ISA
