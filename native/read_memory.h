// What the memory of this machine can deliver: the limit that a decode step is measured against.
#pragma once

#include <cstdint>
#include <cstring>

#include "thread_pool.h"

namespace tampu {

// Reads every byte of data[0, bytes) once, all threads together; the result only keeps the compiler from skipping it.
inline uint64_t read_memory(ThreadPool& pool, const char* data, int64_t bytes) {
  constexpr int64_t CHUNK = 1 << 20, LINE = 64;
  using Word = uint64_t __attribute__((vector_size(16)));
  std::atomic<uint64_t> mixed{0};
  parallel(pool, bytes / CHUNK, bytes, [&](int64_t chunk, int) {
    Word words[4] = {};
    for (const char *at = data + chunk * CHUNK, *end = at + CHUNK; at < end; at += LINE) {
      __builtin_prefetch(at + 4096);
      for (int i = 0; i < 4; ++i) {
        Word word;
        std::memcpy(&word, at + i * sizeof(Word), sizeof(Word));
        words[i] ^= word;
      }
    }
    const Word all = words[0] ^ words[1] ^ words[2] ^ words[3];
    mixed.fetch_xor(all[0] ^ all[1], std::memory_order_relaxed);
  });
  return mixed;
}

}  // namespace tampu
