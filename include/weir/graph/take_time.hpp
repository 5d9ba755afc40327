// SPDX-License-Identifier: Apache-2.0
// `topic.time(f)`: what f may be, and how its result becomes a timestamp.
#pragma once
#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>

#include <weir/codec/data_type.hpp>
#include <weir/graph/misuse.hpp>
#include <weir/graph/topic_info.hpp>
#include <weir/segment/chain.hpp>
#include <weir/segment/message_time.hpp>

namespace weir::detail {

template <class T>
inline constexpr bool is_system_time = false;
template <class D>
inline constexpr bool is_system_time<std::chrono::time_point<std::chrono::system_clock, D>> = true;

struct system_time_or_milliseconds;
template <>
struct where_wanted_is<system_time_or_milliseconds> {
    // an integer of 32 bits has no room for milliseconds: it would be seconds
    template <class R, class T = std::remove_cvref_t<R>>
    static constexpr bool fits = is_system_time<T> || (std::integral<T> && sizeof(T) == 8);
};

template <class T>
timestamp to_timestamp(const T& t) {
    using std::chrono::milliseconds;
    if constexpr (is_system_time<T>) return std::chrono::floor<milliseconds>(t);
    else if (std::in_range<milliseconds::rep>(t)) return timestamp{milliseconds{t}};
    else return timestamp::max();
}

template <class V, class F>
class extractor_of final : public timestamp_extractor {
public:
    explicit extractor_of(F f) : f_(std::move(f)) { type = &type_id<V>; }
    timestamp of(const void* value) const override {
        return to_timestamp(detail::call(f_, *static_cast<const V*>(value)));
    }
    bool same_as(const timestamp_extractor& e) const override {
        const auto* other = dynamic_cast<const extractor_of*>(&e);
        if constexpr (std::equality_comparable<F>) return other && other->f_ == f_;
        else return other && std::is_empty_v<F>;
    }

private:
    F f_;
};

/// Throws setup_error if the topic has another one already, or is being read.
void set_time(topic_info&, std::shared_ptr<const timestamp_extractor>);

/// `V` is the topic's value type. If it is an optional, f takes what that has.
template <class V, class F>
void take_time(topic_info& of, F f) {
    using value = typename without_null<V>::type;
    constexpr bool fits =
        calls<const F, const value&> &&
        f_returns<returned_by<const F, const value&>, where_wanted_is<system_time_or_milliseconds>>;
    if constexpr (std::is_member_object_pointer_v<F>)
        static_assert(f_can_be_called_with<const F, const value&>,
                      "weir: topic.time(&view::at): this is no field of the topic's value");
    else
        static_assert(
            f_can_be_called_with<const F, const value&>,
            "weir: topic.time(f): f cannot be called with the topic's value, f(const V&)");
    static_assert(
        f_returns<returned_by<const F, const value&>, where_wanted_is<system_time_or_milliseconds>>,
        "weir: topic.time(f): f returns a point in time of std::chrono::system_clock, or "
        "milliseconds since 1970 as an integer of 64 bits");
    if constexpr (fits) set_time(of, std::make_shared<extractor_of<value, F>>(std::move(f)));
}

}  // namespace weir::detail
