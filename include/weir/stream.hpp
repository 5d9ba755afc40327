// SPDX-License-Identifier: Apache-2.0
// The pull face of a pipeline: a range whose `++it` turns the loop.
#pragma once
#include <cstddef>
#include <exception>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/event.hpp>
#include <weir/graph/runner.hpp>

namespace weir {
namespace detail {

/// One message's values, between the loop and who iterates. While one is there the sink is full, so
/// the cursor stays on its message: no hold is needed, and what the values point into stays.
template <class T>
struct pull_slot {
    std::vector<slot<T>> values{}, lost{};  // recycled
    std::size_t at = 0, count = 0, lost_at = 0;
    bool given = false;   // who iterates is at `at`
    bool orphan = false;  // or at one that is not ours any more: `lost_at`

    bool empty() const { return at == count; }
    const T& current() const { return orphan ? lost[lost_at].value : values[at].value; }
    /// The message is not ours any more; while it is looked at, its values stay.
    void forget() {
        if (std::exchange(given, false)) lost.swap(values), lost_at = at, orphan = true;
        values.clear(), at = count = 0;
    }
};
template <class T>
struct pull_sink : sink {
    std::shared_ptr<pull_slot<T>> to;
    explicit pull_sink(std::shared_ptr<pull_slot<T>> s) : to(std::move(s)) {}
    void push(context&, auto&& v) {
        in_body<T>::seen(v);
        if (to->empty()) to->at = to->count = 0;
        if (to->count < to->values.size())
            to->values[to->count].value = std::forward<decltype(v)>(v);
        else to->values.push_back({T(std::forward<decltype(v)>(v))});
        ++to->count;
    }
    void apply(context& c) {
        if (full()) c.now.end(run_status::full);
    }
    void undo() { to->forget(); }
    bool full() { return !to->empty(); }
};
template <class P>
class pull_topology final : public topology {
public:
    using slot_of = pull_slot<typename P::value>;
    pull_topology(P p, std::shared_ptr<slot_of> s) : what_(std::move(p)), slot_(std::move(s)) {}
    drawn_stream draw(graph_builder& s) const override { return what_.draw(s); }
    void build(plan& p) const override {
        slot_->forget();
        what_.build(p, pull_sink<typename P::value>{slot_});
    }

private:
    P what_;
    std::shared_ptr<slot_of> slot_;
};

/// What the copies of one pull stream share. The loop knows its slot alone, so a stream that nobody
/// has any more goes.
template <class T>
struct pull_state {
    std::shared_ptr<runner> on;  // null until the first begin() of a range without an app
    std::string name;
    agent_info* agent = nullptr;
    std::shared_ptr<pull_slot<T>> slot = std::make_shared<pull_slot<T>>();
    bool seen = false;      // the current value was dereferenced
    bool adapted = false;   // a range adaptor stands between, which pulls ahead of the body
    int throwing = 0;       // exceptions in flight when the loop was entered

    void pass() {
        seen = false;
        if (!agent->lent.empty()) agent->lent.clear();
        if (std::exchange(slot->orphan, false)) return slot->lost.clear();
        if (!std::exchange(slot->given, false)) return;
        if constexpr (holds_messages<T>)  // let go now, not when the slot is used again
            [[maybe_unused]] const auto gone = std::move(slot->values[slot->at].value);
        if (++slot->at, slot->empty()) on->passed(*agent);
    }
    /// What was acknowledged by hand before the loop was left is not shown again.
    void skip_acked() {
        while (!slot->empty() && in_body<T>::acked(slot->values[slot->at].value))
            slot->given = true, pass();
    }
    void fill() {
        while (slot->empty() && on->turn_for(*agent)) {
        }
        slot->given = !slot->empty();
    }
    void leave() {
        agent->paused = true;
        if (seen && !adapted && std::uncaught_exceptions() == throwing) pass();
        seen = slot->given = false;  // nobody looks at it any more
        if (std::exchange(slot->orphan, false)) slot->lost.clear();
    }
};

/// Set by <weir/ranges.hpp> for range-v3's adaptors, which bring an operator| of their own.
template <class Adaptor>
inline constexpr bool is_foreign_adaptor = false;

struct pull_end {};
template <class T>
class pull_iterator {
public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;

    pull_iterator() = default;
    pull_iterator(std::shared_ptr<pull_state<T>> s)
        : state_(std::move(s)), lease_(nullptr, [s = state_](void*) { s->leave(); }) {}

    const T& operator*() const {
        state_->seen = true;
        return state_->slot->current();
    }
    const T* operator->() const { return &**this; }
    pull_iterator& operator++() {
        state_->pass(), state_->fill();
        return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const pull_iterator& i, pull_end) { return i.state_->slot->empty(); }

private:
    std::shared_ptr<pull_state<T>> state_;
    std::shared_ptr<void> lease_;  // copies share it; the last to go leaves the stream
};

/// What a range adaptor is given: it may look at one element more than the body gets, so the last
/// is left unacknowledged.
template <class P>
class pull_view : public std::ranges::view_base {
public:
    pull_view() = default;
    explicit pull_view(P of) : of_(std::make_shared<const P>(std::move(of))) {}
    auto begin() const { return of_->start(true); }
    pull_end end() const { return {}; }

private:
    std::shared_ptr<const P> of_;
};

}  // namespace detail

/// A pipeline that is iterated: `for (auto& w : app.stream(withdrawals) | weir::filter(big)) …`. A
/// stream like any other, and a range: copies share one running stream, `begin()` goes on with the
/// first value not acknowledged.
///
/// Shape    stream<K, V> -> a single-pass range of V
/// Acks     a value when it is passed; the one that is current when the loop is left by `break` if
///          it was dereferenced and no range adaptor stands between; leaving by exception
///          acknowledges nothing more
/// Holds    one message
/// Time     ends when the app stops, when every source has ended, or when on a virtual clock
///          nothing can come any more
/// Errors   `on_error`, by default stop: `++it` throws what stopped the app
/// Throws   weir::error if used inside a body
template <class P>
class pull {
public:
    using weir_stream = void;
    using key = typename P::key;
    using value = typename P::value;

    pull(P what, std::shared_ptr<detail::runner> on, std::string name)
        : what_(std::move(what)), state_(std::make_shared<detail::pull_state<value>>()) {
        state_->on = std::move(on), state_->name = std::move(name);
    }

    detail::drawn_stream draw(detail::graph_builder& s) const { return what_.draw(s); }
    template <class Chain>
    void build(detail::plan& p, Chain chain) const {
        what_.build(p, std::move(chain));
    }

    static constexpr bool unacked = detail::is_unacked<P>;
    /// The stream alone, and who runs it: for what is made of it.
    const P& what() const { return what_; }
    const std::shared_ptr<detail::runner>& on() const { return state_->on; }
    const std::string& name() const { return state_->name; }

    auto begin() const { return start(false); }
    detail::pull_end end() const { return {}; }
    auto start(bool adapted) const {
        auto& s = *state_;
        if (!s.on) s.on = detail::private_runner();
        if (!s.agent)
            s.agent = &s.on->add(
                s.name,
                std::unique_ptr<detail::topology>{new detail::pull_topology<P>{what_, s.slot}},
                {}, true);
        s.agent->paused = false, s.adapted = adapted, s.throwing = std::uncaught_exceptions();
        detail::pull_iterator<value> at{state_};  // first: what throws leaves the stream again
        s.skip_acked(), s.fill();
        return at;
    }

    /// What ends in a sink, or in a topic that nobody here reads on, is an agent's pipeline.
    static constexpr bool ends = requires { requires P::ends; };
    void build(detail::plan& p) const
        requires ends
    {
        what_.build(p);
    }

    /// One more operator: a stream of its own, with a running state of its own. A sink: the end,
    /// nothing to iterate.
    template <detail::is_operator O>
        requires std::is_void_v<typename weir::pipeline<P, O>::value>
    friend auto operator|(pull s, O op) {
        return weir::pipeline<P, O>{std::move(s.what_), std::move(op)};
    }
    template <detail::is_operator O>
    friend auto operator|(pull s, O op) {
        return weir::pull<pipeline<P, O>>{pipeline<P, O>{std::move(s.what_), std::move(op)},
                                          std::move(s.state_->on), std::move(s.state_->name)};
    }
    /// A range adaptor of the standard library. (range-v3's: <weir/ranges.hpp>)
    template <class Adaptor>
        requires(!detail::is_operator<Adaptor> && !detail::is_foreign_adaptor<Adaptor> &&
                 std::is_invocable_v<Adaptor, detail::pull_view<pull>>)
    friend auto operator|(pull s, Adaptor adaptor) {
        return adaptor(detail::pull_view<pull>{std::move(s)});
    }

private:
    P what_;
    std::shared_ptr<detail::pull_state<value>> state_;
};

}  // namespace weir
