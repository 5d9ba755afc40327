// SPDX-License-Identifier: Apache-2.0
// What a dead letter consists of: the message as it came, where it was, what was wrong with it.
#pragma once
#include <cstddef>
#include <functional>

#include <weir/hooks.hpp>
#include <weir/segment/segment.hpp>

namespace weir::detail {

/// Calls f for each message that the i-th value of `from` was made of, once: for all messages of a
/// batch, and of a value that was made of a batch.
void each_message(const origins& from, std::size_t i,
                  const std::function<void(const origins&, std::size_t)>&);

/// The largest reason in a dead letter's header, in bytes. An error may quote the whole message,
/// and the dead letter could be too large for its topic.
inline constexpr std::size_t reason_max = 1000;

/// Adds headers that say where a message was and what was wrong with it. A reason longer than
/// `reason_max` is cut.
void add_cause(weir::headers&, const error_report&, weir::timestamp);
/// Removes them.
void remove_cause(weir::headers&);

}  // namespace weir::detail
