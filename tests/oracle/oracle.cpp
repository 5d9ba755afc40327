// SPDX-License-Identifier: Apache-2.0
// What other systems do, step by step, is what ours does: the files of tests/oracle/data.
#include "scenario.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "driven.hpp"

namespace {

using oracle::message, oracle::scenario, oracle::text;
using messages = std::vector<message>;
using std::string;

oracle::by_operator pipelines() {
    auto all = oracle::of_tables();
    all.insert(oracle::of_joins().begin(), oracle::of_joins().end());
    all.insert(oracle::of_windows().begin(), oracle::of_windows().end());
    return all;
}

std::vector<scenario> all_scenarios() {
    const std::filesystem::path folder{WEIR_SOURCE_ROOT "/tests/oracle/data"};
    std::vector<scenario> all;
    for (auto& file : std::filesystem::directory_iterator{folder}) {
        if (file.path().extension() != ".json") continue;
        std::ifstream in{file.path(), std::ios::binary};
        const string json{std::istreambuf_iterator<char>{in}, {}};
        weir::detail::decode_into<scenario>(json, all.emplace_back());
        REQUIRE(all.back().id == file.path().stem());
    }
    REQUIRE(!all.empty());
    std::ranges::sort(all, {}, &scenario::id);
    return all;
}

/// What came out of a step, topic by topic: what is exact, where the original is not.
messages wanted(const scenario& s, std::size_t step) {
    auto out = s.exact ? s.exact->at(step).out : s.steps[step].out;
    std::ranges::stable_sort(out, {}, &message::topic);
    return out;
}

/// By how much the original's count of dropped messages has grown.
std::int64_t dropped(const scenario& s, std::size_t step) {
    return (s.exact ? s.exact->at(step).dropped : s.steps[step].dropped).value_or(0);
}

/// A key that is no window.
text plain(const decltype(message::key)& key) {
    return key ? text{std::get<string>(*key)} : text{};
}

void send(test_driver& test, const message& m) {
    const auto bytes = [](const text& t) { return t ? weir::bytes_view{*t} : weir::bytes_view{}; };
    const auto key = plain(m.key);
    test.send_raw(m.topic, bytes(key), bytes(m.value),
                  {.timestamp = weir::timestamp{std::chrono::milliseconds{m.ts.value()}}});
}

std::int64_t ms(weir::timestamp t) { return t.time_since_epoch().count(); }

/// The key of a result: a window's begins as JSON does.
decltype(message::key) key_of(const text& bytes) {
    if (!bytes || !bytes->starts_with('{')) return bytes;
    weir::windowed<string> w;
    weir::detail::decode_into<weir::windowed<string>>(weir::bytes_view{*bytes}, w);
    return oracle::window{w.key, ms(w.start), ms(w.end)};
}

/// Counts what comes too late for a window, and keeps the log: a message without a key is in it.
struct told : silent {
    std::int64_t late_ones = 0;
    void late(const weir::late_value&) override { ++late_ones; }
};

/// Plays a scenario.
class player {
public:
    explicit player(const scenario& s) : test_(draw(app_, s)) {
        for (auto* topic : {"expired", "out", "raw", "suppressed", "updated"})
            if (test_.partitions(topic)) seen_.emplace(topic, 0);
        REQUIRE(!seen_.empty());
    }
    /// What comes out when this message comes in, topic by topic.
    messages play(const message& m) {
        send(test_, m);
        messages out;
        for (auto& [topic, n] : seen_) {
            const auto all = test_.events(test_.peek<text, text>(topic));
            for (; n < all.size(); ++n)
                out.push_back(
                    {topic, key_of(all[n].key()), all[n].value(), ms(all[n].timestamp())});
        }
        return out;
    }
    test_driver& test() { return test_; }
    const texts& log() const { return told_.lines; }
    /// How many were too late for a window since the last call.
    std::int64_t late() { return std::exchange(told_.late_ones, 0); }

private:
    static weir::app& draw(weir::app& app, const scenario& s) {
        const auto all = pipelines();
        const auto found = all.find(s.what);
        if (found == all.end())
            throw weir::error{s.id + ": no pipeline for its operator, " + s.what};
        found->second(app, s);
        return app;
    }

    told told_{};
    weir::app app_{"a", {.on_decode_error = weir::skip, .hooks = &told_}};
    test_driver test_;
    std::map<string, std::size_t> seen_{};  // of each topic, how many messages
};

/// The timestamps of results were not recorded everywhere.
messages without_times(messages all, const messages& wanted) {
    for (std::size_t i = 0; i < all.size() && i < wanted.size(); ++i)
        if (!wanted[i].ts) all[i].ts.reset();
    return all;
}

/// Of joins Kafka Streams does not count what comes too late.
bool counts_late(const scenario& s) {
    return !s.params.emit.empty() || (!s.params.kind.empty() && s.exact);
}

/// Plays each scenario, and calls `behind` after each of its inputs.
void play_all(void (*behind)(player&)) {
    for (auto& s : all_scenarios()) {
        player p{s};
        for (std::size_t i = 0; i < s.steps.size(); ++i) {
            CAPTURE(s.id);
            CAPTURE(i);
            CAPTURE(p.log());
            const auto exact = wanted(s, i);
            CHECK(without_times(p.play(s.steps[i].in), exact) == exact);
            if (counts_late(s)) CHECK(p.late() == dropped(s, i));
            behind(p);
        }
    }
}

}  // namespace

TEST_CASE("each input gives what it gave there: key, value and timestamp") {
    play_all([](player&) {});
}

TEST_CASE("each input gives what it gave there, with a new run for each") {
    play_all([](player& p) { p.test().restart(); });
}

TEST_CASE("a topic that is a table has what the original's table has passed on last") {
    std::size_t played = 0;
    for (auto& s : all_scenarios()) {
        if (s.what != "table") continue;
        ++played;
        silent hush;
        weir::app app{"a", {.on_decode_error = weir::skip, .hooks = &hush}};
        auto last = app.table(app.topic<string, text>("in"));
        test_driver test{app};
        std::map<string, string> there;
        for (std::size_t i = 0; i < s.steps.size(); ++i) {
            CAPTURE(s.id);
            CAPTURE(i);
            send(test, s.steps[i].in);
            for (auto& m : wanted(s, i)) {
                const auto key = plain(m.key).value();
                if (m.value) there[key] = *m.value;
                else there.erase(key);
            }
            const auto here = test.entries(last);
            CHECK(std::map(here.begin(), here.end()) == there);
        }
    }
    CHECK(played > 0);
}

TEST_CASE("where the original is not exact, what is exact is wanted") {
    const message theirs{"out", "k", "a", 1}, ours{"out", "k", "b", 1};
    const scenario s{.id = "one",
                     .what = "table",
                     .steps = {{.in = {}, .out = {theirs}}},
                     .exact = {{{.out = {ours}}}}};
    CHECK(wanted(s, 0) == messages{ours});
}

TEST_CASE("a scenario whose operator has no pipeline fails") {
    CHECK_THROWS_WITH(
        (player{scenario{.id = "new", .what = "of tomorrow", .steps = {}, .exact = {}}}),
        "new: no pipeline for its operator, of tomorrow");
}
