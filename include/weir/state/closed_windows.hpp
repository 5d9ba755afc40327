// SPDX-License-Identifier: Apache-2.0
// Where the results of closed windows wait to be processed.
#pragma once
#include <cstddef>

#include <weir/state/timed_results.hpp>
#include <weir/windowed.hpp>

namespace weir::detail {

/// Windows close when the time has reached their ends and the grace. The next message finds what
/// has closed erased, so it waits.
struct windows_close {
    static constexpr bool one_by_one = true;
    static constexpr const char* why_held = "the windows that it has closed are being processed";
    static bool next(auto& in, const auto& table, timestamp time, std::size_t input, offset at,
                     auto f) {
        return in.close_next(time - table.windows.closes_after, input, at, f);
    }
};
template <class Table, message_part Needs>
using closed_windows = timed_results<Table, windowed<typename Table::shard_type::key_type>,
                                     typename Table::shard_type::result, Needs, windows_close>;

}  // namespace weir::detail
