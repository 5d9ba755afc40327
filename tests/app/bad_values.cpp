// SPDX-License-Identifier: Apache-2.0
// Messages that are no value of their topic: what is said, what is processed, what is committed.
#include <optional>
#include <string>
#include <vector>

#include "driven.hpp"

namespace {

struct reading {
    int id;
    double celsius;
};
using ids = std::vector<int>;

std::string good(int id) { return R"({"id": )" + std::to_string(id) + R"(, "celsius": 20.5})"; }

/// A broker that has a topic "t" with these messages, without keys.
std::shared_ptr<weir::transport::memory_broker> broker_with(
    const std::vector<weir::bytes>& values) {
    auto broker = weir::transport::memory_broker::named("bad-values");
    weir::app nothing{"nothing", {.broker = "memory://bad-values"}};
    test_driver feed{nothing};
    feed.create_topic("t");
    for (auto& v : values) feed.append_raw("t", {}, v);
    return broker;
}
const weir::app_options on_it{.broker = "memory://bad-values"};

/// The sentence of the exception that `run` throws; of which type, the caller says.
template <class Error>
std::string thrown_by_run(weir::app& app) {
    try {
        app.run();
    } catch (const Error& e) { return e.what(); }
    return "nothing was thrown";
}

struct noted final : weir::hooks {
    texts lines;
    std::vector<weir::error_report> failures;
    void log(std::string_view line) override { lines.emplace_back(line); }
    void failed(const weir::error_report& r) override { failures.push_back(r); }
};

}  // namespace

TEST_CASE("a value that does not decode stops the app, behind the messages before it") {
    const auto broker = broker_with({good(0), good(1), R"({"id": 2})", good(3)});
    weir::app app{"a", on_it};
    ids seen;
    app.agent("see", app.topic<reading>("t") |
                         weir::for_each([&](const reading& r) { seen.push_back(r.id); }));
    CHECK(thrown_by_run<weir::decode_error>(app) ==
          "weir: t[0]@2 does not decode: value: reading.celsius: missing, and it is not a "
          "std::optional; "
          "correct the producer, or give the topic an on_decode_error policy");
    CHECK(seen == ids{0, 1});
    CHECK(broker->committed("a", {"t", 0}) == committed{2});
}

TEST_CASE("app.main says where a value does not decode, and ends with exit code 1") {
    const auto broker = broker_with({good(0), "{"});
    noted told;
    auto options = on_it;
    options.hooks = &told;
    weir::app app{"a", options};
    ids seen;
    app.agent("see", app.topic<reading>("t") |
                         weir::for_each([&](const reading& r) { seen.push_back(r.id); }));
    const char* argv[] = {"prog"};
    CHECK(app.main(1, argv) == weir::exit_code::failed);
    CHECK(seen == ids{0});
    CHECK(broker->committed("a", {"t", 0}) == committed{1});
    REQUIRE(told.failures.size() == 1);
    CHECK(told.failures[0].seam == "decode");
    CHECK(told.failures[0].topic == "t");
    CHECK(told.failures[0].partition == 0);
    CHECK(told.failures[0].offset == 1);
    CHECK(told.lines == texts{"decode: t[0]@1: " + told.failures[0].text + " (stop)"});
}

TEST_CASE(
    "a value that does not decode delivers no short batch: what take holds stays uncommitted") {
    const auto broker = broker_with({good(0), good(1), good(2), "no"});
    weir::app app{"a", on_it};
    std::vector<std::size_t> sizes;
    app.agent("see", app.topic<reading>("t")  //
                         | weir::take(2)      // batches of two
                         | weir::for_each(
                               [&](const weir::batch<reading>& b) { sizes.push_back(b.size()); }));
    CHECK_THROWS_AS(app.run(), weir::decode_error);
    CHECK(sizes == std::vector<std::size_t>{2});
    CHECK(broker->committed("a", {"t", 0}) == committed{2});
}

TEST_CASE("a run that met a bad value meets it again: nothing was lost, nothing is read twice") {
    const auto broker = broker_with({good(0), "no", good(2)});
    weir::app app{"a", on_it};
    ids seen;
    app.agent("see", app.topic<reading>("t") |
                         weir::for_each([&](const reading& r) { seen.push_back(r.id); }));
    const auto first = thrown_by_run<weir::decode_error>(app);
    CHECK(thrown_by_run<weir::decode_error>(app) == first);
    CHECK(seen == ids{0});
    CHECK(broker->committed("a", {"t", 0}) == committed{1});
}

TEST_CASE("on_decode_error = skip counts what does not decode, and goes on") {
    weir::app app{"a"};
    auto t = app.topic<reading>("t", {.on_decode_error = weir::skip});
    ids seen;
    app.agent("see", t | weir::for_each([&](const reading& r) { seen.push_back(r.id); }));
    test_driver test{app};
    test.send_raw(t, {}, good(0));
    test.send_raw(t, {}, "no");
    test.send_raw(t, {}, {});
    test.send_raw(t, {}, good(3));
    test.commit();
    CHECK(seen == ids{0, 3});
    CHECK(test.committed(t, 0) == committed{4});
    const auto errors = test.errors();
    REQUIRE(errors.size() == 2);
    CHECK(errors[0].offset == 1);
    CHECK(errors[1].offset == 2);
    CHECK(errors[1].text == "value: null where none is allowed: make the type std::optional<…>");
    CHECK(test.exit_code() == weir::exit_code::ok);
}

TEST_CASE("the app's on_decode_error is every topic's that has none of its own") {
    weir::app app{"a", {.on_decode_error = weir::skip}};
    auto loose = app.topic<reading>("loose");
    auto strict = app.topic<reading>("strict", {.on_decode_error = weir::stop});
    app.agent("loose", loose | weir::for_each([](const reading&) {}));
    app.agent("strict", strict | weir::for_each([](const reading&) {}));
    test_driver test{app};
    test.send_raw(loose, {}, "no");
    CHECK(test.running());
    test.send_raw(strict, {}, "no");
    CHECK(!test.running());
    CHECK(test.exit_code() == weir::exit_code::failed);
    CHECK(test.committed(loose, 0) == committed{1});
    CHECK(test.committed(strict, 0) == committed{});
}

TEST_CASE("a null value stops the app where the type has no null") {
    const auto broker = broker_with({good(0), {}});
    weir::app app{"a", on_it};
    app.agent("see", app.topic<reading>("t") | weir::for_each([](const reading&) {}));
    CHECK(thrown_by_run<weir::decode_error>(app) ==
          "weir: t[0]@1 does not decode: value: null where none is allowed: make the type "
          "std::optional<…>; correct the producer, or give the topic an on_decode_error policy");
    CHECK(broker->committed("a", {"t", 0}) == committed{1});
}

TEST_CASE("a null key stops the app where the type has no null") {
    const auto broker = broker_with({good(0)});
    weir::app app{"a", on_it};
    app.agent("see", app.topic<std::string, reading>("t") | weir::for_each([](const reading&) {}));
    CHECK(thrown_by_run<weir::decode_error>(app) ==
          "weir: t[0]@0 does not decode: key: null where none is allowed: make the type "
          "std::optional<…>; correct the producer, or give the topic an on_decode_error policy");
    CHECK(broker->committed("a", {"t", 0}) == committed{});
}

TEST_CASE("null keys and values come through where the types have a null") {
    const auto broker = broker_with({good(0), {}});
    weir::app app{"a", on_it};
    texts seen;
    app.agent("see", app.topic<std::optional<std::string>, std::optional<reading>>("t") |
                         weir::for_each([&](const std::optional<reading>& r) {
                             seen.push_back(r ? std::to_string(r->id) : "null");
                             if (!r) app.stop();
                         }));
    app.run();
    CHECK(seen == texts{"0", "null"});
    CHECK(broker->committed("a", {"t", 0}) == committed{2});
}
