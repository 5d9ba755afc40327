// SPDX-License-Identifier: Apache-2.0
// Which names Kafka takes for a topic.
#pragma once
#include <string_view>

namespace weir::transport {

/// Throws weir::setup_error with a sentence that names the topic and the allowed characters, unless
/// the name is 1 to 249 of `a-z A-Z 0-9 . _ -` and neither "." nor "..".
void check_topic_name(std::string_view name);

}  // namespace weir::transport
