// SPDX-License-Identifier: Apache-2.0
// Tables that are grouped: which group each row is in, and what each group has of it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/graph/pipeline.hpp>
#include <weir/state/change_table.hpp>
#include <weir/state/joined_sides.hpp>
#include <weir/state/table_of.hpp>

namespace weir::detail {

/// A row of a table, on the way to its group. It is known by its key and its partition.
template <class G, class K, class V>
struct group_member {
    G group{};  // the message's key
    K key{};
    partition_id partition = 0;
    offset at = 0;             // of the change, in the table's changelog
    std::optional<V> value{};  // none: it has left the group
};
template <class T>
inline constexpr bool is_group_member = false;
template <class G, class K, class V>
inline constexpr bool is_group_member<group_member<G, K, V>> = true;

/// What a group has of one of its rows.
template <class V>
struct counted_row {
    offset at = 0;  // of the change that it was counted with
    std::optional<V> value{};
};

/// What changes in a group: a value goes, another one comes, or both. Valid while it is pushed.
template <class V>
struct group_change {
    const V* minus = nullptr;
    const V* plus = nullptr;
};
template <class T>
inline constexpr bool is_group_change = false;
template <class V>
inline constexpr bool is_group_change<group_change<V>> = true;

template <class V>
void append_value(const std::optional<V>& v, bytes& onto) {
    append_number(onto, v ? 1 : 0, 1);
    if (v) encode_onto<V>(*v, onto);
}
template <class V>
void take_value(std::string_view from, std::optional<V>& into) {
    into.reset();
    if (take_number(from, 1) == 0) return;
    decode_into<V>(bytes_view{from}, into.emplace());
}

}  // namespace weir::detail

namespace weir {

/// The offset, the partition, the size of the key, the key, a byte that says whether there is a
/// value, and the value. The group is the message's key.
template <class G, class K, class V>
struct codec<detail::group_member<G, K, V>> {
    using member = detail::group_member<G, K, V>;
    static void decode(bytes_view from, member& into) {
        auto left = from.view();
        into.at = static_cast<offset>(detail::take_number(left, 8));
        into.partition = static_cast<partition_id>(detail::take_number(left, 4));
        const auto key = detail::take_bytes(left, detail::take_number(left, 4));
        detail::decode_into<K>(bytes_view{key}, into.key);
        detail::take_value(left, into.value);
    }
    static void encode(const member& m, bytes& onto) {
        bytes key;
        detail::encode_onto<K>(m.key, key);
        detail::append_number(onto, static_cast<std::uint64_t>(m.at), 8);
        detail::append_number(onto, static_cast<std::uint64_t>(m.partition), 4);
        detail::append_number(onto, key.size(), 4);
        onto.append(key.view());
        detail::append_value(m.value, onto);
    }
};
/// The offset, a byte that says whether there is a value, and the value.
template <class V>
struct codec<detail::counted_row<V>> {
    static void decode(bytes_view from, detail::counted_row<V>& into) {
        auto left = from.view();
        into.at = static_cast<offset>(detail::take_number(left, 8));
        detail::take_value(left, into.value);
    }
    static void encode(const detail::counted_row<V>& r, bytes& onto) {
        detail::append_number(onto, static_cast<std::uint64_t>(r.at), 8);
        detail::append_value(r.value, onto);
    }
};

namespace detail {

// ----------------------------------------------------------------------------- from rows to groups
/// The group of a row: f(value) or f(key, value). Where it is an empty optional, it is in none.
template <class F, class K, class V>
inline constexpr bool is_by_value = calls<F, const V&>;
template <class F, class K, class V>
struct group_of {
    using type = typename without_null<std::decay_t<returned_by<F, const K&, const V&>>>::type;
};
template <class F, class K, class V>
    requires is_by_value<F, K, V>
struct group_of<F, K, V> {
    using type = typename without_null<std::decay_t<returned_by<F, const V&>>>::type;
};
template <class F, class K, class V>
decltype(auto) find_group(F& f, const K& key, const V& value) {
    if constexpr (is_by_value<F, K, V>) return call(f, value);
    else return f(key, value);
}

/// Finds out which group a changed row has left, and which one it is in now.
template <class K, class V, class F>
class rows_step {
    using G = typename group_of<F, K, V>::type;
    using table_type = table_of<K, G>;
    using member = group_member<G, K, V>;

public:
    static constexpr message_part needs = needs_key<K> | message_part::time;
    rows_step(const table_type& t, F f) : table_(&t), f_(std::move(f)) {}

    void operator()(context& c, const auto& v, auto&& next) {
        if (c.ownership() == ownership::lost) return;
        auto& ref = shards_.of(c);
        auto* shard = ref.of(*table_, *c.partition());
        if (!shard) return;
        const auto& key = *key_at<K>(c, scratch_);
        const auto by = ref.by(c);
        auto* r = shard->change(key, by.input, by.at);
        if (!r) return;  // it has been sent
        const auto now = group_of_value(key, v);
        const auto before = r->live ? std::optional<G>{r->value} : std::nullopt;
        shard->set_live(*r, now.has_value());
        if (now) r->value = *now;
        r->time = c.time();
        const auto tell = [&](const G& group, std::optional<V> value) {
            next(member{group, key, c.partition()->partition, c.offset(), std::move(value)});
        };
        if (before && !(now && is_same(*before, *now))) tell(*before, {});
        if (now) tell(*now, *v);
    }
    void finish() { shards_.finish(); }
    void undo() { shards_.undo(); }
    void assigned(const topic_partition& tp) { shards_.assigned(tp); }
    void revoked(const topic_partition& tp) { shards_.revoked(tp); }

private:
    std::optional<G> group_of_value(const K& key, const auto& v) {
        if (!v) return {};
        const auto& found = find_group(f_, key, *v);
        if constexpr (std::is_same_v<std::decay_t<decltype(found)>, G>) return found;
        else return found ? std::optional<G>{*found} : std::nullopt;
    }
    bool is_same(const G& a, const G& b) {
        a_.reset();
        b_.reset();
        encode_onto<G>(a, a_);
        encode_onto<G>(b, b_);
        return a_ == b_;
    }

    const table_type* table_;
    F f_;
    per_partition<shard_ref<table_type>> shards_{shard_ref<table_type>{}};
    K scratch_{};
    bytes a_{}, b_{};
};

/// `changes() | group_by(f)`, before what it passes on is sent by group.
template <class K, class V, class F>
struct rows_op {
    using weir_operator = void;
    using G = typename group_of<F, K, V>::type;
    template <class In>
    using out = group_member<G, K, V>;
    F f;
    std::string name;

    template <class, class>
    static consteval bool check() {
        static_assert(!is_task<std::decay_t<G>>,
                      "weir: t.changes() | group_by(f, name): f returns the group itself: what "
                      "waits goes before the table");
        static_assert(!std::is_void_v<G>,
                      "weir: t.changes() | group_by(f, name): f returns nothing that could be a "
                      "group");
        static_assert(!borrows<G>,
                      "weir: t.changes() | group_by(f, name): f returns a view, and which group a "
                      "row is in is kept: return a value of its own, a std::string");
        static_assert(explain_codec<G>::said);
        static_assert(has_codec<G>,
                      "weir: t.changes() | group_by(f, name): this group has no codec: a string, a "
                      "number, or a type with a weir::codec has one");
        return true;
    }
    std::string describe() const { return "rows by " + name; }
    template <class, class>
    drawn_stream draw(graph_builder& g, const drawn_stream& here) const {
        g.changes(g.own_table(new_table(), "rows"), here);
        return here;
    }
    template <class, class>
    rows_step<K, V, F> make_step(plan& p) const {
        return {static_cast<table_of<K, G>&>(p.next_table()), f};
    }

private:
    static std::unique_ptr<table_info> new_table() { return make_table<K, G>({}, {}, 1'000'000); }
};

// ----------------------------------------------------------------------------- what a group counts
/// Keeps what each group has of each row, and passes on what changes. So it does not matter how
/// often a change comes: it is counted once. Neither does an older one that comes late. Of rows
/// that have left their group it knows the last `left_max` of a partition.
template <class G, class K, class V>
class members_step {
    using table_type = table_of<bytes, counted_row<V>>;
    using member = group_member<G, K, V>;

public:
    static constexpr message_part needs = needs_key<G> | message_part::time;
    static constexpr std::size_t left_max = 10'000;
    explicit members_step(const table_type& t) : table_(&t) {}

    void operator()(context& c, const member& m, auto&& next) {
        if (c.ownership() == ownership::lost) return;
        auto& in = shards_.of(c);
        auto* shard = in.ref.of(*table_, *c.partition());
        if (!shard) return;
        in.look_once(*shard);
        const auto& key = key_of(*key_at<G>(c, scratch_), m);
        if (const auto* known = shard->find(key); known && m.at <= known->value.at) return;
        const auto by = in.ref.by(c);
        auto* r = shard->change(key, by.input, by.at);
        if (!r) return;
        const auto before = r->live ? std::move(r->value.value) : std::nullopt;
        shard->set_live(*r, true);
        r->value = {m.at, m.value};
        r->time = c.time();
        if (!m.value) {
            in.left.push_back({key, m.at});
            forget_one(in, *shard, by);
        }
        if (before || m.value)
            next(group_change<V>{before ? &*before : nullptr, m.value ? &*m.value : nullptr});
    }
    void finish() { shards_.finish(); }
    void undo() { shards_.undo(); }
    void assigned(const topic_partition& tp) { shards_.assigned(tp); }
    void revoked(const topic_partition& tp) { shards_.revoked(tp); }

private:
    using shard_type = typename table_type::shard_type;
    struct left_row {
        bytes key;
        offset at;
    };
    /// One partition.
    struct members {
        shard_ref<table_type> ref{};
        std::vector<left_row> left{};  // in this order, from `first` on; some may be back
        std::size_t first = 0;
        bool looked = false;

        void finish() { ref.finish(); }
        void undo() { ref.undo(); }
        void look_once(const shard_type& s) {
            if (std::exchange(looked, true)) return;
            s.each([&](const auto& r) {
                if (!r.value.value) left.push_back({r.key, r.value.at});
            });
        }
    };
    /// Rows that have left long ago are erased.
    static void forget_one(members& in, shard_type& shard, message_number by) {
        if (in.left.size() - in.first <= left_max) return;
        const auto& oldest = in.left[in.first++];
        const auto* r = shard.find(oldest.key);
        if (r && !r->value.value && r->value.at == oldest.at)
            if (auto* gone = shard.change(oldest.key, by.input, by.at))
                shard.set_live(*gone, false);
        if (in.first < left_max) return;
        in.left.erase(in.left.begin(), in.left.begin() + static_cast<std::ptrdiff_t>(in.first));
        in.first = 0;
    }
    /// The size of the group's bytes, these, the row's partition, its key.
    const bytes& key_of(const G& group, const member& m) {
        key_.reset();
        part_.reset();
        encode_onto<G>(group, part_);
        append_number(key_, part_.size(), 4);
        key_.append(part_.view());
        append_number(key_, static_cast<std::uint64_t>(m.partition), 4);
        part_.reset();
        encode_onto<K>(m.key, part_);
        key_.append(part_.view());
        return key_;
    }

    const table_type* table_;
    per_partition<members> shards_{members{}};
    G scratch_{};
    bytes key_{}, part_{};
};

/// Behind a grouped table's topic.
struct members_op {
    using weir_operator = void;
    template <class>
    struct types;
    template <class G, class K, class V>
    struct types<group_member<G, K, V>> {
        using change = group_change<V>;
        using table = table_of<bytes, counted_row<V>>;
        using step = members_step<G, K, V>;
        static constexpr auto make = &make_table<bytes, counted_row<V>>;
    };
    template <class In>
    using out = typename types<In>::change;

    static std::string describe() { return "rows of each group"; }
    template <class, class In>
    drawn_stream draw(graph_builder& g, const drawn_stream& here) const {
        std::unique_ptr<table_info> made = types<In>::make({}, {}, 1'000'000);
        g.changes(g.own_table(std::move(made), "groups"), here);
        return here;
    }
    template <class, class In>
    auto make_step(plan& p) const {
        using table = typename types<In>::table;
        return typename types<In>::step{static_cast<const table&>(p.next_table())};
    }
};

}  // namespace detail
}  // namespace weir
