// SPDX-License-Identifier: Apache-2.0
// A message whose values are pushed in pieces.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>
#include <weir/weir.hpp>

namespace {

using namespace std::chrono_literals;
using namespace weir::detail;
using numbers = std::vector<int>;

/// A clock that goes on by `tick` whenever it is read.
struct ticking final : weir::clock {
    mutable weir::time_point at{};
    weir::duration tick{};
    weir::time_point steady() const override { return at += tick; }
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

/// What was done to a sink: how many values each piece had, and what ended a message.
struct record {
    numbers pieces{}, got{};
    int finished = 0, undone = 0;
    std::size_t of_piece = 0;
    bool full_at_once = false;  // a piece fills it
    std::optional<int> fails_at{};
};
struct noting : sink {
    record* to;
    explicit noting(record& r) : to(&r) {}
    void push(context&, int i) {
        if (to->fails_at == i) throw std::runtime_error{"here"};
        to->got.push_back(i);
        ++to->of_piece;
    }
    void apply(context& c) {
        to->pieces.push_back(static_cast<int>(std::exchange(to->of_piece, 0)));
        if (to->full_at_once) c.now.end(run_status::full);
    }
    void finish() { ++to->finished; }
    void undo() {
        ++to->undone;
        to->of_piece = 0;
    }
};

const auto count_to = [](int n) { return std::views::iota(0, n); };
const auto list_to = [](int n) {
    numbers all(static_cast<std::size_t>(n));
    std::iota(all.begin(), all.end(), 0);
    return all;
};
template <class F, class In = int>
using flat = flat_map_step<F, In, int, false>;

/// A segment of one operator and that sink.
struct one_segment {
    record seen{};
    ticking time{};
    given from;
    std::unique_ptr<segment> s;

    template <class Step>
    one_segment(numbers of, Step op) : from(std::move(of)) {
        using chain = step<Step, noting>;
        s.reset(new fused<int, chain>{chain{std::move(op), noting{seen}}});
    }
    run_result run(std::size_t at = 0, bool resumes = false, bool stops = false) {
        segment_turn now{time, time.at + 20ms};
        now.resumes = resumes;
        if (stops) now.end(run_status::stop);
        return s->run(from, at, now);
    }
};
numbers up_to(int n) { return list_to(n); }

}  // namespace

TEST_CASE("a large range is pushed in pieces, each applied by itself, and the message is finished "
          "once") {
    const auto check = [](auto f) {
        one_segment t{{3000, 5}, flat{f}};
        const auto r = t.run();
        CHECK((r.status == run_status::done));
        CHECK(r.at == 2);
        CHECK(t.seen.pieces == numbers{1024, 1024, 952, 5});
        auto all = up_to(3000);
        for (int i : up_to(5)) all.push_back(i);
        CHECK(t.seen.got == all);
        CHECK(t.seen.finished == 2);
    };
    SUBCASE("a view") { check(count_to); }
    SUBCASE("a container") { check(list_to); }
    SUBCASE("a range without a size") {
        check([](int n) {
            return std::views::iota(0) | std::views::take_while([n](int i) { return i < n; });
        });
    }
}

TEST_CASE("the first piece's end is the range's: nothing is left") {
    one_segment t{{1024, 1023, 0}, flat{count_to}};
    CHECK(t.run().at == 3);
    CHECK(t.seen.pieces == numbers{1024, 1023, 0});
}

TEST_CASE("when the time is up, a run ends inside of a message, and goes on there") {
    one_segment t{{3000}, flat{count_to}};
    t.time.tick = 15ms;
    auto r = t.run();
    CHECK((r.status == run_status::more));
    CHECK(r.at == 0);
    CHECK(t.seen.pieces == numbers{3});  // the clock is looked at after 1, 3, 7 … values
    CHECK(t.seen.finished == 0);
    r = t.run(0, true);
    CHECK((r.status == run_status::more));
    CHECK(t.seen.pieces == numbers{3, 3});
    t.time.tick = {};
    CHECK((t.run(0, true).status == run_status::done));
    CHECK(t.seen.got == up_to(3000));
    CHECK(t.seen.finished == 1);
}

TEST_CASE("a message of at most 1024 values is one piece, however long it takes") {
    const auto unsized = [](int n) {
        return std::views::iota(0) | std::views::take_while([n](int i) { return i < n; });
    };
    one_segment t{{1024}, flat{unsized}};
    t.time.tick = 15ms;
    CHECK((t.run().status == run_status::done));
    CHECK(t.seen.pieces == numbers{1024});
}

TEST_CASE("a sink that is full gets the next piece when it has room") {
    one_segment t{{2000, 1}, flat{count_to}};
    t.seen.full_at_once = true;
    CHECK((t.run().status == run_status::more));
    CHECK(t.seen.pieces == numbers{1024});
    const auto r = t.run(0, true);
    CHECK((r.status == run_status::full));  // the last piece is parked as any message is
    CHECK(r.at == 0);
    CHECK(t.seen.pieces == numbers{1024, 976});
    CHECK(t.seen.finished == 0);
}

TEST_CASE("stop() ends a run between two pieces; the message goes on until it is finished") {
    one_segment t{{2000, 1}, flat{count_to}};
    CHECK((t.run(0, false, true).status == run_status::more));
    CHECK(t.seen.pieces == numbers{1024});
    const auto r = t.run(0, true, true);
    CHECK((r.status == run_status::stop));
    CHECK(r.at == 1);
    CHECK(t.seen.pieces == numbers{1024, 976});
    CHECK(t.seen.finished == 1);
}

TEST_CASE("a failure in a later piece undoes the message; a retry begins it anew") {
    int calls = 0;
    one_segment t{{3000}, flat{[&](int n) {
                      ++calls;
                      return std::views::iota(0, n);
                  }}};
    t.seen.fails_at = 2100;
    CHECK((t.run().status == run_status::failed));
    CHECK(t.seen.pieces == numbers{1024, 1024});
    CHECK(t.seen.undone == 1);
    t.seen = {};
    CHECK((t.run().status == run_status::done));
    CHECK(t.seen.got == up_to(3000));
    CHECK(calls == 2);
}

TEST_CASE("a message that is discarded between two pieces leaves nothing for the next one") {
    one_segment t{{2000, 3}, flat{count_to}};
    t.seen.full_at_once = true;
    t.run();
    t.s->discard();
    CHECK(t.seen.undone == 1);
    t.seen = {};
    CHECK((t.run(1).status == run_status::done));
    CHECK(t.seen.got == up_to(3));
}

namespace {

/// Passes on a value that lives as long as the call.
struct as_rvalue {
    void operator()(context&, int n, auto&& next) { next(std::string(std::size_t(n), 'x')); }
};
/// Does not know of pieces.
struct twice {
    void operator()(context&, int n, auto&& next) {
        next(n);
        next(n + 1);
    }
};

}  // namespace

TEST_CASE("an rvalue lives as long as the rest of its range") {
    record seen;
    ticking time;
    given from{{2000}};
    const auto chars = [](const std::string& s) {
        return s | std::views::transform([](char c) { return c == 'x' ? 1 : 0; });
    };
    using chars_step = flat<decltype(chars), std::string>;
    using chain = step<as_rvalue, step<chars_step, noting>>;
    fused<int, chain> s{chain{{}, {chars_step{chars}, noting{seen}}}};
    seen.full_at_once = true;
    segment_turn first{time, time.at + 20ms};
    CHECK((s.run(from, 0, first).status == run_status::more));
    segment_turn second{time, time.at + 20ms};
    second.resumes = true;
    s.run(from, 0, second);
    CHECK(seen.got == numbers(2000, 1));
}

TEST_CASE("of two operators with pieces the later one goes first, and pieces stay small") {
    record seen;
    ticking time;
    const auto check = [&](int n, auto of_each, auto expected) {
        given from{{n}};
        using outer = flat<decltype(count_to)>;
        using inner = flat<decltype(of_each)>;
        using chain = step<outer, step<inner, noting>>;
        fused<int, chain> s{chain{outer{count_to}, {inner{of_each}, noting{seen}}}};
        segment_turn now{time, time.at + 20ms};
        CHECK((s.run(from, 0, now).status == run_status::done));
        CHECK(seen.got == expected);
        CHECK(*std::max_element(seen.pieces.begin(), seen.pieces.end()) <= 1024 + 2);
        CHECK(seen.finished == 1);
    };
    numbers all;
    SUBCASE("many of few") {
        for (int i : up_to(1500)) all.insert(all.end(), 3, i);
        check(
            1500,
            [](int i) {
                return std::array{i, i, i};
            },
            all);
    }
    SUBCASE("few of many") {
        for (int i : up_to(3)) all.insert(all.end(), 1500, i);
        check(
            3, [](int i) { return numbers(1500, i); }, all);
    }
}

TEST_CASE("an operator waits for one behind it that has more of its last value") {
    record seen;
    ticking time;
    time.tick = 15ms;
    const auto many = [](int i) { return numbers(3000, i); };
    given from{{3}};
    using outer = flat<decltype(count_to)>;
    using inner = flat<decltype(many)>;
    using chain = step<outer, step<inner, noting>>;
    fused<int, chain> s{chain{outer{count_to}, {inner{many}, noting{seen}}}};
    segment_turn now{time, time.at + 20ms};
    CHECK((s.run(from, 0, now).status == run_status::more));
    CHECK(seen.got == numbers{0, 0, 0});
}

TEST_CASE("an operator with pieces behind one that does not wait loses nothing") {
    record seen;
    ticking time;
    given from{{2000}};
    using last = flat<decltype(count_to)>;
    using chain = step<twice, step<last, noting>>;
    fused<int, chain> s{chain{{}, {last{count_to}, noting{seen}}}};
    segment_turn now{time, time.at + 20ms};
    CHECK((s.run(from, 0, now).status == run_status::done));
    auto all = up_to(2000);
    for (int i : up_to(2001)) all.push_back(i);
    CHECK(seen.got == all);
}

TEST_CASE("a chain without such an operator does not know of pieces") {
    static_assert(!step<twice, noting>::in_pieces);
    static_assert(step<twice, step<flat<decltype(count_to)>, noting>>::in_pieces);
    static_assert(!into_chain_ref<int, message_part::none, false>::in_pieces);
}
