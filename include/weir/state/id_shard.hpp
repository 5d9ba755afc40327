// SPDX-License-Identifier: Apache-2.0
// The shard of a dedupe: the ids that have come, and when they are forgotten.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <weir/codec/basic.hpp>
#include <weir/state/shard_of.hpp>
#include <weir/state/time_index.hpp>

namespace weir::detail {

/// When an id came first: the stream time then.
struct first_seen {
    timestamp at{};
};

template <class Id>
class id_shard final : public shard_of<Id, first_seen> {
    using base = shard_of<Id, first_seen>;

public:
    using key_type = Id;
    using row_type = typename base::row_type;
    using base::base;

    /// Before anything else.
    void use(const window_settings& w) {
        within_ = w.closes_after;
        constexpr int buckets = 32;
        ids_.emplace(within_ / buckets);
    }
    void restored() override {
        base::restored();
        this->each_row([&](row_type& r) { ids_->add(r, r.value.at); });
    }
    /// The id has come, and its time is not over. One that is over may still be here.
    bool has(const Id& id) const {
        const auto* r = this->find(id);
        return r && !is_over(r->value.at);
    }
    /// The id comes first with the message at `at`. False: it is here already.
    bool add(const Id& id, std::size_t input, offset at, timestamp time) {
        auto* r = this->change(id, input, at);
        if (!r) return false;
        r->value.at = this->time();
        r->time = time;
        this->set_live(*r, true);
        ids_->add(*r, r->value.at);
        return true;
    }
    /// Forgets a few ids whose time is over: more than come with one message.
    void forget_some(std::size_t input, offset at) {
        constexpr std::size_t some = 16;
        for (std::size_t n = 0; n < some; ++n) {
            const auto e = ids_->take_any_before(this->time() - within_);
            if (!e) return;
            if (!e->row->live || e->row->value.at != e->time) continue;
            if (this->change(*e->row, input, at)) this->set_live(*e->row, false);
            else ids_->add(*e->row, e->time);
        }
    }

protected:
    void undone(row_type& r, const first_seen& before) override {
        if (r.live) ids_->add(r, before.at);
    }

private:
    bool is_over(timestamp first) const { return first < this->time() - within_; }

    std::chrono::milliseconds within_{};
    std::optional<time_index<row_type>> ids_{};
};

}  // namespace weir::detail

namespace weir {

/// The milliseconds since 1970.
template <>
struct codec<detail::first_seen> {
    static void decode(bytes_view from, detail::first_seen& into) {
        std::int64_t ms = 0;
        codec<std::int64_t>::decode(from, ms);
        into.at = timestamp{std::chrono::milliseconds{ms}};
    }
    static void encode(const detail::first_seen& value, bytes& onto) {
        codec<std::int64_t>::encode(value.at.time_since_epoch().count(), onto);
    }
};

}  // namespace weir
