// SPDX-License-Identifier: Apache-2.0
// The rows of one partition of a table, and the journal of their changes.
#pragma once
#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <weir/codec/codec.hpp>
#include <weir/segment/message_time.hpp>
#include <weir/segment/segment.hpp>
#include <weir/state/backing.hpp>
#include <weir/state/disk_walk.hpp>
#include <weir/state/expiry.hpp>
#include <weir/state/rows.hpp>
#include <weir/state/shard.hpp>

namespace weir::detail {

/// What the journal keeps of a change of a V: what was there before.
template <class V>
struct undo_of {
    using type = V;
    static V before(const V& v) { return v; }
};
/// A large V says how a change of it is undone. `shard_of::alter` changes it.
template <class V>
inline constexpr bool has_undo_step = requires { typename V::undo_step; };
template <class V>
    requires has_undo_step<V>
struct undo_of<V> {
    using type = typename V::undo_step;
    static type before(const V&) { return {}; }
};

/// Is told what a message has changed in a table, when the message is finished.
template <class Row>
class row_listener {
public:
    /// `was_live`: the row had a value before that message. Called once for each row of a message.
    virtual void changed(const Row&, bool was_live, partition_id, message_number by) = 0;

protected:
    ~row_listener() = default;
};

/// A change is real at once, and noted in the journal with what was there before. So a message
/// that fails is undone, and a cut has the values as of what is committed with it, exactly.
///
/// `row::as_of` says one of three things:
///     up to base_    nothing; while changes are replayed: the cut that the row was restored of, as
///                    `complete_` and a number of `restored_of_`, if that cut was not complete
///     base_ + 1      the row is in the cut that is being written, with the value it has now
///     above          the same, with a value of `as_of_`
template <class K, class V>
class shard_of : public shard {
public:
    using row_type = row<K, V>;
    /// `written`: cuts of it are written. `time_from`: takes the time of what is restored from its
    /// value; null: that is the message's timestamp.
    shard_of(std::size_t inputs, bool written, const timestamp_extractor* time_from = nullptr)
        : is_written_(written), time_from_(time_from), restored_(inputs, 0), newest_(inputs, -1) {}

    /// The row of `key`, which the message at offset `at` of an input is about to change. Null: the
    /// row contains that change already, since it was written before a crash.
    row_type* change(const K& key, std::size_t input, offset at) {
        if (has_change(key, input, at)) [[unlikely]]
            return nullptr;
        auto& r = row_of(key);
        note(r, input, at);
        if (expiry_) [[unlikely]]
            renew(r);
        return &r;
    }
    /// The same for a row that is there. False: it contains the change already.
    bool change(row_type& r, std::size_t input, offset at) {
        if (replaying_ && (at < restored_[input] || is_ahead(r, input, at))) [[unlikely]]
            return false;
        note(r, input, at);
        return true;
    }
    /// Changes the value of a row that `change` has returned. `f(value)` returns how to undo it.
    template <class F>
        requires has_undo_step<V>
    void alter(row_type& r, F f) {
        assert(journal_.back().of == &r);
        journal_.back().before = f(r.value);
    }
    /// All changes by this message are here already, in what was restored.
    bool has_all(std::size_t input, offset at) const { return replaying_ && at < restored_[input]; }

    /// Some rows were restored of a cut that was not complete and contains this message. All that
    /// came of it was delivered before the cut was begun.
    bool is_in_cut(std::size_t input, offset at) const {
        const auto contains = [&](const cut& c) { return at < c[input]; };
        return replaying_ && std::any_of(restored_of_.begin(), restored_of_.end(), contains);
    }

    // stream time: part of the table, for windows
    /// The largest timestamp of the messages so far.
    timestamp time() const override { return time_row_.time; }
    void set_time(timestamp t, std::size_t input, offset at) {
        note(time_row_, input, at);
        time_row_.time = t;
    }
    /// The message has come to this table. If it has changed nothing, that may depend on messages
    /// before it, so no cut may have it without those.
    void saw(std::size_t input, offset at) {
        if (live_size() > 0 && journal_.back().at == at && journal_.back().input == input) return;
        note(time_row_, input, at);
    }
    // a table with .ttl
    /// Before anything else.
    void expires_after(std::chrono::milliseconds ttl) { expiry_ = std::make_unique<expiry>(ttl); }
    /// Whether the key's time is over at the stream time `now`: it reads as absent.
    bool is_over(const row_type& r, timestamp now) const {
        return expiry_ && expiry_->is_over(r.changed, now);
    }
    bool is_over(const row_type& r) const { return is_over(r, time()); }
    /// The message changes a row soon, and moves the stream time before that.
    void pass_time(timestamp t, std::size_t input, offset at) {
        if (expiry_ && t > time() && !has_all(input, at)) [[unlikely]]
            set_time(t, input, at);
    }
    /// Frees a few keys that are over: more than come with one message. The row that it has changed
    /// has its value.
    void free_some(std::size_t input, offset at) {
        if (expiry_) [[unlikely]]
            free_over(input, at);
    }
    /// The row contains the change that this message would make. Valid before it is changed.
    bool has_change(const K& key, std::size_t input, offset at) const {
        return replaying_ && contains(key, input, at);
    }
    const row_type* find(const K& key) const {
        const auto* r = row_with(key);
        return r && r->live && !is_over(*r) ? r : nullptr;
    }
    /// The same where stream time is at least `now`.
    const row_type* find(const K& key, timestamp now) const {
        const auto* r = row_with(key);
        return r && r->live && !is_over(*r, std::max(now, time())) ? r : nullptr;
    }
    [[gnu::always_inline]] void prefetch(const K& later, const K& next) const {
        rows_.prefetch(later, next);
    }
    template <class Key>
    [[gnu::always_inline]] void prefetch_window(const Key& later, const Key& next, timestamp start,
                                                timestamp end) const {
        rows_.prefetch_window(later, next, start, end);
    }
    void finish() final {
        if (listeners_) [[unlikely]]
            tell();
        count_changed();
        finished_ = journal_.size();
    }
    using listeners = std::vector<row_listener<row_type>*>;
    /// These are told what changes from now on.
    void tell(const listeners& all, partition_id its) {
        listeners_ = &all;
        partition_ = its;
    }
    void tell_nobody() { listeners_ = nullptr; }
    /// A row's value, and its time, without what a message has changed that is not finished. Null:
    /// it has none.
    struct finished_value {
        const V* value = nullptr;
        weir::timestamp time{};
    };
    finished_value find_finished(const K& key) const
        requires(!has_undo_step<V>)
    {
        const auto* r = row_with(key);
        for (auto i = finished_; r && i < journal_.size(); ++i)
            if (const auto& c = journal_[i]; c.of == r)
                return c.was_live ? finished_value{&c.before, c.time_before} : finished_value{};
        return r && r->live ? finished_value{&r->value, r->time} : finished_value{};
    }
    void undo() final {
        for (; journal_.size() > finished_; journal_.pop_back()) {
            auto& c = journal_.back();
            uncount(c);
            set_live(*c.of, c.was_live);
            c.of->time = c.time_before;
            if (expiry_) [[unlikely]]
                undo_renewed(*c.of);
            undone(*c.of, c.before);
            if constexpr (has_undo_step<V>) {
                c.of->value.undo(std::move(c.before));
            } else {
                c.of->value = std::move(c.before);
            }
            if (!c.was_live && !is_written_) doom(*c.of);
        }
    }
    /// The first row with a value at number `from` or behind it, and its number; null: none.
    std::pair<const row_type*, std::uint32_t> next_live(std::uint32_t from, timestamp now) const {
        now = std::max(now, time());
        for (; from < rows_.numbers(); ++from)
            if (const auto& r = rows_.at_number(from); r.live && !is_over(r, now))
                return {&r, from};
        return {nullptr, from};
    }
    /// `now`: stream time is at least there.
    template <class F>
    void each(F f, timestamp now = no_time) const {
        if (disk_) return each_on_disk(f);
        now = std::max(now, time());
        rows_.each([&](const row_type& r) {
            if (r.live && !is_over(r, now)) f(r);
        });
    }
    /// Whether there are rows that are not in memory: a walk shows them, too.
    bool is_on_disk() const { return disk_ != nullptr; }
    bool is_in_memory(const K& key) const { return rows_.find(key) != nullptr; }
    disk_walk<K, V> walk() const { return {*disk_, rows_}; }
    /// How many keys have a value where stream time is at least `now`. With a ttl it looks at each.
    std::size_t size_at(timestamp now) const {
        if (!expiry_) return live_;
        std::size_t n = 0;
        each([&](const row_type&) { ++n; }, now);
        return n;
    }
    /// Its window has closed: the time of a mark says so, and no record of its own.
    void close(row_type& r) {
        r.closed = true;
        set_live(r, false);
    }
    /// The last mark says that windows with these ends have closed.
    timestamp closed_in_mark() const { return closed_in_mark_; }
    /// It was closed before the table was restored.
    void was_closed(row_type& r) {
        close(r);
        doom(r);
    }
    /// `f` may change the rows' values.
    template <class F>
    void each_row(F f) {
        rows_.each([&](row_type& r) {
            if (r.live) f(r);
        });
    }
    std::size_t size() const override { return live_; }
    std::size_t bytes() const override {
        return rows_.bytes() + (row_blocks_ + journal_blocks_) * block_unit +
               live_size() * sizeof(change_of) + as_of_.size() * sizeof(value_as_of) +
               (dirty_.size() + cutting_.size() + erased_.size()) * sizeof(row_type*);
    }
    /// The row has a value from now on, or none. `change` has returned it.
    void set_live(row_type& r, bool live) {
        if (r.live == live) return;
        r.live = live;
        if (live) r.closed = false;
        if (live) ++live_;
        else --live_;
        if (!live && !is_written_) doom(r);
    }

    // restoring
    void prefetch(bytes_view key) override {
        if constexpr (is_hashed_directly<K> && !is_windowed<K>) {
            try {
                decode_into<K>(key, restored_key_);
            } catch (const decode_error&) { return; }  // it is told when its turn comes
            rows_.prefetch(restored_key_);
        }
    }
    void restore_row(const message& m, const cut& of) override {
        auto time = m.timestamp;
        if (!is_written_) {  // the value may be left out: the row keeps what it has
            decode_into<V>(m.value, restored_value_);
            if (time_from_) {
                time = takes_time_of<V>::of(restored_value_, *time_from_, time);
                time_limits{}.check(time, timestamp::max());
            }
        }
        auto& r = restored_row(m, of);
        if (is_written_) decode_into<V>(m.value, r.value);
        else std::swap(r.value, restored_value_);
        r.time = time;
        r.changed = std::max(time, std::exchange(restored_changed_, no_time));
        set_live(r, true);
        count(r);
    }
    void restore_changed(timestamp t) override { restored_changed_ = t; }
    void restore_erased(const message& m, const cut& of, bool tombstone) override {
        auto& r = restored_row(m, of);
        r.value = V{};
        set_live(r, false);
        count(r);
        if (disk_) {  // which has to be told of it: the row stays
            if (!tombstone) doom(r);
            return;
        }
        if (tombstone && is_written_) r.stored = false;
        doom(r);
        if (is_written_ && erased_.size() > 2 * erased_left_ + 1024) forget_erased();
    }
    void restore_mark(const cut& of, timestamp time, timestamp closed) override {
        for (std::size_t i = 0; i < of.size(); ++i) restored_[i] = std::max(restored_[i], of[i]);
        time_row_.time = time;
        closed_in_mark_ = closed;
        const auto is_complete = [&](const cut& c) { return is_within(c, restored_); };
        if (!std::all_of(restored_of_.begin(), restored_of_.end(), is_complete)) return;
        complete_ += static_cast<std::uint32_t>(restored_of_.size());
        restored_of_.clear();
    }
    void restored() override {
        const auto is_complete = [&](const cut& c) { return is_within(c, restored_); };
        replaying_ =
            std::any_of(restored_.begin(), restored_.end(), [](offset o) { return o > 0; });
        replaying_ |= !std::all_of(restored_of_.begin(), restored_of_.end(), is_complete);
        base_ = std::max(base_, complete_ + static_cast<std::uint32_t>(restored_of_.size()));
        if (!is_written_) erase_doomed();
        else if (!disk_) forget_erased();
        if (expiry_) each_row([&](row_type& r) { watch(r); });
    }
    std::vector<cut> replays() const override {
        auto all = restored_of_;
        all.push_back(restored_);
        return all;
    }
    bool replaying() const override { return replaying_; }
    void replayed(const cut& upto) override {
        const auto passed = [&](const cut& c) { return is_within(c, upto); };
        if (!passed(restored_) || !std::all_of(restored_of_.begin(), restored_of_.end(), passed))
            return;
        replaying_ = false;
        restored_of_ = {};
    }

    bool is_at_rest() const override {
        return live_size() == 0 && dirty_.empty() && cutting_.empty() && !replaying_ && !decision;
    }
    void resume(const cut& all_before) override {
        assert(is_at_rest());
        forget_all();
        restored_ = all_before;
        restored_of_.clear();
    }
    void reopen() override {
        // they would be taken for numbers of the cuts that follow
        rows_.each([](row_type& r) { r.as_of = 0; });
        complete_ = 0;
    }

    // running
    /// The longest beginning of the journal such that, for each input, every offset in it is below
    /// `upto` and below every offset that follows in the journal.
    cut committable(const cut& upto) override {
        if (is_all_before(upto)) return upto;
        const auto inputs = upto.size();
        highest_.assign((live_size() + 1) * inputs, -1);
        for (std::size_t i = 0; i < live_size(); ++i) {
            const auto& c = journal_[first_ + i];
            auto* now = &highest_[(i + 1) * inputs];
            std::copy_n(now - inputs, inputs, now);
            now[c.input] = std::max(now[c.input], c.at);
        }
        auto most = upto;  // of each input: below this and below what follows
        auto n = live_size();
        const auto fits = [&] {
            for (std::size_t k = 0; k < inputs; ++k)
                if (highest_[n * inputs + k] >= most[k]) return false;
            return true;
        };
        for (; !fits(); --n) {
            const auto& c = journal_[first_ + n - 1];
            most[c.input] = std::min(most[c.input], c.at);
        }
        return most;
    }
    bool is_all_before(const cut& upto) const override {
        for (std::size_t i = 0; i < upto.size(); ++i)
            if (newest_[i] >= upto[i]) return false;
        return true;
    }
    void forget(const cut& upto) override {
        if (is_all_before(upto)) return forget_all();
        const auto is_before = [&](const change_of& c) { return c.at < upto[c.input]; };
        for (; first_ < journal_.size() && is_before(journal_[first_]); ++first_)
            uncount(journal_[first_]);
        if (first_ * 2 < journal_.size()) return;
        journal_.erase(journal_.begin(), journal_.begin() + static_cast<std::ptrdiff_t>(first_));
        if (expiry_) expiry_->forget(first_);
        finished_ -= first_;
        first_ = 0;
    }
    std::size_t journal_size() const override { return live_size(); }
    bool changed() const override { return !dirty_.empty(); }

    // writing a cut
    void begin_cut() override {
        assert(cutting_.empty() && !replaying_);
        cutting_.swap(dirty_);
        next_ = 0;
        for (auto* r : cutting_) {
            r->dirty = false;
            r->as_of = base_ + 1;
        }
        // the oldest change wins, since it is met last
        for (auto i = journal_.size(); i-- > first_;) {
            auto& c = journal_[i];
            if constexpr (has_undo_step<V>) take_back(c);
            else set_as_of(*c.of, c.was_live, c.time_before, changed_before(i), c.before);
            if (c.of->dirty) continue;
            c.of->dirty = true;
            dirty_.push_back(c.of);
        }
        take_cut_time();
    }
    timestamp cut_time() const override { return cut_time_; }
    record_kind next(outgoing& into) override {
        for (; next_ < cutting_.size(); ++next_) {
            if (next_ + 8 < cutting_.size()) __builtin_prefetch(cutting_[next_ + 8]);
            auto& r = *cutting_[next_];
            const auto* other = r.as_of > base_ + 1 ? &as_of_[r.as_of - base_ - 2] : nullptr;
            const bool live = other ? other->live : r.live;
            if (!live && !r.stored) {  // nobody knows of it
                leave_cut(r);
                continue;
            }
            if (!live && r.closed && !other) {  // the mark's time says so
                r.as_of = 0;
                doom(r);
                continue;
            }
            into.key.reset();
            into.value.reset();
            encode_onto<K>(r.key, into.key);
            if (live) encode_onto<V>(other ? other->value : r.value, into.value);
            if (into.value.is_null()) into.value.append({});  // a null would erase the key
            into.timestamp = other ? other->time : r.time;
            if (expiry_) write_changed(into, *into.timestamp, other ? other->changed : r.changed);
            return live ? record_kind::row : record_kind::erased;
        }
        cutting_.clear();
        as_of_.clear();
        next_ = 0;
        return record_kind::none;
    }
    void sent() override {
        auto& r = *cutting_[next_];
        const bool live = r.as_of > base_ + 1 ? as_of_[r.as_of - base_ - 2].live : r.live;
        r.stored = true;
        if (!live) doom(r);
        r.as_of = 0;
        if (disk_) to_put_.push_back(&r);
        ++next_;
    }
    bool next_tombstone(outgoing& into) override {
        while (!erased_.empty()) {
            auto& r = *erased_.back();
            if (!r.live && !r.dirty) {
                into.key.reset();
                into.value.reset();
                encode_onto<K>(r.key, into.key);
                into.timestamp.reset();
                return true;
            }
            r.doomed = false;  // the next cut says what it is now
            erased_.pop_back();
        }
        return false;
    }
    void sent_tombstone() override {
        auto& r = *erased_.back();
        erased_.pop_back();
        erase(r);
    }

    record_kind row_from(std::uint32_t& from, outgoing& into) const override {
        while (from < rows_.numbers()) {
            const auto& r = rows_.at_number(from++);
            if (!r.live && !r.doomed) continue;
            into.key.reset();
            into.value.reset();
            encode_onto<K>(r.key, into.key);
            if (r.live) encode_onto<V>(r.value, into.value);
            into.timestamp = r.time;
            if (expiry_) write_changed(into, r.time, r.changed);
            return r.live ? record_kind::row : record_kind::erased;
        }
        return record_kind::none;
    }

    // a table on disk
    void use_disk(std::shared_ptr<backing> d, std::size_t keys) override {
        disk_ = std::move(d);
        live_ = keys_on_disk_ = keys;
    }
    bool put_some(std::size_t most) override {
        std::size_t n = 0;
        for (; next_put_ < to_put_.size() && n < most; ++next_put_) n += put(*to_put_[next_put_]);
        if (n > 0) disk_->write(keys_on_disk_);
        if (next_put_ < to_put_.size()) return true;
        to_put_.clear();
        next_put_ = 0;
        return false;
    }
    std::size_t unwritten() const override {
        return replaying_ ? 0 : dirty_.size() + cutting_.size() + to_put_.size() - next_put_;
    }
    void leave_memory(std::size_t upto) override {
        constexpr std::size_t looked_at = 32'768;
        for (std::size_t n = 0; n < looked_at && bytes() > upto && rows_.numbers() > 0; ++n) {
            hand_ = (hand_ + 1) % rows_.numbers();
            auto& r = rows_.at_number(hand_);
            if (!may_leave(r)) continue;
            if (r.used) r.used = false;
            else erase(r);
        }
    }

protected:
    /// How the last change is undone.
    const typename undo_of<V>::type& last_step() const { return journal_.back().before; }
    /// The first message of an input that may change the row: it was restored with those before.
    offset may_be_changed_from(const row_type& r, std::size_t input) const {
        const auto* of = replaying_ ? ahead_of(r) : nullptr;
        return of ? (*of)[input] : 0;
    }
    std::size_t input_count() const { return restored_.size(); }
    /// A change of the row is about to be undone. Whether the row has a value has been undone.
    virtual void undone(row_type&, const typename undo_of<V>::type&) {}

private:
    // What was there before has allocated about as much as the row. Steps are small.
    static constexpr bool keeps_blocks = have_blocks<K, V> && !has_undo_step<V>;
    struct change_of {
        row_type* of;
        offset at;
        std::uint32_t input;
        bool was_live;
        weir::timestamp time_before;
        typename undo_of<V>::type before;
        [[no_unique_address]] std::conditional_t<keeps_blocks, std::uint32_t, no_blocks> blocks;
    };
    struct value_as_of {
        bool live;
        weir::timestamp time, changed;
        V value;
    };

    void take_cut_time() {
        auto& t = time_row_;
        cut_time_ = t.as_of > base_ + 1 ? as_of_[t.as_of - base_ - 2].time : t.time;
        if (t.as_of == 0) return;
        t.as_of = 0;
        std::erase(cutting_, &t);
    }
    /// A message may change a row several times. What it was before is in the first of the changes.
    void tell() {
        for (auto i = finished_; i < journal_.size(); ++i) {
            auto& c = journal_[i];
            if (c.of == &time_row_ || c.of->told) continue;
            c.of->told = true;
            for (auto* l : *listeners_) l->changed(*c.of, c.was_live, partition_, {c.input, c.at});
        }
        for (auto i = finished_; i < journal_.size(); ++i) journal_[i].of->told = false;
    }
    /// The row is about to be changed.
    void note(row_type& r, std::size_t input, offset at) {
        if (r.as_of > base_) [[unlikely]]
            keep_as_of(r);
        journal_.push_back({&r, at, static_cast<std::uint32_t>(input), r.live, r.time,
                            undo_of<V>::before(r.value), blocks_before(r)});
        if constexpr (keeps_blocks) journal_blocks_ += r.blocks;
        if (expiry_) [[unlikely]]
            expiry_->note(r.changed);
        newest_[input] = std::max(newest_[input], at);
        if (!r.dirty && is_written_) {
            r.dirty = true;
            r.same_on_disk = false;
            r.used = true;
            dirty_.push_back(&r);
        }
    }
    // `change` has noted what the row was
    void renew(row_type& r) {
        if (r.live && is_over(r)) set_live(r, false);  // it begins anew
        r.changed = time();
        watch(r);
    }
    void watch(row_type& r) {
        if (r.in_wheel) return;
        r.in_wheel = true;
        expiry_->add(&r, r.changed);
    }
    void undo_renewed(row_type& r) {
        r.changed = expiry_->take_last();
        if (r.live) watch(r);  // it had been freed
    }
    timestamp changed_before(std::size_t i) const {
        return expiry_ ? expiry_->before(i) : timestamp{};
    }
    void free_over(std::size_t input, offset at) {
        constexpr std::size_t some = 16;
        for (std::size_t n = 0; n < some; ++n) {
            auto* r = static_cast<row_type*>(expiry_->take(time()));
            if (!r) return;
            r->in_wheel = false;
            if (!r->live) continue;
            if (!is_over(*r)) {
                watch(*r);
            } else if (change(*r, input, at)) {
                set_live(*r, false);
            } else {  // an earlier process has changed it later than this; it is looked at again
                r->in_wheel = true;
                expiry_->add(r, time());
            }
        }
    }
    row_type& restored_row(const message& m, const cut& of) {
        decode_into<K>(m.key, restored_key_);
        auto& r = row_of(restored_key_);
        r.stored = true;
        if (disk_) {
            r.same_on_disk = false;
            to_put_.push_back(&r);
        }
        r.as_of = 0;
        if (is_within(of, restored_)) return r;
        if (restored_of_.empty() || restored_of_.back() != of) restored_of_.push_back(of);
        r.as_of = complete_ + static_cast<std::uint32_t>(restored_of_.size());
        return r;
    }
    bool contains(const K& key, std::size_t input, offset at) const {
        if (at < restored_[input]) return true;
        const auto* r = rows_.find(key);
        return r && is_ahead(*r, input, at);
    }
    /// The row was restored of a cut that was not complete, and contains this message's change.
    bool is_ahead(const row_type& r, std::size_t input, offset at) const {
        const auto* of = ahead_of(r);
        return of && at < (*of)[input];
    }
    /// The cut that the row was restored of; null: a mark has said that it is complete.
    const cut* ahead_of(const row_type& r) const {
        const auto n = r.as_of - complete_;  // one that is complete becomes a large number
        return r.as_of > complete_ && n <= restored_of_.size() ? &restored_of_[n - 1] : nullptr;
    }
    // a table on disk: what is not in memory is looked for there
    row_type& row_of(const K& key) {
        return rows_.of(key, [&](row_type& made) {
            if (disk_) [[unlikely]]
                fill_made(made);
        });
    }
    const row_type* row_with(const K& key) const {
        const auto* r = rows_.find(key);
        if (!r) return disk_ ? const_cast<shard_of&>(*this).find_on_disk(key) : nullptr;
        if (r->on_disk) r->used = true;
        return r;
    }
    std::optional<backing::found> get_from_disk(const K& key) {
        disk_key_.reset();
        encode_onto<K>(key, disk_key_);
        return disk_->get(disk_key_);
    }
    const row_type* find_on_disk(const K& key) {
        const auto found = get_from_disk(key);
        if (!found) return nullptr;
        auto& r = rows_.of(key);
        fill(r, *found);
        return &r;
    }
    void fill_made(row_type& r) {
        try {
            if (const auto found = get_from_disk(r.key)) fill(r, *found);
        } catch (...) {
            erase(r);
            throw;
        }
    }
    void fill(row_type& r, const backing::found& from) {
        decode_into<V>(from.value, r.value);
        r.time = from.time;
        r.live = r.stored = r.on_disk = r.same_on_disk = r.used = true;
        count(r);
    }
    /// True if the disk is told.
    bool put(row_type& r) {
        if (r.dirty || r.same_on_disk || (!r.live && !r.on_disk)) return false;
        disk_key_.reset();
        encode_onto<K>(r.key, disk_key_);
        if (r.live) {
            disk_value_.reset();
            encode_onto<V>(r.value, disk_value_);
            disk_->put(disk_key_, disk_value_, r.time);
        } else {
            disk_->erase(disk_key_);
        }
        if (r.live && !r.on_disk) ++keys_on_disk_;
        if (!r.live) --keys_on_disk_;
        r.on_disk = r.same_on_disk = r.live;
        return true;
    }
    bool may_leave(const row_type& r) const {
        const bool in_cut = r.as_of > base_ && !cutting_.empty();
        if (r.dirty || r.doomed || in_cut) return false;
        if (r.live ? !r.same_on_disk : r.on_disk || !r.stored) return false;
        // it may have changes by messages that come again
        const auto* of = ahead_of(r);
        return !of || is_within(*of, restored_);
    }
    template <class F>
    void each_on_disk(F f) const {
        auto w = walk();
        while (const auto* r = w.next()) f(*r);
    }
    std::size_t live_size() const { return journal_.size() - first_; }
    // what keys and values have allocated
    void count(row_type& r) {
        if constexpr (have_blocks<K, V>) {
            const auto now =
                static_cast<std::uint32_t>((heap_bytes(r.key) + heap_bytes(r.value)) / block_unit);
            row_blocks_ += now;
            row_blocks_ -= std::exchange(r.blocks, now);
        }
    }
    void count_changed() {
        if constexpr (have_blocks<K, V>)
            for (auto i = finished_; i < journal_.size(); ++i)
                if (journal_[i].of != &time_row_) count(*journal_[i].of);
    }
    static auto blocks_before(const row_type& r) {
        if constexpr (keeps_blocks) return r.blocks;
        else return no_blocks{};
    }
    void uncount(const change_of& c) {
        if constexpr (keeps_blocks) journal_blocks_ -= c.blocks;
    }
    void erase(row_type& r) {
        if constexpr (have_blocks<K, V>) row_blocks_ -= r.blocks;
        rows_.erase(r);
    }
    void forget_all() {
        assert(finished_ == journal_.size() && "a message in work is not committable");
        journal_.clear();
        journal_blocks_ = 0;
        if (expiry_) expiry_->forget_all();
        first_ = finished_ = 0;
        for (auto& o : newest_) o = -1;
        if (!is_written_) erase_doomed();
    }
    void keep_as_of(row_type& r) {
        if (r.as_of == base_ + 1) set_as_of(r, r.live, r.time, r.changed, r.value);
    }
    void set_as_of(row_type& r, bool live, weir::timestamp time, weir::timestamp changed,
                   const V& value) {
        if (r.as_of > base_ + 1) {
            as_of_[r.as_of - base_ - 2] = {live, time, changed, value};
        } else {
            as_of_.push_back({live, time, changed, value});
            r.as_of = base_ + 1 + static_cast<std::uint32_t>(as_of_.size());
        }
    }
    /// The row's value as of the cut is without this change.
    void take_back(const change_of& c) {
        auto& r = *c.of;
        if (r.as_of <= base_ + 1) set_as_of(r, r.live, r.time, r.changed, r.value);
        auto& was = as_of_[r.as_of - base_ - 2];
        was.live = c.was_live;
        was.time = c.time_before;
        was.value.undo(c.before);
    }
    void doom(row_type& r) {
        if (r.doomed) return;
        r.doomed = true;
        erased_.push_back(&r);
    }
    /// Nothing points at them any more.
    void erase_doomed() {
        for (auto* r : erased_) {
            r->doomed = false;
            if (!r->live) erase(*r);
        }
        erased_.clear();
    }
    /// Restoring: rows that are erased, and whose tombstone was read. Where the cut of one is not
    /// complete it stays, since it contains changes by messages that may come again.
    void forget_erased() {
        std::erase_if(erased_, [&](row_type* r) {
            if (!r->live && (r->stored || ahead_of(*r))) return false;
            r->doomed = false;
            if (!r->live) erase(*r);
            return true;
        });
        erased_left_ = erased_.size();
    }
    void leave_cut(row_type& r) {
        r.as_of = 0;
        if (!r.live && !r.dirty && !r.doomed) erase(r);
    }

    const bool is_written_;
    const timestamp_extractor* const time_from_;
    rows<K, V> rows_;
    // Its time is the stream time. It is no key's row, and in no record but the mark.
    row_type time_row_{.time = no_time};
    timestamp cut_time_ = no_time;
    timestamp closed_in_mark_ = no_time;
    std::size_t live_ = 0;
    std::size_t row_blocks_ = 0, journal_blocks_ = 0;  // of block_unit bytes
    std::vector<change_of> journal_;                   // from `first_` on
    std::size_t first_ = 0;
    std::size_t finished_ = 0;       // what follows is by the current message
    cut restored_;                   // what the last mark says, or what it was resumed with
    cut newest_;                     // the largest offset in the journal; -1: none
    std::vector<offset> highest_;    // of `committable`
    std::vector<row_type*> dirty_;   // changed since the last cut was begun
    std::vector<row_type*> erased_;  // a cut says so; a tombstone is to follow
    const listeners* listeners_ = nullptr;
    partition_id partition_ = -1;
    bool replaying_ = false;
    // Cuts that were not complete when their rows were read. Once all of them are, they are
    // forgotten and counted.
    std::vector<cut> restored_of_;
    std::uint32_t complete_ = 0;
    std::size_t erased_left_ = 0;  // of `erased_`, when it was looked through
    K restored_key_{};
    V restored_value_{};
    std::shared_ptr<backing> disk_{};  // null: all rows are in memory
    std::size_t keys_on_disk_ = 0;
    std::vector<row_type*> to_put_{};  // from `next_put_` on: the disk lacks them
    std::size_t next_put_ = 0;
    std::uint32_t hand_ = 0;  // of the clock that chooses what leaves memory
    weir::bytes disk_key_{}, disk_value_{};
    timestamp restored_changed_ = no_time;
    std::unique_ptr<expiry> expiry_{};  // null: no key is ever over
    // the cut that is being written
    std::vector<row_type*> cutting_;
    std::vector<value_as_of> as_of_;
    std::size_t next_ = 0;
    std::uint32_t base_ = 0;
};

}  // namespace weir::detail
