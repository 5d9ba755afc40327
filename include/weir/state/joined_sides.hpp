// SPDX-License-Identifier: Apache-2.0
// What a join of two streams keeps of one key.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <weir/codec/codec.hpp>
#include <weir/fwd.hpp>
#include <weir/state/heap_bytes.hpp>

namespace weir::detail {

/// A message that waits for matches.
template <class V>
struct held_value {
    timestamp time{};
    bool matched = false;
    V value{};
};

/// Those of one side, by time; where times are equal, in the order in which they came. One is kept
/// without an allocation.
template <class V>
class held_values {
public:
    std::size_t size() const { return has_one_ ? 1 : more_.size() - first_; }
    bool empty() const { return size() == 0; }
    const held_value<V>& operator[](std::size_t i) const {
        return has_one_ ? one_ : more_[first_ + i];
    }
    held_value<V>& operator[](std::size_t i) { return has_one_ ? one_ : more_[first_ + i]; }

    /// The first one at `t` or later.
    std::size_t first_from(timestamp t) const {
        return position([=](const held_value<V>& h) { return h.time < t; });
    }
    /// Where one at `t` is inserted.
    std::size_t behind(timestamp t) const {
        return position([=](const held_value<V>& h) { return h.time <= t; });
    }
    void insert(std::size_t i, held_value<V> h) {
        if (empty()) {
            one_ = std::move(h);
            has_one_ = true;
            return;
        }
        if (std::exchange(has_one_, false)) {
            more_.clear();
            first_ = 0;
            more_.push_back(std::exchange(one_, {}));
        }
        more_.insert(at(i), std::move(h));
    }
    held_value<V> take(std::size_t i) {
        if (std::exchange(has_one_, false)) return std::exchange(one_, {});
        auto taken = std::move(more_[first_ + i]);
        if (i == 0) {  // usually the oldest goes
            more_[first_++] = {};
            if (first_ * 2 >= more_.size()) remove_gone();
        } else {
            more_.erase(at(i));
        }
        return taken;
    }

    /// As if all were like the last one, since a message changes one of thousands.
    std::size_t heap_bytes() const {
        if (empty()) return 0;
        const auto value = weir::detail::heap_bytes((*this)[size() - 1].value);
        return size() * value + (has_one_ ? 0 : block_bytes(more_.size() * sizeof(held_value<V>)));
    }

private:
    auto at(std::size_t i) { return more_.begin() + static_cast<std::ptrdiff_t>(first_ + i); }
    void remove_gone() {
        more_.erase(more_.begin(), at(0));
        first_ = 0;
    }
    /// How many are before; most messages come in the order of their times.
    template <class F>
    std::size_t position(F is_before) const {
        const auto n = size();
        if (n == 0 || is_before((*this)[n - 1])) return n;
        if (!is_before((*this)[0])) return 0;
        std::size_t low = 0, high = n - 1;
        while (high - low > 1) {
            const auto middle = (low + high) / 2;
            (is_before((*this)[middle]) ? low : high) = middle;
        }
        return high;
    }

    held_value<V> one_{};
    bool has_one_ = false;
    std::vector<held_value<V>> more_{};  // from `first_` on; none of them while there is `one_`
    std::size_t first_ = 0;
};

/// Both sides of one key. They are one value, so that a crash while a cut is written can't leave
/// one side with a match and the other without.
template <class A, class B>
class joined_sides {
public:
    held_values<A> left{};
    held_values<B> right{};

    template <bool Left>
    auto& side() {
        if constexpr (Left) return left;
        else return right;
    }
    template <bool Left>
    const auto& side() const {
        if constexpr (Left) return left;
        else return right;
    }
    bool empty() const { return left.empty() && right.empty(); }
    std::size_t heap_bytes() const { return left.heap_bytes() + right.heap_bytes(); }

    /// How a change is undone. Changes are undone in the opposite order.
    struct undo_step {
        enum class kind : std::uint8_t { none, added, removed, matched } what = kind::none;
        bool of_left = false;
        std::uint32_t at = 0;
        std::variant<std::monostate, held_value<A>, held_value<B>> removed{};
    };
    using kind = typename undo_step::kind;

    template <bool Left, class V>
    undo_step add(held_value<V> h) {
        auto& all = side<Left>();
        const auto i = all.behind(h.time);
        all.insert(i, std::move(h));
        return {kind::added, Left, static_cast<std::uint32_t>(i), {}};
    }
    template <bool Left>
    undo_step remove(std::size_t i) {
        undo_step s{kind::removed, Left, static_cast<std::uint32_t>(i), {}};
        s.removed.template emplace<Left ? 1 : 2>(side<Left>().take(i));
        return s;
    }
    template <bool Left>
    undo_step match(std::size_t i) {
        side<Left>()[i].matched = true;
        return {kind::matched, Left, static_cast<std::uint32_t>(i), {}};
    }
    void undo(undo_step s) {
        if (s.of_left) undo_in<true>(std::move(s));
        else undo_in<false>(std::move(s));
    }

private:
    template <bool Left>
    void undo_in(undo_step s) {
        auto& all = side<Left>();
        switch (s.what) {
            case kind::none: break;
            case kind::added: all.take(s.at); break;
            case kind::removed:
                all.insert(s.at, std::get < Left ? 1 : 2 > (std::move(s.removed)));
                break;
            case kind::matched: all[s.at].matched = false; break;
        }
    }
};

template <class T>
inline constexpr bool is_joined_sides = false;
template <class A, class B>
inline constexpr bool is_joined_sides<joined_sides<A, B>> = true;

/// Numbers in a record, the highest byte first.
void append_number(bytes& onto, std::uint64_t n, std::size_t size);
/// Takes a number from the beginning. Throws decode_error if there are not so many bytes.
std::uint64_t take_number(std::string_view& from, std::size_t size);
/// The same for so many bytes.
std::string_view take_bytes(std::string_view& from, std::size_t size);

}  // namespace weir::detail

namespace weir {

/// One held message after the other: a byte that says which side it is of and whether it has had a
/// match, its time, the size of its value, and the value as its own codec writes it.
template <class A, class B>
struct codec<detail::joined_sides<A, B>> {
    using sides = detail::joined_sides<A, B>;
    static void decode(bytes_view from, sides& into) {
        into = {};
        for (auto left = from.view(); !left.empty();) {
            const auto what = detail::take_number(left, 1);
            if ((what & is_right) != 0) decode_one<false>(left, what, into);
            else decode_one<true>(left, what, into);
        }
    }
    static void encode(const sides& value, bytes& onto) {
        encode_all(value.left, 0, onto);
        encode_all(value.right, is_right, onto);
        onto.append({});
    }

private:
    static constexpr std::uint64_t is_right = 1, has_match = 2, is_null = 4;
    template <bool Left>
    static void decode_one(std::string_view& left, std::uint64_t what, sides& into) {
        using V = std::conditional_t<Left, A, B>;
        detail::held_value<V> h{};
        h.matched = (what & has_match) != 0;
        h.time = timestamp{
            std::chrono::milliseconds{static_cast<std::int64_t>(detail::take_number(left, 8))}};
        const auto value = detail::take_bytes(left, detail::take_number(left, 4));
        detail::decode_into<V>((what & is_null) != 0 ? bytes_view{} : bytes_view{value}, h.value);
        auto& all = into.template side<Left>();
        all.insert(all.size(), std::move(h));
    }
    template <class V>
    static void encode_all(const detail::held_values<V>& all, std::uint64_t side, bytes& onto) {
        bytes value;
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto& h = all[i];
            value.reset();
            detail::encode_onto<V>(h.value, value);
            detail::append_number(
                onto, side | (h.matched ? has_match : 0) | (value.is_null() ? is_null : 0), 1);
            detail::append_number(onto,
                                  static_cast<std::uint64_t>(h.time.time_since_epoch().count()), 8);
            detail::append_number(onto, value.size(), 4);
            onto.append(value.view());
        }
    }
};

}  // namespace weir
