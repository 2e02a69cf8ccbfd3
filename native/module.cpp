// The Python module: checks arguments, releases the GIL, and calls the table of one instruction set. Outputs are
// allocated by tampu/kernels/native.py.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>

#include "checks.h"
#include "cpu.h"
#include "kernels.h"
#include "read_memory.h"
#include "thread_pool.h"

namespace tampu {

void add_tile_tests(nb::module_& module);  // in tile_tests.cpp

namespace {

Kind kind_of(const std::string& name) {
  if (name == "int8") return Kind::int8;
  if (name == "int4") return Kind::int4;
  if (name == "bf16") return Kind::bf16;
  require(name == "f32", "kind must be int8, int4, bf16 or f32, not " + name);
  return Kind::f32;
}

bool is_scaled(Kind kind) { return kind == Kind::int8 || kind == Kind::int4; }

const KernelTable* table_of(const std::string& isa) {
  for (const auto* tables : {&instruction_sets().available, &instruction_sets().emulated})
    for (const KernelTable* table : *tables)
      if (isa == table->isa) return table;
  throw nb::value_error(("this machine cannot run isa " + isa).c_str());
}

using OptionalInput = std::optional<Input>;
using OptionalOutput = std::optional<Output>;

const void* input_of_kind(const char* name, Kind kind, const Input& array, std::initializer_list<int64_t> shape) {
  switch (kind) {
    case Kind::int8:
      return input<int8_t>(name, array, shape);
    case Kind::int4:
      return input<uint8_t>(name, array, shape);
    case Kind::bf16:
      return input<uint16_t>(name, array, shape);
    case Kind::f32:
      return input<float>(name, array, shape);
  }
  return nullptr;
}

RowsOut rows_out(const std::string& kind_name, int64_t hadamard, const Output& values, const OptionalOutput& scales,
                 int64_t M, int64_t K) {
  require(hadamard == 0 ||
              (hadamard > 0 && hadamard <= MAX_HADAMARD && (hadamard & (hadamard - 1)) == 0 && K % hadamard == 0),
          "hadamard must be 0 or a power of two up to " + std::to_string(MAX_HADAMARD) + " that divides " +
              std::to_string(K) + ", not " + std::to_string(hadamard));
  const Kind kind = kind_of(kind_name);
  require(kind != Kind::int4, "rows are int8, bf16 or f32");
  require((kind == Kind::int8) == scales.has_value(), "int8 rows, and no others, have scales");
  void* data = kind == Kind::int8   ? static_cast<void*>(output<int8_t>("values", values, {M, K}))
               : kind == Kind::bf16 ? static_cast<void*>(output<uint16_t>("values", values, {M, K}))
                                    : static_cast<void*>(output<float>("values", values, {M, K}));
  return {kind, data, scales ? output<float>("scales", *scales, {M}) : nullptr, hadamard};
}

Weight weight_of(const std::string& kind_name, const Input& data, const OptionalInput& scales,
                 const OptionalInput& group_scales, int64_t N, int64_t K) {
  const Kind kind = kind_of(kind_name);
  require(N >= 0 && K >= 1, "a weight needs out_features >= 0 and in_features >= 1");
  require(is_scaled(kind) == scales.has_value(), "int8 and int4 weights, and no others, have scales");
  require((kind == Kind::int4) == group_scales.has_value(), "int4 weights, and no others, have group scales");
  const int64_t tile = is_scaled(kind) ? 64 : 32, panels = (N + 31) / 32, tiles = (K + tile - 1) / tile;
  const void* packed = kind == Kind::int8   ? input_of_kind("weight", kind, data, {panels, tiles, 2, 16, 16, 4})
                       : kind == Kind::int4 ? input_of_kind("weight", kind, data, {panels, tiles, 16, 16, 4})
                       : kind == Kind::bf16 ? input_of_kind("weight", kind, data, {panels, tiles, 2, 16, 16, 2})
                                            : input_of_kind("weight", kind, data, {panels, tiles, 1, 32, 32, 1});
  return {kind,
          packed,
          scales ? input<float>("weight scales", *scales, {N}) : nullptr,
          group_scales ? input<int8_t>("group scales", *group_scales, {panels, tiles, 2, 32}) : nullptr,
          N,
          K};
}

template <class T>
void* chunks_of(const char* name, const Output& array, int64_t P, int64_t G, int64_t C, int64_t D, int64_t k) {
  constexpr int64_t group = 4 / sizeof(T);
  return output<T>(name, array, {P, G, C, (D + k - 1) / k, 2, k / group, 16, group});
}

Kind kind_of_rows(const Input& rows) {
  if (rows.dtype() == nb::dtype<int8_t>()) return Kind::int8;
  return rows.dtype() == nb::dtype<uint16_t>() ? Kind::bf16 : Kind::f32;
}

LowRankArgs low_rank_of(const Input& data, bool is_bf16, const Input& slices, int64_t K, int64_t N) {
  const int64_t count = size_of("slices", slices, 2, 0);
  const int32_t* table = input<int32_t>("slices", slices, {count, 3});
  int64_t ranks = 0, up = 0;
  for (int64_t s = 0; s < count; ++s) {
    const int64_t first = table[3 * s], size = table[3 * s + 1], rank = table[3 * s + 2];
    require(first >= 0 && size >= 0 && rank >= 0 && first + size <= N,
            "an adapter writes past the " + std::to_string(N) + " outputs");
    ranks += rank;
    up += (size + 15) / 16 * rank * 16;
  }
  const int64_t elements = (ranks + 3) / 4 * 4 * ((K + 15) / 16 * 16) + up;
  const void* packed = is_bf16 ? static_cast<const void*>(input<uint16_t>("adapter", data, {elements}))
                               : static_cast<const void*>(input<float>("adapter", data, {elements}));
  return {packed, elements * (is_bf16 ? 2 : 4), table, count, ranks, 0, 0};
}

// The order of isa/cache.h: chunks of 32 positions in words of four bytes; D is padded to whole tiles.
template <class T>
Cache cache_of(Kind kind, const Output& keys, const Output& values, const OptionalOutput& key_scales,
               const OptionalOutput& value_scales, int64_t D) {
  const int64_t P = size_of("keys", keys, 8, 0), G = size_of("keys", keys, 8, 1), C = size_of("keys", keys, 8, 2);
  require(G >= 1 && C >= 1 && D >= 2 && D % 2 == 0, "a cache needs heads, chunks and an even head size");
  require((kind == Kind::int8) == (key_scales && value_scales), "int8 caches, and no others, have scales");
  const auto scales = [&](const char* name, const OptionalOutput& array) {
    return array ? output<float>(name, *array, {P, G, C * 32}) : nullptr;
  };
  return {chunks_of<T>("keys", keys, P, G, C, D, kind == Kind::int8 ? 64 : 32),
          chunks_of<T>("values", values, P, G, C, D, 32),
          scales("key_scales", key_scales),
          scales("value_scales", value_scales),
          kind,
          P,
          G,
          C * 32,
          D};
}

Cache cache_of(const Output& keys, const Output& values, const OptionalOutput& key_scales,
               const OptionalOutput& value_scales, int64_t D) {
  if (keys.dtype() == nb::dtype<int8_t>())
    return cache_of<int8_t>(Kind::int8, keys, values, key_scales, value_scales, D);
  if (keys.dtype() == nb::dtype<uint16_t>())
    return cache_of<uint16_t>(Kind::bf16, keys, values, key_scales, value_scales, D);
  return cache_of<float>(Kind::f32, keys, values, key_scales, value_scales, D);
}

Sparse sparse_of(const char* name, const Input& offsets, const Input& token_ids, const Input& values, int64_t B,
                 int64_t V) {
  const int32_t* starts = input<int32_t>(name, offsets, {B + 1});
  const int64_t count = size_of(name, token_ids, 1, 0);
  const Sparse sparse{starts, input<int32_t>(name, token_ids, {count}), input<float>(name, values, {count})};
  require(starts[0] >= 0 && starts[B] <= count, std::string(name) + ": offsets reach past the values");
  for (int64_t b = 0; b < B; ++b) require(starts[b] <= starts[b + 1], std::string(name) + ": offsets must not fall");
  check_indices(name, sparse.token_ids, count, V);
  return sparse;
}

// The blocks that a query may read: those of positions [0, positions[t]] of its row.
void check_attention(const AttentionArgs& args, int64_t B) {
  check_indices("row_of_token", args.row_of_token, args.N, B);
  check_indices("positions", args.positions, args.N, args.table_width * args.cache.S);
  std::vector<int64_t> checked(B, 0);  // blocks of each row known to be good
  for (int64_t t = 0; t < args.N; ++t) {
    int64_t& known = checked[args.row_of_token[t]];
    const int64_t needed = args.positions[t] / args.cache.S + 1;
    if (needed <= known) continue;
    const int32_t* row = args.block_tables + args.row_of_token[t] * args.table_width;
    check_indices("block_tables", row + known, needed - known, args.cache.P);
    known = needed;
  }
}

class NativeKernels {
 public:
  NativeKernels(const std::string& isa, int num_threads) : table_(table_of(isa)), pool_(std::max(1, num_threads)) {}

  const char* isa() const { return table_->isa; }
  int num_threads() const { return pool_.size(); }

  void quantize_rows(const Input& x, const std::string& kind, int64_t hadamard, const Output& values,
                     const OptionalOutput& scales) {
    const int64_t M = size_of("x", x, 2, 0), K = size_of("x", x, 2, 1);
    call(table_->quantize_rows,
         QuantizeArgs{input<float>("x", x, {M, K}), M, K, rows_out(kind, hadamard, values, scales, M, K)});
  }

  void rms_norm(const Input& x, const Input& gain, float eps, const std::string& kind, int64_t hadamard,
                const Output& values, const OptionalOutput& scales) {
    const int64_t M = size_of("x", x, 2, 0), K = size_of("x", x, 2, 1);
    call(table_->rms_norm, RmsNormArgs{input<float>("x", x, {M, K}), input<float>("gain", gain, {K}), eps, M, K,
                                       rows_out(kind, hadamard, values, scales, M, K)});
  }

  void silu_mul(const Input& gate_up, const std::string& kind, int64_t hadamard, const Output& values,
                const OptionalOutput& scales) {
    const int64_t M = size_of("gate_up", gate_up, 2, 0), K = size_of("gate_up", gate_up, 2, 1) / 2;
    call(table_->silu_mul, SiluMulArgs{input<float>("gate_up", gate_up, {M, 2 * K}), M, K,
                                       rows_out(kind, hadamard, values, scales, M, K)});
  }

  void linear(const Input& rows, const OptionalInput& row_scales, const std::string& kind, const Input& data,
              const OptionalInput& scales, const OptionalInput& group_scales, int64_t N, int64_t K,
              const OptionalInput& residual, const Output& out) {
    const Weight weight = weight_of(kind, data, scales, group_scales, N, K);
    const int64_t M = size_of("rows", rows, 2, 0);
    require(row_scales.has_value() == scales.has_value(), "int8 rows, and no others, have scales");
    const Kind rows_kind = is_scaled(weight.kind) ? Kind::int8 : weight.kind;
    call(table_->linear, LinearArgs{input_of_kind("rows", rows_kind, rows, {M, K}),
                                    row_scales ? input<float>("row scales", *row_scales, {M}) : nullptr, weight,
                                    residual ? input<float>("residual", *residual, {M, N}) : nullptr,
                                    output<float>("out", out, {M, N}), M});
  }

  void lora_add(const Input& rows, const OptionalInput& row_scales, const std::vector<Input>& data,
                const std::vector<int64_t>& in_features, const std::vector<Input>& slices, const Input& owners,
                const Output& out) {
    const int64_t M = size_of("out", out, 2, 0), N = size_of("out", out, 2, 1), K = size_of("rows", rows, 2, 1);
    const int64_t count = static_cast<int64_t>(data.size());
    const Kind kind = kind_of_rows(rows);
    require((kind == Kind::int8) == row_scales.has_value(), "int8 rows, and no others, have scales");
    require(in_features.size() == data.size() && slices.size() == data.size(), "adapters need data and slices");
    const bool is_bf16 = count == 0 || data[0].dtype() == nb::dtype<uint16_t>();
    std::vector<LowRankArgs> adapters;
    for (int64_t a = 0; a < count; ++a) {
      require(in_features[a] == K,
              "rows have " + std::to_string(K) + " inputs, an adapter takes " + std::to_string(in_features[a]));
      adapters.push_back(low_rank_of(data[a], is_bf16, slices[a], K, N));
    }
    const int32_t* owner = input<int32_t>("owners", owners, {M});
    std::vector<int64_t> order;
    for (int64_t m = 0; m < M; ++m)
      require(owner[m] >= -1 && owner[m] < count, "owners must be numbers in [-1, " + std::to_string(count) + ")");
    for (int64_t a = 0; a < count; ++a) {
      adapters[a].first = static_cast<int64_t>(order.size());
      for (int64_t m = 0; m < M; ++m)
        if (owner[m] == a) order.push_back(m);
      adapters[a].last = static_cast<int64_t>(order.size());
    }
    call(table_->lora_add,
         LoraArgs{kind, input_of_kind("rows", kind, rows, {M, K}),
                  row_scales ? input<float>("row scales", *row_scales, {M}) : nullptr, is_bf16, adapters.data(), count,
                  order.data(), static_cast<int64_t>(order.size()), output<float>("out", out, {M, N}), K, N});
  }

  void gather_rows(const std::string& kind, const Input& data, const OptionalInput& scales,
                   const OptionalInput& group_scales, int64_t N, int64_t K, const Input& token_ids, const Output& out) {
    const int64_t count = size_of("token_ids", token_ids, 1, 0);
    const GatherArgs args{weight_of(kind, data, scales, group_scales, N, K),
                          input<int32_t>("token_ids", token_ids, {count}), count,
                          output<float>("out", out, {count, K})};
    check_indices("token_ids", args.token_ids, count, N);
    call(table_->gather_rows, args);
  }

  void rotary_table(const Input& positions, const Input& frequencies, const Output& cos, const Output& sin) {
    const int64_t N = size_of("positions", positions, 1, 0), half = size_of("frequencies", frequencies, 1, 0);
    call(table_->rotary_table,
         RotaryTableArgs{input<int32_t>("positions", positions, {N}), input<float>("frequencies", frequencies, {half}),
                         N, half, output<float>("cos", cos, {N, half}), output<float>("sin", sin, {N, half})});
  }

  void rotate_and_cache(const Input& qkv, const Input& cos, const Input& sin, const Input& slot_mapping, int64_t H,
                        const Output& keys, const Output& values, const OptionalOutput& key_scales,
                        const OptionalOutput& value_scales, const Output& queries) {
    const Cache cache = cache_of(keys, values, key_scales, value_scales, 2 * size_of("cos", cos, 2, 1));
    const int64_t N = size_of("qkv", qkv, 2, 0), D = cache.D;
    const RotateArgs args{input<float>("qkv", qkv, {N, (H + 2 * cache.G) * D}),
                          input<float>("cos", cos, {N, D / 2}),
                          input<float>("sin", sin, {N, D / 2}),
                          input<int32_t>("slot_mapping", slot_mapping, {N}),
                          N,
                          H,
                          cache,
                          output<float>("queries", queries, {N, H, D})};
    check_indices("slot_mapping", args.slot_mapping, N, cache.P * cache.S);
    call(table_->rotate_and_cache, args);
  }

  void attention(const Input& queries, const Output& keys, const Output& values, const OptionalOutput& key_scales,
                 const OptionalOutput& value_scales, const Input& block_tables, const Input& row_of_token,
                 const Input& positions, const Output& out) {
    const Cache cache = cache_of(keys, values, key_scales, value_scales, size_of("queries", queries, 3, 2));
    const int64_t N = size_of("queries", queries, 3, 0), H = size_of("queries", queries, 3, 1);
    const int64_t B = size_of("block_tables", block_tables, 2, 0), width = size_of("block_tables", block_tables, 2, 1);
    require(H >= 1 && H % cache.G == 0, "query heads must be a multiple of the " + std::to_string(cache.G) +
                                            " key-value heads, not " + std::to_string(H));
    const AttentionArgs args{input<float>("queries", queries, {N, H, cache.D}),
                             cache,
                             input<int32_t>("block_tables", block_tables, {B, width}),
                             input<int32_t>("row_of_token", row_of_token, {N}),
                             input<int32_t>("positions", positions, {N}),
                             N,
                             H,
                             width,
                             output<float>("out", out, {N, H * cache.D})};
    check_attention(args, B);
    call(table_->attention, args);
  }

  void sample(const Input& logits, const Input& temperature, const Input& top_p, const Input& top_k, const Input& min_p,
              const Input& top_a, const Input& repetition_penalty, const Input& presence_penalty,
              const Input& frequency_penalty, const Input& bias_offsets, const Input& bias_ids, const Input& bias,
              const Input& seen_offsets, const Input& seen_ids, const Input& counts, const Input& seed,
              const Input& choice, const Input& position, const OptionalInput& mask, const Output& token_ids) {
    const int64_t B = size_of("logits", logits, 2, 0), V = size_of("logits", logits, 2, 1);
    require(V >= 1, "logits need at least one column");
    const float* temperatures = input<float>("temperature", temperature, {B});
    for (int64_t b = 0; b < B; ++b) require(temperatures[b] >= 0, "temperature must be 0 or more");
    call(table_->sample,
         SampleArgs{input<float>("logits", logits, {B, V}), B, V, temperatures, input<float>("top_p", top_p, {B}),
                    input<int32_t>("top_k", top_k, {B}), input<float>("min_p", min_p, {B}),
                    input<float>("top_a", top_a, {B}), input<float>("repetition_penalty", repetition_penalty, {B}),
                    input<float>("presence_penalty", presence_penalty, {B}),
                    input<float>("frequency_penalty", frequency_penalty, {B}),
                    sparse_of("logit_bias", bias_offsets, bias_ids, bias, B, V),
                    sparse_of("seen", seen_offsets, seen_ids, counts, B, V), input<uint64_t>("seed", seed, {B}),
                    input<uint32_t>("choice", choice, {B}), input<uint32_t>("position", position, {B}),
                    mask ? input<uint32_t>("mask", *mask, {B, (V + 31) / 32}) : nullptr,
                    output<int32_t>("out", token_ids, {B})});
  }

  void logprobs(const Input& logits, const Input& token_ids, const Output& chosen, const Output& top_ids,
                const Output& top_logprobs) {
    const int64_t B = size_of("logits", logits, 2, 0), V = size_of("logits", logits, 2, 1);
    const int64_t top = size_of("top_ids", top_ids, 2, 1);
    require(top <= V, "top must be at most the vocabulary of " + std::to_string(V));
    const LogprobArgs args{input<float>("logits", logits, {B, V}),
                           B,
                           V,
                           top,
                           input<int32_t>("token_ids", token_ids, {B}),
                           output<float>("chosen", chosen, {B}),
                           output<int32_t>("top_ids", top_ids, {B, top}),
                           output<float>("top_logprobs", top_logprobs, {B, top})};
    check_indices("token_ids", args.token_ids, B, V);
    call(table_->logprobs, args);
  }

  uint64_t read_memory(const Input& array) {
    const char* data = reinterpret_cast<const char*>(input<int8_t>("array", array, {ANY}));
    nb::gil_scoped_release release;
    std::lock_guard lock(pool_.in_use);
    return tampu::read_memory(pool_, data, static_cast<int64_t>(array.size()));
  }

  int64_t multiply_registers(int64_t rounds) {
    require(rounds >= 1, "rounds must be 1 or more, not " + std::to_string(rounds));
    int64_t operations = 0;
    call(table_->multiply_registers, MultiplyArgs{rounds, &operations});
    return operations;
  }

 private:
  template <class Args>
  void call(void (*kernel)(ThreadPool&, const Args&), const Args& args) {
    nb::gil_scoped_release release;
    std::lock_guard lock(pool_.in_use);
    kernel(pool_, args);
  }

  const KernelTable* table_;
  ThreadPool pool_;
};

std::vector<std::string> names_of(const std::vector<const KernelTable*>& tables) {
  std::vector<std::string> names;
  for (const KernelTable* table : tables) names.emplace_back(table->isa);
  return names;
}

std::vector<std::string> available_isas() { return names_of(instruction_sets().available); }
std::vector<std::string> emulated_isas() { return names_of(instruction_sets().emulated); }
std::vector<std::string> refused_isas() { return instruction_sets().refused; }

}  // namespace
}  // namespace tampu

NB_MODULE(_native, m) {
  using tampu::NativeKernels;
  m.doc() = "tampu's kernels: one class for all instruction sets, see tampu.kernels.native.";
  m.def("available_isas", &tampu::available_isas);
  m.def("emulated_isas", &tampu::emulated_isas);
  m.def("refused_isas", &tampu::refused_isas);
#if defined(TAMPU_TEST_TILES)
  tampu::add_tile_tests(m);
#endif
  nanobind::class_<NativeKernels>(m, "Kernels")
      .def(nanobind::init<const std::string&, int>())
      .def_prop_ro("isa", &NativeKernels::isa)
      .def_prop_ro("num_threads", &NativeKernels::num_threads)
      .def("quantize_rows", &NativeKernels::quantize_rows)
      .def("rms_norm", &NativeKernels::rms_norm)
      .def("silu_mul", &NativeKernels::silu_mul)
      .def("linear", &NativeKernels::linear)
      .def("lora_add", &NativeKernels::lora_add)
      .def("gather_rows", &NativeKernels::gather_rows)
      .def("rotary_table", &NativeKernels::rotary_table)
      .def("rotate_and_cache", &NativeKernels::rotate_and_cache)
      .def("attention", &NativeKernels::attention)
      .def("sample", &NativeKernels::sample)
      .def("logprobs", &NativeKernels::logprobs)
      .def("read_memory", &NativeKernels::read_memory)
      .def("multiply_registers", &NativeKernels::multiply_registers);
}
