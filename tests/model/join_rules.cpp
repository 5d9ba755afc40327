// SPDX-License-Identifier: Apache-2.0
#include "join_rules.hpp"

#include <algorithm>
#include <tuple>

namespace model {

void join_interpreter::add(const join_message& m) {
    time = std::max(time, m.time);
    let_go();
    if (!m.passes) return;
    if (!m.key) return pass_alone(m);
    std::vector<held_message*> matches;
    for (auto& h : held) {
        const auto l = m.left ? m.time : h.is.time, r = m.left ? h.is.time : m.time;
        if (h.is.left != m.left && h.is.key == m.key && rules_.match(l, r)) matches.push_back(&h);
    }
    std::stable_sort(matches.begin(), matches.end(),
                     [](auto* a, auto* b) { return a->is.time < b->is.time; });
    for (auto* h : matches) {
        h->matched = true;
        results.push_back({m.key, m.left ? m.value : h->is.value, m.left ? h->is.value : m.value,
                           std::max(m.time, h->is.time)});
    }
    if (!has_gone(m)) held.push_back({m, !matches.empty()});
    else if (matches.empty() && rules_.passes_alone(m.left)) pass_alone(m);
    else if (matches.empty()) late.push_back(m);
}

void join_interpreter::let_go() {
    std::vector<held_message> gone;
    std::erase_if(held, [&](const held_message& h) {
        if (!has_gone(h.is)) return false;
        gone.push_back(h);
        return true;
    });
    std::stable_sort(gone.begin(), gone.end(), [](const held_message& a, const held_message& b) {
        return std::tuple{a.is.time, a.is.left, *a.is.key} <
               std::tuple{b.is.time, b.is.left, *b.is.key};
    });
    for (auto& h : gone)
        if (!h.matched) pass_alone(h.is);
}

void join_interpreter::pass_alone(const join_message& m) {
    if (!rules_.passes_alone(m.left)) return;
    results.push_back({m.key, m.left ? m.value : -1, m.left ? -1 : m.value, m.time});
}

std::vector<join_message> by_time(const std::vector<join_message>& left,
                                  const std::vector<join_message>& right) {
    std::vector<join_message> all;
    auto l = left.begin(), r = right.begin();
    while (l != left.end() || r != right.end()) {
        const bool takes_left = r == right.end() || (l != left.end() && l->time <= r->time);
        all.push_back(takes_left ? *l++ : *r++);
    }
    return all;
}

}  // namespace model
