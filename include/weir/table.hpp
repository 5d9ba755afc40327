// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/graph/concepts.hpp>
#include <weir/options.hpp>
#include <weir/state/changes.hpp>
#include <weir/state/readable_table.hpp>
#include <weir/timed.hpp>
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

/// `table_options::standby`: every member keeps a copy of each partition that it does not have.
inline constexpr int every_member = std::numeric_limits<int>::max();

template <class V>
struct table_options {
    /// What a key has before it was changed for the first time.
    V init{};
    /// A key whose last change is older than this, by stream time, has no value any more. 0: keys
    /// stay.
    std::chrono::milliseconds ttl{};
    /// `weir::rocksdb`: its rows are on disk, in `app_options::state_dir`, and memory has those
    /// that were used last.
    weir::store store = weir::store::memory;
    /// What the table may take in memory, in bytes: all of its partitions that are here. At the
    /// limit the partitions that feed it are not read; of a table on disk, rows leave memory. 0: no
    /// limit; of a table on disk 256 MiB.
    std::size_t memory = 0;
    /// A partition that is given up and comes back within this time is not restored again: its part
    /// of the table is kept in memory meanwhile. 0: it is not.
    duration warm_for = std::chrono::minutes{5};
    /// So many other members keep a copy of each partition, and take it over without restoring it.
    /// `every_member`: all of them do. 0: nobody.
    int standby = 0;
    /// Changes of one partition that are not committed yet. At the limit the partition is not read:
    /// each of them keeps the value that it has replaced.
    std::size_t journal_max = 1'000'000;
    /// Settings of the changelog, used when it is created. They win over weir's.
    properties config{};
    /// Of the changelog. 0: the broker's default.
    int replication = 0;
};

namespace detail {

/// `table[key]`. It is used at once and not kept, since it refers to the key. `Stored`: what the
/// table's rows have.
template <class K, class V, class Stored = V>
class cell {
public:
    cell(table_of<K, Stored>& of, const K& key) : of_(of), key_(key) {}
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
    weir::table<K, Stored> of() const { return weir::table<K, Stored>{of_}; }
    template <class F>
    cell change(F f) const {
        of().update(key_, f);
        return *this;
    }
    table_of<K, Stored>& of_;
    const K& key_;
};

}  // namespace detail

/// The last value of each key. `count`, `aggregate`, `reduce` and `to_table` change it; everybody
/// may read it. It is kept in memory, in one shard for each partition of the topic whose messages
/// change it, and written to the topic `{app}-{name}-changelog`. After a run it has what was here
/// at its end. Made by `app.table`. A handle: it is cheap to copy, and must not outlive its app.
/// Used on the loop's thread.
template <class K, class V>
class table : public detail::readable_table<K, V> {
public:
    using detail::readable_table<K, V>::readable_table;

    /// What the key has, as it is when it is used: `t[key] += 1`, `if (t[key] > 3)`. Reading it
    /// stores nothing. See `put` for writing.
    detail::cell<K, V> operator[](const K& of) const { return {this->info(), of}; }
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
        this->info().change(of, [&](V& v) {
            f(v);
            return true;
        });
    }
    void erase(const K& of) const {
        if (this->contains(of)) this->info().change(of, [](V&) { return false; });
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
    table_changes<K, V> changes() const { return table_changes<K, V>{this->info()}; }
};

/// A table each of whose keys may have a timer, besides its value. Bodies change it as any table,
/// and set timers; `timers(table, f)` calls f when one is due. The timer is a part of the key's
/// value: a message that fails has not set it, and after a crash it is there as of what is
/// committed. A key that has no value gets `.init` with its timer. A handle, as any table's.
///
///     auto open = app.table<std::string, weir::timed<order>>("open");
///     open.put(o.number, o);
///     open.at(o.number, o.placed + 1h);
template <class K, class V>
class table<K, timed<V>> {
public:
    using key = K;
    using value = V;
    explicit table(detail::table_of<K, timed<V>>& of) : all_(of) {}

    const std::string& name() const { return info().name; }
    detail::table_of<K, timed<V>>& info() const { return all_.info(); }

    // as of any table
    V get(const K& of) const { return all_.get(of).value; }
    const V* find(const K& of) const {
        const auto* v = all_.find(of);
        return v ? &v->value : nullptr;
    }
    bool contains(const K& of) const { return all_.contains(of); }
    std::size_t size() const { return all_.size(); }
    template <class F>
    void each(F f) const {
        all_.each([&](const K& k, const timed<V>& v) { f(k, v.value); });
    }
    detail::table_iterator<K, timed<V>, V> begin() const {
        return detail::table_iterator<K, timed<V>, V>{info()};
    }
    detail::table_end end() const { return {}; }
    detail::cell<K, V, timed<V>> operator[](const K& of) const { return {info(), of}; }
    void put(const K& of, V v) const {
        update(of, [&](V& now) { now = std::move(v); });
    }
    template <class F>
    void update(const K& of, F f) const {
        static_assert(detail::calls<F, V&>, "weir: table.update(key, f): f takes a V&");
        info().change(of, [&](timed<V>& v) {
            f(v.value);
            return true;
        });
    }
    /// Erases the value and the timer.
    void erase(const K& of) const {
        if (contains(of)) info().change(of, [](timed<V>&) { return false; });
    }
    table_changes<K, timed<V>> changes() const { return table_changes<K, timed<V>>{info()}; }

    // timers
    /// The key's timer is due when stream time is there or later. It takes the place of one that
    /// the key has. One that is due already is fired when the message in work is done. Throws
    /// weir::error as `put` does, and if no `timers` fires the table's timers.
    void at(const K& of, timestamp when) const { set(of, detail::timer::kind::at, when); }
    /// The same by the app's clock.
    void after(const K& of, duration d) const {
        info().check_timer(d);
        set(of, detail::timer::kind::after,
            info().now() + std::chrono::ceil<std::chrono::milliseconds>(d));
    }
    /// The key has no timer any more.
    void cancel(const K& of) const {
        const auto* v = all_.find(of);
        if (v && v->timer.is != detail::timer::kind::none) set(of, detail::timer::kind::none, {});
    }
    /// What the key's timer is set to; nothing, if it has none here.
    std::optional<timestamp> timer(const K& of) const {
        using kind = detail::timer::kind;
        const auto* v = all_.find(of);
        if (!v || v->timer.is == kind::none || v->timer.is == kind::due) return {};
        return v->timer.when;
    }

private:
    void set(const K& of, detail::timer::kind k, timestamp when) const {
        info().check_timer(duration{1});
        info().change(of, [&](timed<V>& v) {
            v.timer.is = k;
            v.timer.when = when;
            return true;
        });
    }
    detail::readable_table<K, timed<V>> all_;
};

/// A topic of which every member has all partitions in memory. Anybody may read it, and nobody
/// changes it but the topic. It is read without the group: first what is there when a run begins,
/// before any partition of the app is read, then what comes. Made by `app.global_table`. A handle:
/// it is cheap to copy, and must not outlive its app. Used on the loop's thread.
template <class K, class V>
class global_table : public detail::readable_table<K, V> {
public:
    using detail::readable_table<K, V>::readable_table;
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
