// SPDX-License-Identifier: Apache-2.0
// Points in time as ISO 8601 writes them, in UTC: 2024-06-07T12:34:56.789Z
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <weir/codec/json_shape.hpp>

namespace weir::detail {

/// Reads ticks since the epoch. Returns what is wrong with the text, as the end of a sentence;
/// empty if it is a time in whole ticks.
std::string read_time(std::string_view text, const json_tick& tick, std::int64_t& into);

inline constexpr std::size_t longest_time = 40;
/// Writes up to `longest_time` characters. Returns how many; 0 if the year does not have four
/// digits.
std::size_t write_time(std::int64_t ticks, const json_tick& tick, char* to);
/// Empty if the year does not have four digits.
std::string write_time(std::int64_t ticks, const json_tick& tick);

}  // namespace weir::detail
