// SPDX-License-Identifier: Apache-2.0
// What the ledger must know of each pipeline in pipelines.cpp. A new pipeline is one function
// there, and one here.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ledger.hpp"

namespace tests::torture {

struct plan {
    struct topic {
        std::string name;
        int partitions = 4;
    };
    /// A topic that is fed: some of all ids.
    struct input {
        std::string topic;
        bool (*has)(std::int64_t id);
        std::string (*key)(std::int64_t id);
    };
    std::vector<input> inputs{};
    std::vector<topic> topics{};  // created before anything runs; the inputs, too
    std::vector<hop> hops{};
    std::vector<table> tables{};  // weir makes their changelogs
    std::vector<table_join> table_joins{};
    std::vector<stream_join> stream_joins{};
};

/// The names of all pipelines.
std::vector<std::string> pipelines();
/// Of one of them, in an app of this id. Nothing: there is none of this name.
std::optional<plan> plan_of(const std::string& pipeline, const std::string& app);

}  // namespace tests::torture
