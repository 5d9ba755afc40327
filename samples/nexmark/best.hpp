// SPDX-License-Identifier: Apache-2.0
// The best of each window, where the windows' results come one window after the other.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include <weir/fwd.hpp>

namespace nexmark {

/// The values with the highest rank in the window whose results come now.
template <class T>
class best {
public:
    /// Begins anew with the first value of another window; then it gives those of the last one.
    void add(weir::timestamp window, std::int64_t rank, const T& value, auto&& give) {
        if (window_ != window) give_all(give);
        if (all_.empty() || rank > rank_) {
            all_.clear();
            rank_ = rank;
        }
        if (rank == rank_) all_.push_back(value);
        window_ = window;
    }
    /// Calls `give(value, rank, window)` for each, and forgets them.
    void give_all(auto&& give) {
        for (auto& value : all_) give(value, rank_, *window_);
        all_.clear();
    }

private:
    std::optional<weir::timestamp> window_;  // its start
    std::int64_t rank_ = 0;
    std::vector<T> all_;
};

}  // namespace nexmark
