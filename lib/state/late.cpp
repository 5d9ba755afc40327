// SPDX-License-Identifier: Apache-2.0
#include <weir/state/late.hpp>

#include <string>

namespace weir::detail {
namespace {

std::string milliseconds_of(timestamp t) { return std::to_string(t.time_since_epoch().count()); }

}  // namespace

late_values::late_values(const table_info& of, produce_target* to)
    : of_(&of), send_(to ? std::vector{to} : std::vector<produce_target*>{}) {}

late_values::late_values(late_values&&) noexcept = default;
late_values::~late_values() = default;

void late_values::undo() {
    all_.clear();
    any_ = false;
    send_.undo();
}
void late_values::add(context& c, timestamp start, timestamp end, duration by) {
    const auto& tp = *c.partition();
    all_.push_back({of_->name, tp.topic, tp.partition, c.offset(), c.time(), start, end, by});
    any_ = true;
    if (send_.targets() == 0) return;
    const auto m = c.message();
    auto& to_send = send_.add(c, m, 0, 1);
    to_send.key.assign(m.key);
    to_send.value.assign(m.value);
    const auto late_by = std::chrono::duration_cast<std::chrono::milliseconds>(by);
    to_send.headers.push_back({"weir.late-table", of_->name});
    to_send.headers.push_back({"weir.late-window-start", milliseconds_of(start)});
    to_send.headers.push_back({"weir.late-window-end", milliseconds_of(end)});
    to_send.headers.push_back({"weir.late-by-ms", std::to_string(late_by.count())});
}

void late_values::tell(context& c) {
    if (of_->listener)
        for (auto& v : all_) of_->listener->late(v);
    all_.clear();
    any_ = false;
    send_.apply(c);
}

}  // namespace weir::detail
