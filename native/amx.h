// Whether this process may use the tiles of AMX.
#pragma once

#include <string>

namespace tampu {

// Whether the processor has tiles and products of int8 and bf16.
bool processor_has_amx();

// Asks the operating system for the tile registers, for all threads of this process; what it said if not "yes".
std::string ask_for_tiles();

}  // namespace tampu
