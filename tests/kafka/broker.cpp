// SPDX-License-Identifier: Apache-2.0
#include "broker.hpp"

#include <chrono>
#include <cstdlib>

namespace weir::testing {

std::string servers() {
    const auto* at = std::getenv("WEIR_TEST_KAFKA");
    return at ? at : "127.0.0.1:19092";
}

std::string fresh(const std::string& stem) {
    static const auto run = std::chrono::system_clock::now().time_since_epoch().count();
    static int next = 0;
    return stem + '-' + std::to_string(run) + '-' + std::to_string(next++);
}

}  // namespace weir::testing
