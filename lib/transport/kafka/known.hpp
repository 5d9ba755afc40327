// SPDX-License-Identifier: Apache-2.0
// The properties that this librdkafka has.
#pragma once
#include <map>
#include <string>

namespace weir::transport::kafka {

/// Name, and whose it is: '*', or 'C' or 'P' for a consumer's or a producer's alone.
std::map<std::string, char> known_properties();

}  // namespace weir::transport::kafka
