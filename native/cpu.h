// Which instruction sets this machine can run.
#pragma once

#include <vector>

#include "kernels.h"

namespace tampu {

// Tables this processor and operating system can run, fastest first; portable is always there.
std::vector<const KernelTable*> available_tables();

}  // namespace tampu
