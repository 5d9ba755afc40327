// SPDX-License-Identifier: Apache-2.0
// Keys and values as text: what `--output` prints of bytes, and what `--input` and `send` make of a
// line.
//
//     string, weir::bytes   as they are; a line end in them is shown as \n
//     JSON                  as it is; a line end between its parts is shown as a blank
//     numbers, bool         5, -0.5, true
//     null                  null, where the type can be null; so there no text is the word itself
#pragma once
#include <string>
#include <string_view>

#include <weir/graph/topic_info.hpp>
#include <weir/message.hpp>

namespace weir::detail {

/// One line, without its end.
std::string to_text(const data_type&, bytes_view);
/// As the key before a tab: one in it is shown as \t.
std::string to_key_text(const data_type&, bytes_view);

/// The bytes that the text stands for. Throws decode_error if it stands for none of this type.
bytes from_text(const data_type&, std::string_view text);

}  // namespace weir::detail
