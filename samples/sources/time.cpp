// SPDX-License-Identifier: Apache-2.0
// The time of a message, taken from its value.
//
// Prints:
//   home is seen at 12:34:56
#include <fmt/chrono.h>
#include <fmt/core.h>

#include <string>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

struct view {
    std::string page;
    weir::timestamp at;  // "2000-12-23T12:34:56Z"
};

int main() {
    weir::app app{"time-sample"};

    // [time]
    auto views = app.topic<std::string, view>("views").time(&view::at);

    app.agent("watch", views | weir::events() | weir::for_each([](auto& event) {
        fmt::print("{} is seen at {:%H:%M:%S}\n", event.value().page, event.timestamp());
    }));
    // [/time]

    weir::testing::test_driver test{app};
    test.send_raw(views, "ann", R"({"page": "home", "at": "2000-12-23T12:34:56Z"})");
}
