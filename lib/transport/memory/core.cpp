// SPDX-License-Identifier: Apache-2.0
// Topics by name and number; how a message is appended to its log; and whom that wakes.
#include "core.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cerrno>
#include <limits>
#include <system_error>
#include <utility>

#include <weir/error.hpp>
#include <weir/transport/topic_name.hpp>

#include "../../escaped.hpp"
#include "../murmur2.hpp"
#include "group.hpp"

namespace weir::transport::memory {
namespace {

core::appended failure(std::string text, bool too_large = false) {
    return {true, std::make_unique<delivery>(delivery{true, std::move(text), too_large})};
}

/// The size of a number in Kafka's variable-length format. Its lowest bit is the sign.
std::size_t varint_size(std::size_t n) {
    return (static_cast<std::size_t>(std::bit_width(n << 1 | 1)) + 6) / 7;
}
std::size_t field_size(std::size_t bytes) { return varint_size(bytes) + bytes; }

/// The size of an uncompressed record batch with this one record. Kafka compares this size with its
/// limit.
std::size_t batch_size(const record& r) {
    constexpr std::size_t before_records = 61;
    constexpr std::size_t attributes_and_deltas = 3;
    const auto headers = r.headers ? r.headers->size() : 0;
    auto size = attributes_and_deltas + field_size(r.key.size()) + field_size(r.value.size()) +
                varint_size(headers);
    for (std::size_t i = 0; i < headers; ++i) {
        const auto& h = (*r.headers)[i];
        size += field_size(h.name.size()) + field_size(h.value ? h.value->size() : 0);
    }
    return before_records + field_size(size);
}

}  // namespace

seat::seat() : fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (fd < 0) throw std::system_error{errno, std::generic_category(), "memory broker: eventfd"};
}
seat::~seat() { ::close(fd); }

void seat::wake(const seat* by) {
    news.store(true, std::memory_order_release);
    if (by == this || signalled) return;
    signalled = ::eventfd_write(fd, 1) == 0;
    assert(signalled);
}

void seat::calm() {
    news.store(false, std::memory_order_relaxed);
    eventfd_t drained = 0;
    if (signalled) ::eventfd_read(fd, &drained);
    signalled = false;
}

core::core(memory_options o) : options(o) {}
core::~core() = default;

topic& core::open(std::string_view name) {
    if (auto* t = find(name)) return *t;
    check_topic_name(name);
    const auto id = static_cast<topic_id>(topics_.size());
    topics_.push_back({id, std::string{name}});
    names_.emplace(name, id);
    return topics_.back();
}

topic* core::find(std::string_view name) {
    const auto it = names_.find(name);
    return it == names_.end() ? nullptr : &topics_[it->second];
}

void core::grow(topic& t, partition_id total) {
    while (t.partitions() < total) t.logs.push_back({log{options.retention_bytes, t.keeps}});
    for (auto& [name, g] : groups_) g->grown(t);
}

group& core::join(const std::string& name) {
    auto& g = groups_[name];
    if (!g) g = std::make_unique<group>(*this, name);
    return *g;
}

group* core::find_group(std::string_view name) {
    const auto it = groups_.find(name);
    return it == groups_.end() ? nullptr : it->second.get();
}

bool core::roll(topic& t, partition_id p, const record& r, timestamp now) {
    auto floor = std::numeric_limits<offset>::max();
    for (const auto* g : t.groups) floor = std::min(floor, g->floor(t.id, p));
    auto& log = t.logs[static_cast<std::size_t>(p)].messages;
    if (!log.roll(r, floor)) return false;
    log.compact_some(now);
    return true;
}

timestamp core::now() const {
    static const weir::clock real{};
    return (clocks_.empty() ? real : *clocks_.back()).wall();
}

void core::disconnected(const weir::clock& c) {
    const auto last = std::find(clocks_.rbegin(), clocks_.rend(), &c);
    if (last != clocks_.rend()) clocks_.erase(std::next(last).base());
}

void core::purge(topic& t, partition_id p, offset upto) {
    if (!t.has(p)) return;
    t.logs[static_cast<std::size_t>(p)].messages.remove_before(upto);
    room_again();
}

core::appended core::append(seat& by, const record& r) {
    auto& t = topics_[r.topic];
    if (t.failing) {
        --t.failing;
        return failure("the broker was told to fail this message to topic \"" + t.name + "\"");
    }
    if (!t.exists()) return failure("topic \"" + t.name + "\" does not exist: create it first");
    if (t.keeps.compacted && r.key.is_null())
        return failure("topic \"" + t.name + "\" is compacted: it takes no message without a key");
    const auto own = t.max_message_bytes;
    const auto most = own ? own : options.max_message_bytes;
    if (const auto size = batch_size(r); size > most)
        return failure("a message to topic \"" + t.name + "\" takes " + std::to_string(size) +
                           " bytes, more than " +
                           (own ? "its max.message.bytes" : "memory_options::max_message_bytes") +
                           " = " + std::to_string(most) + "; " + weir::detail::key_in_words(r.key),
                       true);
    const auto turn = static_cast<partition_id>(t.turn % t.logs.size());
    const auto p = r.partition       ? *r.partition
                   : r.key.is_null() ? turn
                                     : partition_for(r.key, t.partitions());
    if (!t.has(p))
        return failure("topic \"" + t.name + "\" has no partition " + std::to_string(p) +
                       ": it has " + std::to_string(t.partitions()));
    auto& to = t.logs[static_cast<std::size_t>(p)];
    const auto time = to.messages.has_times(r) ? now() : timestamp{};
    to.messages.expire(time);
    if (!to.messages.fits(r) && !roll(t, p, r, time)) {
        if (std::find(blocked_.begin(), blocked_.end(), &by) == blocked_.end())
            blocked_.push_back(&by);
        return {};
    }
    const auto at = to.messages.end();
    to.messages.append(r, t.sent++, time);
    if (!r.partition && r.key.is_null()) ++t.turn;
    wake_readers(to);
    return {true, nullptr, at};
}

void core::wake_readers(topic_log& of) {
    for (auto* reading : of.readers)
        if (reading->waiting) {
            reading->waiting = false;
            wake(*reading->owner);
        }
}

void core::room_again() {
    for (auto* s : blocked_) wake(*s);
    blocked_.clear();
}

void core::forget(seat& s) {
    std::erase(blocked_, &s);
    for (auto& r : std::exchange(s.readers, {})) close(*r);
}

std::shared_ptr<reader> core::read(seat& by, const topic_partition& tp, offset from,
                                   std::string& why_not) {
    const auto name = '"' + tp.topic + "\"[" + std::to_string(tp.partition) + ']';
    auto* const t = find(tp.topic);
    if (!t || !t->has(tp.partition)) {
        why_not = "there is no partition " + name + " to read";
        return nullptr;
    }
    auto& in = t->logs[static_cast<std::size_t>(tp.partition)];
    for (const auto& other : by.readers)
        if (other->from == &in) throw error{"weir: " + name + " has a reader already"};
    auto made = std::make_shared<reader>(reader{&by, &in});
    if (from > in.messages.end()) from = 0;
    made->at = {from, from > 0};
    in.readers.push_back(made.get());
    by.readers.push_back(made);
    return made;
}

void core::close(reader& r) {
    r.readable = false;
    std::erase(r.from->readers, &r);
}

}  // namespace weir::transport::memory
