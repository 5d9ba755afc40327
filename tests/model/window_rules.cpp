// SPDX-License-Identifier: Apache-2.0
#include "window_rules.hpp"

#include <algorithm>

namespace model {

std::vector<milliseconds> starts_of(const window_rules& r, milliseconds t) {
    std::vector<milliseconds> all;
    for (auto start = std::max<milliseconds>(0, t - r.size + 1); start <= t; ++start)
        if ((start - r.offset) % r.advance == 0) all.push_back(start);
    return all;
}

void window_interpreter::add(const window_message& m) {
    time = std::max(time, m.time);
    const auto upto = time - rules_.grace;
    if (m.passes)
        for (auto start : starts_of(rules_, m.time)) {
            const auto end = start + rules_.size;
            if (end > upto) add_to({end, start, m.key}, m);
            else late.push_back({m, start, end, upto - end});
        }
    close(upto);
}

void window_interpreter::add_to(const window_of& w, const window_message& m) {
    const bool had = open.contains(w);
    auto& its_time = times_[w];
    its_time = had ? std::max(its_time, m.time) : m.time;
    const bool erased = rules_.erases && m.value % 7 == 0;
    if (erased) open.erase(w);
    else open[w] += std::to_string(m.value) + ',';
    if (rules_.on_update) pass(w, erased ? "-" : open[w], its_time);
}

void window_interpreter::close(milliseconds upto) {
    while (!open.empty() && open.begin()->first.end <= upto) {
        const auto [w, content] = *open.begin();
        if (!rules_.on_update) pass(w, content, times_[w]);
        open.erase(w);
        times_.erase(w);
    }
}

void window_interpreter::pass(const window_of& w, const std::string& content, milliseconds t) {
    if (!rules_.chained) {
        results.push_back({w, content, t});
        return;
    }
    const bool had = totals.contains(w);
    auto& its_time = total_times_[w];
    its_time = had ? std::max(its_time, t) : t;
    totals[w] += content + ';';
    results.push_back({w, totals[w], its_time});
}

}  // namespace model
