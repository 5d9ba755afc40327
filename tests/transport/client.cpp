// SPDX-License-Identifier: Apache-2.0
// The client of the transport tests.
#include "conformance.hpp"

namespace weir::transport::conformance {

bool client::turn() {
    bool moved = to->poll(*this);
    if (!reads) return moved;
    for (auto& [tp, from] : partitions) {
        auto& recycled = recycled_[tp];
        recycled = from->read(most, std::move(recycled));
        if (!recycled) continue;
        moved = true;
        const auto messages = recycled->messages();
        for (std::size_t i = 0; i < messages.size(); ++i) {
            const auto& m = messages[i];
            got.push_back({tp, m.offset, m.key, m.value, recycled->headers(i), m.timestamp});
        }
    }
    return moved;
}

bool client::send(const std::string& topic, bytes_view key, bytes_view value,
                  std::optional<partition_id> partition) {
    record r{.topic = to->open(topic), .partition = partition, .key = key, .value = value};
    r.timestamp = timestamp{std::chrono::milliseconds{1'700'000'000'000}};
    return to->send(r, tokens++);
}

std::vector<std::string> client::values() const {
    std::vector<std::string> all;
    for (const auto& m : got) all.emplace_back(m.value.view());
    return all;
}

void client::assigned(std::vector<assignment> all) {
    for (auto& a : all) {
        committed_at[a.tp] = a.committed;
        partitions[a.tp] = std::move(a.partition);
    }
}

void client::revoked(std::vector<topic_partition> all) {
    for (const auto& tp : all) {
        revoked_.push_back(tp);
        if (releases) release(tp);
    }
}

void client::lost(std::vector<topic_partition> all) {
    for (const auto& tp : all) {
        lost_.push_back(tp);
        partitions.erase(tp);
    }
}

bool reading::to_end() {
    while ((last = from->read(100, std::move(last)))) {
        const auto messages = last->messages();
        for (std::size_t i = 0; i < messages.size(); ++i) {
            const auto& m = messages[i];
            got.push_back({tp, m.offset, m.key, m.value, last->headers(i), m.timestamp});
        }
    }
    const auto at = from->position(), end = from->end();
    return at && end && *at >= *end;
}

std::vector<std::string> reading::values() const {
    std::vector<std::string> all;
    for (const auto& m : got) all.emplace_back(m.value.view());
    return all;
}

client member(backend& on, const std::string& group) { return client{on.connect(group)}; }

std::string topic(backend& on, client& by, partition_id partitions) {
    auto name = on.fresh("t");
    // some cases send old timestamps
    by.to->create({.name = name, .partitions = partitions, .config = {{"retention.ms", "-1"}}});
    return name;
}

void settle(std::initializer_list<client*> clients) {
    for (bool moved = true; moved;) {
        moved = false;
        for (auto* c : clients) moved |= c->turn();
    }
}

}  // namespace weir::transport::conformance
