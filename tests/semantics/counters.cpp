// SPDX-License-Identifier: Apache-2.0
// What an app counts, and tells its hooks: each occurrence once.
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "driven.hpp"

using weir::offset;

namespace {

/// What hooks were told, as lines.
struct recorder : weir::hooks {
    std::vector<std::string> said;
    void add(const std::string& what, const weir::topic_partition& p) {
        said.push_back(what + ' ' + p.topic + '[' + std::to_string(p.partition) + ']');
    }
    static std::string of(const weir::error_report& r) {
        return r.seam + '@' + std::to_string(r.offset);
    }
    void failed(const weir::error_report& r) override { said.push_back("failed " + of(r)); }
    void assigned(const weir::topic_partition& p) override { add("assigned", p); }
    void revoked(const weir::topic_partition& p, bool lost) override {
        add(lost ? "lost" : "revoked", p);
    }
    void committed(const weir::topic_partition& p, weir::offset o) override {
        add("committed " + std::to_string(o), p);
    }
    void commit_failed(std::string_view) override { said.push_back("commit failed"); }
    void read(const weir::topic_partition& p, std::size_t n) override {
        add("read " + std::to_string(n), p);
    }
    void retried(const weir::error_report& r) override { said.push_back("retried " + of(r)); }
    void dead_letter(const weir::error_report& r, std::string_view topic) override {
        said.push_back("dead letter " + of(r) + " to " + std::string{topic});
    }
};
using lines = std::vector<std::string>;

}  // namespace

TEST_CASE("hooks are told each occurrence once, in order") {
    recorder record;
    weir::app app{"count",
                  {.on_decode_error = weir::dead_letter("bad"),
                   .on_error = weir::retry(1, 1s).then(weir::dead_letter("dead")),
                   .hooks = &record}};
    auto in = app.topic<int>("in");
    app.agent("a", in | weir::for_each([](int n) {
                       if (n == 1) throw std::runtime_error{"no"};
                   }));
    test_driver test{app};
    test.append(in, "k", 0);
    test.append_raw(in, "k", "x");
    test.append(in, "k", 1);
    test.run();
    test.advance(1s);
    test.fail_next_commit();
    test.commit();
    test.advance(3s);
    test.lose(in, 0);
    test.assign(in, 0);
    test.revoke(in, 0);
    CHECK(record.said == lines{"assigned in[0]", "read 3 in[0]", "failed decode@1",
                               "dead letter decode@1 to bad", "retried process@2",
                               "failed process@2", "dead letter process@2 to dead", "commit failed",
                               "committed 3 in[0]", "lost in[0]", "assigned in[0]",
                               "revoked in[0]"});
}

TEST_CASE("counters count once, when the policy gives up, by boundary and policy") {
    recorder record;
    weir::app app{"count", {.on_error = weir::retry(2, 1s).then(weir::skip), .hooks = &record}};
    auto in = app.topic<int>("in", {.on_decode_error = weir::skip});
    auto out = app.topic<int>(
        "out", {.on_produce_error = weir::retry(1, 1s).then(weir::dead_letter("unsent"))});
    app.agent("copy", in | weir::to(out));
    app.agent("a", in | weir::for_each([](int n) {
                       if (n == 1) throw std::runtime_error{"no"};
                   }));
    app.agent("b", in | weir::take(4) | weir::for_each([](const auto&) {
                       throw std::runtime_error{"no"};
                   }),
              {.on_error = weir::dead_letter("dead")});
    test_driver test{app};
    test.fail_next_send(out, 2);
    for (int n = 0; n < 4; ++n) test.append(in, "k", n);
    test.append_raw(in, "k", "x");
    test.run();
    test.advance(1min);
    const auto c = app.counters();
    CHECK(c.messages == 5);
    CHECK(c.batches == 1);
    CHECK(c.largest_batch == 5);
    CHECK(c.decode.skipped == 1);
    CHECK(c.process.retries == 2);
    CHECK(c.process.skipped == 1);
    CHECK(c.process.dead_lettered == 1);  // a batch
    CHECK(c.produce.retries == 2);
    CHECK(c.produce.dead_lettered == 0);  // the second attempt was delivered
    CHECK(c.dead_letters == 4);           // its messages
    CHECK(c.sent == 8);
    CHECK(c.delivered == 8);
    CHECK(c.commits == 1);
    CHECK(c.assigned == 1);
    CHECK(c.process.stopped == 0);
    CHECK(test.errors().size() == 3);
}

TEST_CASE("counters say what is now: partitions, held, lag, and how long the oldest is kept") {
    weir::app app{"count"};
    auto in = app.topic<int>("in", {.partitions = 2});
    app.agent("a", in | weir::take(100) | weir::for_each([](const auto&) {}));
    test_driver test{app};
    test.append(in, "k", 0, {.partition = 0});
    test.run();
    test.advance(5s);
    test.append(in, "k", 0, {.partition = 1});
    test.append(in, "k", 0, {.partition = 1});
    test.run();
    test.advance(2s);
    const auto c = app.counters();
    CHECK(c.partitions == 2);
    CHECK(c.held == 3);
    CHECK(c.lag == 3);
    CHECK(c.oldest == 7s);
    CHECK(c.text() == "read 3 in 2 batches (largest 2), commits 0, partitions 2, held 3, lag 3, "
                      "oldest 7 s");
    const auto all = app.partitions();
    REQUIRE(all.size() == 2);
    CHECK(all[1].lag == 2);
    CHECK(all[1].age == 2s);
    test.stop();
    CHECK(app.counters().commits == 1);
    CHECK(app.counters().held == 0);
}

TEST_CASE("a hold that is let go when its partition is somebody else's counts as stale") {
    weir::app app{"count"};
    auto in = app.topic<int>("in");
    std::vector<weir::hold> holds;
    app.agent("a", in | weir::take(1) |
                       weir::for_each([&](const auto& b) { holds.push_back(b.hold()); }));
    test_driver test{app};
    for (int n = 0; n < 3; ++n) test.send(in, "k", n);
    holds.pop_back();
    CHECK(app.counters().stale_holds == 0);
    test.lose(in, 0);
    holds.clear();
    CHECK(app.counters().stale_holds == 2);
}

TEST_CASE("what could not be sent at all stops the app, and is counted") {
    recorder record;
    weir::app app{"count", {.hooks = &record}};
    auto in = app.topic<int>("in");
    app.agent("copy", in | weir::to("out"));
    test_driver test{app};
    test.fail_next_send("out");
    test.send(in, "k", 0);
    CHECK(app.counters().produce.stopped == 1);
    CHECK(app.counters().sent == 1);
    CHECK(app.counters().delivered == 0);
}
