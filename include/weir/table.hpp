// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/graph/concepts.hpp>
#include <weir/options.hpp>
#include <weir/state/changes.hpp>
#include <weir/state/table_of.hpp>
#include <weir/window.hpp>
#include <weir/windowed.hpp>

namespace weir {

template <class K, class V>
class table;

template <class K, class V>
class window_view;

struct view_options {
    /// A window is forgotten when stream time is so far behind its end. 0: never.
    std::chrono::milliseconds expires{};
};

template <class V>
struct table_options {
    /// What a key has before it was changed for the first time.
    V init{};
    /// Changes of one partition that are not committed yet. At the limit the partition is not read:
    /// each of them keeps the value that it has replaced.
    std::size_t journal_max = 1'000'000;
    /// Settings of the changelog, used when it is created. They win over weir's.
    properties config{};
    /// Of the changelog. 0: the broker's default.
    int replication = 0;
};

namespace detail {

/// `table[key]`. It is used at once and not kept, since it refers to the key.
template <class K, class V>
class cell {
public:
    cell(table_of<K, V>& of, const K& key) : of_(of), key_(key) {}
    cell(const cell&) = default;
    operator V() const&& { return of().get(key_); }
    cell operator=(V v) const&& {
        of().put(key_, std::move(v));
        return *this;
    }
    cell operator=(const cell& other) const&& { return std::move(*this) = V(std::move(other)); }
    template <class T>
    cell operator+=(const T& more) const&& {
        return change([&](V& v) { v += more; });
    }
    template <class T>
    cell operator-=(const T& less) const&& {
        return change([&](V& v) { v -= less; });
    }
    cell operator++() const&& {
        return change([](V& v) { ++v; });
    }
    cell operator--() const&& {
        return change([](V& v) { --v; });
    }

private:
    weir::table<K, V> of() const { return weir::table<K, V>{of_}; }
    template <class F>
    cell change(F f) const {
        of().update(key_, f);
        return *this;
    }
    table_of<K, V>& of_;
    const K& key_;
};

template <class K, class V>
struct table_item {
    const K& key;
    const V& value;
};
struct table_end {};
/// Walks through the shards that are here.
template <class K, class V>
class table_iterator {
public:
    explicit table_iterator(const table_of<K, V>& of) : of_(&of) { find(); }
    table_item<K, V> operator*() const { return {at_->key, at_->value}; }
    table_iterator& operator++() {
        ++number_;
        find();
        return *this;
    }
    friend bool operator==(const table_iterator& i, table_end) { return i.at_ == nullptr; }

private:
    void find() {
        at_ = nullptr;
        for (; shard_ < of_->shards.size(); ++shard_, number_ = 0) {
            if (!of_->shards[shard_]) continue;
            const auto [r, n] = of_->shards[shard_]->next_live(number_);
            at_ = r;
            number_ = n;
            if (at_) return;
        }
    }
    const table_of<K, V>* of_;
    std::size_t shard_ = 0;
    std::uint32_t number_ = 0;
    const row<K, V>* at_ = nullptr;
};

}  // namespace detail

/// The last value of each key. `count`, `aggregate`, `reduce` and `to_table` change it; everybody
/// may read it. It is kept in memory, in one shard for each partition of the topic whose messages
/// change it, and written to the topic `{app}-{name}-changelog`. After a run it has what was here
/// at its end. Made by `app.table`. A handle: it is cheap to copy, and must not outlive its app.
/// Used on the loop's thread.
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
    static_assert(!detail::nullable<V> || detail::is_raw<V>,
                  "weir: a table's value is never null, since a null erases its key: use the type "
                  "without std::optional, and erase(key)");
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
    /// The key's value; null if it has none here. Valid until the next message is processed; in a
    /// coroutine until it changes the table or waits.
    const V* find(const K& of) const { return info_->find(of); }
    bool contains(const K& of) const { return find(of) != nullptr; }
    /// How many keys have a value, in the partitions that are here.
    std::size_t size() const {
        std::size_t n = 0;
        for (auto& s : info_->shards)
            if (s) n += s->size();
        return n;
    }
    /// What the key has, as it is when it is used: `t[key] += 1`, `if (t[key] > 3)`. Reading it
    /// stores nothing. See `put` for writing.
    detail::cell<K, V> operator[](const K& of) const { return {*info_, of}; }
    /// Changes the table by the message that the body is working on, in the shard of its partition,
    /// whatever its own key is. The change is undone if the message fails. In a coroutine it is
    /// seen by the coroutine alone until its message is finished. Throws weir::error if no message
    /// is being processed, or if its agent is not the one that changes this table.
    void put(const K& of, V v) const {
        update(of, [&](V& now) { now = std::move(v); });
    }
    /// `f(V&)` changes the value; it begins with `.init`.
    template <class F>
    void update(const K& of, F f) const {
        static_assert(detail::calls<F, V&>, "weir: table.update(key, f): f takes a V&");
        info_->change(of, [&](V& v) {
            f(v);
            return true;
        });
    }
    void erase(const K& of) const {
        if (contains(of)) info_->change(of, [](V&) { return false; });
    }
    /// A view of a table of windows by the keys alone, for bodies: see weir::window_view.
    auto tumbling(std::chrono::milliseconds size, view_options o = {}) const
        requires(detail::is_windowed<K>)
    {
        return window_view<decltype(K::key), V>{*this, weir::tumbling(size), o};
    }
    auto hopping(std::chrono::milliseconds size, std::chrono::milliseconds advance,
                 view_options o = {}) const
        requires(detail::is_windowed<K>)
    {
        return window_view<decltype(K::key), V>{*this, weir::hopping(size, advance), o};
    }
    /// What each commit has written of the table, as a stream. See weir::table_changes.
    table_changes<K, V> changes() const { return table_changes<K, V>{*info_}; }
    /// For `for (auto&& [key, value] : t)`: partition by partition, in no order. A body may change
    /// the table meanwhile.
    detail::table_iterator<K, V> begin() const { return detail::table_iterator<K, V>{*info_}; }
    detail::table_end end() const { return {}; }
    /// Calls `f(key, value)` for each, partition by partition, in no order.
    template <class F>
    void each(F f) const {
        for (auto& s : info_->shards)
            if (s) s->each([&](const auto& r) { f(std::as_const(r.key), std::as_const(r.value)); });
    }

private:
    detail::table_of<K, V>* info_;
};

namespace detail {

/// `view[key]`, as `cell`.
template <class View>
class view_cell {
    using V = typename View::value;

public:
    view_cell(const View& of, const typename View::key& key) : of_(of), key_(key) {}
    view_cell(const view_cell&) = delete;
    operator V() const&& { return of_.current(key_); }
    void operator=(const V& v) const&& {
        of_.update(key_, [&](V& now) { now = v; });
    }
    template <class T>
    void operator+=(const T& more) const&& {
        of_.update(key_, [&](V& now) { now += more; });
    }
    template <class T>
    void operator-=(const T& less) const&& {
        of_.update(key_, [&](V& now) { now -= less; });
    }
    void operator++() const&& {
        of_.update(key_, [](V& now) { ++now; });
    }
    void operator--() const&& {
        of_.update(key_, [](V& now) { --now; });
    }

private:
    const View& of_;
    const typename View::key& key_;
};

}  // namespace detail

/// A table of windows as bodies use it: `views[user] += 1` changes each window that the time of the
/// message in work belongs to. A handle, as the table is. Its windows do not close: nothing is
/// passed on, and late messages are counted like any others.
///
///     auto table = app.table<weir::windowed<std::string>, int>("views");
///     auto views = table.tumbling(10s, {.expires = 1h});
template <class K, class V>
class window_view {
public:
    using key = K;
    using value = V;
    window_view(weir::table<windowed<K>, V> of, detail::fixed_windows w, view_options o)
        : of_(std::move(of)), windows_(w) {
        if (o.expires.count() < 0)
            throw setup_error{"weir: a view of a table: .expires must not be negative"};
        const auto expires = o.expires.count() > 0 ? o.expires : never;
        detail::window_settings s{w.text()};
        s.fixed = w;
        s.closes_after = expires;
        s.by_bodies = true;
        of_.info().fill_by_windows(std::move(s));
    }
    const weir::table<windowed<K>, V>& table() const { return of_; }

    /// The windows that the message in work is in: `+=`, `-=`, `=`, `++` and `--` change all of
    /// them; as a value it is `current(of)`.
    detail::view_cell<window_view> operator[](const K& of) const { return {*this, of}; }
    /// `f(V&)` changes each of them.
    template <class F>
    void update(const K& of, F f) const {
        windows_.each(of_.info().time_in_work(), [&](timestamp start, timestamp end) {
            of_.update({of, start, end}, f);
        });
    }
    /// The value of the window that the message in work is in; of hopping windows the last one.
    V current(const K& of) const { return at(of, of_.info().time_in_work()); }
    /// The same so long before that message.
    V delta(const K& of, std::chrono::milliseconds before) const {
        return at(of, of_.info().time_in_work() - before);
    }
    /// The value of the window that the app's clock is in.
    V now(const K& of) const { return at(of, of_.info().now()); }
    /// The value of the window that this time is in.
    V at(const K& of, timestamp t) const {
        const auto start = windows_.floor(t, windows_.advance);
        return of_.get({of, start, start + windows_.size});
    }

private:
    static constexpr std::chrono::milliseconds never = std::chrono::hours{24 * 365 * 1000};
    weir::table<windowed<K>, V> of_;
    detail::fixed_windows windows_;
};

}  // namespace weir
