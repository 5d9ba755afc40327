// SPDX-License-Identifier: Apache-2.0
// for_each: the body of an agent, its acknowledgements and its errors.
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "counted.hpp"
#include "driven.hpp"

namespace {

using weir::testing::counted;

}  // namespace

TEST_CASE("for_each calls its body with every value and acknowledges the message behind it") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers got;
    app.agent("e", in | weir::for_each([&](int i) { got.push_back(i); }));
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, i);
    CHECK(got == numbers{1, 2, 3});
    CHECK(test.held(in, 0) == 0);
    test.commit();
    CHECK(test.committed(in, 0) == committed{3});
}

TEST_CASE("for_each keeps the order within each partition") {
    weir::app app{"a"};
    auto in = app.topic<int>("in", {.partitions = 2});
    numbers even, odd;
    app.agent("e", in | weir::for_each([&](int i) { (i % 2 ? odd : even).push_back(i); }));
    test_driver test{app};
    for (int i = 0; i < 6; ++i) test.append(in, std::nullopt, i, {.partition = i % 2});
    test.run();
    CHECK(even == numbers{0, 2, 4});
    CHECK(odd == numbers{1, 3, 5});
}

TEST_CASE("for_each ends a pipeline and is drawn without a type") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    app.agent("e", in | weir::for_each([](int) {}));
    CHECK(app.graph().text() == "agent e\n"
                                "  topic in : std::string, int\n"
                                "  | for_each\n");
}

TEST_CASE(
    "for_each: a body takes a constant, or a copy of its own, behind a topic and behind map") {
    counted::copies = 0;
    weir::app app{"a"};
    auto in = app.topic<counted>("in");
    int bodies = 0;
    const auto read = [&](const std::string& name, auto body, int copies) {
        const auto made = [](const counted& c) { return counted{c.number}; };
        app.agent(name, in | weir::for_each(body));
        app.agent(name + " behind map", in | weir::map(made) | weir::for_each(body));
        bodies += 2 * copies;
    };
    int sum = 0;
    const auto seen = [&](const counted& c) { sum += c.number; };
    read(
        "const V&", [=](const counted& c) { seen(c); }, 0);
    read(
        "auto&", [=](auto& c) { seen(c); }, 0);
    read(
        "const auto&", [=](const auto& c) { seen(c); }, 0);
    read(
        "auto&&",
        [=]<class T>(T&& c) {
            static_assert(std::is_same_v<T, const counted&>);
            seen(c);
        },
        0);
    read(
        "auto", [=](auto c) { seen(c); }, 1);
    read(
        "V",
        [=](counted c) {
            c.number *= 10;  // nobody else sees it
            seen(c);
        },
        1);
    test_driver test{app};
    test.send(in, std::nullopt, counted{1});
    CHECK(sum == 10 + 2 * 10);
    CHECK(counted::copies == bodies);
}

TEST_CASE("for_each hands its body an lvalue and copies nothing") {
    counted::copies = 0;
    weir::app app{"a"};
    auto in = app.topic<counted>("in");
    int sum = 0;
    app.agent("direct", in | weir::for_each([&](auto& c) { sum += c.number; }));
    app.agent("mapped", in | weir::map([](const counted& c) { return counted{c.number}; }) |
                            weir::for_each([&](const counted& c) { sum += c.number; }));
    test_driver test{app};
    for (int i : {1, 2}) test.send(in, std::nullopt, counted{i});
    CHECK(sum == 6);
    CHECK(counted::copies == 0);
}

TEST_CASE("a body may keep state of its own; a new run begins anew") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers sums;
    app.agent("e",
              in | weir::for_each([&sums, sum = 0](int i) mutable { sums.push_back(sum += i); }));
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, i);
    CHECK(sums == numbers{1, 3, 6});
    test.restart();
    test.send(in, std::nullopt, 4);
    CHECK(sums == numbers{1, 3, 6, 4});
}

TEST_CASE("a message stays open until every agent's body has finished it") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers quick;
    int tries = 0;
    app.agent("quick", in | weir::for_each([&](int i) { quick.push_back(i); }));
    app.agent("slow", in | weir::for_each([&](int) {
                          if (++tries == 1) throw std::runtime_error{"not yet"};
                      }),
              {.on_error = weir::retry(1, 1s)});
    test_driver test{app};
    test.send(in, std::nullopt, 1);
    CHECK(quick == numbers{1});
    test.commit();
    CHECK(test.committed(in, 0) == committed{});
    test.advance(1s);
    test.commit();
    CHECK(test.committed(in, 0) == committed{1});
    CHECK(quick == numbers{1});  // a retry is its agent's own
}

TEST_CASE("a message whose body throws is skipped, unless told otherwise, and reported once") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers got;
    app.agent("e", in | weir::for_each([&](int i) {
                       if (i == 2) throw std::runtime_error{"two!"};
                       got.push_back(i);
                   }));
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, i);
    CHECK(got == numbers{1, 3});
    REQUIRE(test.errors().size() == 1);
    const auto e = test.errors().front();
    CHECK(e.seam == "process");
    CHECK(e.agent == "e");
    CHECK(e.topic == "in");
    CHECK(e.partition == 0);
    CHECK(e.offset == 1);
    CHECK(e.text == "two!");
    test.commit();
    CHECK(test.committed(in, 0) == committed{3});
}

TEST_CASE("the app's policy counts where the agent has none") {
    weir::app app{"a", {.on_error = weir::stop}};
    auto in = app.topic<int>("in");
    app.agent("e", in | weir::for_each([](int) { throw std::runtime_error{"no"}; }));
    test_driver test{app};
    test.send(in, std::nullopt, 1);
    CHECK_FALSE(test.running());
    CHECK(test.exit_code() == weir::exit_code::failed);
    CHECK(test.committed(in, 0) == committed{});
}

TEST_CASE("a retried body that goes on failing is skipped after its last attempt") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers calls;
    app.agent("e", in | weir::for_each([&](int i) {
                       calls.push_back(i);
                       if (i == 1) throw std::runtime_error{"never"};
                   }),
              {.on_error = weir::retry(2, 100ms).then(weir::skip)});
    test_driver test{app};
    for (int i : {1, 2}) test.append(in, std::nullopt, i);
    test.run();
    CHECK(calls == numbers{1});
    test.advance(100ms);
    CHECK(calls == numbers{1, 1});
    test.advance(100ms);
    CHECK(calls == numbers{1, 1, 1, 2});
    CHECK(test.errors().size() == 1);
}

TEST_CASE("what is thrown need not be a std::exception") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    app.agent("e", in | weir::for_each([](int i) { throw i; }));
    test_driver test{app};
    test.send(in, std::nullopt, 1);
    REQUIRE(test.errors().size() == 1);
    CHECK(test.errors().front().text == "an exception that is not a std::exception");
}

TEST_CASE("a body may stop the app: the message is finished, what comes behind it is not begun") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers got;
    app.agent("e", in | weir::for_each([&](int i) {
                       got.push_back(i);
                       if (i == 2) app.stop();
                   }));
    test_driver test{app};
    for (int i : {1, 2, 3}) test.append(in, std::nullopt, i);
    test.run();
    CHECK(got == numbers{1, 2});
    CHECK_FALSE(test.running());
    CHECK(test.exit_code() == weir::exit_code::ok);
    CHECK(test.committed(in, 0) == committed{2});
}
