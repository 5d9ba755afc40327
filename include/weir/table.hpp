// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/options.hpp>
#include <weir/state/shard_of.hpp>

namespace weir {

template <class V>
struct table_options {
    /// What a key has before it was changed for the first time.
    V init{};
    /// Settings of the changelog, used when it is created. They win over weir's.
    properties config{};
    /// Of the changelog. 0: the broker's default.
    int replication = 0;
};

/// The last value of each key. `count`, `aggregate`, `reduce` and `to_table` change it; everybody
/// may read it. It is kept in memory, in one shard for each partition of the topic whose messages
/// change it, and written to the topic `{app}-{name}-changelog`. Made by `app.table`. A handle: it
/// is cheap to copy, and must not outlive its app. Used on the loop's thread.
template <class K, class V>
class table {
public:
    static_assert(!std::is_reference_v<K> && !std::is_reference_v<V> && !std::is_const_v<K> &&
                      !std::is_const_v<V> && !std::is_pointer_v<K> && !std::is_pointer_v<V>,
                  "weir: a table's key and value are plain types: no reference, const or pointer");
    static_assert(!detail::borrows<K> && !detail::borrows<V>,
                  "weir: a table keeps its keys and values: use std::string in place of "
                  "std::string_view, and weir::bytes in place of weir::bytes_view");
    static_assert(!detail::nullable<K> || detail::is_raw<K>,
                  "weir: a table's key is never null: use the type without std::optional");
    using key = K;
    using value = V;

    explicit table(detail::table_of<K, V>& of) : info_(&of) {}

    const std::string& name() const { return info_->name; }
    detail::table_of<K, V>& info() const { return *info_; }

    /// A copy of the key's value; `.init` if it has none here.
    V get(const K& of) const {
        const auto* v = find(of);
        return v ? *v : info_->init;
    }
    /// The key's value; null if it has none here. Valid until the next message is processed.
    const V* find(const K& of) const {
        for (auto& s : info_->shards)
            if (const auto* r = s ? s->find(of) : nullptr) return &r->value;
        return nullptr;
    }
    bool contains(const K& of) const { return find(of) != nullptr; }
    /// How many keys have a value, in the partitions that are here.
    std::size_t size() const {
        std::size_t n = 0;
        for (auto& s : info_->shards)
            if (s) n += s->size();
        return n;
    }
    /// Calls `f(key, value)` for each, partition by partition, in the order in which the keys came.
    template <class F>
    void each(F f) const {
        for (auto& s : info_->shards)
            if (s) s->each([&](const auto& r) { f(std::as_const(r.key), std::as_const(r.value)); });
    }

private:
    detail::table_of<K, V>* info_;
};

}  // namespace weir
