// SPDX-License-Identifier: Apache-2.0
// A partition alone: the batches that its cursors stand in, which are read, used again, and told to
// the tracker.
#include "conductor/owned_partition.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "release_queue.hpp"

namespace {

using namespace weir::detail;
using offsets = std::vector<weir::offset>;
using texts = std::vector<std::string>;
constexpr weir::time_point now{};

/// What a read brings: each message has its offset as its text.
class written final : public weir::fetch {
public:
    static inline int alive = 0;
    explicit written(const offsets& all) {
        ++alive;
        fill(all);
    }
    written(const written&) = delete;
    written& operator=(const written&) = delete;
    ~written() override { --alive; }
    void fill(const offsets& all) {
        texts_.clear();
        views_.clear();
        for (auto at : all) texts_.push_back(std::to_string(at));
        for (std::size_t i = 0; i < all.size(); ++i)
            views_.push_back({{}, weir::bytes_view{texts_[i]}, all[i], {}});
        messages_ = views_;
    }
    weir::headers headers(std::size_t) const override { return {}; }
    std::optional<weir::bytes_view> header_of(std::size_t, std::string_view) const override {
        return {};
    }

private:
    texts texts_;
    std::vector<weir::message> views_;
};

/// Has batches to read, and notes how it is asked for them.
struct log_of_batches final : weir::transport::partition {
    std::deque<offsets>* to_read;
    std::vector<std::size_t> asked{};
    std::vector<bool> recycles{};
    explicit log_of_batches(std::deque<offsets>& r) : to_read(&r) {}
    std::unique_ptr<weir::fetch> read(std::size_t most,
                                      std::unique_ptr<weir::fetch> recycled) override {
        asked.push_back(most);
        recycles.push_back(recycled != nullptr);
        if (to_read->empty()) return nullptr;
        auto& all = to_read->front();
        const offsets got(all.begin(), all.begin() + std::ptrdiff_t(std::min(most, all.size())));
        all.erase(all.begin(), all.begin() + std::ptrdiff_t(got.size()));
        if (all.empty()) to_read->pop_front();
        if (!recycled) return std::make_unique<written>(got);
        static_cast<written&>(*recycled).fill(got);
        return recycled;
    }
};

/// Offsets as numbers; those in `bad` do not decode.
struct number {
    static inline offsets bad{};
    weir::offset n = 0;
};

/// A segment that nothing runs: the test moves the cursors.
struct idle final : segment {
    int discarded = 0;
    idle(std::string name) {
        its.name = std::move(name);
        agent = &its;
    }
    run_result run(input&, std::size_t at, segment_turn&) override { return {at}; }
    bool full() override { return false; }
    void check() override {}
    void finish() override {}
    void discard() override { ++discarded; }
    void assigned(const weir::topic_partition&) override {}
    void revoked(const weir::topic_partition&) override {}
    bool reads_batches() const override { return false; }
    agent_info its{};
};

}  // namespace

template <>
struct weir::codec<number> {
    static void decode(bytes_view from, number& into) {
        into.n = std::stoll(std::string{from.view()});
        if (std::find(number::bad.begin(), number::bad.end(), into.n) != number::bad.end())
            throw decode_error{"bad"};
    }
    static void encode(const number& v, bytes& onto) { onto.append(std::to_string(v.n)); }
};

namespace {

/// Agents "a" and "b" read numbers; "c" reads bytes, where a test says so.
struct three_agents {
    std::deque<offsets> to_read{};
    idle a{"a"}, b{"b"}, c{"c"};
    topic_info in{.name = "in"};
    plan::topic_reader numbers{&in, nullptr, decoder_of<weir::bytes_view, number>::make_one(), {}};
    plan::topic_reader raw{
        &in, nullptr, decoder_of<weir::bytes_view, weir::bytes_view>::make_one(), {}};
    weir::topic_partition tp{"in", 0};
    std::shared_ptr<release_queue> releases = std::make_shared<release_queue>();
    log_of_batches* log = nullptr;
    std::unique_ptr<owned_partition> p{};

    three_agents() {
        number::bad.clear();
        releases->enter();
        numbers.to = {&a, &b};
    }
    three_agents(const three_agents&) = delete;
    three_agents& operator=(const three_agents&) = delete;
    ~three_agents() {
        p.reset();
        CHECK(written::alive == 0);
    }
    void assign(std::deque<offsets> all) {
        to_read = std::move(all);
        auto made = std::make_unique<log_of_batches>(to_read);
        log = made.get();
        p = std::make_unique<owned_partition>(
            tp, weir::transport::assignment{tp, {}, std::move(made)}, readers(), releases);
    }
    std::vector<plan::topic_reader*> readers() {
        std::vector<plan::topic_reader*> all;
        for (auto* r : {raw_first ? &raw : &numbers, raw_first ? &numbers : &raw})
            if (!r->to.empty()) all.push_back(r);
        return all;
    }
    bool raw_first = false;
    partition_cursor& of(const idle& s) {
        for (auto& cursor : p->cursors())
            if (cursor->runs == &s) return *cursor;
        throw std::logic_error{"no cursor"};
    }
    /// Reads if there is room: how many messages came.
    std::size_t read(std::size_t most = 4) {
        p->advance();
        const auto room = p->room(most);
        return room == 0 ? 0 : p->read(room, now);
    }
    void pass(const idle& s, int n = 1) {
        for (; n > 0; --n) {
            p->advance();
            REQUIRE(!of(s).finished());
            of(s).pass();
        }
    }
    /// The message that the cursor stands at.
    weir::offset at(const idle& s) {
        p->advance();
        auto& cursor = of(s);
        return cursor.finished() ? -1 : cursor.reads->message_of(cursor.position).offset;
    }
    weir::offset position() {
        p->update_tracker(now);
        return p->tracker->committable();
    }
};

}  // namespace

TEST_CASE("partition: with one cursor each batch is read into the place of the last one") {
    three_agents t;
    t.numbers.to = {&t.a};
    t.assign({{1, 2, 3}, {4, 5}, {6}});
    CHECK(t.read() == 3);
    const auto* slots = t.of(t.a).reads;
    CHECK(t.read() == 0);
    t.pass(t.a, 3);
    CHECK(t.read() == 2);
    t.pass(t.a, 2);
    CHECK(t.read() == 1);
    t.pass(t.a);
    CHECK(t.read() == 0);
    CHECK(t.read() == 0);
    CHECK(t.of(t.a).reads == slots);
    CHECK(t.log->asked == std::vector<std::size_t>{4, 4, 4, 4, 4});
    CHECK(t.log->recycles == std::vector<bool>{false, true, true, true, false});
    CHECK(t.position() == 7);
}

TEST_CASE("partition: a cursor is ahead by as many messages as may be, and the slowest is what is "
          "told") {
    three_agents t;
    t.assign({{1, 2, 3, 4, 5, 6, 7, 8, 9}});
    CHECK(t.read() == 4);
    t.pass(t.a, 4);
    CHECK(t.read() == 0);  // four lie between
    CHECK(t.position() == 1);
    t.pass(t.b);
    CHECK(t.read() == 1);
    CHECK(t.at(t.a) == 5);
    CHECK(t.read() == 0);  // there is something to do
    t.pass(t.a);
    t.pass(t.b, 2);
    CHECK(t.read() == 2);
    CHECK(t.at(t.b) == 4);
    CHECK(t.position() == 4);
    CHECK(t.p->slowest() == &t.of(t.b));
    CHECK(t.p->behind(t.of(t.b)) == 4);
    CHECK(t.p->behind(t.of(t.a)) == 2);
    t.pass(t.b, 4);  // through two batches, and it is the fastest now
    CHECK(t.at(t.b) == -1);
    CHECK(t.p->fastest() == &t.of(t.b));
    CHECK(t.position() == 6);
    CHECK(t.read() == 2);
    CHECK(t.at(t.b) == 8);
    CHECK(t.at(t.a) == 6);
    t.pass(t.a, 4);
    t.pass(t.b, 2);
    CHECK(t.position() == 10);
}

TEST_CASE("partition: a batch that the slowest cursor has left is used again, others are freed") {
    three_agents t;
    t.assign({{1}, {2}, {3}, {4}, {5}, {6}, {7}});
    for (int n = 1; n <= 3; ++n) {
        CHECK(t.read() == 1);
        t.pass(t.a);
    }
    CHECK(written::alive == 3);
    t.pass(t.b, 2);
    t.p->advance();
    CHECK(written::alive == 2);  // one batch in work, one to be used again
    CHECK(t.read() == 1);
    CHECK(t.log->recycles == std::vector<bool>{false, false, false, true});
    CHECK(written::alive == 2);
    t.pass(t.a);
    t.pass(t.b, 2);
    t.p->advance();
    CHECK(written::alive == 2);
    CHECK(t.read() == 1);  // in place: what was kept to be used again keeps no memory
    CHECK(written::alive == 1);
}

TEST_CASE("partition: what a cursor stands at is whole while others go on") {
    three_agents t;
    t.raw.to = {&t.c};
    t.numbers.to = {&t.a};
    t.assign({{1, 2}, {3}, {4}, {5}});
    CHECK(t.read(100) == 2);
    auto& slow = t.of(t.c);
    const auto value = [&] {
        return static_cast<input_of<weir::bytes_view>&>(*slow.reads).values[slow.position].value;
    };
    slow.pass();
    CHECK(value().view() == "2");
    t.pass(t.a, 2);
    for (int n = 3; n <= 5; ++n) {
        CHECK(t.read(100) == 1);
        t.pass(t.a);
        CHECK(value().view() == "2");
    }
    for (weir::offset n = 2; n <= 5; ++n) {
        CHECK(t.at(t.c) == n);
        CHECK(value().view() == std::to_string(n));
        CHECK(t.position() == n);
        t.pass(t.c);
    }
    CHECK(t.position() == 6);
}

TEST_CASE("partition: a message that is acknowledged by hand is passed, also at the end of its "
          "batch") {
    three_agents t;
    t.assign({{1, 2}, {7}});
    t.read();
    t.pass(t.a, 2);
    t.read();
    t.pass(t.a);
    t.pass(t.b);
    CHECK(t.position() == 2);
    t.of(t.b).acked = true;
    CHECK(t.position() == 7);
    t.pass(t.b);
    CHECK(t.position() == 7);
    t.of(t.b).acked = true;
    CHECK(t.position() == 8);
}

TEST_CASE("partition: the position stays before a message that does not decode, in any batch") {
    three_agents t;
    t.raw.to = {&t.c};
    t.numbers.to = {&t.a, &t.b};
    t.assign({{1, 2}, {3, 4, 5}, {6}});
    number::bad = {4};
    t.read(100);
    t.pass(t.a, 2);
    CHECK(t.read(100) == 3);
    REQUIRE(t.p->undecodable().has_value());
    CHECK(t.p->undecodable()->message().offset == 4);
    t.pass(t.a);
    t.pass(t.c, 2);
    CHECK(t.at(t.c) == -1);  // to its types nothing of the batch is decoded yet
    CHECK(t.read(100) == 0);
    CHECK(!t.p->cursors_finished());
    t.pass(t.b, 3);
    CHECK(t.p->cursors_finished());
    CHECK(t.position() == 3);  // of c
    t.p->decode_again();
    REQUIRE(t.p->undecodable().has_value());
    t.p->pass_undecodable();
    CHECK(!t.p->undecodable().has_value());
    CHECK(t.at(t.a) == 5);
    CHECK(t.at(t.c) == 3);
    t.pass(t.c, 3);
    CHECK(t.read(100) == 1);
    CHECK(t.position() == 5);
    t.pass(t.a, 2);
    t.pass(t.b, 2);
    CHECK(t.position() == 6);
}

TEST_CASE("partition: behind a message that does not decode nothing is read, though somebody has "
          "nothing to do") {
    three_agents t;
    t.raw_first = true;
    t.raw.to = {&t.c};
    t.numbers.to = {&t.a};
    t.assign({{1, 2, 3}, {4}});
    number::bad = {2};
    t.read(100);
    t.pass(t.c, 3);
    t.pass(t.a);
    CHECK(t.p->behind(t.of(t.c)) == 0);
    CHECK(t.p->behind(t.of(t.a)) == 2);
    CHECK(t.read(100) == 0);
    CHECK(t.position() == 2);
    t.p->pass_undecodable();
    CHECK(t.read(100) == 1);
    CHECK(t.p->behind(t.of(t.a)) == 2);
    CHECK(t.at(t.a) == 3);
    CHECK(t.position() == 3);
}

TEST_CASE("partition: what may be open is what is held behind the slowest cursor, and all that it "
          "has not passed") {
    three_agents t;
    t.assign({{1, 2, 3, 4, 5, 6}});
    CHECK(t.p->may_be_open() == 0);
    t.read(100);
    CHECK(t.p->may_be_open() == 6);
    weir::hold second = t.of(t.a).reads->hold_of(1), fifth = t.of(t.a).reads->hold_of(4);
    t.pass(t.a, 6);
    t.position();
    CHECK(t.p->may_be_open() == 6);
    t.pass(t.b, 3);
    t.position();
    CHECK(t.p->may_be_open() == 4);
    t.pass(t.b, 3);
    t.position();
    CHECK(t.p->may_be_open() == 2);
    second.release();
    CHECK(t.p->may_be_open() == 1);
    fifth.release();
}

TEST_CASE("partition: a topic that was created again begins when every cursor has finished the old "
          "log") {
    three_agents t;
    t.assign({{7, 8}, {9}, {0, 1}, {2}});
    t.read(100);
    t.pass(t.a, 2);
    CHECK(t.read(100) == 1);
    t.pass(t.a);
    const auto* before = t.p->tracker.get();
    weir::hold kept = t.of(t.b).reads->hold_of(0);
    CHECK(t.read(100) == 0);  // it was read, and waits
    CHECK(t.read(100) == 0);
    CHECK(t.log->asked.size() == 3);
    CHECK(t.p->tracker.get() == before);
    CHECK(t.at(t.a) == -1);
    t.pass(t.b, 3);
    CHECK(t.position() == 7);  // it is held
    CHECK(t.read(100) == 2);
    CHECK(t.log->asked.size() == 3);
    CHECK(t.p->tracker.get() != before);
    kept.release();
    CHECK(t.at(t.a) == 0);
    CHECK(t.at(t.b) == 0);
    CHECK(t.position() == 0);
    weir::hold its = t.of(t.b).reads->hold_of(1);
    CHECK(t.p->tracker->open() == 1);
    its.release();
    t.pass(t.a, 2);
    CHECK(t.read(100) == 1);
    t.pass(t.a);
    t.pass(t.b, 3);
    CHECK(t.position() == 3);
}

TEST_CASE("partition: a stream of other types takes the place of one that nobody has any more") {
    three_agents t;
    t.numbers.to = {&t.a, &t.b};
    t.assign({{1, 2}, {3, 4, 5}, {6}});
    number::bad = {};
    for (int i = 0; i < 3; ++i) {
        t.read(100);
        t.pass(t.a, i == 0 ? 2 : i == 1 ? 3 : 1);
    }
    t.pass(t.b, 3);
    t.b.its.gone = true;
    t.of(t.b).parked = true;
    t.b.occupancy->occupant = &t.of(t.b);
    CHECK(t.position() == 4);
    t.raw.to = {&t.c};
    t.p->join(t.readers());
    CHECK(t.b.discarded == 1);
    CHECK(t.p->cursors().size() == 2);
    CHECK(t.at(t.c) == 4);
    CHECK(t.position() == 4);
    t.pass(t.c, 3);
    CHECK(t.position() == 7);
    CHECK(t.read(100) == 0);
    CHECK(written::alive <= 1);
}

TEST_CASE(
    "partition: one that is given up while somebody looks at a message keeps its batches until "
    "he looks away") {
    three_agents t;
    t.assign({{1}, {2}, {3}});
    for (int n = 0; n < 3; ++n) {
        t.read();
        t.pass(t.a);
    }
    t.b.its.pull = true;
    auto& c = t.of(t.b);
    c.parked = true;
    t.b.occupancy->occupant = &c;
    const auto first = c.reads->message_of(0).value;
    t.p.reset();
    CHECK(t.b.discarded == 1);
    CHECK(first.view() == "1");
    CHECK(written::alive == 3);
    t.b.its.looked_at.clear();
    CHECK(written::alive == 0);
}
