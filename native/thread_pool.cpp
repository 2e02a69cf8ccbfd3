#include "thread_pool.h"

#include <cstdlib>
#include <new>

namespace tampu {

namespace {

// Kernels of one step follow each other within microseconds: look this often before sleeping.
constexpr int SPINS = 2000;

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

ThreadPool::ThreadPool(int num_threads) : num_threads_(num_threads), scratch_(num_threads + 1) {}

ThreadPool::~ThreadPool() {
  closing_ = true;
  generation_.fetch_add(1);
  generation_.notify_all();
  for (auto& thread : threads_) thread.join();
}

int ThreadPool::size() const { return num_threads_; }

void ThreadPool::run(int64_t tasks, Task task, void* context) {
  task_ = task;
  context_ = context;
  tasks_ = tasks;
  next_.store(0, std::memory_order_relaxed);
  if (num_threads_ == 1) return work(0);
  if (threads_.empty()) start();
  busy_.store(num_threads_ - 1, std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  work(0);
  for (int spin = 0; busy_.load(std::memory_order_acquire) != 0; ++spin) {
    const int32_t busy = busy_.load(std::memory_order_acquire);
    if (spin < SPINS || busy == 0) {
      pause();
    } else {
      busy_.wait(busy, std::memory_order_acquire);
    }
  }
}

void ThreadPool::start() {
  for (int thread = 1; thread < num_threads_; ++thread) {
    threads_.emplace_back(&ThreadPool::serve, this, thread, generation_.load());
  }
}

void ThreadPool::serve(int thread, uint32_t seen) {
  while (true) {
    wait_for_work(seen);
    if (closing_) return;
    seen = generation_.load(std::memory_order_acquire);
    work(thread);
    if (busy_.fetch_sub(1, std::memory_order_acq_rel) == 1) busy_.notify_all();
  }
}

void ThreadPool::wait_for_work(uint32_t seen) const {
  for (int spin = 0; spin < SPINS; ++spin) {
    if (generation_.load(std::memory_order_acquire) != seen) return;
    pause();
  }
  generation_.wait(seen, std::memory_order_acquire);
}

void ThreadPool::work(int thread) {
  for (int64_t index; (index = next_.fetch_add(1, std::memory_order_relaxed)) < tasks_;) {
    task_(context_, index, thread);
  }
}

void ThreadPool::Free::operator()(void* memory) const { std::free(memory); }

void ThreadPool::Buffer::grow(size_t wanted) {
  if (wanted <= bytes) return;
  const size_t rounded = (wanted + 63) / 64 * 64;
  memory.reset();
  bytes = 0;
  memory.reset(std::aligned_alloc(64, rounded));
  if (!memory) throw std::bad_alloc();
  bytes = rounded;
}

void ThreadPool::reserve(size_t per_thread, size_t shared) {
  for (int thread = 0; thread < num_threads_; ++thread) scratch_[thread].grow(per_thread);
  scratch_[num_threads_].grow(shared);
}

void* ThreadPool::scratch(int thread) const { return scratch_[thread].memory.get(); }

void* ThreadPool::shared() const { return scratch_[num_threads_].memory.get(); }

}  // namespace tampu
