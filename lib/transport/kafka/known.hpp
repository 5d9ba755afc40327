// SPDX-License-Identifier: Apache-2.0
// The properties that this librdkafka has.
#pragma once
#include <map>
#include <string>
#include <string_view>

namespace weir::transport::kafka {

/// Name, and whose it is: '*', or 'C' or 'P' for a consumer's or a producer's alone.
std::map<std::string, char> known_properties();
/// The known name that is reached by the fewest edits.
std::string nearest(std::string_view name, const std::map<std::string, char>& known);

}  // namespace weir::transport::kafka
