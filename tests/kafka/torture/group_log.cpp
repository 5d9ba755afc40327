// SPDX-License-Identifier: Apache-2.0
// The formats are Kafka's: OffsetCommitKey, OffsetCommitValue, GroupMetadataKey, GroupMetadataValue
// and ConsumerProtocolAssignment in its sources. Numbers are big-endian.
#include "group_log.hpp"

#include <stdexcept>
#include <utility>

namespace tests::torture {
namespace {

constexpr int offset_key_max = 1;  // versions 0 and 1 of a key are a commit's
constexpr int group_key = 2;
constexpr int offset_value_max = 3, group_value_max = 3;  // later ones are written in another way

class fields {
public:
    explicit fields(std::string_view bytes) : left_(bytes) {}

    int int16() { return static_cast<int>(static_cast<std::int16_t>(number(2))); }
    int int32() { return static_cast<int>(static_cast<std::int32_t>(number(4))); }
    std::int64_t int64() { return static_cast<std::int64_t>(number(8)); }
    /// Null is empty.
    std::string string() { return std::string{take(int16())}; }
    std::string bytes() { return std::string{take(int32())}; }

private:
    std::string_view take(int n) {
        if (n < 0) return {};
        const auto size = static_cast<std::size_t>(n);
        if (size > left_.size()) throw std::runtime_error{"a record of the group is cut short"};
        const auto taken = left_.substr(0, size);
        left_.remove_prefix(size);
        return taken;
    }
    std::uint64_t number(int n) {
        std::uint64_t all = 0;
        for (const char c : take(n)) all = all << 8 | static_cast<unsigned char>(c);
        return all;
    }
    std::string_view left_;
};

void check_version(const char* what, int version, int most) {
    if (version < 0 || version > most)
        throw std::runtime_error{std::string{"version "} + std::to_string(version) + " of " + what +
                                 " is not known"};
}

commit decode_commit(fields& key, fields value) {
    commit c;
    c.topic = key.string();
    c.partition = key.int32();
    const int version = value.int16();
    check_version("a commit", version, offset_value_max);
    c.offset = value.int64();
    if (version >= 3) value.int32();  // the leader's epoch
    value.string();                   // metadata
    c.time = value.int64();
    return c;
}

void decode_assignment(const std::string& bytes, member& m) {
    if (bytes.empty()) return;
    fields all{bytes};
    all.int16();
    for (int topics = all.int32(); topics > 0; --topics) {
        auto& partitions = m.partitions[all.string()];
        for (int n = all.int32(); n > 0; --n) partitions.push_back(all.int32());
    }
}

generation decode_generation(fields value, milliseconds time) {
    generation g;
    g.time = time;
    const int version = value.int16();
    check_version("a group", version, group_value_max);
    value.string();  // "consumer"
    g.number = value.int32();
    value.string();                   // the assignor
    value.string();                   // the leader
    if (version >= 2) value.int64();  // since when it is in this state
    for (int n = value.int32(); n > 0; --n) {
        member m;
        m.id = value.string();
        if (version >= 3) value.string();  // the id of a static member
        m.client = value.string();
        value.string();                   // its host
        if (version >= 1) value.int32();  // how long a rebalance may take
        value.int32();                    // its session's timeout
        value.bytes();                    // what it subscribes to
        decode_assignment(value.bytes(), m);
        g.members.push_back(std::move(m));
    }
    return g;
}

}  // namespace

std::optional<group_event> decode_group_record(const std::string& group, const record& r) {
    if (!r.key || !r.value) return std::nullopt;
    fields key{*r.key};
    const int version = key.int16();
    if (version > group_key || key.string() != group) return std::nullopt;
    if (version <= offset_key_max) return decode_commit(key, fields{*r.value});
    return decode_generation(fields{*r.value}, r.time);
}

/// A group is in one partition.
std::vector<group_event> read_group_log(const std::string& servers, const std::string& group) {
    std::vector<group_event> all;
    read_topic(servers, "__consumer_offsets", [&](const record& r) {
        if (auto e = decode_group_record(group, r)) all.push_back(*std::move(e));
    });
    return all;
}

}  // namespace tests::torture
