// SPDX-License-Identifier: Apache-2.0
// says: weir: topic.time(f): f returns a point in time of std::chrono::system_clock, or
// names: f_returns<.*string
#include <weir/weir.hpp>

#include <string>

struct view {
    std::string at;
};

int main() {
    weir::app app{"a"};
    app.topics<view>("^t").time(&view::at);
}
