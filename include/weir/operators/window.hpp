// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/graph/pipeline.hpp>
#include <weir/operators/aggregate.hpp>
#include <weir/operators/count.hpp>
#include <weir/operators/reduce.hpp>
#include <weir/segment/sender.hpp>
#include <weir/state/late.hpp>
#include <weir/window.hpp>

namespace weir {
namespace detail {

template <class K>
struct shown_key<in_window<K>> {
    using type = windowed<K>;
};

/// What `window` was given.
template <class Windows>
struct window_spec {
    Windows windows;
    std::chrono::milliseconds grace;
    window_options options;

    std::string text() const {
        return "window " + windows.text() + ", grace " + text_of(duration{grace});
    }
};

/// What may become of a message that a window aggregates.
enum class emits : bool { on_close, on_update };

/// The messages of results, with the windows as their keys: `on_update`, each result belongs to the
/// message that has changed the window.
template <class K>
class window_origins final : public origins {
public:
    void show(origins& of, std::size_t i, const K& key) {
        of_ = &of;
        i_ = i;
        key_ = &key;
        bytes_.reset();
    }
    weir::hold hold_of(std::size_t) override { return of_->hold_of(i_); }
    weir::hold source_of(std::size_t) override { return of_->source_of(i_); }
    void release(std::size_t) override { of_->release(i_); }
    detail::ownership ownership_of(std::size_t) const override { return of_->ownership_of(i_); }
    weir::offset offset_of(std::size_t) const override { return of_->offset_of(i_); }
    timestamp time_of(std::size_t) const override { return of_->time_of(i_); }
    message message_of(std::size_t) const override {
        auto m = of_->message_of(i_);
        if (bytes_.is_null()) encode_onto<K>(*key_, bytes_);
        m.key = bytes_;
        m.value = {};
        return m;
    }
    headers headers_of(std::size_t) const override { return of_->headers_of(i_); }
    const topic_partition* partition_of(std::size_t) const override {
        return of_->partition_of(i_);
    }
    bool of_batch(std::size_t) const override { return of_->of_batch(i_); }
    const void* key_of(std::size_t) const override { return key_; }
    several parts_of(std::size_t) const override { return of_->parts_of(i_); }

private:
    origins* of_ = nullptr;
    std::size_t i_ = 0;
    const K* key_ = nullptr;
    mutable bytes bytes_{};
};

/// Windows that close, one result each. The message that has closed them stays open until all their
/// results are processed. Results are made in pieces: a message may close many windows.
template <class K, class A, message_part Needs>
class closed_windows final : public boundary {
    using shard_type = typename table_of<K, A>::shard_type;
    using keeps = kept_of_message<K, Needs>;

public:
    explicit closed_windows(plan& p) : whole_(p.agent().on_error.has_dead_letters()) {
        ready_.are_results = true;
    }

    /// The message at `c` has moved the time: windows that end at `upto` or before are closed.
    void close(std::shared_ptr<shard_type> in, std::size_t input, const context& c,
               timestamp upto) {
        in_ = std::move(in);
        input_ = input;
        at_ = c.offset();
        tp_ = c.partition();
        upto_ = upto;
        hold_ = c.hold();
        make_piece();
        c.now.end(run_status::full);  // they are processed before the next message
    }
    void push(context&, auto&&) {}
    void apply(context&) {}
    void undo() { end(); }
    bool full() const { return in_ || ready_.left() > 0; }

    input& ready() override { return ready_; }
    bool empty() const override { return !full(); }
    void poll(time_point) override {
        if (in_ && ready_.left() == 0 && !ready_.stands_still) make_piece();
    }
    time_point due() const override {
        return in_ && ready_.left() == 0 ? time_point::min() : time_point::max();
    }
    void abandon() override {
        if (in_ && hold_.ownership() == ownership::lost) end();
    }
    const char* why_held(const hold_owner& of, offset at) const override {
        return hold_.keeps(of, at) || ready_.holds(of, at) ? "the windows that it has closed are "
                                                             "being processed"
                                                           : nullptr;
    }

private:
    static constexpr std::size_t piece = 256;
    void make_piece() {
        if (hold_.ownership() == ownership::lost) return end();
        for (std::size_t n = 0; n < piece; ++n) {
            auto* r = in_->open().take(upto_);
            if (!r) return end();
            if (!in_->change(*r, input_, at_)) continue;  // it was passed on before a crash
            push(*r);
            in_->set_live(*r, false);
        }
    }
    void push(const auto& row) {
        source_message m;
        m.timestamp = row.time;
        m.offset = at_;
        m.tp = tp_;
        if (whole_ || includes(keeps::parts, message_part::key_bytes))
            encode_onto<K>(row.key, m.key);
        if (whole_) encode_onto<A>(row.value, m.value);
        if constexpr (keeps::key_decoded)
            ready_.push(row.value, hold_.share(), std::move(m), row.key);
        else ready_.push(row.value, hold_.share(), std::move(m));
    }
    void end() {
        in_.reset();
        hold_.release();
    }

    const bool whole_;  // dead letters are made of results
    // what is being closed
    std::shared_ptr<shard_type> in_{};
    std::size_t input_ = 0;
    offset at_ = 0;
    const topic_partition* tp_ = nullptr;
    timestamp upto_{};
    hold hold_{};
    ready_input<A, typename keeps::key> ready_{};
};

/// An aggregation behind `window`, as it runs. `Closed`: where closed windows go; void if each
/// change is passed on.
template <class K, class A, class Change, class Windows, class Closed>
class window_changer {
    using key_type = decltype(K::key);
    using shard_type = typename table_of<K, A>::shard_type;
    static constexpr bool on_close = !std::is_void_v<Closed>;

public:
    static constexpr message_part needs = needs_key<key_type> | all_but_value | message_part::value;
    window_changer(const table_of<K, A>& t, Change c, window_spec<Windows> s, plan& p, Closed* to)
        : table_(&t),
          change_(std::move(c)),
          spec_(std::move(s)),
          late_(t, spec_.options.late.empty() ? nullptr : p.next_targets(1).front()),
          closed_(to) {}

    void operator()(context& c, auto&& v, auto&& next) {
        if constexpr (requires { Change::passes_over(v); })
            if (Change::passes_over(v)) return;
        if (!c.common && c.ownership() == ownership::lost) return;
        auto& ref = shards_.of(c);
        auto* shard = ref.of(*table_, *c.partition());
        if (!shard || shard->has_all(ref.input(), c.offset())) return;
        const auto time = c.time();
        pass_time(*shard, ref, c, time);
        const auto upto = shard->time() - spec_.grace;
        key_.key = *key_at<key_type>(c, scratch_);
        spec_.windows.each(time, [&](timestamp start, timestamp end) {
            if (end <= upto) return late_.add(c, start, end, upto - end);
            key_.start = start;
            key_.end = end;
            change(c, *shard, ref.input(), time, v, next);
        });
    }
    void apply(context& c) {
        late_.apply(c);
        auto& ref = shards_.of(c);
        if (!c.partition()) return;
        auto* shard = ref.of(*table_, *c.partition());
        if (!shard || shard->has_all(ref.input(), c.offset())) return;
        // a message that was dropped before it came here moves the time, too
        if (const auto t = c.from.time_of(c.i); !c.from.of_batch(c.i)) pass_time(*shard, ref, c, t);
        if (shard->time() == no_time) return;
        const auto upto = shard->time() - spec_.grace;
        if (!shard->open().any(upto)) return;
        if constexpr (on_close) closed_->close(ref.shared(), ref.input(), c, upto);
        else forget_some(*shard, ref.input(), c.offset(), upto);
    }
    void finish() { shards_.finish(); }
    void undo() {
        shards_.undo();
        late_.undo();
    }
    bool full() { return late_.full(); }
    void assigned(const topic_partition& tp) { shards_.assigned(tp); }
    void revoked(const topic_partition& tp) { shards_.revoked(tp); }

private:
    static void pass_time(shard_type& s, const shard_ref<K, A>& ref, const context& c,
                          timestamp t) {
        if (t > s.time()) s.set_time(t, ref.input(), c.offset());
    }
    void change(context& c, shard_type& shard, std::size_t input, timestamp time, const auto& v,
                auto& next) {
        auto* r = shard.change(key_, input, c.offset());
        if (!r) return;
        const bool had = r->live;
        if (!had) r->value = table_->init;
        const auto now = change_.change(r->value, had, v);
        shard.set_live(*r, now == changed::set);
        if (!had && r->live) shard.opened(*r);
        r->time = had ? std::max(r->time, time) : time;
        if constexpr (!on_close) {
            origins_.show(c.from, c.i, r->key);
            context its{origins_, 0, c.now};
            its.result_time = &r->time;
            Change::pass(its, *r, v, pass_from{its, next});
        }
    }
    /// Passes on with the result's own message.
    template <class Next>
    struct pass_from {
        context& its;
        Next& next;
        void operator()(context&, auto&& v) const { next(its, std::forward<decltype(v)>(v)); }
    };
    template <class Next>
    pass_from(context&, Next&) -> pass_from<Next>;

    /// Removes windows that have closed, and were passed on with each change. A few with each
    /// message, which makes fewer.
    void forget_some(shard_type& shard, std::size_t input, offset at, timestamp upto) {
        constexpr std::size_t some = 64;
        for (std::size_t n = 0; n < some; ++n) {
            auto* r = shard.open().take(upto);
            if (!r) return;
            if (shard.change(*r, input, at)) shard.set_live(*r, false);
        }
    }

    const table_of<K, A>* table_;
    Change change_;
    window_spec<Windows> spec_;
    per_partition<shard_ref<K, A>> shards_{shard_ref<K, A>{}};
    late_values late_;
    Closed* closed_;
    K key_{};
    key_type scratch_{};
    window_origins<K> origins_{};
};

/// `count`, `aggregate` or `reduce` behind `window`.
template <class Windows, emits Emits, class Aggregation>
struct window_aggregate_op {
    using weir_operator = void;
    static constexpr bool behind_window = true;
    using table_type = std::decay_t<decltype(*Aggregation::table)>;
    using A = decltype(table_type::init);
    template <class In>
    using out =
        std::conditional_t<Emits == emits::on_close, A, typename Aggregation::template out<In>>;
    template <class StreamKey, class>
    using key = shown_key_t<StreamKey>;
    template <class StreamKey, class In>
    static consteval bool check() {
        return Aggregation::template check<StreamKey, In>();
    }
    window_spec<Windows> spec;
    Aggregation op;

    std::string describe() const { return op.describe(); }
    template <class StreamKey, class In>
    drawn_stream draw(graph_builder& g, const drawn_stream& here) const {
        auto& t = *op.table;
        if (!t.windows.empty() || t.is_topic)
            throw setup_error{"weir: table '" + t.name + "' is filled by " +
                              (t.is_topic ? "a topic" : "windows already") +
                              ", and by windows: give these a table of their own"};
        t.windows = spec.windows.text();
        if (!spec.options.late.empty()) {
            auto& late = g.derived(spec.options.late, here);
            g.join(here, g.topic(late, type_name<bytes>(), type_name<bytes>()));
        }
        return op.template draw<StreamKey, In>(g, here);
    }
    template <class K, class In, message_part Needs>
    auto split(plan& p) const
        requires(Emits == emits::on_close)
    {
        using key_type = shown_key_t<K>;
        using made = closed_windows<key_type, A, Needs>;
        auto& to = static_cast<made&>(p.add(std::unique_ptr<boundary>{new made{p}}));
        using end = into_boundary<made, message_part::none>;
        return split_at{
            step<changer<key_type, In, made>, end>{changer_of<key_type, In>(p, &to), end{to}},
            downstream<key_type, A>{&to}};
    }
    template <class K, class In>
    auto make_step(plan& p) const
        requires(Emits == emits::on_update)
    {
        return changer_of<shown_key_t<K>, In>(p, static_cast<void*>(nullptr));
    }

private:
    template <class K, class In, class Closed>
    using changer =
        window_changer<K, A, decltype(std::declval<const Aggregation&>().template change<In>()),
                       Windows, Closed>;
    template <class K, class In, class Closed>
    changer<K, In, Closed> changer_of(plan& p, Closed* to) const {
        return {*op.table, op.template change<In>(), spec, p, to};
    }
};

/// Puts nothing into the chain: the aggregation behind it does the work.
template <class Windows, emits Emits>
struct window_op {
    using weir_operator = void;
    template <class In>
    using out = In;
    template <class K, class>
    using key = in_window<K>;
    template <class K, class>
    static consteval bool check() {
        static_assert(!is_common_key<K>,
                      "weir: behind take a batch has no key of its own: put window before take, or "
                      "flat_map(std::identity{}) behind it");
        static_assert(is_common_key<K> || has_key_type<K>,
                      "weir: window works by key, and this stream has no key type: declare the "
                      "topic with one, app.topic<K, V>(…), or put group_by before");
        static_assert(is_common_key<K> || !nullable<shown_key_t<K>> || is_raw<shown_key_t<K>>,
                      "weir: this stream's key may be null, and a window's key may not: declare "
                      "the topic with the key type itself, or put group_by before");
        return true;
    }
    window_spec<Windows> spec;

    std::string describe() const { return spec.text(); }
    void operator()(context&, auto&& v, auto&& next) const { next(std::forward<decltype(v)>(v)); }
};

struct window_fn {
    template <class Windows>
    window_op<Windows, emits::on_close> operator()(Windows w, weir::grace g,
                                                   window_options o = {}) const {
        return {spec(std::move(w), g, std::move(o))};
    }
    template <class Windows>
    window_op<Windows, emits::on_update> operator()(Windows w, weir::grace g, on_update_t,
                                                    window_options o = {}) const {
        return {spec(std::move(w), g, std::move(o))};
    }
    template <class Windows>
    window_op<Windows, emits::on_close> operator()(Windows) const {
        static_assert(std::is_void_v<Windows>,
                      "weir: window(windows, grace(d)): say how long a window waits for messages "
                      "that are late: what comes later is not counted, and a result comes so much "
                      "later. grace(0s) waits for none");
        return {};
    }

private:
    template <class Windows>
    static window_spec<Windows> spec(Windows w, weir::grace g, window_options o) {
        if (o.idle < duration::zero())
            throw setup_error{"weir: window: .idle must not be negative"};
        w.offset = o.offset;
        return {std::move(w), g.time, std::move(o)};
    }
};

}  // namespace detail

template <detail::is_stream S, class Windows, detail::emits Emits, class Op>
    requires(requires(const Op& o) { o.table->init; })
auto operator|(pipeline<S, detail::window_op<Windows, Emits>> s, Op op) {
    using both = detail::window_aggregate_op<Windows, Emits, Op>;
    auto spec = s.op().spec;
    return pipeline<decltype(s), both>{std::move(s), both{std::move(spec), std::move(op)}};
}

inline constexpr detail::window_fn window{};

}  // namespace weir
