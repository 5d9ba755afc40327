// SPDX-License-Identifier: Apache-2.0
// Points in time as ISO 8601 writes them, in UTC: 2024-06-07T12:34:56.789Z
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include <weir/codec/json_shape.hpp>

namespace weir::detail {

/// Ticks since the epoch. What is wrong with the text, as a sentence goes on; nothing, if it is a
/// time that whole ticks can say.
std::string read_time(std::string_view text, const json_tick& tick, std::int64_t& into);

/// Empty where the year has no four digits.
std::string write_time(std::int64_t ticks, const json_tick& tick);

}  // namespace weir::detail
