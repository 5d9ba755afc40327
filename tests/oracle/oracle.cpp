// SPDX-License-Identifier: Apache-2.0
// What other systems do, step by step, is what ours does: the files of tests/oracle/data.
#include "scenario.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "driven.hpp"

namespace {

using oracle::message, oracle::scenario, oracle::text;
using messages = std::vector<message>;
using std::string;

const oracle::by_operator& pipelines() { return oracle::of_tables(); }

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

void send(test_driver& test, const message& m) {
    const auto bytes = [](const text& t) { return t ? weir::bytes_view{*t} : weir::bytes_view{}; };
    test.send_raw(m.topic, bytes(m.key), bytes(m.value),
                  {.timestamp = weir::timestamp{std::chrono::milliseconds{m.ts}}});
}

/// Plays a scenario.
class player {
public:
    explicit player(const scenario& s) : test_(draw(app_, s)) {
        for (std::size_t i = 0; i < s.steps.size(); ++i)
            for (auto& m : wanted(s, i)) seen_.emplace(m.topic, 0);
    }
    /// What comes out when this message comes in, topic by topic.
    messages play(const message& m) {
        send(test_, m);
        messages out;
        for (auto& [topic, n] : seen_) {
            const auto all = test_.events(test_.peek<text, text>(topic));
            for (; n < all.size(); ++n)
                out.push_back({topic, all[n].key(), all[n].value(),
                               all[n].timestamp().time_since_epoch().count()});
        }
        return out;
    }
    test_driver& test() { return test_; }
    const texts& log() const { return hush_.lines; }

private:
    static weir::app& draw(weir::app& app, const scenario& s) {
        const auto found = pipelines().find(s.what);
        if (found == pipelines().end())
            throw weir::error{s.id + ": no pipeline for its operator, " + s.what};
        found->second(app, s);
        return app;
    }

    silent hush_{};  // a message without a key is logged
    weir::app app_{"a", {.on_decode_error = weir::skip, .hooks = &hush_}};
    test_driver test_;
    std::map<string, std::size_t> seen_{};  // of each topic, how many messages
};

/// Plays each scenario, and calls `behind` after each of its inputs.
void play_all(void (*behind)(player&)) {
    for (auto& s : all_scenarios()) {
        player p{s};
        for (std::size_t i = 0; i < s.steps.size(); ++i) {
            CAPTURE(s.id);
            CAPTURE(i);
            CAPTURE(p.log());
            CHECK(p.play(s.steps[i].in) == wanted(s, i));
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
                if (m.value) there[*m.key] = *m.value;
                else there.erase(*m.key);
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
