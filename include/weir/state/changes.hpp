// SPDX-License-Identifier: Apache-2.0
// A table's changelog as a stream: `table.changes()`.
#pragma once
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <weir/graph/pipeline.hpp>
#include <weir/segment/decode.hpp>
#include <weir/state/shard.hpp>

namespace weir {
namespace detail {

enum class changelog_record : std::uint8_t { row, erased, not_shown };
/// What a record of a changelog is for a reader of `changes()`. `epoch`: the largest that the
/// partition has shown; what a member writes that has lost it has a smaller one, and is not shown.
/// Throws refused_record if weir has not written it.
changelog_record changelog_record_of(const fetch&, std::size_t i, std::int64_t& epoch);

template <class K, class V>
struct decoded_changes final : decoded<K, V> {
    using decoded<K, V>::decoded;
    std::int64_t epoch = 0;
};

/// Decodes the rows. `Value` is null where a key is erased.
template <class K, class V, class Value>
class changes_decoder final : public decoder {
public:
    std::unique_ptr<input> make(hold_owner& of, const topic_partition& tp) const override {
        return std::unique_ptr<input>{new decoded_changes<K, Value>{of, tp}};
    }
    std::size_t decode(input& base, const fetch& what, std::size_t from,
                       std::exception_ptr& error) const override {
        auto& into = static_cast<decoded_changes<K, Value>&>(base);
        const auto messages = what.messages();
        into.what = &what;
        into.reserve(messages.size());
        const char* what_fails = "";
        try {
            for (; from < messages.size(); ++from) {
                auto& m = messages[from];
                what_fails = "record";
                const auto is = changelog_record_of(what, from, into.epoch);
                if (is == changelog_record::not_shown) continue;
                what_fails = "key";
                if constexpr (!is_raw<K>) decode_into<K>(m.key, into.keys[into.count].value);
                what_fails = "value";
                auto& value = into.values[into.count].value;
                if (is == changelog_record::erased) value = Value{};
                else decode_into<Value>(m.value, value);
                into.which[into.count++] = static_cast<std::uint32_t>(from);
            }
        } catch (...) { error = decode_failure(what_fails); }
        return from;
    }
    void clear(input& base) const override { base.count = 0; }

    static std::unique_ptr<decoder> make_one() {
        return std::unique_ptr<decoder>{new changes_decoder};
    }
};

}  // namespace detail

/// What each commit has written of a table: each key that has changed since the one before, with
/// its value, or null if it was erased. Made by `table.changes()`; read like a topic.
///
/// Shape    -> stream<K, std::optional<V>>
/// Order    that of the commits; within one of them none
/// Time     the largest timestamp of the messages that made the value
/// Errors   as for a topic
/// Throws   weir::setup_error at the start if no agent changes the table
template <class K, class V>
class table_changes {
public:
    using weir_stream = void;
    using key = K;
    using value = std::conditional_t<detail::nullable<V>, V, std::optional<V>>;

    explicit table_changes(detail::table_info& of) : of_(&of) {}

    detail::drawn_stream draw(detail::graph_builder& s) const {
        return s.read_changes(*of_, detail::key_name<key>(), detail::value_name<value>());
    }
    template <class Chain>
    void build(detail::plan& p, Chain chain) const {
        auto& there = detail::new_segment<value>(p, std::move(chain));
        if (of_->is_topic)
            p.read(*of_->changelog, &detail::type_id<key, value>,
                   &detail::decoder_of<key, value>::make_one, there);
        else
            p.read(*of_->changelog, &detail::type_id<table_changes>,
                   &detail::changes_decoder<key, V, value>::make_one, there);
    }

private:
    detail::table_info* of_;
};

}  // namespace weir
