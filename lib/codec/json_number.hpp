// SPDX-License-Identifier: Apache-2.0
// Reads numbers of JSON exactly. simdjson's own reader is faster, but On Demand's get_double is
// wrong for some numbers with many digits, and it refuses unusual spellings.
#pragma once
#include <cstdint>
#include <string_view>

namespace weir::detail {

enum class number_read : unsigned char { ok, malformed, no_integer, too_large };

/// Whether `token` is a number by the grammar of RFC 8259.
bool is_number(std::string_view token);

/// The nearest double or float. A number too small for the type is zero.
number_read read_real(std::string_view token, double& into);
number_read read_real(std::string_view token, float& into);

/// The integer that `token` stands for, in any spelling: 1000, 1e3, 1000.0, -0.
number_read read_integer(std::string_view token, bool& negative, std::uint64_t& magnitude);

}  // namespace weir::detail
