// SPDX-License-Identifier: Apache-2.0
#include "allocations.hpp"

#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__clang__)
std::size_t weir::testing::allocations() noexcept { return 0; }
#else
namespace {
thread_local std::size_t counted = 0;
}
std::size_t weir::testing::allocations() noexcept { return counted; }

void* operator new(std::size_t n) {
    ++counted;
    if (void* p = std::malloc(n ? n : 1)) return p;
    throw std::bad_alloc{};
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
#endif
