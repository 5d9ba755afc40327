// SPDX-License-Identifier: Apache-2.0
// A value that its codec cannot write: what it stops, and who decides otherwise.
#include <limits>
#include <string>
#include <utility>

#include "driven.hpp"

namespace {

struct reading {
    double celsius = 0;
};
struct place {
    std::string name;
};

/// 1 becomes what JSON cannot carry.
reading measured(int n) { return {n == 1 ? std::numeric_limits<double>::quiet_NaN() : n}; }
weir::task<place> found(reading r) {
    co_return place{r.celsius == 1 ? std::string{"\xff"} : std::string{"here"}};
}

struct outcome {
    bool running;
    std::optional<offset> committed;
    std::vector<std::string> errors;
};

/// What becomes of 0, 1, 2 if `pipeline_of(topic)` cannot write what it makes of 1.
outcome run(auto pipeline_of, weir::app_options on_app = {}, weir::agent_options on_agent = {}) {
    static silent quiet;
    on_app.hooks = &quiet;
    weir::app app{"encode", on_app};
    auto in = app.topic<int>("in");
    app.agent("a", pipeline_of(in), on_agent);
    test_driver test{app};
    for (int n : {0, 1, 2}) test.append(in, std::nullopt, n);
    test.run();
    test.commit();
    outcome o{test.running(), test.committed(in, 0), {}};
    for (auto& e : test.errors()) o.errors.push_back(e.text);
    return o;
}
void stops(auto pipeline_of) {
    const auto o = run(pipeline_of);
    CHECK(!o.running);
    CHECK(o.committed == 1);
    CHECK(o.errors.size() == 1);
}

const auto to_out = [](auto in) { return in | weir::map(measured) | weir::to("out"); };

}  // namespace

TEST_CASE(
    "semantics 6: a value that cannot be written stops the app, whichever operator sends it") {
    stops(to_out);
    stops([](auto in) {
        return in | weir::map(measured) |
               weir::to([](const reading&) { return "out"; }, {.topics = {"out"}});
    });
    stops([](auto in) { return in | weir::map(measured) | weir::through("out"); });
    stops([](auto in) { return in | weir::map(measured) | weir::echo("out"); });
    stops([](auto in) {
        return in | weir::items() | weir::map([](const auto& i) { return measured(i.value()); }) |
               weir::to("out");
    });
    stops([](auto in) {
        return in | weir::map(measured) | weir::group_by([](const reading&) { return 1; }, "key");
    });
    stops([](auto in) {
        return in | weir::map(measured) | weir::take(1) | weir::flat_map(std::identity{}) |
               weir::to("out");
    });
}

TEST_CASE("semantics 6: a key that cannot be written stops the app, too") {
    stops([](auto in) {
        return in |
               weir::group_by([](int n) { return place{n == 1 ? std::string{"\xff"} : "here"}; },
                              "place");
    });
    stops([](auto in) {
        return in | weir::map([](int n) { return reading{double(n)}; }) |
               weir::group_by(found, "place");
    });
}

TEST_CASE("semantics 6: what an agent or the app says of errors holds for what cannot be written") {
    const auto passed = [](const outcome& o) {
        CHECK(o.running);
        CHECK(o.committed == 3);
    };
    passed(run(to_out, {}, {.on_error = weir::skip}));
    passed(run(to_out, {.on_error = weir::skip}));
    passed(run(to_out, {}, {.on_error = weir::dead_letter("dead")}));
    passed(run(to_out, {.on_error = weir::stop}, {.on_error = weir::skip}));
    CHECK(!run(to_out, {.on_error = weir::skip}, {.on_error = weir::stop}).running);
    CHECK(!run(to_out, {.on_error = weir::retry(1, 0ms)}).running);
}

TEST_CASE("semantics 6: a send by hand of what cannot be written throws where it is called") {
    silent quiet;
    weir::app app{"encode", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    auto out = app.topic<reading>("out");
    trace seen;
    app.agent("a", in | weir::for_each([&](int n) {
                       try {
                           out.send(std::nullopt, measured(n));
                           seen.push_back(n);
                       } catch (const weir::encode_error&) { seen.push_back(-n); }
                   }));
    test_driver test{app};
    for (int n : {0, 1, 2}) test.append(in, std::nullopt, n);
    test.run();
    CHECK(seen == trace{0, -1, 2});
    CHECK(test.running());
    CHECK(test.values(out).size() == 2);
}

TEST_CASE("semantics 6: a body that does not catch it has failed by it, and the app stops") {
    const auto sends = [](auto in) {
        return in | weir::for_each([](int n) {
                   weir::bytes b;
                   weir::detail::encode_onto(measured(n), b);
               });
    };
    stops(sends);
    stops([](auto in) {
        return in | weir::map([](int n) -> weir::task<int> {
                   weir::bytes b;
                   weir::detail::encode_onto(measured(n), b);
                   co_return n;
               });
    });
}
