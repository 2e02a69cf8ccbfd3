#include "cpu.h"

#include "amx.h"

namespace tampu {

namespace {

#if defined(__x86_64__)

// __builtin_cpu_supports also asks the operating system (XGETBV) whether it saves the wide registers.
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vnni");
}

bool has_avx512bf16() { return has_avx512() && __builtin_cpu_supports("avx512bf16"); }

#endif

// The table of an add-on set; made here, because its own file may hold instructions that this machine lacks.
KernelTable add_on(KernelTable table, const char* name, decltype(KernelTable::linear) linear,
                   decltype(KernelTable::attention) attention,
                   decltype(KernelTable::multiply_registers) multiply_registers) {
  table.isa = name;
  table.linear = linear;
  table.attention = attention;
  table.multiply_registers = multiply_registers;
  return table;
}

#if defined(__x86_64__)

const KernelTable& bf16_table() {
  static const KernelTable table =
      add_on(avx512::table, "avx512bf16", avx512bf16::linear, avx512bf16::attention, avx512::table.multiply_registers);
  return table;
}

#endif

#if defined(TAMPU_KNOWS_AMX)

// Why tiles cannot be used, or nothing. A processor that rounds otherwise than the manual says loses speed, not bits.
std::string refusal_of_amx() {
  const std::string answer = ask_for_tiles();
  if (!answer.empty()) return answer;
  const char* wrong = amx::find_wrong_instruction();
  return wrong ? std::string(wrong) + " does not compute what the manual says on this processor" : "";
}

void find_amx(InstructionSets& sets) {
  static const KernelTable table = add_on(bf16_table(), "amx", amx::linear, amx::attention, amx::multiply_registers);
  const std::string refusal = refusal_of_amx();
  if (refusal.empty()) {
    sets.available.push_back(&table);
  } else {
    sets.refused.push_back("amx: " + refusal);
  }
}

#endif

#if defined(TAMPU_TEST_TILES)

void find_emulated(InstructionSets& sets) {
#if defined(__x86_64__)
  static const KernelTable wide = add_on(avx512::table, "amx_emulated", amx_emulated::linear, amx_emulated::attention,
                                         amx_emulated::multiply_registers);
  if (has_avx512()) sets.emulated.push_back(&wide);
#endif
  static const KernelTable narrow = add_on(portable::table, "amx_emulated_portable", amx_emulated_portable::linear,
                                           amx_emulated_portable::attention, amx_emulated_portable::multiply_registers);
  sets.emulated.push_back(&narrow);
}

#endif

InstructionSets find_sets() {
  InstructionSets sets;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (has_avx512()) {
#if defined(TAMPU_KNOWS_AMX)
    if (processor_has_amx() && has_avx512bf16()) find_amx(sets);
#endif
    if (has_avx512bf16()) sets.available.push_back(&bf16_table());
    sets.available.push_back(&avx512::table);
  }
  if (has_avx2()) sets.available.push_back(&avx2::table);
#endif
  sets.available.push_back(&portable::table);
#if defined(TAMPU_TEST_TILES)
  find_emulated(sets);
#endif
  return sets;
}

}  // namespace

const InstructionSets& instruction_sets() {
  static const InstructionSets sets = find_sets();
  return sets;
}

}  // namespace tampu
