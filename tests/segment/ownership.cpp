// SPDX-License-Identifier: Apache-2.0
// The offset of the message behind a value, and whether its partition is still ours.
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "driven.hpp"
#include "release_queue.hpp"

namespace weir::detail {

/// What an operator learns of the message behind a value.
struct source_seen {
    partition_id partition = 0;
    weir::offset offset = 0;
    detail::ownership ownership = detail::ownership::owned;
    friend bool operator==(const source_seen&, const source_seen&) = default;
};
struct note_op {
    using weir_operator = void;
    template <class In>
    using out = In;
    std::vector<source_seen>* to;
    std::string describe() const { return "note"; }
    void operator()(context& c, auto&& v, auto&& next) {
        const auto* tp = c.partition();
        to->push_back({tp ? tp->partition : -1, c.offset(), c.ownership()});
        next(std::forward<decltype(v)>(v));
    }
};

}  // namespace weir::detail

namespace {

using namespace weir::detail;
using enum ownership;
using all_seen = std::vector<source_seen>;

/// Fails at first, so that its message is tried again.
struct fails_first {
    int failures = 1;
    void operator()(const auto&) {
        if (failures-- > 0) throw std::runtime_error{"not now"};
    }
};
weir::agent_options retries(weir::duration pause) { return {.on_error = weir::retry(3, pause)}; }

class one_owner final : public hold_owner {
public:
    one_owner() : hold_owner(std::make_shared<weir::detail::release_queue>()) {}
    ~one_owner() override = default;
    void add(std::int64_t) override {}
    void remove(std::int64_t) override {}
    weir::detail::ownership ownership() const override { return is; }
    weir::detail::ownership is = owned;
};

}  // namespace

TEST_CASE("a message of a topic has its offset, and is revoking while its partition is drained") {
    silent quiet;
    weir::app app{"owned", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    all_seen seen;
    app.agent("a", in | note_op{&seen} | weir::for_each(fails_first{}), retries(1s));
    test_driver test{app};
    test.skip_offsets(in, 0, 5);
    test.send(in, "k", 0);
    test.revoke(in, 0);
    test.advance(1s);
    CHECK(seen == all_seen{{0, 5, owned}, {0, 5, revoking}});
}

TEST_CASE("an event has the offset and the ownership of its message") {
    silent quiet;
    weir::app app{"owned", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    all_seen seen;
    offsets shown;
    app.agent("a", in | weir::events() | note_op{&seen} | weir::tap([&](const auto& e) {
                       shown.push_back(e.offset());
                   }) | weir::for_each(fails_first{}),
              retries(1s));
    test_driver test{app};
    test.skip_offsets(in, 0, 5);
    test.send(in, "k", 0);
    test.revoke(in, 0);
    test.advance(1s);
    CHECK(seen == all_seen{{0, 5, owned}, {0, 5, revoking}});
    CHECK(shown == offsets{5, 5});
}

TEST_CASE("a value of no topic is owned") {
    all_seen seen;
    weir::app app{"owned"};
    app.agent("a", weir::from(numbers{7}) | note_op{&seen});
    app.run();
    CHECK(seen == all_seen{{-1, 0, owned}});
}

TEST_CASE("the result of an asynchronous call has the offset and the ownership of its message") {
    silent quiet;
    weir::app app{"owned", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    all_seen seen;
    const auto later = [](int i) -> weir::task<int> { co_return i; };
    app.agent("a", in | weir::map(later) | note_op{&seen} | weir::for_each(fails_first{}),
              retries(1s));
    test_driver test{app};
    test.skip_offsets(in, 0, 5);
    test.send(in, "k", 0);
    test.revoke(in, 0);
    test.advance(1s);
    CHECK(seen == all_seen{{0, 5, owned}, {0, 5, revoking}});
}

TEST_CASE("of a batch of two partitions each value has its own message's; the batch is ours while "
          "one of them is") {
    silent quiet;
    weir::app app{"owned", {.hooks = &quiet}};
    auto in = app.topic<int>("in", {.partitions = 2});
    all_seen of_batch, of_values;
    app.agent("a",
              in | weir::take(2) | note_op{&of_batch} | weir::flat_map(std::identity{}) |
                  note_op{&of_values} | weir::for_each([n = 0](int) mutable {
                      if (++n == 2) throw std::runtime_error{"not now"};
                  }),
              retries(1s));
    test_driver test{app};
    test.skip_offsets(in, 0, 5);
    test.send(in, "k", 0, {.partition = 0});
    test.send(in, "k", 0, {.partition = 1});
    CHECK(of_batch == all_seen{{0, 5, owned}});
    CHECK(of_values == all_seen{{0, 5, owned}, {1, 0, owned}});
    of_batch.clear();
    of_values.clear();
    test.lose(in, 0);
    SUBCASE("lost") {}
    SUBCASE("lost and regained: the values are of the older assignment") { test.assign(in, 0); }
    test.advance(1s);
    CHECK(of_batch == all_seen{{0, 5, owned}});
    CHECK(of_values == all_seen{{0, 5, lost}, {1, 0, owned}});
}

TEST_CASE("what waits behind a boundary, and what is taken of a batch, has the ownership of its "
          "hold") {
    one_owner ours, others;
    others.is = lost;
    const weir::topic_partition tp{"in", 3};
    const auto of = [&](weir::offset at) {
        source_message m;
        m.offset = at;
        m.tp = &tp;
        return m;
    };
    ready_input<int> ready;
    ready.push(1, {ours, 0}, of(4));
    ready.push(2, {others, 0}, of(7));
    const auto check = [&](origins& from) {
        CHECK(from.offset_of(0) == 4);
        CHECK(from.offset_of(1) == 7);
        CHECK((from.ownership_of(0) == owned));
        CHECK((from.ownership_of(1) == lost));
    };
    check(ready);
    ours.is = revoking;
    CHECK((ready.ownership_of(0) == revoking));
    ours.is = owned;

    std::vector<weir::hold> holds;
    holds.push_back({ours, 0});
    holds.push_back({others, 0});
    const weir::batch<int> b{*new batch_contents<int>{
        std::make_shared<release_queue>(), {1, 2}, std::move(holds), {of(4), of(7)}}};
    check(b.contents());
}
