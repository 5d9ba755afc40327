// SPDX-License-Identifier: Apache-2.0
// What an app says in its log.
#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

#include "cli/captured.hpp"
#include "escaped.hpp"

using namespace std::chrono_literals;

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

namespace {

/// Fails for every message; what it says of that.
struct failing {
    noted told{};
    weir::app app{"a", {.hooks = &told}};
    weir::topic<int> t = app.topic<int>("t");
    failing() {
        app.agent("x", t | weir::for_each([](int) { throw std::runtime_error{"no"}; }));
    }
};
std::string line_of(int offset) {
    return "process in agent 'x': t[0]@" + std::to_string(offset) + ": no (skip)";
}

}  // namespace

TEST_CASE("of many failures the first ten are a line each, the others are counted once a second") {
    failing f;
    weir::testing::test_driver test{f.app};
    for (int i = 0; i < 800; ++i) test.send(f.t, "", i);
    std::vector<std::string> expected;
    for (int i = 0; i < 10; ++i) expected.push_back(line_of(i));
    CHECK(f.told.lines == expected);
    test.advance(1s);
    expected.push_back("790 more failed, the last one: " + line_of(799));
    CHECK(f.told.lines == expected);
    for (int i = 0; i < 5; ++i) test.send(f.t, "", i);
    CHECK(f.told.lines == expected);  // it has not been quiet since
    test.advance(1s);
    expected.push_back("5 more failed, the last one: " + line_of(804));
    CHECK(f.told.lines == expected);
    test.advance(2s);
    test.send(f.t, "", 0);
    expected.push_back(line_of(805));
    CHECK(f.told.lines == expected);
    CHECK(f.app.counters().process.skipped == 806);
}

TEST_CASE("failures that were not told yet are told when the run ends") {
    failing f;
    {
        weir::testing::test_driver test{f.app};
        for (int i = 0; i < 12; ++i) test.send(f.t, "", i);
        test.stop();
    }
    CHECK(f.told.lines.back() == "2 more failed, the last one: " + line_of(11));
}
