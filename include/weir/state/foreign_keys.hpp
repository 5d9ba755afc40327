// SPDX-License-Identifier: Apache-2.0
// What a join of two tables by a key in the values of the first one keeps and sends.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/codec/codec.hpp>
#include <weir/state/joined_sides.hpp>
#include <weir/state/rows.hpp>

namespace weir::detail {

/// Which value of the left row something is about. 0: it has none.
using row_version = std::uint64_t;
template <class A>
row_version version_of(const A& value, bytes& scratch) {
    scratch.reset();
    encode_onto<A>(value, scratch);
    return std::max<row_version>(hash_of(scratch.view()), 1);
}

/// A left row as it is now: its key of the right table, or none.
template <class K>
struct foreign_key {
    bool exists = false;
    row_version version = 0;
    std::optional<K> key{};
};
/// What a left row's key of the right table was and is. A row of the operator's own table.
template <class K>
struct foreign_link {
    std::optional<K> before{}, now{};
    row_version version = 0;
};

/// From a left row to the partition of a right one.
template <class Left, class Right>
struct foreign_request {
    enum class kind : std::uint8_t {
        subscribe,
        unsubscribe,
        none  // there is no right row to look at: the answer is that there is none
    };
    kind what = kind::none;
    bool answer = false;
    row_version version = 0;
    Left from{};
    Right to{};
};
/// From a right row, or none, to the partition of a left one.
template <class Left, class B>
struct foreign_response {
    row_version version = 0;
    Left to{};
    std::shared_ptr<const B> value{};  // null: there is none
    timestamp time{};                  // of the value
};

/// A right row and the left rows that have its key. A row of the operator's own table.
template <class B>
struct subscribers {
    std::shared_ptr<const B> value{};
    timestamp time{};                                       // of the value
    std::map<std::string, row_version, std::less<>> who{};  // by the left keys' bytes

    bool empty() const { return !value && who.empty(); }
    /// As if all left keys were like the first one, since a message changes one of thousands.
    std::size_t heap_bytes() const {
        const auto row = value ? block_bytes(sizeof(B)) + weir::detail::heap_bytes(*value) : 0;
        if (who.empty()) return row;
        constexpr std::size_t node = 32 + sizeof(std::pair<std::string, row_version>);
        return row +
               who.size() * (block_bytes(node) + weir::detail::heap_bytes(who.begin()->first));
    }
    struct undo_step {
        bool of_value = false;
        std::shared_ptr<const B> value{};
        timestamp time{};
        std::string key{};
        row_version version = 0;  // 0: it was not there
    };
    undo_step set_value(std::shared_ptr<const B> v, timestamp t) {
        return {true, std::exchange(value, std::move(v)), std::exchange(time, t), {}, 0};
    }
    /// 0: it subscribes no more.
    undo_step set(std::string_view key, row_version version) {
        undo_step step{false, {}, {}, std::string{key}, 0};
        if (const auto it = who.find(key); it != who.end()) {
            step.version = it->second;
            if (version == 0) who.erase(it);
            else it->second = version;
        } else if (version != 0) {
            who.emplace(step.key, version);
        }
        return step;
    }
    void undo(undo_step s) {
        if (s.of_value) set_value(std::move(s.value), s.time);
        else set(s.key, s.version);
    }
};

template <class T>
void append_value(const T& v, bytes& onto, bytes& scratch) {
    scratch.reset();
    encode_onto<T>(v, scratch);
    append_number(onto, scratch.size(), 4);
    onto.append(scratch.view());
}
template <class T>
void take_value(std::string_view& from, T& into) {
    decode_into<T>(bytes_view{take_bytes(from, take_number(from, 4))}, into);
}
/// A value that several have, and its time.
template <class T>
void append_shared(const T& of, bytes& onto, bytes& scratch) {
    append_number(onto, of.value ? 1 : 0, 1);
    if (!of.value) return;
    append_number(onto, static_cast<std::uint64_t>(of.time.time_since_epoch().count()), 8);
    append_value(*of.value, onto, scratch);
}
template <class B, class T>
void take_shared(std::string_view& from, T& into) {
    into.value.reset();
    if (take_number(from, 1) == 0) return;
    const auto ms = static_cast<std::int64_t>(take_number(from, 8));
    into.time = timestamp{std::chrono::milliseconds{ms}};
    auto v = std::make_shared<B>();
    take_value<B>(from, *v);
    into.value = std::move(v);
}

}  // namespace weir::detail
namespace weir {

template <class K>
struct codec<detail::foreign_link<K>> {
    static void decode(bytes_view from, detail::foreign_link<K>& into) {
        auto left = from.view();
        into.version = detail::take_number(left, 8);
        for (auto* k : {&into.before, &into.now}) {
            k->reset();
            if (detail::take_number(left, 1) != 0) detail::take_value<K>(left, k->emplace());
        }
    }
    static void encode(const detail::foreign_link<K>& l, bytes& onto) {
        bytes scratch;
        detail::append_number(onto, l.version, 8);
        for (auto* k : {&l.before, &l.now}) {
            detail::append_number(onto, *k ? 1 : 0, 1);
            if (*k) detail::append_value<K>(**k, onto, scratch);
        }
    }
};
template <class Left, class Right>
struct codec<detail::foreign_request<Left, Right>> {
    using type = detail::foreign_request<Left, Right>;
    static void decode(bytes_view from, type& into) {
        auto left = from.view();
        into.what = static_cast<typename type::kind>(detail::take_number(left, 1));
        into.answer = detail::take_number(left, 1) != 0;
        into.version = detail::take_number(left, 8);
        detail::take_value<Left>(left, into.from);
        detail::take_value<Right>(left, into.to);
    }
    static void encode(const type& r, bytes& onto) {
        bytes scratch;
        detail::append_number(onto, static_cast<std::uint64_t>(r.what), 1);
        detail::append_number(onto, r.answer, 1);
        detail::append_number(onto, r.version, 8);
        detail::append_value<Left>(r.from, onto, scratch);
        detail::append_value<Right>(r.to, onto, scratch);
    }
};
template <class Left, class B>
struct codec<detail::foreign_response<Left, B>> {
    using type = detail::foreign_response<Left, B>;
    static void decode(bytes_view from, type& into) {
        auto left = from.view();
        into.version = detail::take_number(left, 8);
        detail::take_value<Left>(left, into.to);
        detail::take_shared<B>(left, into);
    }
    static void encode(const type& r, bytes& onto) {
        bytes scratch;
        detail::append_number(onto, r.version, 8);
        detail::append_value<Left>(r.to, onto, scratch);
        detail::append_shared(r, onto, scratch);
    }
};
template <class B>
struct codec<detail::subscribers<B>> {
    static void decode(bytes_view from, detail::subscribers<B>& into) {
        auto left = from.view();
        detail::take_shared<B>(left, into);
        into.who.clear();
        while (!left.empty()) {
            const auto version = detail::take_number(left, 8);
            const auto key = detail::take_bytes(left, detail::take_number(left, 4));
            into.who.emplace_hint(into.who.end(), std::string{key}, version);
        }
    }
    static void encode(const detail::subscribers<B>& s, bytes& onto) {
        bytes scratch;
        detail::append_shared(s, onto, scratch);
        for (auto& [key, version] : s.who) {
            detail::append_number(onto, version, 8);
            detail::append_number(onto, key.size(), 4);
            onto.append(key);
        }
    }
};

}  // namespace weir
