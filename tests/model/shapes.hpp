// SPDX-License-Identifier: Apache-2.0
// Which blocks and ends are compiled: their operators, as plain lists.
#pragma once
#include <vector>

#include "scenario.hpp"

namespace model {

/// Operators of which each block is made, in their order.
const std::vector<std::vector<op>>& blocks();
/// The last operators of a pipeline.
const std::vector<std::vector<op>>& ends();

}  // namespace model
