// SPDX-License-Identifier: Apache-2.0
// Counts the views of each page in a table that the agent's body changes, as Faust's page_views
// does. Then it prints the table:
//
//     page_views table page_views --input page_views=page_views.jsonl
//
// Prints:
//   /	3
//   /prices	2
//   /about	1
#include <string>
#include <weir/weir.hpp>

struct page_view {
    std::string id, user;
};

int main(int argc, char** argv) try {
    weir::app app{"page_views"};

    // [count]
    auto page_view_topic = app.topic<page_view>("page_views", {.partitions = 4});
    auto page_views = app.table<std::string, int>("page_views");

    app.agent("count_page_views", page_view_topic
        | weir::group_by(&page_view::id)
        | weir::for_each([page_views](const page_view& view) {
              page_views[view.id] += 1;
          }), {.tables = {page_views}});
    // [/count]

    return app.main(argc, argv);
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
