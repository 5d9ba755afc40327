// SPDX-License-Identifier: Apache-2.0
// What went wrong with the clients, until poll tells it.
#pragma once
#include <chrono>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "errors.hpp"

namespace weir::transport::kafka {

/// Filled by librdkafka's callbacks, emptied by `poll`; all on the loop's thread. While a broker is
/// away the same problem comes many times a second: it is told once in `quiet`.
class problems {
public:
    void add(problem);
    /// It may be the cause; it is not told by itself.
    void note(const problem&);
    void tell(listener&);
    /// What is to be told.
    std::vector<problem> take() { return std::exchange(waiting_, {}); }
    /// Why there is no answer: the most specific problem since the client was made or has had an
    /// answer, and of equal ones the last. Empty if there was none.
    const std::string& cause() const { return cause_.text; }
    /// The broker has said no: waiting for it makes no sense.
    bool refused() const { return cause_.refused; }
    void answered();

private:
    using clock = std::chrono::steady_clock;
    static constexpr auto quiet = std::chrono::seconds{30};
    static constexpr std::size_t known_max = 100;
    std::vector<problem> waiting_;
    std::unordered_map<std::string, clock::time_point> known_;  // by key: when it was told last
    problem cause_{};
    problem before_{};  // the cause when the last answer came
};

/// As it is told while the program runs.
std::string text_of(const problem&);

}  // namespace weir::transport::kafka
