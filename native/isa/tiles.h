// AMX tiles, two kinds with one interface: the processor's, and software that does what the manual says bit by bit.
//
// The manual: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapter 18 (programming with AMX)
// and the pseudo-code of LDTILECFG, TILELOADD, TILESTORED, TDPBSSD, TDPBUSD and TDPBF16PS in volume 2.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace tampu::TAMPU_ISA {

constexpr int64_t TILE_ROWS = 16, TILE_LINE = 64, TILE_BYTES = TILE_ROWS * TILE_LINE;

// What LDTILECFG reads: rows and bytes per row of each tile, in palette 1 (eight tiles of 16 rows of 64 bytes).
struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t line[16] = {};
  uint8_t rows[16] = {};

  constexpr void shape(int tile, int num_rows, int bytes) {
    rows[tile] = static_cast<uint8_t>(num_rows);
    line[tile] = static_cast<uint16_t>(bytes);
  }
};
static_assert(sizeof(TileConfig) == 64);

#if defined(TAMPU_HARDWARE_TILES)

// Not the intrinsics: those of gcc 12 do not say that TILELOADD and LDTILECFG read memory, so that stores before them
// may be dropped, and their tile numbers cannot be template arguments.
struct HardwareTiles {
  static void configure(const TileConfig& config) { asm volatile("ldtilecfg %0" ::"m"(config) : "memory"); }
  static void release() { asm volatile("tilerelease" ::: "memory"); }

  template <int T>
  static void zero() {
    asm volatile("tilezero %%tmm%c0" ::"i"(T));
  }
  template <int T>
  static void load(const void* from, int64_t stride) {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(T) : "memory");
  }
  template <int T>
  static void store(void* to, int64_t stride) {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(stride), "i"(T) : "memory");
  }
  template <int C, int A, int B>  // C += A * B, signed times signed bytes
  static void add_signed() {
    asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(C), "i"(A), "i"(B));
  }
  template <int C, int A, int B>  // C += A * B, unsigned times signed bytes
  static void add_unsigned() {
    asm volatile("tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(C), "i"(A), "i"(B));
  }
  template <int C, int A, int B>  // C += A * B, bf16
  static void add_bf16() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(C), "i"(A), "i"(B));
  }
};

#endif

// The tiles of a thread in memory. Where the processor would fault, the process ends and says why.
struct SoftwareTiles {
  struct Registers {
    TileConfig config;
    bool configured = false;
    uint8_t tile[8][TILE_ROWS][TILE_LINE] = {};
  };

  static Registers& registers() {
    static thread_local Registers all;
    return all;
  }

  static void expect(bool condition, const char* rule) {
    if (condition) return;
    std::fprintf(stderr, "tampu: software tiles: the processor would fault: %s\n", rule);
    std::abort();
  }

  static void configure(const TileConfig& config) {
    expect(config.palette == 1 && config.start_row == 0, "palette 1 from row 0");
    for (const uint8_t byte : config.reserved) expect(byte == 0, "reserved bytes are zero");
    for (int t = 0; t < 16; ++t) {
      const bool used = config.rows[t] > 0;
      expect(used == (config.line[t] > 0), "rows and bytes of a tile are both zero or neither");
      expect(!used || (t < 8 && config.rows[t] <= TILE_ROWS && config.line[t] <= TILE_LINE),
             "8 tiles of 16 x 64 bytes");
    }
    registers().config = config;
    registers().configured = true;
    std::memset(registers().tile, 0, sizeof registers().tile);
  }

  static void release() { registers().configured = false; }

  // Rows and bytes per row of a tile that an instruction names.
  struct Shape {
    int rows, line;
  };
  static Shape shape(int t) {
    const TileConfig& config = registers().config;
    expect(registers().configured && config.rows[t] > 0, "a tile is configured before it is used");
    return {config.rows[t], config.line[t]};
  }

  template <int T>
  static void zero() {
    shape(T);
    std::memset(registers().tile[T], 0, TILE_BYTES);
  }

  template <int T>
  static void load(const void* from, int64_t stride) {
    zero<T>();  // also what lies beyond the rows and their bytes
    const Shape own = shape(T);
    for (int row = 0; row < own.rows; ++row)
      std::memcpy(registers().tile[T][row], static_cast<const char*>(from) + row * stride, own.line);
  }

  template <int T>
  static void store(void* to, int64_t stride) {
    const Shape own = shape(T);
    for (int row = 0; row < own.rows; ++row)
      std::memcpy(static_cast<char*>(to) + row * stride, registers().tile[T][row], own.line);
  }

  template <int C, int A, int B>
  static void add_signed() {
    multiply<C, A, B>(add_bytes<int8_t>);
  }
  template <int C, int A, int B>
  static void add_unsigned() {
    multiply<C, A, B>(add_bytes<uint8_t>);
  }
  template <int C, int A, int B>
  static void add_bf16() {
    multiply<C, A, B>(add_halves);
  }

 private:
  using Line = uint8_t[TILE_LINE];

  // Adds a row of A (`depth` words) times B to a row of C (`width` words; loads left zeros beyond).
  using Add = void (*)(Line& sums, const Line& left, const Line (&right)[TILE_ROWS], int depth, int width);

  template <int C, int A, int B>
  static void multiply(Add add) {
    static_assert(C != A && A != B && B != C);
    const Shape c = shape(C), a = shape(A), b = shape(B);
    expect(c.line % 4 == 0 && a.line % 4 == 0, "rows are whole words");
    expect(c.rows == a.rows && a.line / 4 == b.rows && b.line == c.line, "the shapes of a product fit");
    auto& tile = registers().tile;
    for (int m = 0; m < c.rows; ++m) add(tile[C][m], tile[A][m], tile[B], a.line / 4, c.line / 4);
  }

  template <class Left>  // int8_t or uint8_t; B is int8
  static void add_bytes(Line& sums, const Line& left, const Line (&right)[TILE_ROWS], int depth, int width) {
    int32_t total[16];
    std::memcpy(total, sums, sizeof total);
    for (int k = 0; k < depth; ++k)
      for (int n = 0; n < width; ++n)
        for (int i = 0; i < 4; ++i)
          total[n] += static_cast<Left>(left[4 * k + i]) * static_cast<int8_t>(right[k][4 * n + i]);
    std::memcpy(sums, total, 4 * width);
  }

  // Even and odd products are added apart, each with one rounding; then the two; then that to C.
  static void add_halves(Line& sums, const Line& left, const Line (&right)[TILE_ROWS], int depth, int width) {
    float even[16] = {}, odd[16] = {}, total[16];
    for (int k = 0; k < depth; ++k) {
      const float first = widen(left + 4 * k), second = widen(left + 4 * k + 2);
      for (int n = 0; n < width; ++n) {
        even[n] = flush(__builtin_fmaf(first, widen(right[k] + 4 * n), even[n]));
        odd[n] = flush(__builtin_fmaf(second, widen(right[k] + 4 * n + 2), odd[n]));
      }
    }
    std::memcpy(total, sums, sizeof total);
    for (int n = 0; n < width; ++n) total[n] = flush(flush(total[n]) + flush(even[n] + odd[n]));
    std::memcpy(sums, total, 4 * width);
  }

  // Denormals are zero, as operands and as results, whatever the mode of the thread.
  static float flush(float x) { return __builtin_fabsf(x) < 0x1p-126f ? __builtin_copysignf(0.0f, x) : x; }

  static float widen(const uint8_t* half) {
    uint16_t bits;
    std::memcpy(&bits, half, 2);
    const uint32_t word = static_cast<uint32_t>(bits) << 16;
    float result;
    std::memcpy(&result, &word, 4);
    return flush(result);
  }
};

// The tiles of a thread for as long as this lives; afterwards the thread has no tile state to be saved.
template <class Tiles>
struct TileSession {
  explicit TileSession(const TileConfig& config) { Tiles::configure(config); }
  ~TileSession() { Tiles::release(); }
  TileSession(const TileSession&) = delete;
  TileSession& operator=(const TileSession&) = delete;
};

// Every tile 16 rows of 64 bytes.
constexpr TileConfig full_tiles() {
  TileConfig config;
  for (int tile = 0; tile < 8; ++tile) config.shape(tile, TILE_ROWS, TILE_LINE);
  return config;
}

}  // namespace tampu::TAMPU_ISA
