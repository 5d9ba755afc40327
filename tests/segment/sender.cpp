// SPDX-License-Identifier: Apache-2.0
// Operators that send, in a segment by themselves: targets without room, one behind the other.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>
#include <weir/weir.hpp>

using namespace weir::detail;

namespace {

using numbers = std::vector<int>;

/// Takes as many messages as it has room for.
struct narrow final : produce_target {
    std::size_t room = 0;
    numbers got{};
    bool send(const outgoing& what, weir::hold&) override {
        if (got.size() == room) return false;
        int n = 0;
        decode_into<int>(what.value, n);
        got.push_back(n);
        return true;
    }
};

class given final : public input_of<int> {
public:
    explicit given(numbers of) {
        for (int i : of) values.push_back({i});
        count = values.size();
    }
    weir::hold hold_of(std::size_t) override { return {}; }
    ownership ownership_of(std::size_t) const override { return {}; }
    weir::offset offset_of(std::size_t) const override { return {}; }
    weir::message message_of(std::size_t) const override { return {}; }
    weir::headers headers_of(std::size_t) const override { return {}; }
    const weir::topic_partition* partition_of(std::size_t) const override { return nullptr; }
};

/// echo to two targets, behind it to to a third.
struct three {
    narrow a{}, b{}, last{};
    using echo = echo_op<>::running;
    using chain = step<echo, send_sink<int, same_key>>;
    std::unique_ptr<segment> s{new fused<int, chain>{chain{
        echo{sender{std::vector<produce_target*>{&a, &b}}}, send_sink<int, same_key>{last, {}}}}};
    weir::clock time{};

    run_result run(given& from, std::size_t at) {
        segment_turn now{time, weir::time_point::max()};
        return s->run(from, at, now);
    }
};

}  // namespace

TEST_CASE("a message is parked until every one of its targets has had room, each sent to once") {
    three t;
    given from{{7, 8}};
    auto r = t.run(from, 0);
    CHECK(r.status == run_status::full);
    CHECK(r.at == 0);
    t.a.room = t.last.room = 1;
    CHECK(t.s->full());
    CHECK(t.a.got == numbers{7});
    CHECK(t.b.got.empty());
    t.b.room = 1;
    CHECK_FALSE(t.s->full());
    CHECK_FALSE(t.s->full());
    for (auto* o : {&t.a, &t.b, &t.last}) CHECK(o->got == numbers{7});
    t.s->finish();
    t.a.room = t.b.room = t.last.room = 2;
    r = t.run(from, 1);
    CHECK(r.status == run_status::done);
    for (auto* o : {&t.a, &t.b, &t.last}) CHECK(o->got == numbers{7, 8});
}

TEST_CASE("the sink behind an echo that has no room sends what it can; nothing is sent twice") {
    three t;
    given from{{7, 8}};
    t.last.room = 2;
    CHECK(t.run(from, 0).status == run_status::full);
    CHECK(t.last.got == numbers{7});
    t.a.room = t.b.room = 2;
    CHECK_FALSE(t.s->full());
    CHECK(t.last.got == numbers{7});
    t.s->finish();
    CHECK(t.run(from, 1).status == run_status::done);
    for (auto* o : {&t.a, &t.b, &t.last}) CHECK(o->got == numbers{7, 8});
}

TEST_CASE("an echo with room before a sink without: parked, and the copies are not sent again") {
    three t;
    given from{{7}};
    t.a.room = t.b.room = 2;
    CHECK(t.run(from, 0).status == run_status::full);
    CHECK(t.a.got == numbers{7});
    CHECK(t.s->full());
    t.last.room = 1;
    CHECK_FALSE(t.s->full());
    for (auto* o : {&t.a, &t.b, &t.last}) CHECK(o->got == numbers{7});
}

TEST_CASE("a parked message that is dropped forgets what is not sent yet") {
    three t;
    given from{{7, 8}};
    t.a.room = 1;
    CHECK(t.run(from, 0).status == run_status::full);
    t.s->discard();
    CHECK_FALSE(t.s->full());
    t.a.room = t.b.room = t.last.room = 2;
    CHECK(t.run(from, 1).status == run_status::done);
    CHECK(t.a.got == numbers{7, 8});
    CHECK(t.b.got == numbers{8});
    CHECK(t.last.got == numbers{8});
}
