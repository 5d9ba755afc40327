// SPDX-License-Identifier: Apache-2.0
// What `to`, `through`, `group_by` and `echo` send: when a message has gone through its segment,
// to one produce_target or to several.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/segment/produce.hpp>
#include <weir/segment/segment.hpp>

namespace weir::detail {

/// What is to be sent of the message in work. Nothing is sent before `keep`, so a message that
/// throws has sent nothing; while a produce target has no room the message is parked, and `full` sends on.
/// What is made of an element of a batch holds that element's message: the batch's hold would not
/// do, as the others may be acknowledged by hand.
/// Entries are used again. A part of a chain; used by the loop's thread only.
class sender {
public:
    explicit sender(std::vector<produce_target*> to) : to_(std::move(to)) {}

    std::size_t targets() const { return to_.size(); }
    /// An entry for what goes to `count` targets, from the `first` on: with the message's headers
    /// and timestamp, key and value still null.
    outgoing& add(const context&, const message&, std::size_t first, std::size_t count);

    void apply(context& c) {
        if (count_ > 0) send(c);
    }
    void undo() {
        if (count_ > 0) forget();
    }
    bool full() { return count_ > 0 && !sent(); }

private:
    struct entry {
        outgoing what{};
        std::size_t next = 0, end = 0;  // targets
        bool part = false;              // made of an element of a batch, or of an event
        hold its{};                     // then
    };
    void send(context&);
    bool sent();  // as far as there is room; true if that was all
    void forget();

    std::vector<produce_target*> to_;
    std::vector<entry> waiting_;  // `count_` of them
    hold held_{};  // the message in work, for what is made of it as a whole
    std::size_t count_ = 0, at_ = 0;
};

/// Says that `topic` is none of `topics`, which it is chosen from.
[[noreturn]] void fail_choice(std::string_view topic, const std::vector<std::string>& topics);

}  // namespace weir::detail
