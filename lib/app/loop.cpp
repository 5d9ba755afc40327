// SPDX-License-Identifier: Apache-2.0
// Who turns the loop: app.run, app.poll or a pull stream. Also what other threads and bodies ask of
// it.
#include <algorithm>
#include <utility>

#include <weir/error.hpp>

#include "engine.hpp"

namespace weir::detail {
namespace {

// While a pull stream is iterated, a whole round comes at least this often.
constexpr auto loop_budget = std::chrono::milliseconds{20};
// If a pull stream's values are passed faster than this, only every fourth one looks at the clock.
constexpr auto quick_pass = std::chrono::milliseconds{1};
constexpr int passes_a_look = 4;
// Kafka waits three seconds for a new group's members. A shorter wait is not logged.
constexpr auto join_line_first = std::chrono::seconds{5};
constexpr auto join_line_interval = std::chrono::seconds{15};

}  // namespace

/// Makes sure that one thread turns the loop, and that no body does.
class engine::in_loop {
public:
    explicit in_loop(engine& e) : of_(e) {
        if (e.turning_.exchange(true))
            throw weir::error{
                "weir: run, poll or a pull stream inside a body of the same app: its loop is "
                "turning already"};
    }
    in_loop(const in_loop&) = delete;
    in_loop& operator=(const in_loop&) = delete;
    ~in_loop() { of_.turning_ = false; }

private:
    engine& of_;
};

bool engine::turn() {
    if (conductor_->take_topics_changed() && !found_.empty()) {
        try {
            conductor_->subscribe(subscriptions());
        } catch (const transport::kafka::stopped_waiting&) {  // nothing new is begun
        }
    }
    if (stop_asked_.exchange(false) && conductor_) conductor_->stop();
    bool busy = run_posted();
    busy |= conductor_->turn();
    last_turn_ = settings_.clock->steady();
    return busy;
}

bool engine::turn_alone() {
    in_loop guard{*this};
    return turn();
}

bool engine::wait(duration most, bool without_commits) {
    if (!running()) return false;
    const auto now = settings_.clock->steady();
    const auto at = conductor_->due(without_commits);
    // A virtual clock: nothing comes from another thread but results of offload.
    if (settings_.clock->skip_to(now)) {
        auto& elsewhere = conductor_->offloaded();
        if (elsewhere.outstanding() > 0) {
            elsewhere.wait();
            return true;
        }
        if (at == time_point::max()) return false;
        settings_.clock->skip_to(std::min(at, later(now, most)));
        return true;
    }
    const auto until = conductor_->due(false);
    const auto left =
        until == time_point::max() ? duration::max() : std::max(until - now, duration::zero());
    wakeup_.wait(std::min(most, left));
    return true;
}

void engine::run(side_job* beside, duration idle) {
    in_loop guard{*this};
    start();
    auto last = settings_.clock->steady();
    const auto begun = last;
    next_join_line_ = later(begun, join_line_first);
    const auto end = [&] {
        if (beside) beside->before_end();
        stop();
    };
    while (running()) {
        // A body or a posted call has added something.
        if (added_ && !conductor_->stopping()) start();
        const bool fed = beside && beside->turn(conductor_->stopping());
        if (turn() || fed) {
            if (fed || !conductor_->only_timers()) last = settings_.clock->steady();
            continue;
        }
        if (!running()) break;
        if (beside) beside->rest();
        const auto now = settings_.clock->steady();
        const bool joining = waits_for_group(now, begun);
        if (joining) last = now;
        const auto quiet = now - last;
        const bool fed_all = beside && beside->ended();
        const bool failed = beside && beside->failed();
        if (conductor_->stopping()) {
            wait(duration::max(), false);
        } else if (all_ended() || failed || (fed_all && nothing_open())) {
            end();
        } else if (fed_all && conductor_->flush()) {
            last = now;
        } else if (quiet < idle) {
            auto until = idle == duration::max() ? time_point::max() : later(last, idle);
            if (beside) until = std::min(until, beside->due());
            if (joining) until = std::min(until, next_join_line_);
            const auto most = until == time_point::max() ? duration::max() : until - now;
            if (!wait(std::max(most, duration::zero()), false)) end();
        } else {
            if (beside) beside->before_end();
            // sends short batches and the like before giving up
            if (conductor_->flush()) last = settings_.clock->steady();
            else end_idle_run();
        }
    }
    end_run();
    rethrow();
}

/// True while the group is expected to assign partitions. It may be waiting for a member that has
/// died. This is not idle time: no message can come yet.
bool engine::waits_for_group(time_point now, time_point begun) {
    const bool waits = joins_ && !conductor_->joined() && !conductor_->stopping() &&
                       now < later(begun, longest_join_);
    if (!waits || now < next_join_line_) return waits;
    next_join_line_ = later(now, join_line_interval);
    const auto whole = [](duration d) {
        return detail::text_of(std::chrono::floor<std::chrono::seconds>(d));
    };
    report_.log("waits for group '" + settings_.app + "' to give it partitions, for " +
                whole(now - begun) + " of " + whole(longest_join_) +
                " at the most: it may wait for a member that has died");
    return waits;
}

/// Ends an idle run. It is an error if the app reads topics and never got a partition: then it has
/// done nothing.
void engine::end_idle_run() {
    const bool reads = joins_ || !patterns_.empty();
    if (!reads || conductor_->had_partition()) return stop();
    if (!joins_) {
        std::string all;
        for (auto& p : patterns_) all += (all.empty() ? "'" : ", '") + p + '\'';
        return conductor_->stop_with(std::make_exception_ptr(
            weir::error{"weir: nothing was read: no topic matches " + all}));
    }
    const auto group = "group '" + settings_.app + "'";
    const auto why = conductor_->joined() ? group + " has given all partitions to other members"
                                          : group + " has given it no partition in " +
                                                detail::text_of(longest_join_);
    conductor_->stop_with(std::make_exception_ptr(weir::error{
        "weir: nothing was read: " + why + ": kafka-consumer-groups.sh --describe --group " +
        settings_.app + " shows them"}));
}

bool engine::all_ended() const {
    return !agents_.empty() && conductor_->background_idle() &&
           std::all_of(agents_.begin(), agents_.end(),
                       [](auto& a) { return a.info.ended || a.info.gone; });
}

/// True if every message is done and no coroutine runs beside the agents.
bool engine::nothing_open() const {
    const auto all = conductor_->status();
    return conductor_->background_idle() &&
           std::all_of(all.begin(), all.end(), [](auto& p) { return p.lag.value_or(0) == 0; });
}

bool engine::poll(duration timeout) {
    in_loop guard{*this};
    start();
    if (!running()) return false;  // stopped while waiting for the broker
    polled_ = true;
    const auto begin = settings_.clock->steady();
    wakeup_.drain();
    const auto round = [this] {
        if (turn()) return true;
        if (!running() || conductor_->stopping() || !all_ended()) return false;
        stop();
        return true;
    };
    bool busy = round();
    if (!busy && timeout > duration::zero() && running()) {
        wait(timeout, false);
        busy = round();
    }
    while (busy && running() && settings_.clock->steady() - begin < loop_budget) busy = round();
    if (running()) {
        const auto at = conductor_->due(false);
        if (busy) wakeup_.wake();
        else
            wakeup_.arm(at == time_point::max() ? duration::max() : at - settings_.clock->steady());
        return true;
    }
    end_run();
    rethrow();
    return false;
}

bool engine::turn_for(agent_info& a) {
    in_loop guard{*this};
    if (a.ended) return false;
    if (!conductor_ || running()) start();  // otherwise the run has ended since the last call
    if (running() && turn() && running()) return true;
    if (running() && !a.ended && wait(duration::max(), true)) return true;
    if (running()) return false;
    end_run();
    a.ended = true;
    rethrow();
    return false;
}

void engine::passed(agent_info& a) {
    if (!running()) return;
    if (turning_)
        throw weir::error{"weir: a pull stream is moved on inside a body of the same app"};
    if (unseen_passes_ > 0) {  // reading the clock costs as much as the rest of this function
        --unseen_passes_;
    } else {
        const auto before = std::exchange(last_pass_, settings_.clock->steady());
        unseen_passes_ = last_pass_ - before < quick_pass ? passes_a_look - 1 : 0;
    }
    conductor_->passed(a, last_pass_);
    if (a.paused || last_pass_ - last_turn_ < loop_budget) return;
    in_loop guard{*this};
    turn();
}

void engine::rethrow() {
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void engine::stop() noexcept {
    stop_asked_ = true;
    if (settings_.releases->is_here() && conductor_) {
        conductor_->stop();
        stop_asked_ = false;
    }
    wakeup_.wake();
}

void engine::post(std::unique_ptr<posted> p) {
    {
        std::lock_guard lock{mutex_};
        posted_.push_back(std::move(p));
    }
    wakeup_.wake();
}

// ---------------------------------------------------------------------------------- from elsewhere
bool engine::run_posted() {
    std::vector<std::unique_ptr<posted>> now;
    {
        std::lock_guard lock{mutex_};
        now.swap(posted_);
    }
    for (auto& p : now) {
        try {
            p->call();
        } catch (...) { conductor_->stop_with(std::current_exception()); }
    }
    return !now.empty();
}

void engine::send(send_request& r) {
    using state = send_request::state;
    if (running()) {
        try {
            topics_.resolve(*r.to, *transport_);
        } catch (const transport::kafka::stopped_waiting&) {
            throw weir::error{
                "weir: the app stops, and the broker has not said how many partitions "
                "topic '" +
                r.to->name + "' has: nothing is sent to it"};
        }
        if (conductor_->send(r, hold_current())) r.is = state::sent;
        wake();
    } else if (unsent_.size() < unsent_max) {
        unsent_.emplace_back(r.to, std::move(r.what));
        r.is = state::sent;
    }
}
hold engine::hold_current() const {
    auto h = conductor_->hold_current();
    const auto iterates = [](const agent& a) { return a.info.pull && !a.info.paused; };
    if (h || std::none_of(agents_.begin(), agents_.end(), iterates)) return h;
    return conductor_->hold_pulled();
}
/// Wakes a loop that waits for poll_fd. Whoever turns the loop now finds the work without it.
void engine::wake() {
    if (polled_ && !turning_) wakeup_.wake();
}
void engine::send_when_possible(send_request& p) {
    if (running()) conductor_->send_when_possible(p);
}
void engine::forget(send_request& p) noexcept {
    if (conductor_) conductor_->forget(p);
}

void engine::close() noexcept {
    try {
        if (running()) stop();
        while (running())
            if (!turn() && !wait(duration::max(), false)) abandon();  // nothing will come
    } catch (...) {  // thrown by a hook: nobody is left to tell
        abandon();
    }
    end_run();
}

}  // namespace weir::detail
