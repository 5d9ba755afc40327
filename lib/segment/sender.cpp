// SPDX-License-Identifier: Apache-2.0
#include <weir/segment/sender.hpp>

#include <algorithm>

#include <weir/error.hpp>

namespace weir::detail {

sender::sender(std::vector<produce_target*> to) : to_(std::move(to)) {}
sender::sender(sender&&) noexcept = default;
sender::~sender() = default;

std::size_t sender::targets() const { return to_.size(); }
outgoing& sender::add(const context& c, const message& m, std::size_t first, std::size_t count) {
    if (count_ == waiting_.size()) waiting_.emplace_back();
    auto& p = waiting_[count_++];
    p.next = first;
    p.end = first + count;
    p.part = &c.from != &c.now.current->from;
    if (p.part) p.its = c.from.source_of(c.i);
    p.what.key.reset();
    p.what.value.reset();
    p.what.unchanged = {};
    p.what.headers = c.from.headers_of(c.i);
    p.what.timestamp.reset();  // a value that comes from no topic has no timestamp
    if (c.partition()) p.what.timestamp = m.timestamp;
    return p.what;
}

void sender::send(context& c) {
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count_);
    if (!std::all_of(waiting_.begin(), end, [](auto& p) { return p.part; })) held_ = c.hold();
    if (!sent()) c.now.end(run_status::full);
}

bool sender::sent() {
    for (; at_ < count_; ++at_) {
        auto& p = waiting_[at_];
        for (auto& held = p.part ? p.its : held_; p.next < p.end; ++p.next) {
            const bool last = p.next + 1 == p.end && (p.part || at_ + 1 == count_);
            auto shared = last ? hold{} : held.share();
            if (!to_[p.next]->send(p.what, last ? held : shared)) return false;
        }
    }
    forget();
    return true;
}

void sender::forget() {
    for (std::size_t i = 0; i < count_; ++i) waiting_[i].its.release();
    count_ = at_ = 0;
    held_.release();
}

void fail_choice(std::string_view topic, const std::vector<std::string>& topics) {
    std::string all;
    for (auto& t : topics) all += (all.empty() ? "" : ", ") + t;
    throw error{"weir: to(f): '" + std::string{topic} +
                "' is not one of the topics that it chooses from: " + all};
}

}  // namespace weir::detail
