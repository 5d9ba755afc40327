// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/codec/codec.hpp>
#include <weir/graph/pipeline.hpp>
#include <weir/segment/async_stage.hpp>

namespace weir {
namespace detail {

/// What a processor makes of an `In`: its result, or the content of a `std::optional`, where
/// nullopt drops the value. A processor that returns its argument's type never drops, even if that
/// type is an optional.
template <class In, class R>
struct given_by {
    using type = R;
    static constexpr bool drops = false;
};
template <class In, class W>
    requires(!std::is_same_v<In, std::optional<W>>)
struct given_by<In, std::optional<W>> {
    using type = W;
    static constexpr bool drops = true;
};

/// If it returns a task, its result is the task's.
template <class In, class R>
struct given_by<In, task<R>> : given_by<In, R> {};

template <class P, class In>
struct processed_by {
    static constexpr bool gives = calls<P, const In&> && !gives_nothing<P, const In&>;
    static constexpr auto result() {
        if constexpr (gives)
            return given_by<In, std::decay_t<std::invoke_result_t<P&, const In&>>>{};
        else return given_by<In, In>{};
    }
    using given = decltype(result());
};

/// One call of an asynchronous processor.
template <class P, class In, class Given>
struct process_call {
    using argument = In;
    using out = typename Given::type;
    static constexpr bool recycles = has_codec<In>;  // plain data
    P p;
    auto operator()(const In& v) { return call(p, v); }
    static void pass(In&, auto&& made, auto&& to) {
        if constexpr (!Given::drops) to(std::move(made));
        else if (made) to(std::move(*made));
    }
};

template <class P>
struct process_op {
    using weir_operator = void;
    template <class In>
    using given = typename processed_by<P, In>::given;
    template <class In>
    using out = typename given<In>::type;
    template <class In>
    using called = std::decay_t<std::invoke_result_t<P&, const In&>>;
    template <class, class V>
    static consteval bool check() {
        static_assert(leaves_constant<P, V>());
        static_assert(f_can_be_called_with<P, const V&>,
                      "weir: process(p): p cannot be called with the stream's value, p(const V&)");
        static_assert(f_returns<returned_by<P, const V&>, where_wanted_is<any_value>>,
                      "weir: process(p): p returns nothing that could go on: a processor returns a "
                      "value, or a std::optional of one, whose nullopt drops it");
        static_assert(!borrows<V> || !gives_task<P, const V&>,
                      "weir: an asynchronous processor keeps its value: put map(weir::own) before "
                      "it");
        return true;
    }
    P p;
    map_options options{};

    std::string describe() const {
        if (options.concurrency == 1) return "process";
        return "process async(" + std::to_string(options.concurrency) + ')';
    }
    void operator()(context&, auto&& v, auto&& next) {
        auto&& made = call(p, std::forward<decltype(v)>(v));
        if constexpr (!given<std::decay_t<decltype(v)>>::drops)
            next(std::forward<decltype(made)>(made));
        else if (made) next(*std::forward<decltype(made)>(made));
    }

    template <class K, class In, message_part Needs>
        requires is_task<called<In>>
    auto split(plan& by) const {
        using stage = async_stage<process_call<P, In, given<In>>, Needs, shown_key_t<K>>;
        auto& s = static_cast<stage&>(by.add(std::unique_ptr<boundary>{new stage{
            by.loop(), by.agent(), {p}, {options.concurrency, options.order, has_key_type<K>}}}));
        return split_at{into_boundary<stage, stage::needs>{s}, downstream<K, out<In>>{&s}};
    }
};

/// Several processors. Each becomes an operator of its own when they are put behind a stream.
template <class... P>
struct processes {
    using weir_operators = void;
    std::tuple<P...> all;
    map_options options{};  // for asynchronous processors
};
template <std::size_t I, class S, class... P>
auto processed_from(S s, const processes<P...>& by) {
    if constexpr (I == sizeof...(P)) {
        return s;
    } else {
        using op = process_op<std::tuple_element_t<I, std::tuple<P...>>>;
        auto options = map_options{};
        static_assert(checked<op, typename S::key, typename S::value>());
        if constexpr (is_task<typename op::template called<typename S::value>>)
            options = by.options;
        return processed_from<I + 1>(std::move(s) | op{std::get<I>(by.all), options}, by);
    }
}
struct process_fn {
    template <class... P>
    processes<P...> operator()(P... p) const {
        static_assert(sizeof...(P) > 0, "weir: process() needs a processor");
        return {{std::move(p)...}, {}};
    }
    template <class... P>
    processes<P...> operator()(map_options options, P... p) const {
        static_assert(sizeof...(P) > 0, "weir: process({…}) needs a processor");
        if (options.concurrency == 0)
            throw setup_error{"weir: process({.concurrency = 0}, …): give it at least 1"};
        return {{std::move(p)...}, options};
    }
};

}  // namespace detail

template <detail::is_stream S, class... P>
auto operator|(S s, const detail::processes<P...>& by) {
    return detail::processed_from<0>(std::move(s), by);
}

/// A processor of a stream of V, as one type, so that a list can have several. It is a function of
/// a V that returns a V, or a `std::optional<V>`, where nullopt drops the value.
template <class V>
class processor {
public:
    template <class P>
        requires(!std::is_same_v<P, processor>)
    processor(P p) : is_(new kept_of<P>{std::move(p)}) {
        static_assert(detail::checked<detail::process_op<P>, bytes, V>());
        static_assert(std::is_same_v<typename detail::process_op<P>::template out<V>, V>,
                      "weir: processors of a stream give its own value type, or a std::optional of "
                      "it; map changes the type");
    }
    processor(const processor& o) : is_(o.is_->copy()) {}
    processor(processor&&) noexcept = default;
    processor& operator=(processor o) noexcept {
        is_.swap(o.is_);
        return *this;
    }
    ~processor() = default;

    std::optional<V> operator()(const V& v) { return is_->of(v); }
    std::optional<V> operator()(V&& v) { return is_->of(std::move(v)); }
    /// It returns a task: it is called with a value, and awaited.
    bool is_asynchronous() const { return is_->waits; }
    task<std::optional<V>> start(const V& v) { return is_->start(v); }

private:
    struct kept {
        virtual ~kept() = default;
        virtual std::optional<V> of(const V&) = 0;
        virtual std::optional<V> of(V&&) = 0;
        virtual task<std::optional<V>> start(const V&) = 0;
        virtual std::unique_ptr<kept> copy() const = 0;
        bool waits = false;
    };
    template <class P>
    struct kept_of final : kept {
        static constexpr bool later =
            detail::is_task<typename detail::process_op<P>::template called<V>>;
        P p;
        explicit kept_of(P by) : p(std::move(by)) { this->waits = later; }
        std::optional<V> of(const V& v) override {
            if constexpr (later) return {};
            else return detail::call(p, v);
        }
        std::optional<V> of(V&& v) override {
            if constexpr (later) return {};
            else return detail::call(p, std::move(v));
        }
        task<std::optional<V>> start(const V& v) override {
            if constexpr (later) co_return co_await detail::call(p, v);
            else co_return detail::call(p, v);
        }
        std::unique_ptr<kept> copy() const override {
            return std::unique_ptr<kept>{new kept_of{p}};
        }
    };
    std::unique_ptr<kept> is_;
};

/// Options of a stream that is made with processors.
template <class V>
struct stream_options_of {
    /// As in `stream_options`.
    std::string name{};
    /// Called in this order with every value.
    std::vector<processor<V>> processors{};
};

namespace detail {

/// A stream whose values go through a list of processors that is given when the stream is made.
template <class S>
class processed {
public:
    using weir_stream = void;
    using key = typename S::key;
    using value = typename S::value;
    static_assert(!is_unacked<S>,
                  "weir: behind noack() an element has to stay an event: give processors to the "
                  "stream before events()");

    processed(S before, std::vector<processor<value>> by)
        : before_(std::move(before)), by_(std::move(by)) {}

    drawn_stream draw(graph_builder& s) const {
        auto here = before_.draw(s);
        for (std::size_t i = 0; i < by_.size(); ++i)
            here = s.operation(here, "process", key_name<key>(), value_name<value>());
        return here;
    }
    template <class Chain>
    void build(plan& p, Chain chain) const {
        p.name("process");
        if constexpr (!borrows<value>) {
            for (auto& by : by_)
                if (by.is_asynchronous()) return build_stage(p, std::move(chain));
        }
        p.chain();
        before_.build(p, step<listed, Chain>{{by_}, std::move(chain)});
    }

private:
    /// The whole list as one call, since one of the processors is awaited.
    struct awaited {
        using argument = value;
        using out = value;
        static constexpr bool recycles = has_codec<value>;
        std::vector<processor<value>> by;
        task<std::optional<value>> operator()(const value& v) {
            std::optional<value> made{v};
            for (auto at = by.begin(); made && at != by.end(); ++at) {
                if (!at->is_asynchronous()) made = (*at)(std::move(*made));
                else made = co_await at->start(*made);
            }
            co_return made;
        }
        static void pass(value&, std::optional<value>&& made, auto&& to) {
            if (made) to(std::move(*made));
        }
    };
    template <class Chain>
    void build_stage(plan& p, Chain chain) const {
        using stage = async_stage<awaited, Chain::needs, shown_key_t<key>>;
        auto& s = static_cast<stage&>(
            p.add(std::unique_ptr<boundary>{new stage{p.loop(), p.agent(), {by_}, {}}}));
        downstream<key, value>{&s}.build(p, std::move(chain));
        p.name("process");
        p.chain();
        before_.build(p, into_boundary<stage, stage::needs>{s});
    }

    struct listed {
        std::vector<processor<value>> by;
        void operator()(context&, auto&& v, auto&& next) {
            auto at = by.begin();
            if (at == by.end()) return next(std::forward<decltype(v)>(v));
            auto made = (*at)(std::forward<decltype(v)>(v));
            while (made && ++at != by.end()) made = (*at)(std::move(*made));
            if (made) next(std::move(*made));
        }
    };
    S before_;
    std::vector<processor<value>> by_;
};

}  // namespace detail

/// Calls processors one after the other: `process(p1, p2)` passes on `p2(p1(value))`. If a
/// processor returns a `std::optional`, nullopt drops the value. If it returns a `task`, the task
/// is awaited; with `process({.concurrency = 4}, p1, p2)` each such processor has up to four calls
/// under way.
///
///     in   --1-2-3--|
///     out  ----4-6--|          process(twice, at_least_3)
///
/// Shape    stream<K, V> -> stream<K, W>
/// Order    kept
/// Acks     a dropped value is acknowledged
/// Holds    nothing; an asynchronous processor: `concurrency` values
/// Errors   what a processor throws: the agent's `on_error`
/// Cost     the calls; no allocation. The result of a processor is moved into the next one.
///          Asynchronous: as an asynchronous map
/// Example  samples/operators/process.cpp    Page docs/operators/process.md    After Faust's
///          processors
inline constexpr detail::process_fn process{};

}  // namespace weir
