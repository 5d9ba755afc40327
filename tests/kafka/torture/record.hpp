// SPDX-License-Identifier: Apache-2.0
// What the broker has, read with librdkafka alone: no code of weir takes part.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tests::torture {

using milliseconds = std::int64_t;  // since the epoch, by the broker's clock

struct header {
    std::string name, value;
};

struct record {
    int partition = 0;
    std::int64_t offset = 0;
    milliseconds time = 0;
    std::optional<std::string> key{}, value{};
    std::vector<header> headers{};
};

/// Gives all that is in the topic now to a function, each partition in its order. Throws if that
/// takes two minutes.
void read_topic(const std::string& servers, const std::string& topic,
                const std::function<void(const record&)>&);

}  // namespace tests::torture
