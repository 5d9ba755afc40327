// SPDX-License-Identifier: Apache-2.0
// Which names Kafka allows for a topic.
#pragma once
#include <string>
#include <string_view>

namespace weir::transport {

/// Throws weir::setup_error with a sentence that names the topic and the allowed characters, unless
/// the name is 1 to 249 of `a-z A-Z 0-9 . _ -` and neither "." nor "..".
void check_topic_name(std::string_view name);

/// A name that begins with ^ is a pattern. It matches the topics whose name begins with a match of
/// this regular expression (POSIX, extended). It ends with $ if the whole name must match.
inline bool is_pattern(std::string_view name) { return name.starts_with('^'); }
/// Throws weir::setup_error if it is not a pattern.
void check_pattern(const std::string& pattern);
/// Never true for a program's internal topic (`…-repartition`, `…-changelog`) or one of Kafka's
/// (`__consumer_offsets`).
bool matches(const std::string& pattern, const std::string& name);

}  // namespace weir::transport
