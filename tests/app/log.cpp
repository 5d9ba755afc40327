// SPDX-License-Identifier: Apache-2.0
// What an app says in its log.
#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

#include "app/captured.hpp"
#include "escaped.hpp"

namespace {

struct noted final : weir::hooks {
    std::vector<std::string> lines;
    void log(std::string_view line) override { lines.emplace_back(line); }
};

}  // namespace

TEST_CASE("control characters are escaped, all else is left as it is") {
    using weir::detail::escaped;
    using namespace std::string_view_literals;
    CHECK(escaped("a\nb\r\tc") == "a\\nb\\r\\tc");
    CHECK(escaped("\x1b[2J\x7f\0."sv) == "\\x1b[2J\\x7f\\0.");
    CHECK(escaped("\xc2\x9b"
                  "2J") == "\\x9b2J");  // the same in UTF-8, as one character
    CHECK(escaped("Zürich \xc2\xa0€ \\n") == "Zürich \xc2\xa0€ \\n");
    CHECK(escaped("\xc2") == "\xc2");
}

TEST_CASE("what failed cannot forge a line of the log, with hooks or without") {
    const auto fail = [](weir::hooks* told) {
        weir::app app{"a", {.hooks = told}};
        const auto t = app.topic<std::string>("t");
        app.agent("x",
                  t | weir::for_each([](const std::string& s) { throw std::runtime_error{s}; }));
        weir::testing::test_driver test{app};
        test.send(t, "", "first\nweir: all is well\x1b[2J");
    };
    noted told;
    fail(&told);
    const std::string line =
        "process in agent 'x': t[0]@0: first\\nweir: all is well\\x1b[2J (skip)";
    CHECK(told.lines == std::vector<std::string>{line});
    tests::captured err{stderr};
    fail(nullptr);
    CHECK(err.text() == "weir: " + line + '\n');
}

TEST_CASE("the sentence that ends a program is one line") {
    weir::app app{"a"};
    app.task([] { throw std::runtime_error{"one\ntwo"}; });
    const auto said = tests::run(app, {});
    CHECK(said.code == weir::exit_code::failed);
    CHECK(said.err.ends_with("\nprog: weir: a task stopped the app: one\\ntwo\n"));
}

TEST_CASE("what() of weir's own errors does not end at a null byte") {
    const std::string name{"a\0b", 3};
    CHECK(std::string{weir::error{name + '!'}.what()} == "a\\0b!");
    weir::app app{"a"};
    CHECK_THROWS_WITH_AS(
        app.topic(name),
        "\"a\\0b\" cannot be a topic's name: it must be 1 to 249 of the characters a-z A-Z 0-9 . _ "
        "- and neither \".\" nor \"..\"",
        weir::setup_error);
}
