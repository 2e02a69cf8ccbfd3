// What a kernel is given, and the table of kernels of one instruction set.
//
// Shapes: M rows of activations, K in_features, N out_features or tokens laid flat, B sequences, H query heads,
// G key-value heads, D head size, V vocabulary, S block size, P blocks of the cache. All arrays are contiguous and
// have been checked. tampu/kernels/reference defines every result bit by bit.
#pragma once

#include <cstdint>

namespace tampu {

class ThreadPool;

enum class Kind : int { int8, int4, bf16, f32 };

constexpr int64_t MAX_HADAMARD = 512;

// Where rows [M, K] go in the form a linear of `kind` takes: int8 with scales [M], uint16, or float.
struct RowsOut {
  Kind kind;
  void* values;
  float* scales;
  int64_t hadamard;  // width of the blocks that first mix a row, 0 for none
};

struct QuantizeArgs {
  const float* x;  // [M, K]
  int64_t M, K;
  RowsOut out;
};

struct RmsNormArgs {
  const float* x;     // [M, K]
  const float* gain;  // [K]
  float eps;
  int64_t M, K;
  RowsOut out;
};

struct SiluMulArgs {
  const float* gate_up;  // [M, 2 * K], gate first
  int64_t M, K;
  RowsOut out;
};

// A weight in the tile order of tampu/kernels/layout.py.
struct Weight {
  Kind kind;
  const void* data;
  const float* scales;         // [N] for int8 and int4
  const int8_t* group_scales;  // [N / 32][K / 64][2][32] for int4
  int64_t N, K;
};

struct LinearArgs {
  const void* rows;         // [M, K], of the weight's kind; int8 for int4
  const float* row_scales;  // [M] for int8 and int4
  Weight weight;
  const float* residual;  // [M, N] or null
  float* out;             // [M, N]
  int64_t M;
};

// One adapter of one linear, in the order of tampu/kernels/low_rank.py, and its rows: order[first, last).
struct LowRankArgs {
  const void* data;
  int64_t bytes;
  const int32_t* slices;  // [num_slices, 3]: first column, columns, rank
  int64_t num_slices, num_ranks;
  int64_t first, last;
};

struct LoraArgs {
  Kind rows_kind;
  const void* rows;         // [M, K]
  const float* row_scales;  // [M] for int8
  bool is_bf16;             // what adapters are stored as, else float
  const LowRankArgs* adapters;
  int64_t count;
  const int64_t* order;  // [num_ordered], the rows that have an adapter
  int64_t num_ordered;
  float* out;  // [M, N]
  int64_t K, N;
};

struct GatherArgs {
  Weight weight;
  const int32_t* token_ids;  // [count]
  int64_t count;
  float* out;  // [count, K]
};

struct RotaryTableArgs {
  const int32_t* positions;  // [N]
  const float* frequencies;  // [half]
  int64_t N, half;
  float *cos, *sin;  // [N, half]
};

// Keys and values [P, G, S / 32] chunks of 32 positions each, in the order of isa/cache.h; int8 has scales [P, G, S].
struct Cache {
  void *keys, *values;
  float *key_scales, *value_scales;
  Kind kind;
  int64_t P, G, S, D;
};

struct RotateArgs {
  const float* qkv;             // [N, (H + 2 G) * D]
  const float *cos, *sin;       // [N, D / 2]
  const int32_t* slot_mapping;  // [N]
  int64_t N, H;
  Cache cache;
  float* queries;  // [N, H, D]
};

struct AttentionArgs {
  const float* queries;  // [N, H, D]
  Cache cache;
  const int32_t* block_tables;  // [B, table_width]
  const int32_t* row_of_token;  // [N]
  const int32_t* positions;     // [N]
  int64_t N, H, table_width;
  float* out;  // [N, H * D]
};

// Row b is [offsets[b], offsets[b + 1]) of token_ids and values.
struct Sparse {
  const int32_t* offsets;
  const int32_t* token_ids;
  const float* values;
};

struct SampleArgs {
  const float* logits;  // [B, V]
  int64_t B, V;
  const float *temperature, *top_p;
  const int32_t* top_k;
  const float *min_p, *top_a, *repetition_penalty, *presence_penalty, *frequency_penalty;
  Sparse logit_bias, seen;
  const uint64_t* seed;
  const uint32_t *choice, *position;
  const uint32_t* mask;  // [B, ceil(V / 32)], bit 1: may be drawn; or null
  int32_t* token_ids;    // [B]
};

struct LogprobArgs {
  const float* logits;  // [B, V]
  int64_t B, V, top;
  const int32_t* token_ids;  // [B]
  float* chosen;             // [B]
  int32_t* top_ids;          // [B, top]
  float* top_logprobs;       // [B, top]
};

struct MultiplyArgs {
  int64_t rounds;
  int64_t* operations;  // done by all threads, two per product
};

// One instruction set.
struct KernelTable {
  const char* isa;
  void (*quantize_rows)(ThreadPool&, const QuantizeArgs&);
  void (*rms_norm)(ThreadPool&, const RmsNormArgs&);
  void (*silu_mul)(ThreadPool&, const SiluMulArgs&);
  void (*linear)(ThreadPool&, const LinearArgs&);
  void (*lora_add)(ThreadPool&, const LoraArgs&);
  void (*gather_rows)(ThreadPool&, const GatherArgs&);
  void (*rotary_table)(ThreadPool&, const RotaryTableArgs&);
  void (*rotate_and_cache)(ThreadPool&, const RotateArgs&);
  void (*attention)(ThreadPool&, const AttentionArgs&);
  void (*sample)(ThreadPool&, const SampleArgs&);
  void (*logprobs)(ThreadPool&, const LogprobArgs&);
  void (*multiply_registers)(ThreadPool&, const MultiplyArgs&);
};

// Whole sets are compiled from isa/isa.cpp, each with its own flags; see CMakeLists.txt.
#define TAMPU_SET(set)                               \
  namespace set {                                    \
  extern const KernelTable table;                    \
  void linear(ThreadPool&, const LinearArgs&);       \
  void attention(ThreadPool&, const AttentionArgs&); \
  }
TAMPU_SET(portable)
#if defined(__x86_64__)
TAMPU_SET(avx2)
TAMPU_SET(avx512)
#endif
#undef TAMPU_SET

// An add-on set does a few things better than another set; cpu.cpp makes its table.
#if defined(__x86_64__)
namespace avx512bf16 {  // of isa/bf16.cpp, upon avx512
void linear(ThreadPool&, const LinearArgs&);
void attention(ThreadPool&, const AttentionArgs&);
}  // namespace avx512bf16
#endif

// Of isa/tiles.cpp: amx upon avx512bf16, and what computes with software tiles what amx computes with the processor's.
#define TAMPU_TILES(set)                                     \
  namespace set {                                            \
  void linear(ThreadPool&, const LinearArgs&);               \
  void attention(ThreadPool&, const AttentionArgs&);         \
  void multiply_registers(ThreadPool&, const MultiplyArgs&); \
  const char* find_wrong_instruction();                      \
  }
TAMPU_TILES(amx_emulated_portable)
#if defined(__x86_64__)
TAMPU_TILES(amx)
TAMPU_TILES(amx_emulated)
#endif
#undef TAMPU_TILES

}  // namespace tampu
