// SPDX-License-Identifier: Apache-2.0
// The properties that this librdkafka has.
#pragma once
#include <map>
#include <string>

namespace weir::transport::kafka {

/// Names of properties, with '*', or 'C' or 'P' if only a consumer or a producer has it.
std::map<std::string, char> known_properties();

}  // namespace weir::transport::kafka
