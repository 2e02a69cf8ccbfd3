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
  run_.fetch_add(1);
  run_.notify_all();
  for (auto& thread : threads_) thread.join();
}

int ThreadPool::size() const { return num_threads_; }

void ThreadPool::run(int64_t tasks, Task task, void* context) {
  if (threads_.empty() && num_threads_ > 1) start();
  const uint32_t run = run_.load(std::memory_order_relaxed) + 1;
  claim_.exchange(CLOSED);  // before the fields change, so that no late helper claims with a mixture
  task_.store(task, std::memory_order_relaxed);
  context_.store(context, std::memory_order_relaxed);
  tasks_.store(static_cast<uint32_t>(tasks), std::memory_order_relaxed);
  done_.store(0, std::memory_order_relaxed);
  claim_.store(static_cast<uint64_t>(run) << 32, std::memory_order_release);
  run_.store(run, std::memory_order_release);
  if (num_threads_ > 1) run_.notify_all();
  work(0);
  uint32_t done;
  for (int spin = 0; (done = done_.load(std::memory_order_acquire)) < tasks; ++spin) {
    if (spin < SPINS) {
      pause();
    } else {
      done_.wait(done, std::memory_order_acquire);
    }
  }
}

void ThreadPool::start() {
  for (int thread = 1; thread < num_threads_; ++thread) threads_.emplace_back(&ThreadPool::serve, this, thread);
}

void ThreadPool::serve(int thread) {
  uint32_t seen = 0;
  while (true) {
    for (int spin = 0; spin < SPINS && run_.load(std::memory_order_acquire) == seen; ++spin) pause();
    run_.wait(seen, std::memory_order_acquire);
    if (closing_) return;
    seen = run_.load(std::memory_order_acquire);
    work(thread);
  }
}

void ThreadPool::work(int thread) {
  while (true) {
    uint64_t claim = claim_.load(std::memory_order_acquire);
    const Task task = task_.load(std::memory_order_relaxed);
    void* context = context_.load(std::memory_order_relaxed);
    const uint32_t tasks = tasks_.load(std::memory_order_relaxed), index = static_cast<uint32_t>(claim);
    if (index >= tasks) return;  // CLOSED is larger than any number of tasks
    if (!claim_.compare_exchange_weak(claim, claim + 1, std::memory_order_acq_rel)) continue;
    task(context, index, thread);
    if (done_.fetch_add(1, std::memory_order_acq_rel) + 1 == tasks && thread != 0) done_.notify_all();
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
