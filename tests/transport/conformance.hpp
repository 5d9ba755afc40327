// SPDX-License-Identifier: Apache-2.0
// What every transport's tests are written with: a broker to run them on, and a client that notes
// all it is told.
#pragma once
#include <doctest/doctest.h>

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <weir/transport/transport.hpp>

namespace weir::transport::conformance {

/// One kind of broker. The suite is built into two programs; each has its own `backends`: the
/// embedded broker's in memory.cpp beside this, Kafka's in tests/kafka/backend.cpp.
class backend {
public:
    virtual ~backend() = default;
    virtual std::string name() const = 0;
    virtual std::unique_ptr<transport> connect(const std::string& group) = 0;
    /// A topic's or group's name that no case and no earlier run has used.
    virtual std::string fresh(const std::string& stem) = 0;
    /// Called while clients have nothing to do: waits for more to come. False: it will not, or has
    /// not come for so long that the case fails.
    virtual bool wait(std::span<transport* const>) = 0;
    /// Compacts the topic now, where that can be asked for. Else it will be.
    virtual void compact(const std::string& /*topic*/) {}
};
std::vector<std::unique_ptr<backend>> backends();

struct received {
    topic_partition tp;
    weir::offset offset = 0;
    bytes key{}, value{};
    weir::headers headers{};
    weir::timestamp timestamp{};
    friend bool operator==(const received&, const received&) = default;
};

/// A listener that notes, reads all that is assigned, and releases what is revoked unless told
/// otherwise.
class client final : public listener {
public:
    explicit client(std::unique_ptr<transport> t) : to(std::move(t)) {}

    /// Polls and reads once. True if anything came of it.
    bool turn();
    void subscribe(std::initializer_list<subscription> topics) {
        to->subscribe({topics.begin(), topics.size()});
    }
    bool send(const std::string& topic, bytes_view key, bytes_view value,
              std::optional<partition_id> partition = {});
    void commit(const topic_partition& tp, offset next) {
        const position p{tp, next};
        to->commit({&p, 1});
    }
    void release(const topic_partition& tp) {
        partitions.erase(tp);
        to->release({&tp, 1});
    }
    bool owns(const topic_partition& tp) const { return partitions.contains(tp); }
    std::vector<std::string> values() const;
    void leave() {
        to->close(*this, std::chrono::seconds{10});
        to.reset();
    }

    std::unique_ptr<transport> to;
    bool releases = true, reads = true;
    std::size_t most = 100;
    std::map<topic_partition, std::unique_ptr<weir::transport::partition>> partitions{};
    std::map<topic_partition, std::optional<offset>> committed_at{};
    std::vector<received> got{};
    std::vector<std::pair<std::uint64_t, delivery>> delivered_{};
    std::vector<commit_result> results{};
    std::vector<topic_partition> revoked_{}, lost_{};
    std::vector<std::string> told{}, fatal{};
    std::vector<group_member> group{};  // who is in it, as told last
    int changes = 0;
    std::uint64_t tokens = 0;

private:
    void assigned(std::vector<assignment>) override;
    void revoked(std::vector<topic_partition>) override;
    void lost(std::vector<topic_partition>) override;
    void delivered(std::uint64_t token, const delivery& d) override {
        delivered_.emplace_back(token, d);
    }
    void committed(const commit_result& r) override { results.push_back(r); }
    void topics_changed() override { ++changes; }
    void members(const std::vector<group_member>& all) override { group = all; }
    void problem(const std::string& text, bool is_fatal) override {
        (is_fatal ? fatal : told).push_back(text);
    }

    std::map<topic_partition, std::unique_ptr<fetch>> recycled_{};
};

/// A reader, and what it has brought.
struct reading {
    reading(client& of, const topic_partition& at, offset first = 0)
        : tp(at), from(of.to->reader(at, first)) {}
    /// Reads what there is. True when all has been read that was there when the reader was made.
    bool to_end();
    /// The same until the reader has come to an offset.
    bool to(offset upto) { return to_end(), from->position().value_or(0) >= upto; }
    std::vector<std::string> values() const;

    topic_partition tp;
    std::unique_ptr<partition> from;
    std::vector<received> got{};
    std::unique_ptr<fetch> last{};
};

/// Turns the clients until the condition holds. False if it never does.
template <class Condition>
bool until(backend& on, std::initializer_list<client*> clients, Condition holds) {
    std::vector<transport*> all;
    for (auto* c : clients) all.push_back(c->to.get());
    for (;;) {
        if (holds()) return true;
        bool moved = false;
        for (auto* c : clients) moved |= c->turn();
        if (!moved && !holds() && !on.wait(all)) return false;
    }
}
/// Runs a case on each kind of broker there is.
template <class Case>
void on_each(Case body) {
    for (auto& b : backends()) {
        CAPTURE(b->name());
        body(*b);
    }
}
/// A member of the group.
client member(backend&, const std::string& group);
/// A topic of the case's own, made by the client.
std::string topic(backend&, client& by, partition_id partitions);
/// Turns the clients until nothing moves any more; for brokers where that can be known.
void settle(std::initializer_list<client*>);

}  // namespace weir::transport::conformance
