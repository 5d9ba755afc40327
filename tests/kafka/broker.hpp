// SPDX-License-Identifier: Apache-2.0
// The broker that the Kafka suite runs on: tests/kafka/run starts it and says where it is.
#pragma once
#include <string>

#include <transport/kafka/kafka.hpp>

namespace weir::testing {

/// host:port
std::string servers();
/// A name that no case and no earlier run has used.
std::string fresh(const std::string& stem);

}  // namespace weir::testing
