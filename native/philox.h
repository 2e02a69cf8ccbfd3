// Philox4x32-10, a counter-based generator: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#pragma once

#include <cstdint>

namespace tampu {

// The upper 64 bits of a * b.
static inline uint64_t high_product(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<uint64_t>(static_cast<Wide>(a) * b >> 64);
}

// u * 2^64 of the draw for (seed, choice, position).
static inline uint64_t philox_fraction(uint64_t seed, uint32_t choice, uint32_t position) {
  uint32_t c0 = position, c1 = choice, c2 = 0, c3 = 0;
  uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
    const uint64_t low = 0xD2511F53ull * c0, high = 0xCD9E8D57ull * c2;
    c0 = static_cast<uint32_t>(high >> 32) ^ c1 ^ k0;
    c1 = static_cast<uint32_t>(high);
    c2 = static_cast<uint32_t>(low >> 32) ^ c3 ^ k1;
    c3 = static_cast<uint32_t>(low);
  }
  return static_cast<uint64_t>(c0) << 32 | c1;
}

}  // namespace tampu
