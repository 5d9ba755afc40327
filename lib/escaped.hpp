// SPDX-License-Identifier: Apache-2.0
// Makes text from outside safe to print.
#pragma once
#include <string>
#include <string_view>

namespace weir::detail {

/// Writes control characters as C++ does (\n, \t, \0, \x1b), including those of ISO 6429 in UTF-8.
/// So the text stays one line and cannot control a terminal. Everything else stays as it is.
std::string escaped(std::string_view);

}  // namespace weir::detail
