// SPDX-License-Identifier: Apache-2.0
// The ledger of the torture test finds what is wrong with joins. The evidence is written by hand.
#include <doctest/doctest.h>

#include <algorithm>

#include "ledger.hpp"

using namespace tests::torture;

namespace {

using sentences = std::vector<std::string>;

struct written {
    evidence all{};
    bool own_keys = false;

    void put(const char* topic, int id, milliseconds at, const std::string& by = "",
             int match = -1) {
        put_with(own_keys ? std::to_string(id) : "k", topic, id, at, by, match);
    }
    void put_with(const std::string& key, const char* topic, int id, milliseconds at,
                  const std::string& by = "", int match = -1) {
        auto& entries = all.topics[topic].entries;
        const auto offset = static_cast<std::int64_t>(entries.size());
        const auto end = by.empty() ? "" : R"(,"match":)" + std::to_string(match);
        all.add(topic,
                {0, offset, at, key,
                 R"({"id":)" + std::to_string(id) + R"(,"key":"g","by":")" + by + '"' + end + '}'});
    }
    void owner(const char* client, milliseconds at) {
        all.group.push_back(
            generation{1, at, {{client, client, {{"in", {0}}, {"rows", {0}}, {"paid", {0}}}}}});
    }
    void commits(const char* topic, std::int64_t offset, milliseconds at) {
        all.group.push_back(commit{topic, 0, offset, at});
    }
    sentences wrong() {
        all.finish();
        sentences said;
        for (auto& f : check(all))
            if (!f.holds) said.push_back(f.says + (f.details.empty() ? "" : " | " + f.details[0]));
        return said;
    }
};

/// Rows 0 and 10 of one key; messages 0 to 2 are joined with them.
struct with_table : written {
    with_table() {
        all.table_joins = {{"in", "rows", "out"}};
        owner("w0.0", 1);
        put("rows", 0, 10);
        put("in", 0, 15);
        put("out", 0, 20, "w0.0", 0);
        commits("rows", 1, 30);
        put("in", 1, 35);
        put("rows", 10, 40);
        put("out", 1, 45, "w0.0", 10);  // it was there, though not yet when the message came
        commits("rows", 2, 50);
        put("in", 2, 55);
    }
};
const char* const wrong_row = "out: results with a row that the table did not have: 1 | ";

/// 0 and its payment, and 1, which is not paid; 9 moves the time.
struct two_streams : written {
    two_streams() {
        own_keys = true;
        all.stream_joins = {{"in", "paid", "out", 100, 100, 50, true}};
        owner("w0.0", 1);
        put("in", 0, 1000);
        put("in", 1, 1000);
        put("paid", 0, 1100);
        put("in", 9, 1151);
        put("out", 0, 1160, "w0.0", 0);
        put("out", 1, 1170, "w0.0", -1);
        commits("in", 3, 1200);
        commits("paid", 1, 1200);
    }
    entry& result(std::size_t i) { return all.topics["out"].entries.at(i); }
};
const std::string streams = "in and paid -> out: ";

}  // namespace

TEST_CASE("torture's ledger: a message finds a row that the table had") {
    with_table h;
    h.put("out", 2, 60, "w0.0", 10);
    CHECK(h.wrong().empty());
}

TEST_CASE("torture's ledger: a row that was committed before the message came is not passed by") {
    with_table old, none;
    old.put("out", 2, 60, "w0.0", 0);
    CHECK(old.wrong() == sentences{wrong_row + std::string{"id 2 in out[0]@2 has row 0, "
                                                           "rows[0]@0, but row 10, rows[0]@1 was "
                                                           "committed before its message came"}});
    none.put("out", 2, 60, "w0.0", -1);
    CHECK(none.wrong() ==
          sentences{wrong_row + std::string{"id 2 in out[0]@2 has no row, but row 10, rows[0]@1 "
                                            "was committed before its message came"}});
}

TEST_CASE("torture's ledger: a row of another key, of the future, or of nobody") {
    with_table other, early, nobody;
    other.put_with("other", "rows", 11, 56);
    other.commits("rows", 3, 57);
    other.put("out", 2, 60, "w0.0", 11);
    CHECK(other.wrong() == sentences{wrong_row + std::string{"id 2 in out[0]@2 has row 11, "
                                                             "rows[0]@2, which has another key"}});
    early.put("out", 2, 60, "w0.0", 12);
    early.put("rows", 12, 61);
    early.commits("rows", 3, 70);
    CHECK(early.wrong() ==
          sentences{wrong_row + std::string{"id 2 in out[0]@2 has row 12, "
                                            "rows[0]@2, which was not there yet"}});
    nobody.put("out", 2, 60, "w0.0", 99);
    CHECK(nobody.wrong() ==
          sentences{wrong_row + std::string{"id 2 in out[0]@2 has row 99 of nobody"}});
}

TEST_CASE("torture's ledger: what matches is there, and what has no match, once its time is over") {
    CHECK(two_streams{}.wrong().empty());
    two_streams h;
    h.all.topics["in"].entries[2].time = 1150;  // 1 might find its match still
    CHECK(h.wrong() == sentences{streams + "results that do not match, or have a wrong key: 1 | id "
                                           "1 alone in out[0]@1 by w0.0 at 1.1 s"});
}

TEST_CASE("torture's ledger: a pair that is missing, and one that is too far apart") {
    two_streams missing, far;
    missing.all.topics["out"].entries.erase(missing.all.topics["out"].entries.begin());
    CHECK(missing.wrong() == sentences{streams + "pairs or messages without a result: 1 | id 0 "
                                                 "with 0, in[0]@0, paid[0]@0"});
    far.all.topics["paid"].entries[0].time = 1101;
    CHECK(far.wrong() ==
          sentences{streams + "pairs or messages without a result: 1 | id 0 alone, in[0]@0",
                    streams + "results that do not match, or have a wrong key: 1 | id 0 with 0 in "
                              "out[0]@0 by w0.0 at 1.1 s"});
}

TEST_CASE("torture's ledger: a message with a match is not passed on alone, too") {
    two_streams h;
    h.put("out", 0, 1180, "w0.0", -1);
    CHECK(h.wrong() == sentences{streams + "results that do not match, or have a wrong key: 1 | id "
                                           "0 alone in out[0]@2 by w0.0 at 1.1 s"});
}

TEST_CASE("torture's ledger: a pair is not committed before its result is there") {
    two_streams h;
    h.result(0).time = 1201;
    CHECK(h.wrong() == sentences{streams + "pairs that were committed without their result: 1 | id "
                                           "0 with 0 in out[0]@0 by w0.0 at 1.2 s, committed at "
                                           "1.2 s"});
}

TEST_CASE("torture's ledger: a pair that comes again needs a fault, and one message that is open") {
    two_streams again, killed, done;
    again.put("out", 0, 1180, "w0.0", 0);
    CHECK(again.wrong() ==
          sentences{streams + "came again without a fault that explains it: 1 | id 0 with 0 in "
                              "out[0]@2 by w0.0 at 1.1 s, after id 0 with 0 in out[0]@0 by w0.0 at "
                              "1.1 s"});
    killed.all.faults = {{"w0.0", "was killed", 1165, 1165}};
    killed.owner("w1.0", 1166);  // nothing is committed yet
    std::rotate(killed.all.group.begin() + 1, killed.all.group.end() - 1, killed.all.group.end());
    killed.put("out", 0, 1180, "w1.0", 0);
    CHECK(killed.wrong().empty());
    done.all.faults = {{"w0.0", "was killed", 1205, 1205}};
    done.owner("w1.0", 1210);  // both are committed
    done.put("out", 0, 1220, "w1.0", 0);
    CHECK(done.wrong() ==
          sentences{streams + "results of what was committed before, or was not the maker's: 1 | "
                              "id 0 with 0 in out[0]@2 by w1.0 at 1.2 s"});
}
