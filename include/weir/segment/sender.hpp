// SPDX-License-Identifier: Apache-2.0
// Sends for `to`, `through`, `group_by` and `echo`, after a message has gone through its segment.
// Sends to one produce_target or several.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/segment/produce.hpp>
#include <weir/segment/segment.hpp>

namespace weir::detail {

/// What is to be sent of the current message. Nothing is sent before `apply`, so a message that
/// throws has sent nothing. While a produce target has no room, the message is parked, and `full`
/// goes on sending. A message made of one value of a batch holds that value's source, not the
/// batch, since the others may be acknowledged by hand. Entries are used again. A part of a chain;
/// used on the loop's thread only.
class sender {
public:
    explicit sender(std::vector<produce_target*> to);
    sender(sender&&) noexcept;
    ~sender();

    std::size_t targets() const;
    /// An entry to be sent to `count` targets, from the `first` on. It has the message's headers
    /// and timestamp; key and value are null.
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
        bool part = false;              // made of a value of a batch, or of an event
        hold its{};                     // for such a part
    };
    void send(context&);
    bool sent();  // sends until there is no room; true if everything is sent
    void forget();

    std::vector<produce_target*> to_;
    std::vector<entry> waiting_;  // `count_` of them
    hold held_{};                 // of the current message
    std::size_t count_ = 0, at_ = 0;
};

/// Throws an error: `topic` is not one of `topics`.
[[noreturn]] void fail_choice(std::string_view topic, const std::vector<std::string>& topics);

}  // namespace weir::detail
