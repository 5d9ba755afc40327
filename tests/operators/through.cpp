// SPDX-License-Identifier: Apache-2.0
// through: a topic in the middle of a pipeline, what it keeps, and how it goes on after a failure.
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "driven.hpp"

namespace {

struct order {
    std::string account;
    int amount = 0;
    friend bool operator==(const order&, const order&) = default;
};

}  // namespace

TEST_CASE("semantics 41: through(topic or name): every value goes there, the stream goes on "
          "from there") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers got;
    const auto doubled = in | weir::map([](int i) { return 2 * i; });
    const auto body = weir::for_each([&](int i) { got.push_back(i); });
    SUBCASE("a name") { app.agent("t", doubled | weir::through("mid") | body); }
    SUBCASE("a topic") { app.agent("t", doubled | weir::through(app.topic<int>("mid")) | body); }
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, i);
    CHECK(test.values(test.peek<weir::bytes, int>("mid")) == numbers{2, 4, 6});
    CHECK(got == numbers{2, 4, 6});
    test.commit();
    CHECK(test.committed(in, 0) == committed{3});
    CHECK(test.committed("mid", 0) == committed{3});
}

TEST_CASE("semantics 41: through keeps key, headers and timestamp, in the topic and behind it") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    auto out = app.topic<std::string, int>("out");
    app.agent("t", in | weir::through("mid") | weir::to(out));
    test_driver test{app};
    const weir::timestamp when{5ms};
    const weir::headers headers{{"h", weir::bytes{"1"}}, {"n"}};
    test.send(in, "k", 1, {.timestamp = when, .headers = headers});
    const auto mid = test.peek<std::string, int>("mid");
    for (auto& e : {test.events(mid).at(0), test.events(out).at(0)}) {
        CHECK(e.key() == "k");
        CHECK(e.value() == 1);
        CHECK(e.timestamp() == when);
        CHECK(e.headers() == headers);
    }
}

TEST_CASE("semantics 41: a topic that through names is made with as many partitions as the "
          "source") {
    weir::app app{"a"};
    auto in = app.topic<int>("in", {.partitions = 3});
    app.agent("t", in | weir::through("one") | weir::through("two"));
    test_driver test{app};
    CHECK(test.partitions("one") == std::optional{3});
    CHECK(test.partitions("two") == std::optional{3});
}

TEST_CASE("through a declared topic leaves its partitions as they are") {
    weir::app app{"a"};
    auto in = app.topic<int>("in", {.partitions = 3});
    auto mid = app.topic<int>("mid", {.partitions = 2});
    numbers got;
    app.agent("t", in | weir::through(mid) | weir::for_each([&](int i) { got.push_back(i); }));
    test_driver test{app};
    CHECK(test.partitions(mid) == std::optional{2});
    test.send(in, std::nullopt, 1);
    CHECK(got == numbers{1});
}

TEST_CASE("through is drawn with its topic, which the pipeline goes on from") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    app.agent("t", in | weir::through("mid") | weir::for_each([](int) {}));
    app.agent("e", in | weir::through("end"));
    CHECK(app.graph().text() == "agent t\n"
                                "  topic in : std::string, int\n"
                                "  | through : std::string, int\n"
                                "  topic mid : std::string, int\n"
                                "  | for_each\n"
                                "agent e\n"
                                "  topic in : std::string, int\n"
                                "  | through : std::string, int\n"
                                "  -> topic end : std::string, int\n");
}

TEST_CASE("semantics 41: through at the end of a pipeline is legal: it sends, and nobody reads "
          "its topic") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    app.agent("t", in | weir::through("end"));
    test_driver test{app};
    for (int i : {1, 2}) test.send(in, std::nullopt, i);
    CHECK(test.values(test.peek<weir::bytes, int>("end")) == numbers{1, 2});
    test.commit();
    CHECK(test.committed(in, 0) == committed{2});
    CHECK(test.committed("end", 0) == committed{});
}

TEST_CASE("through sends a batch as one message and goes on with a vector") {
    weir::app app{"a"};
    auto in = app.topic<std::string, order>("in");
    std::vector<std::vector<order>> got;
    app.agent("t", in | weir::take(2, 10s) | weir::through("mid") |
                       weir::for_each([&](const std::vector<order>& v) { got.push_back(v); }));
    CHECK(app.graph().text() ==
          "agent t\n"
          "  topic in : std::string, order\n"
          "  | take(2, 10 s) : std::optional<std::string>, weir::batch<order>\n"
          "  | through : std::optional<std::string>, std::vector<order>\n"
          "  topic mid : std::optional<std::string>, std::vector<order>\n"
          "  | for_each\n");
    test_driver test{app};
    test.send(in, "k", {"alice", 1});
    CHECK(test.held(in, 0) == 1);
    test.send(in, "k", {"bob", 2});
    CHECK(got == std::vector<std::vector<order>>{{{"alice", 1}, {"bob", 2}}});
    const auto mid = test.peek<std::optional<std::string>, std::vector<order>>("mid");
    CHECK(test.items(mid).at(0).first == std::optional<std::string>{"k"});
    test.commit();
    CHECK(test.committed(in, 0) == committed{2});
    CHECK(test.committed("mid", 0) == committed{1});
}

TEST_CASE("the message before through is done when the broker has it, not what is read back") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    app.agent("t", in | weir::through("mid") | weir::take(2));
    test_driver test{app};
    test.send(in, std::nullopt, 1);
    CHECK(test.held(in, 0) == 0);
    CHECK(test.held("mid", 0) == 1);
    test.commit();
    CHECK(test.committed(in, 0) == committed{1});
    CHECK(test.committed("mid", 0) == committed{});
}

TEST_CASE("after a failure behind through the pipeline resumes on its topic") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    int sent = 0;
    numbers got;
    bool broken = true;
    app.agent(
        "t",
        in | weir::tap([&](int) { ++sent; }) | weir::through("mid") | weir::for_each([&](int i) {
            if (broken && i == 2) throw std::runtime_error{"broken"};
            got.push_back(i);
        }),
        {.on_error = weir::stop});
    test_driver test{app};
    for (int i : {1, 2, 3}) test.append(in, std::nullopt, i);
    test.run();
    CHECK_FALSE(test.running());
    CHECK(got == numbers{1});
    broken = false;
    test.restart();
    CHECK(got == numbers{1, 2, 3});
    CHECK(sent == 3);  // what was in the topic was not made again
    test.stop();
    CHECK(test.committed("mid", 0) == committed{3});
}

TEST_CASE("a send that fails is retried as its policy says, and its source is held meanwhile") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    auto mid = app.topic<int>("mid", {.on_produce_error = weir::retry(1, 1s)});
    numbers got;
    app.agent("t", in | weir::through(mid) | weir::for_each([&](int i) { got.push_back(i); }));
    test_driver test{app};
    test.fail_next_send(mid);
    test.send(in, std::nullopt, 1);
    CHECK(got.empty());
    CHECK(test.held(in, 0) == 1);
    test.advance(1s);
    CHECK(got == numbers{1});
    CHECK(test.held(in, 0) == 0);
}

TEST_CASE("a send that failed for good stops the app by default, its source uncommitted") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    app.agent("t", in | weir::through("mid") | weir::for_each([](int) {}));
    test_driver test{app};
    test.fail_next_send("mid");
    test.send(in, std::nullopt, 1);
    CHECK_FALSE(test.running());
    CHECK(test.exit_code() == weir::exit_code::failed);
    CHECK(test.committed(in, 0) == committed{});
    REQUIRE(test.errors().size() == 1);
    CHECK(test.errors().front().seam == "produce");
    CHECK(test.errors().front().topic == "mid");
}

TEST_CASE("through refuses a name that Kafka forbids when its agent is added") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    CHECK_THROWS_WITH_AS(app.agent("t", in | weir::through("")),
                         "\"\" cannot be a topic's name: it must be 1 to 249 of the characters "
                         "a-z A-Z 0-9 . _ - and neither \".\" nor \"..\"",
                         weir::setup_error);
}
