// SPDX-License-Identifier: Apache-2.0
// The key of a window's result.
#pragma once
#include <weir/fwd.hpp>

namespace weir {

/// A key and one of its windows: the key type of tables that `window` fills. Of tumbling and
/// hopping windows the end does not belong to the window: [start, end). Of a session both are
/// timestamps of messages, and belong to it: [start, end].
template <class K>
struct windowed {
    K key{};
    timestamp start{};
    timestamp end{};
    friend bool operator==(const windowed&, const windowed&) = default;
};

namespace detail {

template <class T>
inline constexpr bool is_windowed = false;
template <class K>
inline constexpr bool is_windowed<windowed<K>> = true;

}  // namespace detail
}  // namespace weir
