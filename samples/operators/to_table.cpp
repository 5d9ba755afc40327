// SPDX-License-Identifier: Apache-2.0
// to_table: where each customer lives, as a topic last said.
//
// Prints:
//   bob lives in Linz
//   carol lives in Wels
#include <fmt/core.h>

#include <optional>
#include <string>
#include <weir/weir.hpp>

int main(int argc, char** argv) try {
    weir::app app{"shop"};
    int left = 5;

    // [to_table]
    auto moves = app.topic<std::string, std::optional<std::string>>("moves");
    auto cities = app.table<std::string, std::string>("cities");

    app.agent("cities", moves                      // stream of optional<string>, keyed by name
        | weir::to_table(cities)                   // the same; a null erases its key
        | weir::for_each([&](const auto&) {
              if (--left > 0) return;
              cities.each([](const std::string& name, const std::string& city) {
                  fmt::print("{} lives in {}\n", name, city);
              });
              app.stop();
          }));

    moves.send("ann", "Graz");
    moves.send("bob", "Graz");
    moves.send("carol", "Wels");
    moves.send("bob", "Linz");                     // bob moves
    moves.send("ann", std::nullopt);               // ann has left
    // [/to_table]

    return app.main(argc, argv);
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
