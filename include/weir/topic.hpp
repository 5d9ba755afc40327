// SPDX-License-Identifier: Apache-2.0
// A topic: a name, the types of its keys and values, options. A source of a stream and a target of
// `to` and `through`.
#pragma once
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/graph/pipeline.hpp>
#include <weir/graph/take_time.hpp>
#include <weir/pending_send.hpp>
#include <weir/segment/decode.hpp>

namespace weir {

/// `topic<V>` has keys of bytes; `topic<K, V>` decodes both. Made by `app.topic`. It is a handle:
/// it may be copied, and is valid as long as its app.
///
/// Shape    -> stream<K, V>
/// Order    kept within a partition
/// Errors   bytes that do not decode: the topic's `on_decode_error`, else the app's
/// Throws   weir::setup_error if the name is not a topic name, or is declared twice with
///          different options (app.topic)
template <class A, class B = void>
class topic {
public:
    static_assert(detail::is_plain<A> && (std::is_void_v<B> || detail::is_plain<B>),
                  "weir: a topic's key and value are plain values: no reference, no const, no "
                  "pointer");
    using weir_stream = void;
    using key = std::conditional_t<std::is_void_v<B>, bytes, A>;
    using value = std::conditional_t<std::is_void_v<B>, A, B>;

    explicit topic(detail::topic_info& info) : info_(&info) {}

    const std::string& name() const { return info_->name; }
    detail::topic_info& info() const { return *info_; }

    /// Takes the time of each message from its value: `f` is a field or a function, and gives a
    /// point in time of std::chrono::system_clock, or milliseconds since 1970 as an integer of 64
    /// bits. For all who read the topic that is the message's timestamp. A null value has the
    /// message's own. A time before 1970, or more than `ahead_max` ahead of the app's clock, is a
    /// decode error of its message. Call it before the app runs. Throws weir::setup_error if the
    /// topic has another function already.
    template <class F>
    topic time(F f) const {
        detail::take_time<value>(*info_, std::move(f));
        return *this;
    }

    detail::drawn_stream draw(detail::graph_builder& s) const {
        return s.read(*info_, detail::key_name<key>(), detail::value_name<value>());
    }
    template <class Chain>
    void build(detail::plan& p, Chain chain) const {
        static_assert(detail::explain_codec<key>::said && detail::explain_codec<value>::said);
        static_assert(detail::has_codec<key> && detail::has_codec<value>,
                      "weir: a topic's key and value need a codec: an aggregate, or a "
                      "weir::codec<T> of your own");
        p.read(*info_, &detail::type_id<key, value>, &detail::decoder_of<key, value>::make_one,
               detail::new_segment<value>(p, std::move(chain)));
    }

    /// Sends a message, anywhere on the app's thread: `t.send("k", {"alice", 12.5})`. It is sent in
    /// the loop's next turn. If that fails for good, the topic's `on_produce_error` decides. A
    /// message that is being processed stays uncommitted until this one is delivered. `co_await`
    /// waits for the delivery; without it, weir::error is thrown if there is no room.
    ///
    /// Key and value are made of the arguments; std::nullopt is null.
    pending_send send(const in<key>& k, const in<value>& v, weir::headers h = {}) const {
        return {*info_, {k.encoded(), v.encoded(), {}, std::move(h)}};
    }

private:
    detail::topic_info* info_;
};

/// Several topics of one type, or all that match a pattern, as one stream. Made by `app.topics`.
///
/// Shape    -> stream<K, V>
/// Order    kept within a partition
/// Time     a topic that appears later and matches is read from its beginning
/// Errors   as for a topic; the options given to `app.topics` are those of each topic
/// Throws   weir::setup_error if the list is empty or has a topic twice, if the pattern is bad, or
///          if it matches a topic that the pipeline itself writes to
template <class A, class B = void>
class topics {
public:
    using weir_stream = void;
    using key = typename topic<A, B>::key;
    using value = typename topic<A, B>::value;

    explicit topics(std::vector<detail::topic_info*> of) : of_(std::move(of)) {}

    /// As `topic::time`, for each of them.
    template <class F>
    topics time(F f) const {
        for (auto* t : of_) detail::take_time<value>(*t, f);
        return *this;
    }

    detail::drawn_stream draw(detail::graph_builder& s) const {
        detail::drawn_stream all;
        for (auto* t : of_) {
            const auto one = s.read(*t, detail::key_name<key>(), detail::value_name<value>());
            if (all.from.empty()) all.node = one.node;
            else all.also.push_back(one.node);
            all.from.push_back(t);
        }
        return all;
    }
    template <class Chain>
    void build(detail::plan& p, Chain chain) const {
        auto& reader = detail::new_segment<value>(p, std::move(chain));
        for (auto* t : of_)
            p.read(*t, &detail::type_id<key, value>, &detail::decoder_of<key, value>::make_one,
                   reader);
    }

private:
    std::vector<detail::topic_info*> of_;
};

}  // namespace weir
