// SPDX-License-Identifier: Apache-2.0
// The ledger of the torture test finds what it is there for. The evidence is written by hand.
#include <doctest/doctest.h>

#include <algorithm>

#include "ledger.hpp"

using namespace tests::torture;

namespace {

using sentences = std::vector<std::string>;

/// Two workers read "in" and send to "out". w0 makes 0 to 4 and has committed 3 of them when it is
/// killed; w1 goes on.
struct history {
    evidence all{};

    history() {
        all.hops = {{"in", "out"}};
        for (int id = 0; id < 8; ++id) in(id, id);
        owner("w0.0", 1);
        for (int id = 0; id < 5; ++id) out(id, "w0.0", 100 + id);
        commits(3, 110);
        all.faults = {{"w0.0", "was killed", 120, 120}};
        owner("w1.0", 200);
        for (int id = 3; id < 8; ++id) out(id, "w1.0", 210 + id);
        commits(8, 300);
    }
    void in(int id, std::int64_t offset) { put("in", id, "", offset, 0); }
    void out(int id, const std::string& by, milliseconds at) {
        put("out", id, by, static_cast<std::int64_t>(all.topics["out"].entries.size()), at);
    }
    void put(const char* topic, int id, const std::string& by, std::int64_t offset, milliseconds at,
             const char* key = "k") {
        all.add(topic, {0, offset, at, key,
                        "{\"id\":" + std::to_string(id) + ",\"key\":\"g\",\"by\":\"" + by + "\"}"});
    }
    void owner(const std::string& client, milliseconds at, const std::string& id = "m") {
        all.group.push_back(generation{1, at, {{client, id, {{"in", {0}}}}}});
    }
    void commits(std::int64_t offset, milliseconds at) {
        all.group.push_back(commit{"in", 0, offset, at});
    }
    entry& result(std::size_t i) { return all.topics["out"].entries.at(i); }
    void forget_result(std::size_t i) {
        auto& out = all.topics["out"].entries;
        out.erase(out.begin() + static_cast<std::ptrdiff_t>(i));
    }
    /// What does not hold.
    std::vector<fact> wrong() {
        all.finish();
        auto facts = check(all);
        std::erase_if(facts, [](auto& f) { return f.holds; });
        return facts;
    }
    std::vector<std::string> wrong_says() {
        std::vector<std::string> said;
        for (auto& f : wrong()) said.push_back(f.says);
        return said;
    }
    /// The one that says this.
    fact that(const std::string& part) {
        all.finish();
        const auto facts = check(all);
        const auto it = std::find_if(facts.begin(), facts.end(),
                                     [&](auto& f) { return f.says.find(part) != f.says.npos; });
        REQUIRE(it != facts.end());
        return *it;
    }
};

}  // namespace

TEST_CASE("torture's ledger: a crash whose copies are explained is in order") {
    history h;
    CHECK(h.wrong().empty());
    const auto again = h.that("came again");
    CHECK(again.says == "in -> out: 2 of 10 results came again, each after a fault");
    CHECK(again.details == std::vector<std::string>{"2 after w0.0 was killed at 0.1 s"});
}

TEST_CASE("torture's ledger: a message without a result is named") {
    history h;
    h.forget_result(9);  // of id 7
    const auto facts = h.wrong();
    REQUIRE(facts.size() == 2);  // the commit has passed it, too
    CHECK(facts[0].says == "in -> out: messages without a result: 1");
    CHECK(facts[0].details == std::vector<std::string>{"id 7, in[0]@7"});
    CHECK(facts[1].says == "in: commits that pass a message without its result: 1");
}

TEST_CASE("torture's ledger: a commit one message too far is found, though nothing is lost") {
    history h;
    h.all.group[1] = commit{"in", 0, 5, 103};  // 4 is there at 104
    CHECK_FALSE(h.that("in: commits that pass").holds);
    CHECK(h.that("in: commits that pass").details == std::vector<std::string>{"in[0]@5 at 0.1 s"});
}

TEST_CASE("torture's ledger: a commit beyond the end, one that goes back, one that is missing") {
    history beyond, back, open;
    beyond.commits(9, 400);
    CHECK_FALSE(beyond.that("in: commits that pass").holds);
    CHECK_FALSE(beyond.that("in: partitions that are not committed").holds);
    back.commits(7, 400);
    back.commits(8, 500);
    CHECK(back.wrong_says() == sentences{"in: commits that go back: 1"});
    open.all.group.pop_back();
    CHECK(open.wrong_says() == sentences{"in: partitions that are not committed: 1"});
}

TEST_CASE("torture's ledger: a copy that no fault explains is found") {
    history h;
    h.all.faults.clear();
    CHECK(h.wrong_says() == sentences{"in -> out: came again without a fault that explains it: 2"});
    // Somebody else was killed.
    h.all.faults = {{"w2.0", "was killed", 120, 120}};
    CHECK(h.wrong_says() == sentences{"in -> out: came again without a fault that explains it: 2"});
    h.all.faults = {{"the broker", "was killed", 120, 120}};
    CHECK(h.wrong().empty());
}

TEST_CASE("torture's ledger: a fault of long ago explains no copy") {
    history h;
    for (auto& f : h.all.faults) f.from = f.to = -20'000;
    CHECK(h.wrong_says() == sentences{"in -> out: came again without a fault that explains it: 2"});
}

TEST_CASE("torture's ledger: a fault after the partition has changed hands explains no copy") {
    history h;
    h.all.faults = {{"w0.0", "was killed", 201, 201}};  // w1 has it since 200
    CHECK(h.wrong_says() == sentences{"in -> out: came again without a fault that explains it: 2"});
}

TEST_CASE("torture's ledger: a broker is back when the group commits again") {
    history h;
    h.all.faults = {{"the broker", "was killed", -20'000, -19'000}};  // the first commit is at 110
    CHECK(h.wrong().empty());
    h.all.group.insert(h.all.group.begin(), commit{"other", 0, 1, -18'000});
    CHECK(h.wrong_says() == sentences{"in -> out: came again without a fault that explains it: 2"});
}

TEST_CASE("torture's ledger: copies of a message in two partitions are not taken for each other") {
    evidence e;
    e.hops = {{"in", "out"}};
    const auto put = [&](const char* topic, int partition, std::int64_t offset, int id,
                         const char* by, milliseconds at) {
        e.add(topic, {partition, offset, at, "k",
                      "{\"id\":" + std::to_string(id) + ",\"key\":\"g\",\"by\":\"" + by + "\"}"});
    };
    put("in", 1, 0, 9, "", 0);
    put("in", 0, 0, 3, "", 0);
    put("in", 0, 1, 9, "", 300);
    put("out", 0, 0, 9, "w0.0", 50);  // of in[1], not of in[0]@1
    put("out", 0, 1, 3, "w0.0", 60);
    put("out", 0, 2, 9, "w0.0", 310);
    e.group = {generation{1, 1, {{"w0.0", "m", {{"in", {0, 1}}}}}}, commit{"in", 0, 2, 400},
               commit{"in", 1, 1, 400}};
    e.finish();
    for (auto& f : check(e)) CHECK_MESSAGE(f.holds, f.says);
}

TEST_CASE("torture's ledger: a process that the group has forgotten explains its copies") {
    history h;
    h.all.faults.clear();
    h.owner("w0.0", 400, "another");
    CHECK(h.wrong().empty());
    CHECK(h.that("came again").details ==
          std::vector<std::string>{"2 after w0.0 left the group unasked"});
}

TEST_CASE("torture's ledger: where exactly once is promised a copy is a fault") {
    history h;
    h.all.hops[0].exactly_once = true;
    CHECK(h.wrong_says() == sentences{"in -> out: came again: 2"});
}

TEST_CASE("torture's ledger: what was committed before is not processed again by the next owner") {
    history h;
    h.out(2, "w1.0", 250);  // w1 has the partition from 3 on
    const auto facts = h.wrong();
    REQUIRE(facts.size() == 2);
    CHECK(facts[0].says ==
          "in -> out: results of what was committed before, or was not the maker's: 1");
    CHECK(facts[0].details == std::vector<std::string>{"id 2 in out[0]@10 by w1.0 at 0.2 s"});
    CHECK(facts[1].says == "in -> out: results out of order: 1");
}

TEST_CASE("torture's ledger: nobody makes results of a partition that is not his") {
    history h;
    h.result(7).time = 150;  // of w1, before it is given the partition
    h.all.topics["out"].entries[7].made_by = h.all.names.of("w2.0");
    CHECK(h.that("or was not the maker's").details ==
          std::vector<std::string>{"id 5 in out[0]@7 by w2.0 at 0.1 s"});
}

TEST_CASE("torture's ledger: a process goes back only with a new assignment") {
    history h;
    h.out(4, "w1.0", 260);
    h.out(5, "w1.0", 261);
    h.commits(8, 500);
    CHECK_FALSE(h.that("results out of order").holds);
    history again;
    again.all.group.insert(again.all.group.end() - 1,
                           generation{2, 255, {{"w1.0", "m", {{"in", {0}}}}}});
    again.out(4, "w1.0", 260);
    again.out(5, "w1.0", 261);
    again.all.faults.push_back({"w1.0", "was stopped", 250, 254});
    CHECK(again.wrong().empty());
}

TEST_CASE("torture's ledger: messages that are twice in the source are read again and again") {
    history h;
    h.all.topics.clear();
    h.all.group.clear();
    for (int id : {0, 1, 2, 3, 0, 1})
        h.in(id, static_cast<std::int64_t>(h.all.topics["in"].entries.size()));
    h.owner("w0.0", 1);
    for (int id : {0, 1, 2, 3}) h.out(id, "w0.0", 100);  // nothing of it is committed
    h.owner("w0.0", 105, "again");
    for (int id : {0, 1, 2, 3, 0, 1}) h.out(id, "w0.0", 110);
    h.commits(6, 200);
    CHECK(h.wrong().empty());
    h.out(0, "w0.0", 120);  // there is no third session
    CHECK_FALSE(h.that("results out of order: 1").holds);
}

TEST_CASE("torture's ledger: results with a wrong key, and results of nothing") {
    history h;
    h.put("out", 7, "w1.0", 10, 250, "other");
    h.put("out", 99, "w1.0", 11, 251);
    const auto f = h.that("without a source, or with a wrong key: 2");
    CHECK(f.details.size() == 2);
    h.all.hops[0].key = keyed::by_field;  // all of them have "k", not "g"
    CHECK_FALSE(h.that("without a source, or with a wrong key: 12").holds);
}

TEST_CASE("torture's ledger: a crashed sender's copies are messages of their own behind a topic") {
    history h;
    h.all.hops.push_back({"out", "end"});
    auto& out = h.all.topics["out"].entries;
    std::int64_t offset = 0;
    for (auto e : std::vector<entry>(out))
        h.put("end", static_cast<int>(e.id), h.all.names.at(e.made_by) + ">w2.0", offset++, 400);
    h.all.group.push_back(generation{3, 390, {{"w2.0", "m", {{"out", {0}}}}}});
    h.all.group.push_back(commit{"out", 0, 10, 500});
    CHECK(h.wrong().empty());
    CHECK(h.that("out -> end: 0 of 10 results came again").holds);
    h.all.topics["end"].entries.pop_back();
    CHECK_FALSE(h.that("out -> end: messages without a result: 1").holds);
}

TEST_CASE("torture's ledger: a batch is several messages, and is there as a whole") {
    evidence e;
    e.hops = {{"in", "out", keyed::not_at_all}};
    for (int id = 0; id < 3; ++id)
        e.add("in",
              {0, id, 0, "k", "{\"id\":" + std::to_string(id) + ",\"key\":\"g\",\"by\":\"\"}"});
    e.add("out",
          {0, 0, 50, std::nullopt,
           "[{\"id\":0,\"key\":\"g\",\"by\":\"w0.0\"},{\"id\":2,\"key\":\"g\",\"by\":\"w0.0\"}]"});
    e.group = {generation{1, 1, {{"w0.0", "m", {{"in", {0}}}}}}, commit{"in", 0, 3, 60}};
    e.finish();
    std::vector<std::string> wrong;
    for (auto& f : check(e))
        if (!f.holds) wrong.push_back(f.says);
    CHECK(wrong ==
          std::vector<std::string>{"in -> out: messages without a result: 1",
                                   "in: commits that pass a message without its result: 1"});
}

TEST_CASE("torture's ledger: a table has the sum of each key's messages, or of its ids") {
    const auto eight = [](char n) { return std::string(7, '\0') + n; };
    const auto row = [&](int partition, char n) {
        return record{partition, 0, 0, "k", eight(n), {{"weir.cut", "1"}}};
    };
    evidence e;
    e.tables = {{"t", "log", {"in"}, counts::messages}};
    for (std::int64_t offset = 0; offset < 3; ++offset)
        e.add("in", {0, offset, 0, "k", R"({"id":7,"key":"g","by":""})"});
    e.group = {commit{"in", 0, 3, 1}};
    e.finish();
    const auto says = [&] {
        for (auto& f : check(e))
            if (f.says.starts_with("table t") && !f.holds) return f.details.at(0);
        return std::string{"right"};
    };
    e.changelogs["log"].add(row(0, 2));
    CHECK(says() == "key 'k' has 2, not 3");
    e.changelogs["log"].add(row(1, 1));  // a key may be in two partitions
    CHECK(says() == "right");
    e.tables[0].what = counts::ids;
    CHECK(says() == "key 'k' has 3, not 1");
}
