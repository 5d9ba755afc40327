// SPDX-License-Identifier: Apache-2.0
// What run throws: an agent's error by policy, what a hook or a posted call threw, a wrong set-up.
#include <ranges>
#include <stdexcept>
#include <string>
#include <vector>

#include <weir/transport/memory.hpp>

#include "driven.hpp"

namespace {

auto broker_with(const texts& values) {
    auto broker = weir::transport::memory_broker::named("thrown");
    weir::app nothing{"nothing", {.broker = "memory://thrown"}};
    test_driver feed{nothing};
    feed.create_topic("t");
    for (auto& v : values) feed.append_raw("t", {}, v);
    return broker;
}
template <class Error>
std::string thrown(auto f) {
    try {
        f();
    } catch (const Error& e) { return e.what(); }
    return "nothing was thrown";
}
void no_two(const std::string& s) {
    if (s == "2") throw std::out_of_range{"two is out of range"};
}

}  // namespace

TEST_CASE("setup_error and decode_error are errors, and errors are runtime_errors") {
    CHECK(std::is_base_of_v<weir::error, weir::setup_error>);
    CHECK(std::is_base_of_v<weir::error, weir::decode_error>);
    CHECK(std::is_base_of_v<std::runtime_error, weir::error>);
    CHECK(!std::is_base_of_v<weir::setup_error, weir::decode_error>);
}

TEST_CASE("semantics 46: an agent that fails by policy stop ends the run with an error that names "
          "the place") {
    const auto broker = broker_with({"0", "1", "2", "3"});
    weir::app app{"a", {.broker = "memory://thrown"}};
    app.agent("see", app.topic<std::string>("t") | weir::for_each(no_two),
              {.on_error = weir::stop});
    CHECK(thrown<weir::error>([&] { app.run(); }) ==
          "weir: agent 'see' stopped at t[0]@2: two is out of range");
    CHECK(broker->committed("a", {"t", 0}) == committed{2});
}

TEST_CASE("poll throws what run would have thrown") {
    const auto broker = broker_with({"2"});
    weir::app app{"a", {.broker = "memory://thrown"}};
    app.agent("see", app.topic<std::string>("t") | weir::for_each(no_two),
              {.on_error = weir::stop});
    CHECK(thrown<weir::error>([&] {
              while (app.poll(1s)) {}
          }) == "weir: agent 'see' stopped at t[0]@0: two is out of range");
    CHECK(broker->committed("a", {"t", 0}) == committed{});
}

TEST_CASE("a pull stream throws the exception itself") {
    const auto broker = broker_with({"1", "2"});
    weir::app app{"a", {.broker = "memory://thrown"}};
    texts seen;
    CHECK(thrown<std::out_of_range>([&] {
              for (auto& s : app.stream(app.topic<std::string>("t")) | weir::tap(no_two))
                  seen.push_back(s);
          }) == "two is out of range");
    CHECK(seen == texts{"1"});
    CHECK(broker->committed("a", {"t", 0}) == committed{1});
}

TEST_CASE("an exception of a range that is read stops the app") {
    const auto torn = [](int i) {
        if (i == 2) throw std::runtime_error{"the range is torn"};
        return i;
    };
    weir::app app{"a"};
    app.agent("torn", weir::from(std::views::iota(0, 9) | std::views::transform(torn)) |
                          weir::tap([](int) {}));
    CHECK(thrown<std::runtime_error>([&] { app.run(); }) == "the range is torn");
}

TEST_CASE("a send that fails for good ends the run with an error that names agent and topic") {
    const auto broker = broker_with({"1"});
    broker->create_topic({"out"});
    broker->fail_next_send("out", 1);
    weir::app app{"a", {.broker = "memory://thrown"}};
    app.agent("copy", app.topic<std::string>("t") | weir::to("out"));
    const auto said = thrown<weir::error>([&] { app.run(); });
    CHECK(said.starts_with("weir: agent 'copy': sending to 'out' failed: "));
    CHECK(broker->committed("a", {"t", 0}) == committed{});
}

TEST_CASE("the error of a topic that group_by has made says what it is made of") {
    const std::string name = "a-see-n-repartition";
    const auto error_of = [&](const std::string& value, auto prepare) {
        const auto broker = broker_with({value});
        broker->create_topic({name, 1});
        prepare(*broker);
        weir::app app{"a", {.broker = "memory://thrown", .on_error = weir::stop}};
        const auto size = [](const std::string& s) { return static_cast<int>(s.size()); };
        app.agent("see",
                  app.topic<std::string>("t") | weir::group_by(size, "n") | weir::for_each(no_two));
        return thrown<weir::error>([&] { app.run(); });
    };
    const auto nothing_more = [](weir::transport::memory_broker&) {};
    CHECK(
        error_of("2", nothing_more) ==
        "weir: agent 'see' stopped at a-see-n-repartition[0]@0 (made of topic 't' by group_by n): "
        "two is out of range");
    CHECK(error_of("1", [&](auto& broker) { broker.fail_next_send(name, 1); })
              .starts_with("weir: agent 'see': sending to 'a-see-n-repartition' (made of topic 't' "
                           "by group_by n) failed: "));
    CHECK(error_of("1",
                   [&](auto&) {
                       weir::app other{"other", {.broker = "memory://thrown"}};
                       test_driver{other}.append_raw(name, "no number", "1");
                   })
              .starts_with(
                  "weir: a-see-n-repartition[0]@0 (made of topic 't' by group_by n) does not "
                  "decode: "));
}

TEST_CASE("a posted call that throws stops the app: run throws it, the others are called") {
    const auto broker = broker_with({"1"});
    weir::app app{"a", {.broker = "memory://thrown"}};
    texts seen;
    app.agent("see", app.topic<std::string>("t") |
                         weir::for_each([&](const std::string& s) { seen.push_back(s); }));
    app.post([&] { throw std::logic_error{"posted in vain"}; });
    app.post([&] { seen.emplace_back("the other call"); });
    CHECK(thrown<std::logic_error>([&] { app.run(); }) == "posted in vain");
    CHECK(seen == texts{"the other call"});
    app.stop();
    CHECK_NOTHROW(app.run());
}

TEST_CASE("a hook that throws stops the app: run throws it") {
    struct angry final : weir::hooks {
        void committed(const weir::topic_partition&, weir::offset) override {
            throw std::logic_error{"no commits, please"};
        }
        void assigned(const weir::topic_partition&) override {
            if (unwilling) throw std::logic_error{"no partitions, please"};
        }
        bool unwilling = true;
    } hooks;
    const auto broker = broker_with({"1"});
    weir::app app{"a", {.broker = "memory://thrown", .commit_interval = 1ms, .hooks = &hooks}};
    texts seen;
    app.agent("see", app.topic<std::string>("t") |
                         weir::for_each([&](const std::string& s) { seen.push_back(s); }));
    CHECK(thrown<std::logic_error>([&] { app.run(); }) == "no partitions, please");
    CHECK(seen.empty());
    hooks.unwilling = false;
    CHECK(thrown<std::logic_error>([&] { app.run(); }) == "no commits, please");
    CHECK(seen == texts{"1"});
    CHECK(broker->committed("a", {"t", 0}) == committed{1});
}
