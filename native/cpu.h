// Which instruction sets this machine can run.
#pragma once

#include <string>
#include <vector>

#include "kernels.h"

namespace tampu {

struct InstructionSets {
  std::vector<const KernelTable*> available;  // fastest first; portable is always there
  std::vector<const KernelTable*> emulated;   // amx with software tiles, where TAMPU_TEST_TILES is on
  std::vector<std::string> refused;           // sets that the processor has and we do not use: name and reason
};

// Looks once per process; the first call asks for tile registers and proves them.
const InstructionSets& instruction_sets();

}  // namespace tampu
