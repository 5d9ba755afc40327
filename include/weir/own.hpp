// SPDX-License-Identifier: Apache-2.0
// Turns a value that points into its message into one that owns its bytes.
#pragma once
#include <string>
#include <string_view>

#include <weir/message.hpp>

namespace weir {
namespace detail {

struct own_fn {
    bytes operator()(bytes_view v) const { return bytes{v}; }
    std::string operator()(std::string_view v) const { return std::string{v}; }
};

}  // namespace detail

/// `map(weir::own)` turns bytes_view into bytes and string_view into string. Put it before an
/// operator that keeps values beyond their messages: `take`, an asynchronous `map`.
inline constexpr detail::own_fn own{};

}  // namespace weir
