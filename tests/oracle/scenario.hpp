// SPDX-License-Identifier: Apache-2.0
// What another system did with its inputs, step by step, and the pipelines of ours that have to do
// the same. README.md describes the files.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <weir/weir.hpp>

namespace oracle {

/// A key or a value that may be null.
using text = std::optional<std::string>;

struct message {
    std::string topic;
    text key, value;
    std::int64_t ts = 0;  // milliseconds
    friend bool operator==(const message&, const message&) = default;
};
struct step {
    message in;
    std::vector<message> out;
};
struct results {
    std::vector<message> out;
};
struct scenario {
    std::string id, what;
    std::vector<step> steps;
    std::optional<std::vector<results>> exact;
    static constexpr weir::names json_names{&scenario::what, "operator"};
};

/// Adds the agents of a scenario to the app. They read and send to the topics that the scenario
/// names. `by_operator` has one for each operator; a file of another operator fails.
using pipeline = void (*)(weir::app&, const scenario&);
using by_operator = std::map<std::string, pipeline>;

const by_operator& of_tables();

}  // namespace oracle
