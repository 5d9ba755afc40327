// SPDX-License-Identifier: Apache-2.0
#include <weir/error.hpp>

namespace weir {
namespace {

/// what() ends at the first null byte and would lose what follows.
std::string without_nulls(std::string text) {
    for (std::size_t at; (at = text.find('\0')) != text.npos;) text.replace(at, 1, "\\0");
    return text;
}

}  // namespace

error::error(const std::string& sentence) : std::runtime_error(without_nulls(sentence)) {}

}  // namespace weir
