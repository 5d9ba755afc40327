// SPDX-License-Identifier: Apache-2.0
#include <weir/state/passed_over.hpp>

#include <weir/hooks.hpp>

namespace weir::detail {

passed_over::passed_over() = default;
passed_over::passed_over(passed_over&&) noexcept = default;
passed_over::~passed_over() = default;

void passed_over::add(const context& c, const char* why) {
    all_.push_back({c.partition(), c.offset(), c.time(), why});
    any_ = true;
}
void passed_over::tell(const table_info& of) {
    for (auto& m : all_)
        if (of.listener && m.tp)
            of.listener->passed_over(
                {of.name, m.tp->topic, m.tp->partition, m.offset, m.time, m.why});
    undo();
}
void passed_over::undo() {
    all_.clear();
    any_ = false;
}

}  // namespace weir::detail
