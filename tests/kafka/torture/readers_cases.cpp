// SPDX-License-Identifier: Apache-2.0
// What the torture test reads of the broker, and what it plans: changelogs, the group's log, the
// schedule.
#include <doctest/doctest.h>

#include <set>

#include "changelog.hpp"
#include "group_log.hpp"
#include "schedule.hpp"

using namespace tests::torture;
using namespace std::chrono_literals;

namespace {

const std::vector<header> cut{{"weir.cut", "c"}}, erased{{"weir.cut", "c"}, {"weir.erased", ""}};
using rows = std::map<std::pair<int, std::string>, std::string>;

std::string number(std::uint64_t n, int bytes) {
    std::string s;
    for (int i = bytes - 1; i >= 0; --i) s.push_back(static_cast<char>(n >> (8 * i)));
    return s;
}
std::string text(const std::string& s) { return number(s.size(), 2) + s; }
std::string block(const std::string& s) { return number(s.size(), 4) + s; }

}  // namespace

TEST_CASE("torture's changelog: the last value of each key counts, in each partition") {
    folded f;
    f.add({0, 0, 0, "a", "1", cut});
    f.add({0, 1, 0, "b", "1", cut});
    f.add({0, 2, 0, "a", "2", cut});
    f.add({1, 0, 0, "a", "5", cut});
    CHECK(f.rows == rows{{{0, "a"}, "2"}, {{0, "b"}, "1"}, {{1, "a"}, "5"}});
    CHECK(f.without_cut == 0);
}

TEST_CASE("torture's changelog: tombstones and rows that say so erase a key, a later row sets it") {
    folded f;
    for (const char* key : {"gone", "said", "back"}) f.add({0, 0, 0, key, "1", cut});
    f.add({0, 1, 0, "gone", std::nullopt, {}});
    f.add({0, 2, 0, "said", "1", erased});
    f.add({0, 3, 0, "back", "1", erased});
    f.add({0, 4, 0, "back", "2", cut});
    f.add({1, 0, 0, "back", std::nullopt, {}});  // of another part of the table
    CHECK(f.rows == rows{{{0, "back"}, "2"}});
}

TEST_CASE("torture's changelog: marks are no rows; a row without a cut is counted") {
    folded f;
    f.add({0, 0, 0, std::string("\0weir.mark", 10), "m", {}});
    f.add({0, 1, 0, "weir", "1", cut});
    f.add({0, 2, 0, "", "1", {}});
    CHECK(f.rows == rows{{{0, "weir"}, "1"}, {{0, ""}, "1"}});
    CHECK(f.bookkeeping == 1);
    CHECK(f.without_cut == 1);
}

TEST_CASE("torture's changelog: a number is what Kafka's LongSerializer writes") {
    CHECK(long_of(number(258, 8)) == 258);
    CHECK(long_of(number(~0ULL, 8)) == -1);
    CHECK_THROWS(long_of("1"));
}

TEST_CASE("torture's group log: a commit is read, of this group alone") {
    const auto key = number(1, 2) + text("g") + text("topic") + number(3, 4);
    const auto value = number(3, 2) + number(77, 8) + number(5, 4) + text("") + number(1234, 8);
    const auto read = decode_group_record("g", {0, 0, 0, key, value, {}});
    REQUIRE(read);
    const auto& c = std::get<commit>(*read);
    CHECK(c.topic == "topic");
    CHECK(c.partition == 3);
    CHECK(c.offset == 77);
    CHECK(c.time == 1234);
    CHECK_FALSE(decode_group_record("other", {0, 0, 0, key, value, {}}));
    CHECK_FALSE(decode_group_record("g", {0, 0, 0, key, std::nullopt, {}}));  // forgotten
    CHECK_THROWS(decode_group_record("g", {0, 0, 0, key, number(9, 2) + value, {}}));
    CHECK_THROWS(decode_group_record("g", {0, 0, 0, key, value.substr(0, 9), {}}));
}

TEST_CASE("torture's group log: a generation says who has which partition") {
    const auto assignment = number(0, 2) + number(1, 4) + text("in") + number(2, 4) + number(0, 4) +
                            number(3, 4) + block("");
    const auto member = text("w1-uuid") + number(0xffff, 2) + text("w1.0") + text("/127.0.0.1") +
                        number(300'000, 4) + number(3000, 4) + block("subscription") +
                        block(assignment);
    const auto value = number(3, 2) + text("consumer") + number(12, 4) + text("range") +
                       text("w1-uuid") + number(5, 8) + number(1, 4) + member;
    const auto read = decode_group_record("g", {0, 0, 99, number(2, 2) + text("g"), value, {}});
    REQUIRE(read);
    const auto& g = std::get<generation>(*read);
    CHECK(g.number == 12);
    CHECK(g.time == 99);
    REQUIRE(g.members.size() == 1);
    CHECK(g.members[0].client == "w1.0");
    CHECK(g.members[0].id == "w1-uuid");
    CHECK(g.members[0].partitions.at("in") == std::vector<int>{0, 3});
}

TEST_CASE("torture's schedule: a seed fixes it, and another one makes another") {
    CHECK(make_schedule(7, 60s) == make_schedule(7, 60s));
    CHECK_FALSE(make_schedule(7, 60s) == make_schedule(8, 60s));
}

TEST_CASE("torture's schedule: no step contradicts what runs, and in the end somebody does") {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        CAPTURE(seed);
        std::set<int> running, stopped;
        for (int w = 0; w < workers_at_first; ++w) running.insert(w);
        bool broker = true;
        std::size_t wrong = 0;
        std::set<action> all;
        for (auto& s : make_schedule(seed, 90s)) {
            all.insert(s.what);
            const bool works = running.contains(s.worker) && !stopped.contains(s.worker);
            switch (s.what) {
                case action::start: wrong += !running.insert(s.worker).second; break;
                case action::kill:
                case action::leave: wrong += !works, running.erase(s.worker); break;
                case action::stop: wrong += !works, stopped.insert(s.worker); break;
                case action::go_on: wrong += stopped.erase(s.worker) == 0; break;
                case action::kill_broker: wrong += !std::exchange(broker, false); break;
                case action::start_broker: wrong += std::exchange(broker, true); break;
            }
        }
        CHECK(wrong == 0);
        CHECK(broker);
        CHECK(stopped.empty());
        CHECK_FALSE(running.empty());
        CHECK(all.size() == 7);  // each kind of fault
    }
}
