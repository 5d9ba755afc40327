// SPDX-License-Identifier: Apache-2.0
#include "dead_letter.hpp"

#include <cassert>
#include <set>
#include <string>
#include <utility>

namespace weir::detail {
namespace {

using seen = std::set<std::pair<const topic_partition*, offset>>;

void visit(const origins& from, std::size_t i, seen& known,
           const std::function<void(const origins&, std::size_t)>& f) {
    if (const auto parts = from.parts_of(i); parts.in) {
        for (std::size_t n = 0; n < parts.count; ++n) visit(*parts.in, n, known, f);
        return;
    }
    const auto* tp = from.partition_of(i);
    if (tp && known.emplace(tp, from.message_of(i).offset).second) f(from, i);
}

constexpr auto first_of_cause = "weir.topic";

/// Cuts the text before a character, never inside one.
std::string reason_of(const std::string& text) {
    if (text.size() <= reason_max) return text;
    const auto tail = "… (" + std::to_string(text.size()) + " bytes)";
    const auto goes_on = [&](std::size_t at) { return (text[at] & 0xC0) == 0x80; };
    auto at = reason_max - tail.size();
    while (at > 0 && goes_on(at)) --at;
    return text.substr(0, at) + tail;
}

}  // namespace

void each_message(const origins& from, std::size_t i,
                  const std::function<void(const origins&, std::size_t)>& f) {
    seen known;
    visit(from, i, known, f);
}

void add_cause(weir::headers& to, const error_report& r, weir::timestamp at) {
    const auto add = [&](const char* name, std::string value) {
        to.push_back({name, bytes{std::move(value)}});
    };
    add(first_of_cause, r.topic);
    add("weir.partition", std::to_string(r.partition));
    add("weir.offset", std::to_string(r.offset));
    add("weir.timestamp", std::to_string(at.time_since_epoch().count()));
    if (!r.made_of.empty()) add("weir.made-of", r.made_of);
    add("weir.agent", r.agent);
    add("weir.error", reason_of(r.text));
}

void remove_cause(weir::headers& from) {
    assert(!from.empty() && from.back().name == "weir.error");
    while (from.back().name != first_of_cause) from.pop_back();
    from.pop_back();
}

}  // namespace weir::detail
