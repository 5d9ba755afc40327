// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <type_traits>
#include <utility>

#include <weir/graph/chain_ref.hpp>
#include <weir/stream.hpp>

namespace weir {
namespace detail {

/// A stream whose type is forgotten.
template <class T>
class hidden {
public:
    virtual ~hidden() = default;
    virtual drawn_stream draw(graph_builder&) const = 0;
    virtual void build(plan&, into_chain_ref<T, true>) const = 0;
};
template <class T, class S>
class hidden_stream final : public hidden<T> {
public:
    explicit hidden_stream(S s) : what_(std::move(s)) {}
    drawn_stream draw(graph_builder& s) const override { return what_.draw(s); }
    void build(plan& p, into_chain_ref<T, true> to) const override { what_.build(p, to); }

private:
    S what_;
};

}  // namespace detail

/// Any stream of these keys and values, by one plain type: to return one from a function, to keep
/// one in a class, to build one at run time. Made by `erase()`, or by assigning a pipeline to it. A
/// value like any other stream: copies share what they were made of.
///
///     weir::stream<std::string, order> dear(weir::topic<std::string, order> t);
///
/// Shape    stream<K, V>
/// Order    kept
/// Acks     as of what it was made of
/// Holds    nothing
/// Cost     one virtual call a value; a pipeline that has been erased compiles once
/// Example  samples/operators/erase.cpp    Page docs/operators/erase.md
template <class K, class V>
class stream {
public:
    using weir_stream = void;
    using key = K;
    using value = V;

    template <detail::is_stream S>
        requires(!std::is_same_v<S, stream> && std::is_same_v<typename S::value, V> &&
                 std::is_same_v<detail::shown_key_t<typename S::key>, K>)
    stream(S s) : what_(new detail::hidden_stream<V, S>{std::move(s)}) {
        static_assert(!detail::is_unacked<S>,
                      "weir: erase() behind noack(): erase before it, so that an element that has "
                      "to be acknowledged by hand shows in the type");
    }

    detail::drawn_stream draw(detail::graph_builder& s) const { return what_->draw(s); }
    template <class Chain>
    void build(detail::plan& p, Chain chain) const {
        what_->build(p, {&detail::new_chain_ref<V>(p, std::move(chain))});
    }

    template <detail::is_stream S>
        requires(!std::is_same_v<typename S::value, V> ||
                 !std::is_same_v<detail::shown_key_t<typename S::key>, K>)
    stream(const S&) {
        static_assert(!detail::is_stream<S>,
                      "weir: stream<K, V> is made of a stream of these very keys and values; "
                      "erase() finds them by itself: auto s = pipeline | erase()");
    }

private:
    std::shared_ptr<detail::hidden<V>> what_;
};

namespace detail {

struct erase_op {
    using weir_operators = void;
};
struct erase_fn {
    erase_op operator()() const { return {}; }
    template <is_stream S>
    auto operator()(S s) const {
        return stream<shown_key_t<typename S::key>, typename S::value>{std::move(s)};
    }
    /// Of one that is iterated: one that is iterated.
    template <class P>
    auto operator()(pull<P> s) const {
        using plain = stream<shown_key_t<typename P::key>, typename P::value>;
        return pull<plain>{plain{s.what()}, s.on(), s.name()};
    }
};

}  // namespace detail

/// `orders | filter(dear) | erase()`, or `erase(orders | filter(dear))`.
inline constexpr detail::erase_fn erase{};

template <detail::is_stream S>
auto operator|(S s, detail::erase_op) {
    return erase(std::move(s));
}

}  // namespace weir
