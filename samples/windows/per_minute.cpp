// SPDX-License-Identifier: Apache-2.0
// Counts the views of each page in each minute, by the times that the views have:
//
//     per_minute --input views=views.jsonl --keyed-output views-per-minute
//
// Prints:
//   {"key":"/","start":"2025-01-01T12:00:00.000Z","end":"2025-01-01T12:01:00.000Z"}	2
//   {"key":"/prices","start":"2025-01-01T12:00:00.000Z","end":"2025-01-01T12:01:00.000Z"}	1
#include <string>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct view {
    std::string page;
    weir::timestamp at;
};

int main(int argc, char** argv) try {
    weir::app app{"pages"};

    // [count]
    auto views = app.topic<view>("views").time(&view::at);

    app.agent("count", views                                 // stream of view
        | weir::group_by(&view::page)                        // keyed by page, in a topic
        | weir::window(weir::tumbling(1min), weir::grace(5s))
        | weir::count()                                      // when a window closes
        | weir::to("views-per-minute"));                     // keyed by page and window
    // [/count]

    return app.main(argc, argv);
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
