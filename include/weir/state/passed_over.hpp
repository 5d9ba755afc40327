// SPDX-License-Identifier: Apache-2.0
// Messages whose values an operator does not take.
#pragma once
#include <vector>

#include <weir/segment/segment.hpp>
#include <weir/state/shard.hpp>

namespace weir::detail {

inline constexpr const char* null_value = "its value is null";

/// Tells of them when their message is finished. A part of a chain.
class passed_over {
public:
    passed_over();
    passed_over(passed_over&&) noexcept;
    ~passed_over();
    void add(const context&, const char* why);
    void finish(const table_info& of) {
        if (any_) tell(of);
    }
    void undo();

private:
    struct one {
        const topic_partition* tp;
        weir::offset offset;
        timestamp time;
        const char* why;
    };
    void tell(const table_info&);

    std::vector<one> all_{};
    bool any_ = false;
};

}  // namespace weir::detail
