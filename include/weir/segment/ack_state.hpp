// SPDX-License-Identifier: Apache-2.0
// Whether an event has been acknowledged. The event, its copies and its holds share it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <weir/segment/boundary.hpp>

namespace weir::detail {

class ack_states;

/// Whether one agent has acknowledged one message, if this can be done by hand. An event, its
/// copies and its holds share it. During the body the cursor keeps the message open. After that
/// `inner_` does, a single hold that stands for all holds of the event. The message is acknowledged
/// once: by `ack()`, or when it is finished and no hold of the event is left. Behind `noack()` only
/// `ack()` does it; if the last handle is destroyed without it, the message stays open for good. If
/// the message fails, its policy decides, and `ack()` does nothing. Lives as long as its last
/// handle; used on the loop's thread only (releases on other threads are posted).
class ack_state final : public hold_owner {
public:
    ack_state(std::shared_ptr<release_queue> releases, ack_states& pool)
        : hold_owner(std::move(releases)), pool_(&pool) {}

    /// True if this call acknowledged the message.
    bool ack();
    bool acked() const { return acked_; }
    weir::hold hold() { return acked_ ? weir::hold{} : weir::hold{*this, of_message}; }
    /// A handle for a copy of the event. It keeps this object alive, and does not hold the message.
    weir::hold handle() { return {*this, of_object}; }
    void by_hand_only() { by_hand_ = true; }
    void seen() { seen_ = true; }  // a body has the event now, and can acknowledge it

    // its holds
    void add(std::int64_t number) override;
    void remove(std::int64_t number) override;
    void forfeit(std::int64_t number) override;
    void acknowledge(std::int64_t) override { ack(); }
    detail::ownership ownership() const override { return inner_.ownership(); }
    bool covers(std::int64_t, const hold_owner& l, std::int64_t of) const override {
        return inner_.keeps(l, of);
    }

private:
    friend class ack_states;
    enum kind : std::int64_t { of_message, of_object };
    ~ack_state() override = default;
    void begin(const context& c, std::size_t nth);
    void finish();
    void undo();
    bool in_use() const { return holds_ > 0 || handles_ > 0; }
    bool left_open() const { return by_hand_ && seen_ && !acked_; }
    void last_gone();

    ack_states* pool_;         // null once the run is over
    origins* from_ = nullptr;  // null once the message is finished or undone
    std::size_t i_ = 0, nth_ = 0;
    retryable* work_ = nullptr;
    weir::hold inner_;
    std::int64_t holds_ = 0, handles_ = 0;
    bool acked_ = false, by_hand_ = false, seen_ = false, failed_ = false;
};

/// The ack_states of one running stream, used again. If the current message has several events, it
/// is acknowledged early when all of them are. An ack_state that is still in use when this is
/// destroyed stays alive.
class ack_states {
public:
    explicit ack_states(std::shared_ptr<release_queue> releases);
    ack_states(const ack_states&) = delete;
    ack_states& operator=(const ack_states&) = delete;
    ~ack_states();

    // the current message
    ack_state& begin(const context&);
    /// The message has gone through its chain. From now on `ack()` releases it at once.
    void through() { through_ = true; }
    void finish();
    void undo();

    // their ack_states
    void acknowledged(const ack_state&);
    void give_back(ack_state&);

private:
    ack_state& next();
    std::size_t release_if_all_acked(const ack_state&);
    void release_acked();

    std::shared_ptr<release_queue> releases_;
    std::vector<ack_state*> all_, free_;
    std::vector<ack_state*> at_work_;  // in order, so those of one message are neighbours
    std::size_t unacked_ = 0;          // of these
    bool through_ = false;
};

}  // namespace weir::detail
