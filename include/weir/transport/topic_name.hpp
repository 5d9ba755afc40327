// SPDX-License-Identifier: Apache-2.0
// Which names Kafka takes for a topic.
#pragma once
#include <string>
#include <string_view>

namespace weir::transport {

/// Throws weir::setup_error with a sentence that names the topic and the allowed characters, unless
/// the name is 1 to 249 of `a-z A-Z 0-9 . _ -` and neither "." nor "..".
void check_topic_name(std::string_view name);

/// A name that begins with ^ is a pattern: the topics whose name begins with a match of this
/// regular expression (POSIX, extended). End it with $ where the whole name is meant.
inline bool is_pattern(std::string_view name) { return name.starts_with('^'); }
/// Throws weir::setup_error if it is none.
void check_pattern(const std::string& pattern);
/// Never true for a topic that is some program's own (`…-repartition`, `…-changelog`) or Kafka's
/// (`__consumer_offsets`).
bool matches(const std::string& pattern, const std::string& name);

}  // namespace weir::transport
