// SPDX-License-Identifier: Apache-2.0
// What went wrong with the clients, until poll tells it.
#pragma once
#include <chrono>
#include <string>
#include <unordered_map>
#include <vector>

#include "errors.hpp"

namespace weir::transport::kafka {

/// Filled by librdkafka's callbacks, emptied by `poll`; all on the loop's thread. While a broker is
/// away the same sentence comes many times a second: it is told once in `quiet`.
class problems {
public:
    void add(problem);
    void tell(listener&);
    /// The last one since the client was made or has had an answer, a refusal before others; empty:
    /// none.
    const std::string& last() const { return last_; }
    /// The broker has said no: waiting for it makes no sense.
    bool refused() const { return refused_; }
    void answered() {
        last_.clear();
        refused_ = false;
    }

private:
    using clock = std::chrono::steady_clock;
    static constexpr auto quiet = std::chrono::seconds{30};
    static constexpr std::size_t known_max = 100;
    std::vector<problem> waiting_;
    std::unordered_map<std::string, clock::time_point> known_;  // when it was told last
    std::string last_;
    bool refused_ = false;
};

}  // namespace weir::transport::kafka
