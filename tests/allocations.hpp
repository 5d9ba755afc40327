// SPDX-License-Identifier: Apache-2.0
// How often this thread has allocated, for tests of what must not. Counted by g++ without
// sanitizers only: those want operator new for themselves, and so this stays 0.
#pragma once
#include <cstddef>

namespace weir::testing {

std::size_t allocations() noexcept;

}  // namespace weir::testing
