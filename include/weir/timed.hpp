// SPDX-License-Identifier: Apache-2.0
// Values with timers: what a table has whose keys may have one.
#pragma once
#include <cstdint>
#include <optional>
#include <utility>

#include <weir/codec/json.hpp>
#include <weir/fwd.hpp>
#include <weir/state/heap_bytes.hpp>

namespace weir {
namespace detail {

/// The timer of a key.
struct timer {
    enum class kind : std::uint8_t {
        none,
        at,     // stream time fires it
        after,  // the app's clock does
        due     // it has been fired, and its function is called next
    } is = kind::none;
    kind noted_in = kind::none;  // the shard's index of those
    timestamp when{};
    timestamp noted = timestamp::max();  // there it is at this time; no record has it
    friend bool operator==(const timer& a, const timer& b) {
        return a.is == b.is && a.when == b.when;
    }
};

/// As it is written.
template <class V>
struct timed_record {
    V value{};
    std::optional<timestamp> at{}, after{};
};

}  // namespace detail

/// A value and, maybe, a timer: `app.table<K, weir::timed<V>>(…)`. Written as JSON.
template <class V>
struct timed {
    timed() = default;
    timed(V v) : value(std::move(v)) {}
    V value{};
    detail::timer timer{};
    /// What the value has allocated: for the limits of tables.
    std::size_t heap_bytes() const { return detail::heap_bytes(value); }
    friend bool operator==(const timed&, const timed&) = default;
};

template <class V>
struct codec<timed<V>> {
    static constexpr bool is_json = true;
    using record = detail::timed_record<V>;
    using kind = detail::timer::kind;
    static void decode(bytes_view from, timed<V>& into) {
        record r;
        codec<record>::decode(from, r);
        into.value = std::move(r.value);
        into.timer = {};
        if (r.at) into.timer = {kind::at, kind::none, *r.at};
        else if (r.after) into.timer = {kind::after, kind::none, *r.after};
    }
    static void encode(const timed<V>& v, bytes& onto) {
        record r{v.value, {}, {}};
        if (v.timer.is == kind::at) r.at = v.timer.when;
        if (v.timer.is == kind::after) r.after = v.timer.when;
        codec<record>::encode(r, onto);
    }
};

namespace detail {

template <class T>
inline constexpr bool is_timed = false;
template <class V>
inline constexpr bool is_timed<timed<V>> = true;

}  // namespace detail
}  // namespace weir
