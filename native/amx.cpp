#include "amx.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#endif

namespace tampu {

#if defined(__x86_64__) && defined(__linux__)

bool processor_has_amx() {
  constexpr uint32_t BF16 = 1u << 22, TILE = 1u << 24, INT8 = 1u << 25, ALL = BF16 | TILE | INT8;
  uint32_t eax, ebx, ecx, edx;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (edx & ALL) == ALL;
}

std::string ask_for_tiles() {
  constexpr uint32_t XSAVE_ENABLED = 1u << 27, TILE_STATES = 3u << 17;
  constexpr int REQUEST_PERMISSION = 0x1023, TILE_DATA = 18;  // ARCH_REQ_XCOMP_PERM of arch_prctl(2)
  uint32_t eax, ebx, ecx, edx;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & XSAVE_ENABLED))
    return "the operating system saves no registers";
  asm volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
  if ((eax & TILE_STATES) != TILE_STATES) return "the operating system does not save tile registers";
  if (syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0) return "";
  return std::string("the operating system refused the tile registers: ") + std::strerror(errno);
}

#else

bool processor_has_amx() { return false; }

std::string ask_for_tiles() { return "only Linux is asked for tile registers"; }

#endif

}  // namespace tampu
