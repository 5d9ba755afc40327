// SPDX-License-Identifier: Apache-2.0
// A scenario, played on the embedded broker, and looked at after every step.
#pragma once
#include <string>

#include "scenario.hpp"

namespace model {

/// Plays it. What was wrong, in a sentence; empty: nothing.
std::string play(const scenario&);

}  // namespace model
