// SPDX-License-Identifier: Apache-2.0
#include "nearest.hpp"

#include <algorithm>
#include <numeric>

namespace weir::detail {
namespace {

constexpr std::size_t shortest_prefix = 3;
constexpr std::size_t longest = 100;  // longer names are not compared

/// How many letters have to be inserted, removed, replaced, or swapped with a neighbour.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t differ = a[i - 1] != b[j - 1];
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + differ});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

}  // namespace

std::string nearest(std::string_view name, const std::vector<std::string>& known) {
    std::string best;
    if (name.size() > longest) return best;
    // The least distance that counts as different.
    auto least = std::max<std::size_t>(name.size() / 3, 1) + 1;
    for (auto& k : known) {
        if (k.size() > longest) continue;
        const auto d = distance(name, k);
        if (d < least) {
            least = d;
            best = k;
        }
    }
    if (!best.empty() || name.size() < shortest_prefix) return best;
    for (auto& k : known)
        if (k.starts_with(name) || (k.size() >= shortest_prefix && name.starts_with(k))) return k;
    return best;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& known) {
    const auto n = nearest(name, known);
    return n.empty() ? n : ": did you mean '" + n + "'?";
}

}  // namespace weir::detail
