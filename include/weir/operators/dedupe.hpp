// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <weir/graph/pipeline.hpp>
#include <weir/state/passed_over.hpp>
#include <weir/state/stream_time.hpp>
#include <weir/state/table_of.hpp>

namespace weir {
namespace detail {

/// What a table keeps of an id: text and bytes are copied.
template <class T>
struct kept_id {
    using type = T;
};
template <class T>
struct kept_id<std::optional<T>> : kept_id<T> {};
template <>
struct kept_id<std::string_view> {
    using type = std::string;
};
template <>
struct kept_id<bytes_view> {
    using type = bytes;
};

/// Passes on the first value of each id, as it runs.
template <class Table, class F>
class first_values {
    using shard_type = typename Table::shard_type;
    using id_type = typename shard_type::key_type;

public:
    static constexpr message_part needs = needs_stream_time;
    first_values(const Table& t, F f) : table_(&t), f_(std::move(f)), time_(t) {}

    void operator()(context& c, auto&& v, auto&& next) {
        time_.come(c, forgets(), [&](shard_type& shard, const auto& ref) {
            const auto* id = id_of(call(f_, std::as_const(v)));
            if (!id) return next(std::forward<decltype(v)>(v));
            const auto by = ref.by(c);
            if (shard.has_change(*id, by.input, by.at)) return;  // it was delivered
            if (shard.has(*id)) return passed_over_.add(c, "its id came before");
            shard.add(*id, by.input, by.at, c.time());
            next(std::forward<decltype(v)>(v));
        });
    }
    void apply(context& c) {
        if (!c.now.more) time_.apply(c, forgets());
    }
    void finish() {
        time_.finish();
        passed_over_.finish(*table_);
    }
    void undo() {
        time_.undo();
        passed_over_.undo();
    }
    void assigned(const topic_partition& tp) { time_.assigned(tp); }
    void revoked(const topic_partition& tp) { time_.revoked(tp); }

private:
    static auto forgets() {
        return [](shard_type& s, const auto& ref, const context& c, bool) {
            const auto by = ref.by(c);
            s.forget_some(by.input, by.at);
        };
    }
    /// Null: the value has no id.
    template <class R>
    const id_type* id_of(R&& found) {
        using found_type = std::decay_t<R>;
        if constexpr (is_raw<found_type>) {
            if (found.is_null()) return nullptr;
            id_.assign(found);
        } else if constexpr (nullable<found_type>) {
            return found ? id_of(*std::forward<R>(found)) : nullptr;
        } else {
            id_ = std::forward<R>(found);
        }
        return &id_;
    }

    const Table* table_;
    F f_;
    stream_time<Table> time_;
    passed_over passed_over_{};
    id_type id_{};
};

template <class F>
struct dedupe_op {
    using weir_operator = void;
    template <class In>
    using out = In;
    static constexpr bool keeps_element = true;
    template <class In>
    using id = typename kept_id<std::decay_t<returned_by<F, const In&>>>::type;
    template <class In>
    using table_type = table_of<id<In>, first_seen>;

    template <class, class In>
    static consteval bool check() {
        static_assert(!is_batch<In>,
                      "weir: dedupe looks at one value at a time, and behind take there are "
                      "batches: put it before take");
        static_assert(leaves_constant<F, In>());
        if constexpr (std::is_member_object_pointer_v<F>)
            static_assert(f_can_be_called_with<F, const In&>,
                          "weir: dedupe(&order::id, d): this is no field of the stream's value");
        else
            static_assert(f_can_be_called_with<F, const In&>,
                          "weir: dedupe(f, d): f cannot be called with the stream's value, f(const "
                          "V&)");
        static_assert(!gives_task<F, const In&>,
                      "weir: dedupe(f, d): f gives a task, and dedupe awaits none: put an "
                      "asynchronous map before it");
        static_assert(f_returns<returned_by<F, const In&>, where_wanted_is<any_value>>,
                      "weir: dedupe(f, d): f returns nothing that could be an id");
        if constexpr (calls<F, const In&> && !gives_nothing<F, const In&>) {
            static_assert(explain_codec<id<In>>::said);
            static_assert(has_codec<id<In>> && !borrows<id<In>>,
                          "weir: dedupe(f, d): the id is written to a changelog: a string, a "
                          "number, or a type with a weir::codec that owns what it has");
        }
        return true;
    }
    F f;
    std::chrono::milliseconds within;

    std::string describe() const { return "dedupe(" + text_of(duration{within}) + ')'; }
    template <class, class In>
    drawn_stream draw(graph_builder& g, const drawn_stream& here) const {
        std::unique_ptr<table_info> made = make_table<In>();
        auto& t = g.own_table(std::move(made), "dedupe");
        t.windows = {};  // it may have been drawn before
        window_settings s{"dedupe"};
        s.closes_after = within;
        t.fill_by_windows(std::move(s));
        g.changes(static_cast<table_type<In>&>(t), here);
        return here;
    }
    template <class, class In>
    auto make_step(plan& p) const {
        p.depends_on_time();
        return first_values<table_type<In>, F>{static_cast<table_type<In>&>(p.next_table()), f};
    }

private:
    template <class In>
    static std::unique_ptr<table_info> make_table() {
        using K = id<In>;
        constexpr std::size_t journal_max = 1'000'000;
        auto made = detail::make_table<K, first_seen>({}, {}, journal_max);
        made->value_type = "time";
        made->value_form = data_type_of<std::int64_t>();
        return made;
    }
};
struct dedupe_fn {
    template <class F>
    dedupe_op<F> operator()(F f, std::chrono::milliseconds within) const {
        if (within.count() <= 0)
            throw setup_error{"weir: dedupe(f, d): the time in which an id counts as the same must "
                              "be positive"};
        return {std::move(f), within};
    }
    template <class F>
    dedupe_op<F> operator()(F) const {
        static_assert(std::is_void_v<F>,
                      "weir: dedupe(f, d): say how long an id is kept: dedupe(&order::id, 1h). It "
                      "cannot be kept for ever");
        return {};
    }
    template <class F, class Number>
        requires std::is_arithmetic_v<Number>
    dedupe_op<F> operator()(F, Number) const {
        static_assert(!std::is_arithmetic_v<Number>,
                      "weir: dedupe(f, d): the time has a unit: dedupe(&order::id, 1h), after "
                      "using namespace std::chrono_literals");
        return {};
    }
};

}  // namespace detail

/// Passes on the first value of each id. Later ones within `d` are passed over: counted, and told.
/// So what a sender that has crashed sends again counts once.
///
///     in   --1--2--1--3--2--|
///     out  --1--2-----3-----|          dedupe(std::identity{}, 1h)
///
/// The time begins when the first value of an id comes, and is stream time; a repeat does not
/// prolong it. Ids are compared within a partition, so repeats have to have the same key.
///
/// Shape    stream<K, V> -> stream<K, V>; f(V) -> id, or a std::optional of one: a value without an
///          id is passed on
/// Order    kept
/// Acks     a value that is passed over is acknowledged; an offset is committed only when the
///          changelog has the ids as of that offset
/// Holds    the ids of the last `d` of stream time, in memory and in a changelog
/// Time     stream time: the largest timestamp of a partition's messages so far
/// Errors   what `f` throws: the agent's `on_error`. A message that fails has left no id
/// Cost     one look at a table; a record of the changelog for each id, and a tombstone
/// Throws   weir::setup_error if `d` is not positive
/// Example  samples/operators/dedupe.cpp    Page docs/operators/dedupe.md
inline constexpr detail::dedupe_fn dedupe{};

}  // namespace weir
