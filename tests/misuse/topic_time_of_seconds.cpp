// SPDX-License-Identifier: Apache-2.0
// says: weir: topic.time(f): f returns a point in time of std::chrono::system_clock, or
// names: f_returns<.*int
#include <weir/weir.hpp>

#include <string>

struct view {
    int seconds;  // has no room for milliseconds
};

int main() {
    weir::app app{"a"};
    app.topic<view>("t").time(&view::seconds);
}
