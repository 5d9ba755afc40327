// SPDX-License-Identifier: Apache-2.0
// Keys and values as text: what `--output` prints, and what `--input` and `send` read.
//
//     string, weir::bytes   as they are; a line end is printed as \n
//     JSON                  as it is; a line end between tokens is printed as a space
//     numbers, bool         5, -0.5, true
//     null                  null, if the type can be null; the text "null" cannot be sent then
#pragma once
#include <string>
#include <string_view>

#include <weir/graph/topic_info.hpp>
#include <weir/message.hpp>

namespace weir::detail {

/// One line, without a line end.
std::string to_text(const data_type&, bytes_view);
/// The key that is printed before a tab. A tab in it is printed as \t.
std::string to_key_text(const data_type&, bytes_view);

/// The bytes that the text stands for. Throws decode_error if it is not a value of the type.
bytes from_text(const data_type&, std::string_view text);

}  // namespace weir::detail
