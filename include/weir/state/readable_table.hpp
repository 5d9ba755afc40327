// SPDX-License-Identifier: Apache-2.0
// How everybody reads a table.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/state/table_of.hpp>

namespace weir::detail {

template <class K, class V>
struct table_item {
    const K& key;
    const V& value;
};
struct table_end {};
/// Walks through the shards that are here. `Shown`: what is shown of a row's value.
template <class K, class V, class Shown = V>
class table_iterator {
public:
    explicit table_iterator(const table_of<K, V>& of) : of_(&of) { find(); }
    table_item<K, Shown> operator*() const {
        if constexpr (std::is_same_v<V, Shown>) return {at_->key, at_->value};
        else return {at_->key, at_->value.value};
    }
    table_iterator& operator++() {
        ++number_;
        find();
        return *this;
    }
    friend bool operator==(const table_iterator& i, table_end) { return i.at_ == nullptr; }

private:
    void find() {
        at_ = nullptr;
        for (; shard_ < of_->shards.size(); ++shard_, number_ = 0, walk_.reset()) {
            if (!of_->shards[shard_]) continue;
            if (of_->shards[shard_]->is_on_disk()) {
                if (!walk_) {
                    walked_ = of_->shards[shard_];
                    walk_ = std::make_shared<disk_walk<K, V>>(walked_->walk());
                }
                at_ = walk_->next();
                if (at_) return;
                continue;
            }
            const auto [r, n] = of_->shards[shard_]->next_live(
                number_, of_->reading_time(static_cast<partition_id>(shard_)));
            at_ = r;
            number_ = n;
            if (at_) return;
        }
    }
    const table_of<K, V>* of_;
    std::size_t shard_ = 0;
    std::uint32_t number_ = 0;
    const row<K, V>* at_ = nullptr;
    // of a table on disk
    std::shared_ptr<const typename table_of<K, V>::shard_type> walked_{};
    std::shared_ptr<disk_walk<K, V>> walk_{};
};

/// What a table and a global table have in common: they are read alike.
template <class K, class V>
class readable_table {
public:
    static_assert(!std::is_reference_v<K> && !std::is_reference_v<V> && !std::is_const_v<K> &&
                      !std::is_const_v<V> && !std::is_pointer_v<K> && !std::is_pointer_v<V>,
                  "weir: a table's key and value are plain types: no reference, const or pointer");
    static_assert(!borrows<K> && !borrows<V>,
                  "weir: a table keeps its keys and values: use std::string in place of "
                  "std::string_view, and weir::bytes in place of weir::bytes_view");
    static_assert(!nullable<K> || is_raw<K>,
                  "weir: a table's key is never null: use the type without std::optional");
    static_assert(!nullable<V> || is_raw<V>,
                  "weir: a table's value is never null, since a null erases its key: use the type "
                  "without std::optional, and erase(key)");
    using key = K;
    using value = V;

    explicit readable_table(table_of<K, V>& of) : info_(&of) {}

    const std::string& name() const { return info_->name; }
    table_of<K, V>& info() const { return *info_; }

    /// A copy of the key's value; `.init` if it has none here.
    V get(const K& of) const {
        const auto* v = find(of);
        return v ? *v : info_->init;
    }
    /// The key's value; null if it has none here. Valid until the next message is processed; in a
    /// coroutine until it changes the table or waits.
    const V* find(const K& of) const { return info_->find(of); }
    bool contains(const K& of) const { return find(of) != nullptr; }
    /// How many keys have a value, in the partitions that are here.
    std::size_t size() const {
        std::size_t n = 0;
        each_shard([&](const auto& s, timestamp now) { n += s.size_at(now); });
        return n;
    }
    /// For `for (auto&& [key, value] : t)`: partition by partition, in no order. A body may change
    /// the table meanwhile.
    table_iterator<K, V> begin() const { return table_iterator<K, V>{*info_}; }
    table_end end() const { return {}; }
    /// Calls `f(key, value)` for each, partition by partition, in no order.
    template <class F>
    void each(F f) const {
        each_shard([&](const auto& s, timestamp now) {
            s.each([&](const auto& r) { f(std::as_const(r.key), std::as_const(r.value)); }, now);
        });
    }

private:
    template <class F>
    void each_shard(F f) const {
        for (std::size_t p = 0; p < info_->shards.size(); ++p)
            if (auto& s = info_->shards[p])
                f(*s, info_->reading_time(static_cast<partition_id>(p)));
    }
    table_of<K, V>* info_;
};

}  // namespace weir::detail
