// SPDX-License-Identifier: Apache-2.0
// One type for any stream, whatever pipeline it is made of.
#pragma once
#include <memory>
#include <type_traits>
#include <utility>

#include <weir/graph/pipeline.hpp>

namespace weir {
namespace detail {

/// The end of an erased stream. It does not know what is behind it.
template <class T>
using into_erased = into_chain_ref<T, all_but_value | message_part::dropped, true>;

/// A stream behind a virtual call.
template <class T>
class any_stream {
public:
    virtual ~any_stream() = default;
    virtual drawn_stream draw(graph_builder&) const = 0;
    virtual void build(plan&, into_erased<T>) const = 0;
};
template <class T, class S>
class any_stream_of final : public any_stream<T> {
public:
    explicit any_stream_of(S s) : what_(std::move(s)) {}
    drawn_stream draw(graph_builder& s) const override { return what_.draw(s); }
    void build(plan& p, into_erased<T> to) const override { what_.build(p, to); }

private:
    S what_;
};

}  // namespace detail

/// Any stream of these keys and values, as one type: to return it from a function, keep it in a
/// class, or build it at run time. Made by `erase()`, or by assigning a pipeline. Copies share the
/// pipeline.
///
///     weir::stream<std::string, order> dear(weir::topic<std::string, order> t);
///
/// Shape    stream<K, V>
/// Order    kept
/// Acks     those of the pipeline
/// Holds    nothing
/// Cost     one virtual call for each value; an erased pipeline is compiled once
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
    stream(S s) : what_(new detail::any_stream_of<V, S>{std::move(s)}) {
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
    std::shared_ptr<detail::any_stream<V>> what_;
};

}  // namespace weir
