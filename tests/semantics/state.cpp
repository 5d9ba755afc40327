// SPDX-License-Identifier: Apache-2.0
// What scan and enumerate remember: a state for each partition, as long as it is assigned.
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

#include "driven.hpp"

namespace {

/// Values of partition 0 are below 100, those of partition 1 are hundreds. scan shows them as sums,
/// enumerate as what was before them.
struct remembering {
    weir::app app{"state", {.commit_interval = 1h}};
    weir::topic<int> in = app.topic<int>("in", {.partitions = 2});
    trace sums{};
    std::vector<std::pair<std::size_t, int>> numbers{};

    void agents(auto before) {
        app.agent("scan", before | weir::scan(0, std::plus{}) |
                              weir::for_each([this](int sum) { sums.push_back(sum); }));
        app.agent("enumerate", before | weir::enumerate() | weir::for_each([this](const auto& e) {
                                   numbers.emplace_back(e.index(), e.value());
                               }));
    }
};
void send(test_driver& test, const weir::topic<int>& to, int partition, trace all) {
    for (int n : all) test.send(to, std::nullopt, n, {.partition = partition});
}
using pairs = std::vector<std::pair<std::size_t, int>>;

}  // namespace

TEST_CASE("semantics 5: each partition has a state of its own, however their messages mix") {
    remembering r;
    r.agents(r.in);
    test_driver test{r.app};
    send(test, r.in, 0, {1});
    send(test, r.in, 1, {100});
    send(test, r.in, 0, {2});
    send(test, r.in, 1, {200});
    CHECK(r.sums == trace{1, 100, 3, 300});
    CHECK(r.numbers == pairs{{0, 1}, {0, 100}, {1, 2}, {1, 200}});
}

TEST_CASE("semantics 5: a partition that is revoked and assigned again begins anew, no other one "
          "does") {
    remembering r;
    r.agents(r.in);
    test_driver test{r.app};
    send(test, r.in, 0, {1, 2});
    send(test, r.in, 1, {100});
    test.revoke(r.in, 0);
    CHECK(test.committed(r.in, 0) == 2);
    test.assign(r.in, 0);
    send(test, r.in, 0, {5});
    send(test, r.in, 1, {200});
    CHECK(r.sums == trace{1, 3, 100, 5, 300});
    CHECK(r.numbers.back() == std::pair<std::size_t, int>{1, 200});
    CHECK(r.numbers[3] == std::pair<std::size_t, int>{0, 5});
}

TEST_CASE("semantics 5: what comes again of a lost partition is not counted twice") {
    remembering r;
    r.agents(r.in);
    test_driver test{r.app};
    send(test, r.in, 0, {1, 2});
    send(test, r.in, 1, {100});
    test.lose(r.in, 0);
    CHECK(test.committed(r.in, 0) == nothing);
    test.assign(r.in, 0);
    send(test, r.in, 0, {4});
    send(test, r.in, 1, {200});
    CHECK(r.sums == trace{1, 3, 100, 1, 3, 7, 300});
    CHECK(r.numbers == pairs{{0, 1}, {1, 2}, {0, 100}, {0, 1}, {1, 2}, {2, 4}, {1, 200}});
}

TEST_CASE("semantics 5: a message that is parked when its partition is lost has counted nothing") {
    weir::app app{"state"};
    auto in = app.topic<int>("in", {.partitions = 2});
    test_driver test{app};
    test.append(in, std::nullopt, 100, {.partition = 1});
    trace sums;
    const auto s = app.stream(in) | weir::scan(0, std::plus{});
    for (int sum : s) {
        sums.push_back(sum);
        break;
    }
    test.append(in, std::nullopt, 1, {.partition = 0});
    test.append(in, std::nullopt, 2, {.partition = 0});
    try {
        for (int sum : s) {
            sums.push_back(sum);
            throw std::runtime_error{"left with 1 in the sink"};
        }
    } catch (const std::runtime_error&) {}
    test.lose(in, 0);
    test.assign(in, 0);
    test.append(in, std::nullopt, 200, {.partition = 1});
    for (int sum : s) sums.push_back(sum);
    std::sort(sums.begin() + 2, sums.end());
    CHECK(sums == trace{100, 1, 1, 3, 300});
}

TEST_CASE("semantics 5: in a merged stream each partition of each topic has a state of its own") {
    for (bool operators_before : {false, true}) {
        weir::app app{"state"};
        auto a = app.topic<int>("a", {.partitions = 2});
        auto b = app.topic<int>("b");
        trace sums;
        const auto same = weir::map([](int n) { return n; });
        const auto into = weir::for_each([&](int sum) { sums.push_back(sum); });
        const auto add = weir::scan(0, std::plus{});
        if (operators_before) app.agent("s", ((a | same) & (b | same)) | add | into);
        else app.agent("s", (a & b) | add | into);
        test_driver test{app};
        send(test, a, 0, {1});
        send(test, a, 1, {100});
        send(test, b, 0, {1000});
        send(test, a, 0, {2});
        test.lose(a, 0);
        test.assign(a, 0);
        send(test, a, 1, {200});
        send(test, b, 0, {2000});
        CHECK(sums == trace{1, 100, 1000, 3, 1, 3, 300, 3000});
    }
}

TEST_CASE("semantics 5: values of a batch that is taken apart count for their own partitions") {
    remembering r;
    r.agents(r.in | weir::take(4, 1s) | weir::flat_map(std::identity{}));
    test_driver test{r.app};
    send(test, r.in, 0, {1});
    send(test, r.in, 1, {100});
    send(test, r.in, 0, {2});
    send(test, r.in, 1, {200});
    CHECK(r.sums == trace{1, 100, 3, 300});
    send(test, r.in, 0, {3});  // in a buffer when its partition is lost
    test.lose(r.in, 0);
    test.assign(r.in, 0);
    send(test, r.in, 1, {300});
    test.advance(1s);
    r.sums.erase(r.sums.begin(), r.sums.begin() + 4);
    std::sort(r.sums.begin(), r.sums.end());
    CHECK(r.sums == trace{1, 3, 6, 600});
}

TEST_CASE("semantics 5: a state behind group_by is that of the internal topic's partition") {
    weir::app app{"state", {.commit_interval = 1h}};
    auto in = app.topic<int>("in");
    trace sums;
    app.agent("s",
              in | weir::group_by([](int n) { return n % 2; }, {.name = "odd", .partitions = 2}) |
                  weir::scan(0, std::plus{}) |
                  weir::for_each([&](int sum) { sums.push_back(sum); }));
    test_driver test{app};
    send(test, in, 0, {2, 3, 4, 5});
    int partitions = 0;
    for (int p : {0, 1}) partitions += test.held("state-s-odd-repartition", p) == 0;
    CHECK(partitions == 2);
    CHECK(sums.size() == 4);
    // what was sent stays sent: nothing of it is counted anew but what comes again
    test.lose(in, 0);
    CHECK(sums.size() == 4);
}

TEST_CASE("values that come of no topic have one state together") {
    weir::app app{"state"};
    trace sums;
    app.agent("s", weir::from(trace{1, 2, 3}) | weir::scan(0, std::plus{}) |
                       weir::for_each([&](int sum) { sums.push_back(sum); }));
    app.run();
    CHECK(sums == trace{1, 3, 6});
}
