// SPDX-License-Identifier: Apache-2.0
// What the group's coordinator has written down in __consumer_offsets: each commit, and for each
// generation of the group which member had which partition.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "record.hpp"

namespace tests::torture {

struct commit {
    std::string topic;
    int partition = 0;
    std::int64_t offset = 0;
    milliseconds time = 0;
};

struct member {
    std::string client, id;  // client.id; the id that the coordinator gave it
    std::map<std::string, std::vector<int>> partitions{};
};

/// The coordinator writes it before a member hears of its partitions.
struct generation {
    int number = 0;
    milliseconds time = 0;
    std::vector<member> members{};
};

using group_event = std::variant<commit, generation>;

/// What a record of __consumer_offsets says of this group. Nothing: it is of another one, or says
/// that something is forgotten. Throws if the format is not known.
std::optional<group_event> decode_group_record(const std::string& group, const record&);

/// All of it, in the coordinator's order.
std::vector<group_event> read_group_log(const std::string& servers, const std::string& group);

}  // namespace tests::torture
