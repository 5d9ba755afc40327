// SPDX-License-Identifier: Apache-2.0
// A pipeline is a value: a stream and one more operator. It is built from right to left, and
// divided into segments at its boundaries.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/codec/type_name.hpp>
#include <weir/graph/concepts.hpp>
#include <weir/graph/graph_builder.hpp>
#include <weir/graph/misuse.hpp>
#include <weir/graph/plan.hpp>

namespace weir {
namespace detail {

template <class Op, class K, class In>
concept is_boundary =
    requires(const Op& op, plan& p) { op.template split<K, In, all_but_value>(p); };
template <class Op, class K, class In>
concept makes_step = requires(const Op& op, plan& p) { op.template make_step<K, In>(p); };
template <class Sink, class Source>
struct split_at {
    Sink sink;
    Source source;
};
template <class Sink, class Source>
split_at(Sink, Source) -> split_at<Sink, Source>;  // clang 16 deduces nothing for an aggregate

template <class Op, class K, class In>
struct value_of {
    using type = typename Op::template out<In>;
};
template <class Op, class K, class In>
    requires requires { typename Op::template out<K, In>; }
struct value_of<Op, K, In> {
    using type = typename Op::template out<K, In>;
};
template <class Op, class K, class In>
struct key_of {
    using type = K;
};
template <class Op, class K, class In>
    requires requires { typename Op::template key<K, In>; }
struct key_of<Op, K, In> {
    using type = typename Op::template key<K, In>;
};

/// The key type behind `take`: the key that all messages of a batch share, else null. If the batch
/// is taken apart, each value gets its own key of type K.
template <class K>
struct common_key {};
template <class K>
struct shown_key {
    using type = K;
};
template <class T>
struct nullable_key {
    using type = std::optional<T>;
};
template <class T>
struct nullable_key<std::optional<T>> {
    using type = std::optional<T>;
};
template <>
struct nullable_key<bytes> {
    using type = bytes;
};
template <class K>
struct shown_key<common_key<K>> : nullable_key<K> {};
template <class K>
using shown_key_t = typename shown_key<K>::type;
/// False for the bytes of a stream that was declared without a key type.
template <class K>
inline constexpr bool has_key_type = !is_raw<shown_key_t<K>>;

template <class K>
std::string key_name() {
    return std::string{type_name<shown_key_t<K>>()};
}
template <class V>
std::string value_name() {
    if constexpr (std::is_void_v<V>) return {};
    else return std::string{type_name<V>()};
}

template <class V, class Chain>
segment& new_segment(plan& p, Chain chain) {
    auto* shared = chain.shared_occupancy();
    auto& s = p.add(std::unique_ptr<segment>{new fused<V, Chain>{std::move(chain)}});
    if (shared) s.occupancy = shared;
    return s;
}
template <class T, class Chain>
chain_ref<T>& new_chain_ref(plan& p, Chain chain) {
    return static_cast<chain_ref<T>&>(
        p.add(std::unique_ptr<any_chain_ref>{new chain_ref_of<T, Chain>{std::move(chain)}}));
}

/// The stream behind a boundary.
template <class K, class T>
struct downstream {
    using weir_stream = void;
    using key = K;
    using value = T;
    boundary* from;
    template <class Chain>
    void build(plan& p, Chain chain) const {
        p.connect(*from, new_segment<T>(p, std::move(chain)));
    }
};

}  // namespace detail

/// `before | op`. A plain value: copying, storing or returning it starts nothing.
template <class Before, class Op>
class pipeline {
public:
    using weir_stream = void;
    using in = typename Before::value;
    static_assert(detail::checked<Op, typename Before::key, in>());
    using value = typename detail::value_of<Op, typename Before::key, in>::type;
    using key = typename detail::key_of<Op, typename Before::key, in>::type;
    static constexpr bool unacked = detail::is_unacked<Before> || requires { Op::unacks; };
    static_assert(
        !detail::is_unacked<Before> || requires { Op::keeps_element; },
        "weir: behind noack() an element has to stay an event, or nobody could "
        "acknowledge it: put map and the like before events(), or into the body");

    pipeline(Before before, Op op) : before_(std::move(before)), op_(std::move(op)) {}

    detail::drawn_stream draw(detail::graph_builder& s) const {
        const auto from = before_.draw(s);
        auto here =
            s.operation(from, op_.describe(), detail::key_name<key>(), detail::value_name<value>());
        if constexpr (requires { Op::makes_batches; }) here.in_batches = true;
        if constexpr (requires { op_.template draw<typename Before::key, in>(s, here); })
            return op_.template draw<typename Before::key, in>(s, here);
        else return here;
    }
    /// Runs `chain` on the values of this pipeline.
    template <class Chain>
    void build(detail::plan& p, Chain chain) const {
        p.name(op_.describe());
        if constexpr (detail::is_boundary<Op, typename Before::key, in>) {
            auto [end, source] = op_.template split<typename Before::key, in, Chain::needs>(p);
            source.build(p, std::move(chain));
            p.name(op_.describe());
            p.chain();
            before_.build(p, std::move(end));
        } else if constexpr (detail::makes_step<Op, typename Before::key, in>) {
            auto made = op_.template make_step<typename Before::key, in>(p);
            p.chain();
            before_.build(p,
                          detail::step<decltype(made), Chain>{std::move(made), std::move(chain)});
        } else {
            p.chain();
            before_.build(p, detail::step<Op, Chain>{op_, std::move(chain)});
        }
    }
    /// For a pipeline that ends in a sink, or in a topic that is not read on.
    void build(detail::plan& p) const {
        p.name(op_.describe());
        auto end = op_.template make_sink<typename Before::key, in>(p);
        p.chain();
        before_.build(p, std::move(end));
    }

    static constexpr bool ends = requires(const Op& op, detail::plan& p) {
        op.template make_sink<typename Before::key, in>(p);
    };
    const Before& before() const { return before_; }
    const Op& op() const { return op_; }

private:
    Before before_;
    Op op_;
};

template <detail::is_stream S, detail::is_operator O>
pipeline<S, O> operator|(S s, O op) {
    return {std::move(s), std::move(op)};
}

namespace detail {

/// The end of a pipeline that has no sink.
struct discard_sink : sink {
    void push(context&, auto&&) {}
};

/// An agent's pipeline behind one type. Drawn once, built for each run.
class topology {
public:
    virtual ~topology() = default;
    virtual drawn_stream draw(graph_builder&) const = 0;
    virtual void build(plan&) const = 0;
};
template <class P>
class topology_of final : public topology {
public:
    explicit topology_of(P p) : what_(std::move(p)) {}
    drawn_stream draw(graph_builder& s) const override { return what_.draw(s); }
    void build(plan& p) const override {
        if constexpr (requires { requires P::ends; }) what_.build(p);
        else what_.build(p, discard_sink{});
    }

private:
    P what_;
};

}  // namespace detail
}  // namespace weir
