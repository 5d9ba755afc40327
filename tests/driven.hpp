// SPDX-License-Identifier: Apache-2.0
// What tests have in common that drive an app on the embedded broker.
#pragma once
#include <weir/weir.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <weir/testing/test_driver.hpp>

using namespace std::chrono_literals;
using weir::offset;
using weir::testing::test_driver;

using committed = std::optional<offset>;
using numbers = std::vector<int>;
using texts = std::vector<std::string>;
using trace = std::vector<int>;
using offsets = std::vector<offset>;
using batches = std::vector<std::vector<int>>;
inline const auto nothing = std::optional<offset>{};  // is committed

/// Keeps the lines that would be logged of what a test makes fail.
struct silent : weir::hooks {
    texts lines{};
    void log(std::string_view line) override { lines.emplace_back(line); }
};
