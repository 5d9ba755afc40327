// SPDX-License-Identifier: Apache-2.0
// Makes text from outside safe to print.
#pragma once
#include <string>
#include <string_view>

#include <weir/message.hpp>

namespace weir::detail {

/// Writes control characters as C++ does (\n, \t, \0, \x1b), including those of ISO 6429 in UTF-8.
/// So the text stays one line and cannot control a terminal. Everything else stays as it is.
std::string escaped(std::string_view);

/// "its key is 'k1'", of a message that is spoken of; a long key's beginning.
std::string key_in_words(bytes_view key);

}  // namespace weir::detail
