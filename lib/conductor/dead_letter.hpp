// SPDX-License-Identifier: Apache-2.0
// What a dead letter is made of: the message as it came, where it was, what was wrong with it.
#pragma once
#include <functional>

#include <weir/hooks.hpp>
#include <weir/segment/segment.hpp>

namespace weir::detail {

/// The messages behind the i-th value of `from`, each once: of a batch all of them, of what was
/// made of a batch too.
void each_message(const origins& from, std::size_t i,
                  const std::function<void(const origins&, std::size_t)>&);

/// Headers that say where a message was and what was wrong with it, behind those it has.
void add_cause(weir::headers&, const error_report&, weir::timestamp);

}  // namespace weir::detail
