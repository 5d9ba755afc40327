// SPDX-License-Identifier: Apache-2.0
// What another system did with its inputs, step by step, and the pipelines of ours that have to do
// the same. README.md describes the files.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <weir/weir.hpp>

namespace oracle {

/// A key or a value that may be null.
using text = std::optional<std::string>;

/// A key and its window, in milliseconds.
struct window {
    std::string key;
    std::int64_t start = 0, end = 0;
    friend bool operator==(const window&, const window&) = default;
};
struct message {
    std::string topic;
    std::optional<std::variant<std::string, window>> key;
    text value;
    std::optional<std::int64_t> ts;  // milliseconds; none: it was not recorded
    friend bool operator==(const message&, const message&) = default;
};
struct step {
    message in;
    std::vector<message> out;
    std::optional<std::int64_t> dropped{};
};
struct results {
    std::vector<message> out;
    std::optional<std::int64_t> dropped{};
};
/// The parameters of windows and joins. Other operators' are in their pipelines.
struct window_params {
    std::int64_t size_ms = 0, advance_ms = 0, gap_ms = 0, grace_ms = 0;
    std::int64_t before_ms = 0, after_ms = 0;
    std::string emit{}, aggregate{}, kind{};
    bool self = false;
    static constexpr bool json_defaults = true;
};
struct scenario {
    std::string id, what;
    window_params params{};
    std::vector<step> steps;
    std::optional<std::vector<results>> exact;
    static constexpr weir::names json_names{&scenario::what, "operator"};
};

/// Adds the agents of a scenario to the app. They read and send to the topics that the scenario
/// names. `by_operator` has one for each operator; a file of another operator fails.
using pipeline = void (*)(weir::app&, const scenario&);
using by_operator = std::map<std::string, pipeline>;

const by_operator& of_joins();
const by_operator& of_tables();
const by_operator& of_windows();

}  // namespace oracle
