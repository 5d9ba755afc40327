// SPDX-License-Identifier: Apache-2.0
// Finds the known name that a wrong one is probably meant to be.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace weir::detail {

/// The known name that is most like `name`; empty if none is. Names are alike if few letters
/// differ, or if one begins with the other.
std::string nearest(std::string_view name, const std::vector<std::string>& known);
/// ": did you mean 'orders'?", or nothing.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& known);

}  // namespace weir::detail
