// SPDX-License-Identifier: Apache-2.0
// `prog tables` and `prog table`.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <weir/weir.hpp>

#include "cli/captured.hpp"
#include "cli/temp_file.hpp"

namespace {

using tests::printed;

struct order {
    std::string account;
    double price;
};
struct spent {
    double sum = 0;
    int orders = 0;
};

printed shop_says(const std::vector<const char*>& arguments) {
    weir::app app{"shop"};
    auto orders = app.topic<order>("orders");
    auto totals = app.table<std::string, spent>("totals");
    app.agent("total", orders | weir::group_by(&order::account) |
                           weir::aggregate(totals, [](spent& s, const order& o) {
                               s.sum += o.price;
                               ++s.orders;
                           }));
    return tests::run(app, arguments);
}

}  // namespace

TEST_CASE("tables lists the tables") {
    const auto said = shop_says({"tables"});
    CHECK(said.code == weir::exit_code::ok);
    CHECK(said.out == "totals: std::string -> spent, changed by agent total\n");
}

TEST_CASE("table runs what --input feeds, then prints the table, or one key's value") {
    const temp_file lines{R"~({"account":"ann","price":12.5}
{"account":"bob","price":40}
{"account":"ann","price":2.5}
)~"};
    const auto input = "orders=" + lines.path();
    const auto all = shop_says({"table", "totals", "--input", input.c_str()});
    CHECK(all.code == weir::exit_code::ok);
    CHECK(all.out == "ann\t{\"sum\":15,\"orders\":2}\nbob\t{\"sum\":40,\"orders\":1}\n");
    CHECK(all.err.empty());
    const auto one = shop_says({"table", "totals", "bob", "--input", input.c_str()});
    CHECK(one.out == "{\"sum\":40,\"orders\":1}\n");
    const auto none = shop_says({"table", "totals", "eve", "--input", input.c_str()});
    CHECK(none.code == weir::exit_code::failed);
    CHECK(none.err == "prog: weir: table totals has no key 'eve'\n");
}

TEST_CASE("a table that the program does not have is wrong usage") {
    const auto said = shop_says({"table", "total"});
    CHECK(said.code == weir::exit_code::usage);
    CHECK(said.err.find("table total: the program has no such table") != std::string::npos);
    CHECK(said.err.find("It has: totals") != std::string::npos);
}
