// SPDX-License-Identifier: Apache-2.0
// The known name that was meant, for sentences about wrong ones.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace weir::detail {

/// The known name that is the most like `name`; empty if none is like it. Names are alike when few
/// letters differ, or when one begins with the other.
std::string nearest(std::string_view name, const std::vector<std::string>& known);
/// ": did you mean 'orders'?", or nothing.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& known);

}  // namespace weir::detail
