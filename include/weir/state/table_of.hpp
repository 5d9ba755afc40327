// SPDX-License-Identifier: Apache-2.0
// A table of known types: its shards, and how bodies change them.
#pragma once
#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <weir/codec/codec.hpp>
#include <weir/graph/topic_info.hpp>
#include <weir/segment/segment.hpp>
#include <weir/state/pending_changes.hpp>
#include <weir/state/shard_for.hpp>

namespace weir::detail {

/// The message that a function is working on, and which change it makes.
/// Throws weir::error if there is none that may change the table. Null: it changes nothing any
/// more, since its partition is lost.
struct message_in_body {
    const context* at;
    message_number by;
};
message_in_body message_in_work(table_info&);

/// The coroutine that runs now; null if a function does.
worker* coroutine_at_work(const table_info&);
/// The same for a coroutine that changes this key.
struct change_origin {
    partition_id partition;
    message_number by;
    weir::timestamp time;
};
std::optional<change_origin> message_in_work(table_info&, const worker&, bytes_view key);
[[noreturn]] void refuse_shared_key(const table_info&);

template <class K, class V>
class table_of final : public table_info {
public:
    using row_key = K;
    using shard_type = typename shard_for<K, V>::type;
    std::shared_ptr<shard> make(std::size_t n) const override {
        auto made =
            std::make_shared<shard_type>(n, !is_topic, is_topic ? changelog->time.get() : nullptr);
        if (ttl.count() > 0) made->expires_after(ttl);
        if constexpr (requires { made->use(windows); }) made->use(windows);
        if constexpr (requires { made->use(windows, *merger); })
            if (merger) made->use(windows, *merger);
        return made;
    }
    void set(partition_id p, std::shared_ptr<shard> s) override {
        const auto at = static_cast<std::size_t>(p);
        if (shards.size() <= at) shards.resize(at + 1);
        if (shards[at]) shards[at]->tell_nobody();  // a message in work may still look at it
        shards[at] = std::static_pointer_cast<shard_type>(std::move(s));
        if (shards[at] && !listeners.empty()) shards[at]->tell(listeners, p);
    }
    void clear() override {
        shards.clear();
        listeners.clear();
    }
    void visit(row_visitor& to) const override {
        bytes key_bytes, value_bytes;
        for (auto& s : shards) {
            if (!s) continue;
            s->each([&](const row<K, V>& r) {
                key_bytes.reset();
                value_bytes.reset();
                encode_onto<K>(r.key, key_bytes);
                encode_onto<V>(r.value, value_bytes);
                to.row(key_bytes, value_bytes);
            });
        }
    }

    std::size_t shard_count() const override {
        const auto is_here = [](auto& s) { return s != nullptr; };
        return static_cast<std::size_t>(std::count_if(shards.begin(), shards.end(), is_here));
    }

    std::optional<bytes> own_init() const override {
        bytes own, none;
        encode_onto<V>(init, own);
        encode_onto<V>(V{}, none);
        if (own == none) return {};
        return own;
    }

    /// The key's value, null if it has none. The agent that changes the table looks into the shard
    /// that it changes, so the result does not depend on which others are here; everybody else
    /// looks into all of them. What a coroutine has changed is seen by itself.
    const V* find(const K& key) const {
        if (!pending_.empty()) [[unlikely]] {
            const auto* by = coroutine_at_work(*this);
            for (auto& p : pending_) {
                if (!by || !p.are_of(*by)) continue;
                if (const auto* c = p.find(encoded(key)))
                    return c->live && !is_over(*c, reading_time(c->in_partition)) ? &c->value
                                                                                  : nullptr;
            }
        }
        if (const auto own = bodies ? bodies->partition_in_work(*this) : -1; own >= 0) {
            const auto& s = shard_at(own);
            const auto* r = s ? s->find(key, reading_time(own)) : nullptr;
            return r ? &r->value : nullptr;
        }
        for (auto& s : shards)
            if (const auto* r = s ? s->find(key) : nullptr) return &r->value;
        return nullptr;
    }
    /// A body of the agent that changes a table with .ttl sees what is over as of its message, also
    /// before that has moved the shard's stream time.
    timestamp reading_time(partition_id of) const {
        if (ttl.count() == 0 || !bodies || bodies->partition_in_work(*this) != of) return no_time;
        auto now = time_in_work();
        if (const auto* by = pending_.empty() ? nullptr : coroutine_at_work(*this))
            for (auto& p : pending_)
                for (auto& c : p.all())
                    if (p.are_of(*by) && c.in_partition == of) now = std::max(now, c.changed);
        return now;
    }
    /// For bodies: `f(value)` changes the key's value, which begins with `.init`, and returns
    /// whether the key has one then.
    template <class F>
    void change(const K& key, F f) {
        if (auto* coroutine = coroutine_at_work(*this)) return change_later(*coroutine, key, f);
        if constexpr (is_raw<K>) check_key(key);
        const auto [c, by] = message_in_work(*this);
        if (!c) return;
        const auto s = shard_at(c->partition()->partition);
        if (!s) return;
        bodies->changes(s);
        const auto time = c->message().timestamp;
        s->pass_time(time, by.input, by.at);
        auto* r = s->change(key, by.input, by.at);
        if (!r) return;
        const bool had = r->live;
        r->time = had ? std::max(r->time, time) : time;
        if (!had) r->value = init;
        s->set_live(*r, f(r->value));
        changed_by_body(*s, *r, had, time, by);
    }
    void apply_pending(const worker& by) override {
        for (auto& c : take_pending(by)) {
            if (shard_at(c.in_partition) != c.in) continue;  // it was lost meanwhile
            c.in->pass_time(c.time, c.by.input, c.by.at);
            auto* r = c.is_there ? nullptr : c.in->change(c.key, c.by.input, c.by.at);
            if (!r) {
                c.in->finish();
                continue;
            }
            r->time = r->live ? std::max(r->time, c.time) : c.time;
            const bool had = r->live;
            r->value = std::move(c.value);
            c.in->set_live(*r, c.live);
            changed_by_body(*c.in, *r, had, c.time, c.by);
            c.in->finish();
        }
    }
    void forget_pending(const worker& by) override { take_pending(by); }

    V init{};
    // Windows are made of panes by it, when they close; null: each has a row.
    std::shared_ptr<const value_merger<V>> merger{};
    std::vector<std::shared_ptr<shard_type>> shards{};  // by partition; null: not here
    typename shard_type::listeners listeners{};         // of this run, before it has a shard

private:
    using changes = pending_changes<K, V>;
    using change_type = typename changes::change;

    const std::shared_ptr<shard_type>& shard_at(partition_id p) const {
        static const std::shared_ptr<shard_type> none;
        const auto at = static_cast<std::size_t>(p);
        return at < shards.size() ? shards[at] : none;
    }
    bytes_view encoded(const K& key) const {
        key_.reset();
        encode_onto<K>(key, key_);
        return key_;
    }
    /// Windows that a view fills are forgotten when they have expired: a few with each change.
    void changed_by_body(shard_type& s, auto& row, bool had, timestamp time, message_number by) {
        s.free_some(by.input, by.at);
        if constexpr (is_timed<V>) {
            if (row.live) s.note(row);
        } else if constexpr (is_windowed<K>) {
            if (!windows.by_bodies) return;
            if (!had && row.live) s.opened(row);
            if (time > s.time()) s.set_time(time, by.input, by.at);
            constexpr std::size_t some = 64;
            const auto upto = s.time() - windows.closes_after;
            const auto forget = [](auto&, auto&, timestamp) {};
            for (std::size_t n = 0; n < some && s.next_end() <= upto; ++n)
                s.close_next(upto, by.input, by.at, forget);
        }
    }
    template <class F>
    void change_later(worker& by, const K& key, F f) {
        const auto bytes_of_key = encoded(key);
        check_key(bytes_of_key);
        const auto m = message_in_work(*this, by, bytes_of_key);
        if (!m) return;
        auto s = shard_at(m->partition);
        if (!s) return;
        if (s->has_change(key, m->by.input, m->by.at)) {
            if (ttl.count() > 0)
                pending_of(by).add_time({key,
                                         bytes_of_key,
                                         {},
                                         false,
                                         std::move(s),
                                         m->partition,
                                         m->by,
                                         m->time,
                                         m->time});
            return;
        }
        auto& its = pending_of(by);
        for (auto& other : pending_)
            if (&other != &its && other.find(bytes_of_key)) refuse_shared_key(*this);
        auto* last = its.find(bytes_of_key);
        const auto now = std::max(s->time(), reading_time(m->partition));
        const bool has_last = last && last->live && !is_over(*last, now);
        const auto* row = last ? nullptr : s->find(key, now);
        auto value = has_last ? last->value : row ? row->value : init;
        const bool live = f(value);
        if (last && last->by == m->by) {
            last->value = std::move(value);
            last->live = live;
            last->changed = now;
        } else {
            its.add({key, bytes_of_key, std::move(value), live, std::move(s), m->partition, m->by,
                     m->time, now});
        }
    }
    bool is_over(const change_type& c, timestamp now) const {
        return ttl.count() > 0 && c.changed < std::max(now, c.in->time()) - ttl;
    }
    changes& pending_of(worker& by) {
        for (auto& p : pending_)
            if (p.are_of(by)) return p;
        by.changes(*this);
        return pending_.emplace_back(by);
    }
    std::vector<change_type> take_pending(const worker& by) {
        const auto at =
            std::find_if(pending_.begin(), pending_.end(), [&](auto& p) { return p.are_of(by); });
        if (at == pending_.end()) return {};
        auto all = std::move(at->all());
        pending_.erase(at);
        return all;
    }

    std::vector<changes> pending_{};  // of coroutines whose messages are not finished
    mutable bytes key_{};
};

/// A table of this name.
template <class K, class V>
std::unique_ptr<table_of<K, V>> make_table(std::string name, V init, std::size_t journal_max) {
    require_codec<K>();
    require_codec<V>();
    auto made = std::make_unique<table_of<K, V>>();
    made->name = std::move(name);
    made->type = &type_id<K, V>;
    made->key_type = type_name<K>();
    made->value_type = type_name<V>();
    made->key_form = data_type_of<K>();
    made->value_form = data_type_of<V>();
    made->init = std::move(init);
    if (is_windowed<K> || is_sessions<V>) made->why_not_on_disk = "its rows are open windows";
    else if (!std::is_same_v<typename shard_for<K, V>::type, shard_of<K, V>>)
        made->why_not_on_disk = "its rows are held until their times come";
    made->journal_max = journal_max;
    if constexpr (is_windowed<K>)
        made->no_ttl = "its windows go when they have closed, and those of a view by .expires";
    else if constexpr (is_sessions<V>) made->no_ttl = "its sessions go when they have closed";
    else if constexpr (is_timed<V>) made->no_ttl = "set a timer that erases the key";
    return made;
}

}  // namespace weir::detail
