// SPDX-License-Identifier: Apache-2.0
// Any C++ range as a source.
#pragma once
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include <weir/pull.hpp>

namespace weir {
namespace detail {

template <class R>
using element_of = std::iter_value_t<decltype(std::begin(std::declval<R&>()))>;

/// Reads a range in small batches. Its values have no messages, so there is nothing to hold.
template <class R>
class range_boundary final : public boundary {
public:
    explicit range_boundary(R range) : range_(std::move(range)) {}

    input& ready() override { return ready_; }
    bool empty() const override { return ready_.count == 0; }
    bool is_source() const override { return true; }
    bool ended() const override { return stopped_ || (started_ && *at_ == std::end(range_)); }
    void stop() override { stopped_ = true; }
    void poll(time_point) override {
        if (stopped_ || agent->paused || ready_.count > 0) return;
        if (!started_) {
            at_.emplace(std::begin(range_));
            started_ = true;
        }
        for (std::size_t n = 0; n < at_once && *at_ != std::end(range_); ++n, ++*at_)
            ready_.push(**at_, {});
    }

private:
    static constexpr std::size_t at_once = 64;
    mutable R range_;  // some views have no const begin and end: views::filter
    std::optional<decltype(std::begin(std::declval<R&>()))> at_;
    ready_input<element_of<R>> ready_;
    bool started_ = false, stopped_ = false;
};

template <class R>
struct range_source {
    using weir_stream = void;
    using key = bytes;
    using value = element_of<R>;
    R range;

    drawn_stream draw(graph_builder& s) const { return s.source("from", value_name<value>()); }
    template <class Chain>
    void build(plan& p, Chain chain) const {
        auto& from = p.add(std::unique_ptr<boundary>{new range_boundary<R>{range}});
        p.connect(from, new_segment<value>(p, std::move(chain)));
    }
};

}  // namespace detail

/// A stream of the values of a range. It can be iterated, given to an agent, or combined.
///
/// Shape    range of V -> stream<bytes, V>, keys null
/// Order    the range's
/// Acks     nothing to acknowledge
/// Holds    64 values, and a copy of the range. Each run reads the range from its beginning
/// Time     ends with the range; what later operators have buffered is passed on then
/// Errors   an exception of the range stops the app
template <class R>
auto from(R range) {
    constexpr bool fits = requires {
        std::begin(range);
        std::end(range);
    };
    static_assert(
        fits, "weir: from(range): this is not a range: give a vector, or std::views::iota(0, 5)");
    if constexpr (fits) {
        using source = detail::range_source<R>;
        return pull<source>{source{std::move(range)}, nullptr, "from"};
    }
}

}  // namespace weir
