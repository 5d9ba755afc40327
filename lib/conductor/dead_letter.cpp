// SPDX-License-Identifier: Apache-2.0
#include "dead_letter.hpp"

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
    add("weir.topic", r.topic);
    add("weir.partition", std::to_string(r.partition));
    add("weir.offset", std::to_string(r.offset));
    add("weir.timestamp", std::to_string(at.time_since_epoch().count()));
    add("weir.agent", r.agent);
    add("weir.error", r.text);
}

}  // namespace weir::detail
