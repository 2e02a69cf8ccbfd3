// A few threads that share numbered tasks. Which thread runs a task never changes its result: tasks write disjoint
// outputs and read nothing that another task writes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace tampu {

class ThreadPool {
 public:
  using Task = void (*)(void* context, int64_t index, int thread);

  explicit ThreadPool(int num_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const;

  // Runs task(context, index, thread) for index in [0, tasks); thread is in [0, size()), 0 being the caller's.
  void run(int64_t tasks, Task task, void* context);

  // Makes room for `per_thread` bytes of scratch in every thread and `shared` bytes for all; contents are undefined.
  void reserve(size_t per_thread, size_t shared = 0);
  void* scratch(int thread) const;  // 64-byte aligned
  void* shared() const;             // 64-byte aligned

  // Held for the length of a kernel: scratch and threads serve one caller at a time.
  std::mutex in_use;

 private:
  struct Free {
    void operator()(void* memory) const;
  };
  struct Buffer {
    std::unique_ptr<void, Free> memory;
    size_t bytes = 0;
    void grow(size_t wanted);
  };

  void start();
  void serve(int thread);
  void work(int thread);

  int num_threads_;
  std::vector<std::thread> threads_;  // num_threads_ - 1 of them, started by the first parallel run
  std::vector<Buffer> scratch_;       // one per thread, the last one shared

  // One run. A task is claimed by raising the lower half of `claim_`, whose upper half is the run's number: a helper
  // that slept through a run can claim nothing of it, and the caller waits only for tasks that somebody has begun.
  std::atomic<Task> task_{nullptr};
  std::atomic<void*> context_{nullptr};
  std::atomic<uint32_t> tasks_{0};
  std::atomic<uint64_t> claim_{CLOSED};
  std::atomic<uint32_t> done_{0};
  std::atomic<uint32_t> run_{0};  // what idle helpers watch
  std::atomic<bool> closing_{false};

  static constexpr uint32_t CLOSED = UINT32_MAX;  // in the lower half of claim_: nothing to claim
};

// Below this many elementary operations, waking a thread costs more than it saves.
constexpr int64_t WORTH_WAKING = 1 << 16;

// body(index, thread) for index in [0, tasks); `work` estimates the elementary operations of all tasks together.
template <class Body>
inline void parallel(ThreadPool& pool, int64_t tasks, int64_t work, Body&& body) {
  if (tasks <= 1 || work < WORTH_WAKING) {
    for (int64_t index = 0; index < tasks; ++index) body(index, 0);
    return;
  }
  using Plain = std::remove_reference_t<Body>;
  pool.run(
      tasks, [](void* context, int64_t index, int thread) { (*static_cast<Plain*>(context))(index, thread); },
      const_cast<void*>(static_cast<const void*>(&body)));
}

}  // namespace tampu
