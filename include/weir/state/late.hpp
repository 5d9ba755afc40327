// SPDX-License-Identifier: Apache-2.0
// Messages that come too late for their windows.
#pragma once
#include <cstddef>
#include <vector>

#include <weir/hooks.hpp>
#include <weir/segment/sender.hpp>
#include <weir/state/shard.hpp>

namespace weir::detail {

/// Tells and sends them when their message has gone through its segment. A part of a chain.
class late_values {
public:
    /// `to`: where they are sent, or null.
    late_values(const table_info& of, produce_target* to);
    late_values(late_values&&) noexcept;
    ~late_values();
    /// The message at `c` is too late for this window, which has closed `by` ago.
    void add(context& c, timestamp start, timestamp end, duration by);
    void apply(context& c) {
        if (any_) tell(c);
    }
    void undo();
    bool full() { return send_.full(); }

private:
    void tell(context&);

    const table_info* of_;
    sender send_;
    std::vector<late_value> all_{};
    bool any_ = false;
};

}  // namespace weir::detail
