#include "cpu.h"

namespace tampu {

#if defined(__x86_64__)
namespace {

// __builtin_cpu_supports also asks the operating system (XGETBV) whether it saves the wide registers.
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vnni");
}

bool has_avx512bf16() { return has_avx512() && __builtin_cpu_supports("avx512bf16"); }

}  // namespace
#endif

std::vector<const KernelTable*> available_tables() {
  std::vector<const KernelTable*> tables;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (has_avx512bf16()) tables.push_back(&avx512bf16::table);
  if (has_avx512()) tables.push_back(&avx512::table);
  if (has_avx2()) tables.push_back(&avx2::table);
#endif
  tables.push_back(&portable::table);
  return tables;
}

}  // namespace tampu
