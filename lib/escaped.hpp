// SPDX-License-Identifier: Apache-2.0
// Text of others in a line of ours.
#pragma once
#include <string>
#include <string_view>

namespace weir::detail {

/// Control characters as C++ writes them (\n, \t, \0, \x1b), those of ISO 6429 in UTF-8 as well:
/// what is printed of it stays one line, and moves no terminal's cursor. All else is left alone.
std::string escaped(std::string_view);

}  // namespace weir::detail
