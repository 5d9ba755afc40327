// SPDX-License-Identifier: Apache-2.0
// The committable offset, from a topic to the broker. (The tracker's own tests: tests/conductor.)
#include <map>
#include <string>

#include "driven.hpp"

namespace {

/// An app that holds every message of a topic, whose values are their offsets, until `close`.
struct keeper {
    weir::app app{"committable"};
    weir::topic<offset> in = app.topic<offset>("in");
    std::map<offset, weir::hold> holds;
    test_driver test{app};
    offset next = 0;

    keeper() {
        app.agent("keep", in | weir::take(1) | weir::for_each([this](const auto& b) {
                              holds.emplace(b[0], b.hold());
                          }));
    }
    /// As much as if these offsets were all that the partition has.
    void deliver(offset first, offset last) {
        if (first > next) test.skip_offsets(in, 0, first - next);
        for (next = first; next <= last; ++next) test.append(in, "k", next);
        test.run();
    }
    void close(offset first, offset last) {
        for (; first <= last; ++first) REQUIRE(holds.erase(first) == 1);
    }
    std::optional<offset> committed() {
        test.commit();
        return test.committed(in, 0);
    }
    offsets commits() { return test.commits(in, 0); }
};

}  // namespace

TEST_CASE("semantics 12: with offset 11 unacknowledged and 12 to 14 acknowledged, the committed "
          "offset stays 11") {
    keeper t;
    t.deliver(0, 14);
    t.close(0, 10);
    CHECK(t.committed() == 11);
    t.close(12, 14);
    CHECK(t.committed() == 11);
    CHECK(t.test.held(t.in, 0) == 1);
    t.close(11, 11);
    CHECK(t.committed() == 15);
    CHECK(t.commits() == offsets{11, 15});
}

TEST_CASE("semantics 14: 1 to 10 delivered and closed: 11 is committed") {
    keeper t;
    t.deliver(1, 10);
    t.close(1, 10);
    CHECK(t.committed() == 11);
}

TEST_CASE("semantics 14: 1 to 8 and 10 closed, 9 open: 9 is committed; 9 closes: 11 is") {
    keeper t;
    t.deliver(1, 10);
    t.close(1, 8);
    t.close(10, 10);
    CHECK(t.committed() == 9);
    t.close(9, 9);
    CHECK(t.committed() == 11);
    CHECK(t.commits() == offsets{9, 11});
}

TEST_CASE("semantics 15: nothing committed yet, 0 to 5 delivered, only 5 closed: nothing is "
          "committed") {
    keeper t;
    t.deliver(0, 5);
    t.close(5, 5);
    CHECK(t.committed() == nothing);
    t.test.advance(10s);
    CHECK(t.commits().empty());
}

TEST_CASE("semantics 17: what will never be read at the end is committed when all before it is "
          "done") {
    keeper t;
    t.deliver(0, 3);
    t.test.skip_offsets(t.in, 0, 5);
    t.test.run();
    t.close(0, 2);
    CHECK(t.committed() == 3);
    CHECK(t.app.counters().lag == 6);
    t.close(3, 3);
    CHECK(t.committed() == 9);
    CHECK(t.app.counters().lag == 0);
    t.test.skip_offsets(t.in, 0, 1);  // a run that reads nothing commits it as well
    t.test.restart();
    CHECK(t.committed() == 10);
    CHECK(t.app.counters().lag == 0);
}

TEST_CASE("semantics 16: committed 31; 31 and 32 delivered, 32 closed: nothing is committed") {
    keeper t;
    t.test.skip_offsets(t.in, 0, 31);
    t.next = 31;
    t.test.seed_commit(t.in, 0, 31);
    t.deliver(31, 32);
    t.close(32, 32);
    CHECK(t.committed() == 31);
    CHECK(t.commits().empty());
    t.close(31, 31);
    CHECK(t.committed() == 33);
}

TEST_CASE("semantics 16: committed 0; 0 to 7 delivered, 7 closed: nothing is committed") {
    keeper t;
    t.test.seed_commit(t.in, 0, 0);
    t.deliver(0, 7);
    t.close(7, 7);
    CHECK(t.committed() == 0);
    CHECK(t.commits().empty());
}

TEST_CASE("semantics 17: delivered 0, 5, 6, 7 (1 to 4 never existed), all closed: 8 is committed") {
    keeper t;
    t.deliver(0, 0);
    t.deliver(5, 7);
    t.close(0, 0);
    t.close(5, 7);
    CHECK(t.committed() == 8);
}

TEST_CASE("semantics 17: the first message ever has offset 5 and is closed: 6 is committed") {
    keeper t;
    t.deliver(5, 5);
    t.close(5, 5);
    CHECK(t.committed() == 6);
}

TEST_CASE("semantics 17: delivered 5, 8, 9; 5 and 9 closed: 8 is committed") {
    keeper t;
    t.deliver(5, 5);
    t.deliver(8, 9);
    t.close(5, 5);
    t.close(9, 9);
    CHECK(t.committed() == 8);
    CHECK(t.commits() == offsets{8});
}

TEST_CASE("semantics 18: a hole of 2 000 000 000 offsets is no more than two neighbours") {
    keeper t;
    constexpr offset far = 2'000'000'000;
    t.deliver(0, 0);
    t.deliver(far, far + 1);
    t.close(0, 0);
    t.close(far + 1, far + 1);
    CHECK(t.test.held(t.in, 0) == 1);
    CHECK(t.committed() == far);
    t.close(far, far);
    CHECK(t.committed() == far + 2);
}

TEST_CASE("semantics 20: a commit never goes back and is never sent again for the same offset") {
    keeper t;
    t.deliver(0, 9);
    t.close(3, 3);
    t.test.advance(9s);
    t.close(0, 1);
    for (int tick = 0; tick < 4; ++tick) t.test.advance(3s);
    t.close(5, 9);
    for (int tick = 0; tick < 4; ++tick) t.test.advance(3s);
    t.close(2, 2);
    t.test.advance(3s);
    t.close(4, 4);
    t.test.advance(30s);
    CHECK(t.commits() == offsets{2, 4, 10});
}

TEST_CASE("semantics 20: a commit never names a partition that is no longer assigned") {
    keeper t;
    t.deliver(0, 4);
    t.close(0, 1);
    t.test.lose(t.in, 0);
    t.close(2, 4);
    t.test.advance(30s);
    CHECK(t.commits().empty());
    CHECK(t.app.counters().failed_commits == 0);  // none was refused, either
    CHECK(t.test.errors().empty());
    t.test.assign(t.in, 0);
    CHECK(t.holds.size() == 5);  // delivered again
    t.close(0, 4);
    CHECK(t.committed() == 5);
    CHECK(t.commits() == offsets{5});
}

TEST_CASE("semantics 17: 0 to 4 delivered and closed, 5 to 11 never existed: 12 is committed") {
    keeper t;
    t.deliver(0, 4);
    t.test.skip_offsets(t.in, 0, 7);
    t.test.run();
    t.close(0, 3);
    CHECK(t.committed() == 4);
    t.close(4, 4);
    CHECK(t.committed() == 12);
    CHECK(t.app.counters().lag == 0);
    t.test.advance(1min);
    CHECK(t.commits() == offsets{4, 12});
    t.next = 12;
    t.deliver(12, 12);
    t.close(12, 12);
    CHECK(t.committed() == 13);
}

TEST_CASE("semantics 17: committed 5, and 5 to 11 never existed: 12 is committed") {
    keeper t;
    t.test.skip_offsets(t.in, 0, 12);
    t.test.seed_commit(t.in, 0, 5);
    t.test.run();
    CHECK(t.committed() == 12);
    t.test.advance(1min);
    CHECK(t.commits() == offsets{12});
}
