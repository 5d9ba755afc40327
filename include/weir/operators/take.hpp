// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/batch.hpp>
#include <weir/codec/codec.hpp>
#include <weir/graph/pipeline.hpp>
#include <weir/segment/key.hpp>

namespace weir {
namespace detail {

/// Keys that are compared as well decoded as by their bytes.
template <class K>
inline constexpr bool compared_decoded =
    std::is_integral_v<K> || std::is_enum_v<K> || std::is_same_v<K, std::string>;
template <class K>
inline constexpr bool compared_decoded<std::optional<K>> = compared_decoded<K>;

/// Values that wait for a batch, with their holds, messages and keys. The first `applied_` belong
/// to messages that have gone through their chain. The values behind them belong to the current
/// message and can be undone.
template <class V, class K, message_part Needs>
class take_boundary final : public boundary {
    using keeps = kept_of_message<K, Needs, compared_decoded<K>>;
    static constexpr bool key_decoded = keeps::key_decoded;
    struct common_key_of {
        using type = shown_key_t<common_key<K>>;
    };
    struct no_common_key {
        using type = no_key;
    };
    using common_key_type =
        typename std::conditional_t<key_decoded, common_key_of, no_common_key>::type;

public:
    static constexpr message_part needs = keeps::parts;

    take_boundary(plan& p, std::size_t n, duration within)
        : releases_(p.releases()),
          n_(n),
          within_(within),
          whole_(p.agent().on_error.has_dead_letters()) {}

    void push(context& c, auto&& v) {
        values_.push_back(std::forward<decltype(v)>(v));
        holds_.push_back(c.hold());
        messages_.push_back(source_message::of<needs>(c, whole_));
        if constexpr (key_decoded) copy_key(c, keys_.emplace_back().value);
    }
    void apply(context& c) {
        forfeit_not_owned(applied_);
        if constexpr (tells_of_dropped) note_partitions(applied_);
        for (applied_ = values_.size(); applied_ >= n_;) emit(n_);
        if (applied_ > 0 && due_ == time_point::max() && within_ < duration::max())
            due_ = later(c.now.time.steady(), within_);
        if (full()) c.now.end(run_status::full);  // the batch has to be processed first
    }
    void drop(const context& c) {
        if (ready_.left() == 0) batch_is_ready_ = false;
        const auto m = dropped_message::of(c);
        if (auto* b = behind_of(m.tp)) b->dropped.add(m);
        else ready_.push(c.hold(), m);
    }
    void undo() { keep_first(applied_); }
    bool full() const {
        if (ready_.left() == 0) return false;
        return !tells_of_dropped || batch_is_ready_ || ready_.stands_still || ready_.left() >= some;
    }

    input& ready() override { return ready_; }
    bool empty() const override { return applied_ == 0 && ready_.left() == 0; }
    time_point due() const override { return ready_.stands_still ? time_point::max() : due_; }
    void poll(time_point now) override {
        if (now >= due_ && !ready_.stands_still) flush();
    }
    void flush() override {
        if (applied_ > 0) emit(applied_);
    }
    const char* why_held(const hold_owner& of, offset at) const override {
        if (ready_.holds(of, at)) return "its batch is being processed";
        for (auto& h : holds_)
            if (h.keeps(of, at)) return "its batch is not complete";
        return nullptr;
    }
    void revoke() override {
        undo();
        forfeit_not_owned(0);
        applied_ = values_.size();
        if constexpr (tells_of_dropped) {
            const auto goes = [&](const in_partition& b) { return !has_value_of(b.tp); };
            std::erase_if(behind_, goes);
            note_partitions(0);
        }
        if (applied_ == 0) due_ = time_point::max();
    }

private:
    // Plain loops: otherwise every file that uses take would compile a vector's erase and insert.
    template <class T>
    static void keep_first(std::vector<T>& v, std::size_t n) {
        while (v.size() > n) v.pop_back();
    }
    /// From index `left` on, removes values whose partition is being revoked or is lost, and
    /// forfeits their holds. Other values stay.
    void forfeit_not_owned(std::size_t left) {
        const auto goes = [](const hold& h) { return h.ownership() != ownership::owned; };
        while (left < values_.size() && !goes(holds_[left])) ++left;
        if (left == values_.size()) return;
        // a new vector: neither a bool in its slot nor an element of a map can be swapped
        auto values = std::exchange(values_, {});
        auto holds = std::exchange(holds_, {});
        auto messages = std::exchange(messages_, {});
        [[maybe_unused]] auto keys = std::exchange(keys_, {});
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (i >= left && goes(holds[i])) {
                holds[i].forfeit();
                continue;
            }
            values_.push_back(std::move(values[i]));
            holds_.push_back(std::move(holds[i]));
            messages_.push_back(std::move(messages[i]));
            if constexpr (key_decoded) keys_.push_back(std::move(keys[i]));
        }
    }
    void keep_first(std::size_t n) {
        keep_first(values_, n);
        keep_first(holds_, n);
        keep_first(messages_, n);
        if constexpr (key_decoded) keep_first(keys_, n);
    }
    /// Removes and returns the first n; the others stay.
    template <class T>
    std::vector<T> first(std::vector<T>& from, std::size_t n) {
        std::vector<T> taken;
        taken.swap(from);
        from.reserve(std::min(n_, at_first));
        for (auto i = n; i < taken.size(); ++i) from.push_back(std::move(taken[i]));
        keep_first(taken, n);
        return taken;
    }
    void emit(std::size_t n) {
        if constexpr (tells_of_dropped)
            for (auto& b : behind_) b.held = holds_[b.last].share();
        emit_batch(n);
        if constexpr (tells_of_dropped) {
            for (auto& b : behind_) {
                b.dropped.pass(ready_, b.held);
                b.held.release();
            }
            std::erase_if(behind_, [&](in_partition& b) { return b.last < n; });
            for (auto& b : behind_) b.last -= n;
            batch_is_ready_ = true;
        }
    }
    void emit_batch(std::size_t n) {
        if constexpr (key_decoded) {
            auto keys = first(keys_, n);
            auto common = common_of(keys);
            push_ready(batch<V>{*new batch_contents_with_keys<V, K>{
                           releases_, first(values_, n), first(holds_, n), first(messages_, n),
                           std::move(keys)}},
                       std::move(common));
        } else {
            push_ready(batch<V>{*new batch_contents<V>{releases_, first(values_, n),
                                                       first(holds_, n), first(messages_, n)}},
                       {});
        }
        applied_ = values_.size();
        due_ = time_point::max();
    }

    /// What was dropped behind the last value of a partition that waits here.
    struct in_partition {
        const topic_partition* tp;
        std::size_t last;  // of the values
        dropped_behind dropped{};
        hold held{};
    };
    in_partition* behind_of(const topic_partition* tp) {
        for (auto& b : behind_)
            if (b.tp == tp) return &b;
        return nullptr;
    }
    void note_partitions(std::size_t from) {
        for (auto i = from; i < values_.size(); ++i)
            if (auto* b = behind_of(messages_[i].tp)) b->last = i;
            else behind_.push_back({messages_[i].tp, i});
    }
    bool has_value_of(const topic_partition* tp) const {
        for (auto& m : messages_)
            if (m.tp == tp) return true;
        return false;
    }

    static common_key_type common_of(const auto& keys) {
        common_key_type common{keys.front().value};
        for (auto& k : keys)
            if (!(k.value == keys.front().value)) return {};
        return common;
    }
    void push_ready(batch<V> b, common_key_type key) {
        auto held = b.hold();
        auto common = b.contents().common();
        ready_.push(std::move(b), std::move(held), std::move(common), std::move(key));
    }

    static constexpr bool tells_of_dropped = includes(Needs, message_part::dropped);
    static constexpr std::size_t some = 64;        // dropped messages that may be ready
    static constexpr std::size_t at_first = 1024;  // capacity that is reserved at first
    std::shared_ptr<release_queue> releases_;
    std::size_t n_, applied_ = 0;
    duration within_;
    bool whole_;  // whole messages are kept, for dead letters
    time_point due_ = time_point::max();
    std::vector<V> values_;
    std::vector<hold> holds_;
    std::vector<source_message> messages_;
    std::conditional_t<key_decoded, std::vector<slot<K>>, no_key> keys_{};
    std::vector<in_partition> behind_{};
    bool batch_is_ready_ = false;
    ready_input<batch<V>, common_key_type> ready_;
};

struct take_op {
    using weir_operator = void;
    static constexpr bool makes_batches = true;
    template <class In>
    using out = batch<In>;
    template <class K, class>
    using key = common_key<K>;
    template <class, class V>
    static consteval bool check() {
        static_assert(
            !borrows<V>,
            "weir: take keeps values beyond their messages: put map(weir::own) before it");
        return true;
    }
    std::size_t n;
    duration within;

    std::string describe() const { return text_of_call("take", n, within); }
    template <class K, class In, message_part Needs>
    auto split(plan& p) const {
        p.needs_open(n, describe());
        using made = take_boundary<In, K, Needs>;
        auto& s = static_cast<made&>(p.add(std::unique_ptr<boundary>{new made{p, n, within}}));
        return split_at{into_boundary<made, made::needs>{s},
                        downstream<common_key<K>, batch<In>>{&s}};
    }
};
struct take_fn {
    take_op operator()(std::size_t n, duration within = duration::max()) const {
        if (n == 0) throw setup_error{"weir: take(0): a batch needs at least one value"};
        if (within <= duration::zero())
            throw setup_error{"weir: take(n, within): the limit of time must be positive"};
        return {n, within};
    }
    template <class Number>
        requires std::is_arithmetic_v<Number>
    take_op operator()(std::size_t, Number) const {
        static_assert(!std::is_arithmetic_v<Number>,
                      "weir: take(n, within): the limit of time has a unit: take(100, 10s), after "
                      "using namespace std::chrono_literals");
        return {};
    }
};

}  // namespace detail

/// Collects values into batches. A batch is passed on when it has `n` values, or `within` after its
/// first value. Without `within` a batch is short only when the app stops or a finite source ends.
///
///     in   --1-2-3---------4--|
///     out  ------[1 2 3]------[4]|          take(3, 10s)
///
/// Shape    stream<K, V> -> stream<common key, batch<V>>: the key its messages share, else null
/// Order    kept
/// Acks     holds each message until its batch is processed; then all of them are acknowledged
/// Holds    at most `n` values and their messages, and one batch that is being processed
/// Time     the app's clock; a batch's first value starts `within`. When the app stops, a short
///          batch is passed on. When a partition is revoked, its values are removed without being
///          acknowledged; the others stay
/// Errors   none of its own; a batch that fails is one failure, by default `stop`
/// Cost     one copy of each decoded value (a value that `map` made is moved); a fixed number of
///          allocations for each batch
/// Throws   weir::setup_error if n is 0 or within is not positive, when the pipeline is built; if n
///          is more than the app's open_max, when the app starts
/// Example  samples/operators/take.cpp    Page docs/operators/take.md    After Faust Stream.take
inline constexpr detail::take_fn take{};

}  // namespace weir
