// Python's way to the software tiles, for tests.
#include "tile_tests.h"

#include <nanobind/stl/string.h>

#include "checks.h"
#include "kernels.h"

namespace tampu {
namespace {

TileInstruction tile_instruction(const std::string& name) {
  if (name == "TDPBSSD") return TileInstruction::tdpbssd;
  if (name == "TDPBUSD") return TileInstruction::tdpbusd;
  require(name == "TDPBF16PS", "an instruction is TDPBSSD, TDPBUSD or TDPBF16PS, not " + name);
  return TileInstruction::tdpbf16ps;
}

void multiply(const std::string& instruction, const Input& a, const Input& b, const Output& c) {
  const int64_t rows = size_of("a", a, 2, 0), depth = size_of("b", b, 2, 0), width = size_of("b", b, 2, 1) / 4;
  require(1 <= rows && rows <= 16 && 1 <= depth && depth <= 16 && 1 <= width && width <= 16,
          "a tile has 1 to 16 rows of 1 to 16 words");
  amx_emulated_portable::multiply_software_tiles(
      tile_instruction(instruction),
      TileProduct{input<uint8_t>("a", a, {rows, 4 * depth}), input<uint8_t>("b", b, {depth, 4 * width}),
                  output<uint8_t>("c", c, {rows, 4 * width}), rows, depth, width});
}

std::string find_disturbed(const std::string& instruction) {
  const char* found = amx_emulated_portable::find_disturbed_instruction(tile_instruction(instruction));
  return found ? found : "";
}

}  // namespace

void add_tile_tests(nb::module_& module) {
  module.def("multiply_software_tiles", &multiply);
  module.def("find_disturbed_instruction", &find_disturbed);
}

}  // namespace tampu
