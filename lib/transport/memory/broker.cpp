// SPDX-License-Identifier: Apache-2.0
// The functions of the broker itself, for tests and apps; and brokers with a name.
#include <weir/transport/memory.hpp>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <map>
#include <mutex>
#include <system_error>
#include <utility>

#include <weir/error.hpp>
#include <weir/transport/topic_name.hpp>

#include "core.hpp"
#include "group.hpp"
#include "member.hpp"

namespace weir::transport {
namespace {

using memory::session;

memory::group& existing(memory::core& c, std::string_view group) {
    if (auto* g = c.find_group(group)) return *g;
    throw setup_error{"the memory broker has no group \"" + std::string{group} + "\""};
}

const memory::slot* find(memory::core& c, std::string_view group, const topic_partition& tp) {
    const auto* g = c.find_group(group);
    const auto* t = c.find(tp.topic);
    return g && t ? g->find(t->id, tp.partition) : nullptr;
}

memory::log& existing_log(memory::core& c, const topic_partition& tp) {
    auto* t = c.find(tp.topic);
    if (t && t->has(tp.partition)) return t->logs[static_cast<std::size_t>(tp.partition)].messages;
    throw setup_error{"there is no partition " + std::to_string(tp.partition) + " of a topic \"" +
                      tp.topic + "\""};
}

/// The `max.message.bytes` that the topic is created with; 0: none.
std::size_t own_limit(const topic_spec& spec) {
    std::size_t n = 0;
    for (auto& [name, value] : spec.config) {
        if (name != "max.message.bytes") continue;
        const auto* const stop = value.data() + value.size();
        const auto [end, bad] = std::from_chars(value.data(), stop, n);
        if (bad != std::errc{} || end != stop)
            throw setup_error{"topic \"" + spec.name + "\": max.message.bytes=" + value +
                              " is not a number of bytes"};
    }
    return n;
}

}  // namespace

memory_broker::memory_broker(memory_options options)
    : core_(std::make_unique<memory::core>(options)) {}
memory_broker::~memory_broker() = default;

// The only global: two apps find the same broker by its name. It does not own the brokers, so a
// broker is destroyed with its last user.
std::shared_ptr<memory_broker> memory_broker::named(const std::string& name,
                                                    memory_options options) {
    static std::mutex lock;
    static std::map<std::string, std::weak_ptr<memory_broker>> all;
    std::lock_guard held{lock};
    std::erase_if(all, [](const auto& b) { return b.second.expired(); });
    auto& known = all[name];
    auto broker = known.lock();
    if (!broker) known = broker = std::make_shared<memory_broker>(options);
    const bool says_nothing = options == memory_options{};
    if (!says_nothing && !(options == broker->core_->options))
        throw setup_error{"weir: the broker memory://" + name +
                          " has other memory_options already: give each app the same, or give them "
                          "where it is made"};
    return broker;
}

// ------------------------------------------------------------------------------------------ topics

void memory_broker::create_topic(const topic_spec& spec) {
    check_topic_name(spec.name);
    if (spec.partitions < 0)
        throw setup_error{"topic \"" + spec.name + "\" cannot have " +
                          std::to_string(spec.partitions) + " partitions"};
    const auto largest = own_limit(spec);
    topic_config config;
    for (auto& [name, value] : spec.config) config.insert_or_assign(name, value);
    const auto keeps = memory::retention_of(spec.name, config);
    session s{*core_};
    auto& t = core_->open(spec.name);
    const auto wanted = spec.partitions ? spec.partitions : core_->options.default_partitions;
    if (t.exists()) return;
    t.config = std::move(config);
    t.keeps = keeps;
    t.max_message_bytes = largest;
    core_->grow(t, wanted);
}

topic_config memory_broker::config(std::string_view topic) const {
    session s{*core_};
    const auto* t = core_->find(topic);
    return t ? t->config : topic_config{};
}

void memory_broker::create_partitions(const std::string& topic, partition_id total) {
    session s{*core_};
    auto* t = core_->find(topic);
    if (!t || !t->exists()) throw setup_error{"topic \"" + topic + "\" does not exist"};
    if (total < t->partitions())
        throw setup_error{"topic \"" + topic + "\" has " + std::to_string(t->partitions()) +
                          " partitions and cannot shrink to " + std::to_string(total)};
    if (total > t->partitions()) core_->grow(*t, total);
}

std::optional<partition_id> memory_broker::partitions(std::string_view topic) const {
    session s{*core_};
    const auto* t = core_->find(topic);
    return t && t->exists() ? std::optional{t->partitions()} : std::nullopt;
}

std::vector<std::string> memory_broker::topics() const {
    session s{*core_};
    std::vector<std::string> all;
    for (const auto& [name, id] : core_->names())
        if (core_->at(id).exists()) all.push_back(name);
    return all;
}

std::vector<stored_message> memory_broker::dump(std::string_view topic) const {
    session s{*core_};
    std::vector<std::pair<std::uint64_t, stored_message>> all;
    auto* t = core_->find(topic);
    for (partition_id p = 0; t && p < t->partitions(); ++p) {
        auto& log = t->logs[static_cast<std::size_t>(p)].messages;
        if (log.expires()) log.expire(core_->now());
        for (const auto& chunk : log.chunks()) {
            const auto numbers = chunk->numbers();
            for (std::size_t i = 0; i < numbers.size(); ++i) {
                const auto& m = chunk->messages()[i];
                if (m.offset < log.start()) continue;
                const auto h = chunk->headers(i, i + 1);
                all.push_back({numbers[i],
                               {p, m.offset, m.key, m.value,
                                h.empty() ? headers{} : *h.front().values, m.timestamp}});
            }
        }
    }
    std::sort(all.begin(), all.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<stored_message> in_order;
    for (auto& [number, m] : all) in_order.push_back(std::move(m));
    return in_order;
}

void memory_broker::compact(const std::string& topic) {
    session s{*core_};
    auto* t = core_->find(topic);
    if (!t || !t->exists()) throw setup_error{"topic \"" + topic + "\" does not exist"};
    for (auto& l : t->logs) l.messages.compact(core_->now());
    core_->room_again();
}

void memory_broker::skip_offsets(const topic_partition& tp, offset n) {
    assert(n >= 0);
    session s{*core_};
    auto& log = existing_log(*core_, tp);
    log.skip(n);
}

void memory_broker::delete_records(const topic_partition& tp, offset before) {
    session s{*core_};
    existing_log(*core_, tp).remove_before(before);
    core_->room_again();
}

// ------------------------------------------------------------------------------------------ groups

void memory_broker::seed_commit(const std::string& group, const topic_partition& tp, offset at) {
    assert(tp.partition >= 0 && at >= 0);
    session s{*core_};
    core_->join(group).at(core_->open(tp.topic).id, tp.partition).committed = at;
}

std::optional<offset> memory_broker::committed(std::string_view group,
                                               const topic_partition& tp) const {
    session s{*core_};
    const auto* p = find(*core_, group, tp);
    return p ? p->committed : std::nullopt;
}

std::vector<offset> memory_broker::commits(std::string_view group,
                                           const topic_partition& tp) const {
    session s{*core_};
    const auto* p = find(*core_, group, tp);
    return p ? p->history : std::vector<offset>{};
}

// ------------------------------------------------------------------------------------------ faults

void memory_broker::revoke(std::string_view group, const topic_partition& tp) {
    session s{*core_};
    existing(*core_, group).revoke(tp);
}

void memory_broker::lose(std::string_view group, const topic_partition& tp) {
    session s{*core_};
    existing(*core_, group).lose(tp);
}

void memory_broker::assign(std::string_view group, const topic_partition& tp) {
    session s{*core_};
    existing(*core_, group).assign(tp);
}

void memory_broker::kill(transport& member) {
    auto* m = dynamic_cast<memory::member*>(&member);
    if (!m || m->broker() != this) throw setup_error{"this is not a member of this memory broker"};
    m->kill();
}

void memory_broker::fail_next_send(const std::string& topic, std::size_t n) {
    session s{*core_};
    core_->open(topic).failing = n;
}

void memory_broker::fail_next_commit(const std::string& group, std::size_t n, commit_error with) {
    assert(with != commit_error::none);
    session s{*core_};
    core_->join(group).fail_next(n, with);
}

std::unique_ptr<transport> connect(std::shared_ptr<memory_broker> broker, std::string group,
                                   memory_member_options options) {
    assert(broker);
    auto& core = *broker->core_;
    return std::make_unique<memory::member>(std::move(broker), core, std::move(group), options);
}

}  // namespace weir::transport
