// SPDX-License-Identifier: Apache-2.0
// A pipeline as a range: `++it` turns the loop.
#pragma once
#include <cstddef>
#include <exception>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/event.hpp>
#include <weir/graph/host.hpp>
#include <weir/graph/pipeline.hpp>
#include <weir/segment/message_values.hpp>

namespace weir {
namespace detail {

template <class T>
struct pull_sink : sink {
    std::shared_ptr<message_values<T>> to;
    explicit pull_sink(std::shared_ptr<message_values<T>> v) : to(std::move(v)) {}
    void push(context&, auto&& v) {
        in_body<T>::seen(v);
        to->push(std::forward<decltype(v)>(v));
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
    using values_of = message_values<typename P::value>;
    pull_topology(P p, std::shared_ptr<values_of> v) : what_(std::move(p)), values_(std::move(v)) {}
    drawn_stream draw(graph_builder& s) const override {
        auto drawn = what_.draw(s);
        s.resume(drawn);
        return drawn;
    }
    void build(plan& p) const override {
        values_->forget();
        what_.build(p, pull_sink<typename P::value>{values_});
    }

private:
    P what_;
    std::shared_ptr<values_of> values_;
};

/// What the copies of one pull stream share. The loop knows only the values in it, so that a stream
/// that nobody has is destroyed.
template <class T>
struct pull_state {
    std::shared_ptr<host> on;  // null until the first begin() of a stream without an app
    std::string name;
    agent_info* agent = nullptr;
    std::shared_ptr<message_values<T>> values = std::make_shared<message_values<T>>();
    bool seen = false;     // the current value was dereferenced
    bool adapted = false;  // behind a range adaptor, which may look ahead of the body
    int throwing = 0;      // exceptions in flight when the loop was entered

    pull_state() = default;
    pull_state(const pull_state&) = delete;
    pull_state& operator=(const pull_state&) = delete;
    ~pull_state() {
        if (agent) agent->gone = true;
    }
    void pass() {
        seen = false;
        if (!agent->looked_at.empty()) agent->looked_at.clear();
        if (values->lost()) return values->forget_lost();
        if (values->pass() && values->empty()) on->passed(*agent);
    }
    /// Passes values that were acknowledged by hand before the loop was left.
    void skip_acked() {
        while (!values->empty() && in_body<T>::acked(values->next())) {
            values->look();
            pass();
        }
    }
    void fill() {
        while (values->empty() && on->turn_for(*agent)) {}
        values->look();
    }
    void leave() {
        agent->paused = true;
        if (seen && !adapted && std::uncaught_exceptions() == throwing) pass();
        seen = false;
        values->look_away();
    }
};

/// Set by <weir/ranges.hpp> for range-v3's adaptors, which have an operator| of their own.
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
        : state_(std::move(s)), leave_(std::make_shared<leave_at_end>(state_)) {}

    const T& operator*() const {
        state_->seen = true;
        return state_->values->current();
    }
    const T* operator->() const { return &**this; }
    pull_iterator& operator++() {
        state_->pass();
        state_->fill();
        return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const pull_iterator& i, pull_end) { return i.state_->values->empty(); }

private:
    struct leave_at_end {
        explicit leave_at_end(std::shared_ptr<pull_state<T>> s) : of(std::move(s)) {}
        leave_at_end(const leave_at_end&) = delete;
        leave_at_end& operator=(const leave_at_end&) = delete;
        ~leave_at_end() { of->leave(); }
        std::shared_ptr<pull_state<T>> of;
    };
    std::shared_ptr<pull_state<T>> state_;
    std::shared_ptr<leave_at_end> leave_;  // the last copy leaves the stream
};

/// The view for a range adaptor. An adaptor may look at one element more than the body gets, so the
/// last element is not acknowledged.
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

/// A pipeline that is iterated: `for (auto& w : app.stream(withdrawals) | weir::filter(big)) …`. It
/// is a stream like any other, and a range. Copies share one running stream; `begin()` continues
/// with the first value that is not acknowledged. When all copies are gone, another stream of the
/// same topic continues there.
///
/// Shape    stream<K, V> -> a single-pass range of V
/// Acks     a value when the loop goes on to the next one. On `break`, the current value if it was
///          dereferenced and there is no range adaptor. On an exception, nothing more
/// Holds    one message
/// Time     ends when the app stops, when every source has ended, or on a virtual clock when
///          nothing more can come
/// Errors   `on_error`, by default stop: `++it` throws what stopped the app
/// Throws   weir::error if used inside a body
template <class P>
class pull {
public:
    using weir_stream = void;
    using key = typename P::key;
    using value = typename P::value;

    pull(P what, std::shared_ptr<detail::host> on, std::string name)
        : what_(std::move(what)), state_(std::make_shared<detail::pull_state<value>>()) {
        state_->on = std::move(on);
        state_->name = std::move(name);
    }

    detail::drawn_stream draw(detail::graph_builder& s) const { return what_.draw(s); }
    template <class Chain>
    void build(detail::plan& p, Chain chain) const {
        what_.build(p, std::move(chain));
    }

    static constexpr bool unacked = detail::is_unacked<P>;
    /// The pipeline, for operators that combine streams.
    const P& what() const { return what_; }
    const std::shared_ptr<detail::host>& on() const { return state_->on; }
    const std::string& name() const { return state_->name; }

    auto begin() const { return start(false); }
    detail::pull_end end() const { return {}; }
    auto start(bool adapted) const {
        auto& s = *state_;
        if (!s.on) s.on = detail::private_host();
        if (!s.agent)
            s.agent = &s.on->add(
                s.name,
                std::unique_ptr<detail::topology>{new detail::pull_topology<P>{what_, s.values}},
                {}, true);
        s.agent->paused = false;
        s.adapted = adapted;
        s.throwing = std::uncaught_exceptions();
        detail::pull_iterator<value> at{state_};  // first: it leaves the stream if the rest throws
        s.skip_acked();
        s.fill();
        return at;
    }

    /// Whether the pipeline ends in a sink, or in a topic that is not read on. Then it belongs to
    /// an agent.
    static constexpr bool ends = requires { requires P::ends; };
    void build(detail::plan& p) const
        requires ends
    {
        what_.build(p);
    }

    /// One more operator makes a new stream with a run of its own. A sink makes a pipeline for an
    /// agent, which cannot be iterated.
    template <detail::is_operator O>
        requires std::is_void_v<typename weir::pipeline<P, O>::value>
    friend auto operator|(pull s, O op) {
        return weir::pipeline<P, O>{std::move(s.what_), std::move(op)};
    }
    template <detail::is_operator O>
    friend auto operator|(pull s, O op) {
        // copied, since the stream itself may still be iterated
        return weir::pull<pipeline<P, O>>{pipeline<P, O>{std::move(s.what_), std::move(op)},
                                          s.state_->on, s.state_->name};
    }
    /// An adaptor of the standard library. For range-v3's include <weir/ranges.hpp>.
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
