// SPDX-License-Identifier: Apache-2.0
// What a dead letter is made of: the message as it came, where it was, what was wrong with it.
#pragma once
#include <cstddef>
#include <functional>

#include <weir/hooks.hpp>
#include <weir/segment/segment.hpp>

namespace weir::detail {

/// The messages behind the i-th value of `from`, each once: of a batch all of them, of what was
/// made of a batch too.
void each_message(const origins& from, std::size_t i,
                  const std::function<void(const origins&, std::size_t)>&);

/// The largest reason in a dead letter's header, in bytes. The text of an error may quote the whole
/// message, and the letter would be too large for its topic.
inline constexpr std::size_t reason_max = 1000;

/// Headers that say where a message was and what was wrong with it, behind those it has. A reason
/// that is longer than `reason_max` is cut.
void add_cause(weir::headers&, const error_report&, weir::timestamp);
/// Takes them off again.
void remove_cause(weir::headers&);

}  // namespace weir::detail
