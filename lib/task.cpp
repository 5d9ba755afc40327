// SPDX-License-Identifier: Apache-2.0
// Keeps the memory of coroutine frames for the next coroutine, so a thread that makes a call for
// each message does not use the heap.
#include <weir/task.hpp>

#include <array>
#include <cstddef>
#include <new>

namespace weir::detail {
namespace {

// Not with the address sanitizer: used-again memory would hide a use after free.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool recycles = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool recycles = false;
#else
constexpr bool recycles = true;
#endif
#else
constexpr bool recycles = true;
#endif

constexpr std::size_t step = 64;        // frames are kept by size, rounded up to this
constexpr std::size_t sizes = 16;       // up to 1 KiB; larger ones go back to the heap
constexpr std::size_t kept_max = 1024;  // of one size, by one thread

struct free_frame {
    free_frame* next;
};
struct free_list {
    free_frame* first = nullptr;
    std::size_t count = 0;
};

/// The frames of one thread. Frames that are freed after the thread's own objects are destroyed (by
/// a global app, for example) go to the heap.
struct frames {
    std::array<free_list, sizes> of{};
    bool closed = false;
    ~frames() {
        closed = true;
        for (auto& list : of)
            while (auto* f = list.first) list.first = f->next, ::operator delete(f);
    }
};
thread_local frames mine;

std::size_t size_class(std::size_t n) { return (n + step - 1) / step - 1; }

}  // namespace

void* take_frame(std::size_t n) {
    const auto c = size_class(n);
    if (!recycles || c >= sizes) return ::operator new(n);
    auto& list = mine.of[c];
    if (auto* f = list.first) {
        list.first = f->next;
        --list.count;
        return f;
    }
    return ::operator new((c + 1) * step);
}

void give_frame(void* p, std::size_t n) noexcept {
    const auto c = size_class(n);
    if (!recycles || c >= sizes || mine.closed || mine.of[c].count == kept_max)
        return ::operator delete(p);
    auto& list = mine.of[c];
    list.first = new (p) free_frame{list.first};
    ++list.count;
}

}  // namespace weir::detail
