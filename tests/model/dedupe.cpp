// SPDX-License-Identifier: Apache-2.0
// Random histories of apps with a dedupe: ids that come again, messages out of order, crashes,
// failed sends and commits, lost partitions, retries. At the end what has passed, what was told to
// be a repeat, and a table behind are compared with what a loop over the messages says.
#include <weir/weir.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/testing/test_driver.hpp>

#include "histories.hpp"

namespace {

using namespace std::chrono_literals;
using milliseconds = std::int64_t;
using std::string;
using weir::testing::test_driver;

milliseconds ms_of(weir::timestamp t) { return t.time_since_epoch().count(); }
weir::timestamp at(milliseconds t) { return weir::timestamp{std::chrono::milliseconds{t}}; }
/// A value is the id and, above it, a number that no other message has.
constexpr int ids = 8;
int id_of(int v) { return v % ids; }

enum class before { nothing, take, calls, merge, overtaking_calls, number_of };
enum class behind { nothing, table, take, number_of };
const char* const names_before[] = {"", "take | ", "calls | ", "merge | ", "overtaking calls | "};
const char* const names_behind[] = {"", " | a table", " | take"};

struct scenario {
    before first{};
    behind last{};
    milliseconds within = 0;
    bool filters = false;
    /// Nothing happens that repeats a message.
    bool quiet = false;

    bool ordered() const { return first != before::merge && first != before::overtaking_calls; }
    bool has_other_input() const { return first == before::merge; }
    bool passes(int v) const { return !filters || (v / ids) % 5 != 0; }
    string text() const {
        return string{names_before[int(first)]} + (filters ? "filter | " : "") + "dedupe " +
               std::to_string(within) + names_behind[int(last)] + (quiet ? "; quiet" : "");
    }
};

/// What the members of a history tell.
struct told {
    std::vector<int> order{};                                  // of values, as they come to dedupe
    std::map<std::pair<string, std::int64_t>, int> repeats{};  // topic[partition], offset
};
struct listener : weir::hooks {
    told* to;
    explicit listener(told& t) : to(&t) {}
    void log(std::string_view) override {}
    void passed_over(const weir::passed_message& m) override {
        ++to->repeats[{string{m.topic} + std::to_string(m.partition), m.offset}];
    }
};

/// One process of the group.
struct member {
    const int number;
    told* to;
    listener hooks{*to};
    weir::app app;
    weir::topic<string, int> in, other, out;
    weir::table<string, std::int64_t> seen;
    scenario is;
    int throws = 0;
    bool moved = false;  // partitions have come or gone

    member(const string& broker, const scenario& s, int n, told& t)
        : number(n),
          to(&t),
          app{"a",
              {.broker = broker,
               .purge_internal = false,
               .on_error = weir::retry(3, 1s),
               .hooks = &hooks}},
          in(app.topic<string, int>("in", {.partitions = 2})),
          other(app.topic<string, int>("other", {.partitions = 2})),
          out(app.topic<string, int>("out", {.partitions = 1})),
          seen(app.table<string, std::int64_t>("seen")),
          is(s) {
        const auto each = weir::flat_map(std::identity{});
        const auto late = [](int v) -> weir::task<int> {
            co_await weir::sleep(1s * (v % 3));
            co_return v;
        };
        constexpr auto any_order = weir::order_by::none;
        switch (s.first) {
            case before::nothing: build(in | weir::erase()); break;
            case before::take: build(in | weir::take(3, 5s) | each | weir::erase()); break;
            case before::calls:
                build(in | weir::map(late, {.concurrency = 3}) | weir::erase());
                break;
            case before::merge: build((in & other) | weir::erase()); break;
            case before::overtaking_calls:
                build(in | weir::map(late, {.concurrency = 3, .order = any_order}) | weir::erase());
                break;
            case before::number_of: break;
        }
    }
    void build(weir::stream<string, int> messages) {
        auto firsts = std::move(messages) | weir::tap([this](int v) {
                          to->order.push_back(v);
                          fail_sometimes();
                      }) |
                      weir::filter([this](int v) { return is.passes(v); }) |
                      weir::dedupe(id_of, is.within * 1ms) |
                      weir::tap([this](int) { fail_sometimes(); });
        const auto send = [this](auto from) {
            app.agent("c", std::move(from) | weir::map([this](int v) {
                               fail_sometimes();
                               return v * 100 + number;
                           }) | weir::to(out));
        };
        switch (is.last) {
            case behind::nothing: return send(std::move(firsts));
            case behind::take:
                return send(std::move(firsts) | weir::take(2, 10s) |
                            weir::flat_map(std::identity{}));
            case behind::table:
                app.agent("c", std::move(firsts) | weir::count(seen) |
                                   weir::tap([this](auto) { fail_sometimes(); }));
                return;
            case behind::number_of: break;
        }
    }
    void fail_sometimes() {
        if (throws > 0 && throws-- % 2 == 0) throw std::runtime_error{"now and then"};
    }
};

struct message {
    string topic;
    int partition;
    std::int64_t offset;
    string key;
    int value;
    milliseconds time;
};

class history {
public:
    history(std::uint64_t seed, bool tell)
        : tell_(tell), draw(seed), is_(make()), broker_("memory://dedupe-" + std::to_string(seed)) {
        members_.push_back(make_member());
        test_ = std::make_unique<test_driver>(members_[0]->app);
        if (tell_) std::printf("%s\n", is_.text().c_str());
    }
    string play() {
        for (int step = 0; step < 40; ++step) {
            while (live().empty()) join();
            one(*live()[std::size_t(draw(int(live().size())))]);
        }
        return end();
    }

private:
    scenario make() {
        scenario s;
        s.first = before(draw(int(before::number_of)));
        s.last = behind(draw(int(behind::number_of)));
        constexpr milliseconds times[] = {1, 10, 40, 100};
        s.within = times[draw(4)];
        s.filters = draw(2);
        s.quiet = draw(3) == 0;
        return s;
    }
    std::unique_ptr<member> make_member() {
        return std::make_unique<member>(broker_, is_, int(members_.size()), told_);
    }
    std::vector<member*> live() {
        std::vector<member*> all;
        for (auto& m : members_)
            if (test_->running(m->app)) all.push_back(m.get());
        return all;
    }
    void moves() {
        for (auto* m : live()) m->moved = true;
    }
    void join() {
        moves();
        members_.push_back(make_member());
        test_->add(members_.back()->app);
        say("join");
    }
    void say(const string& what) {
        if (!tell_) return;
        std::printf("%-30s | committed", what.c_str());
        for (int p = 0; p < 2; ++p)
            std::printf(" %lld", static_cast<long long>(test_->committed("in", p).value_or(-1)));
        std::printf(" | out");
        for (auto& [v, by] : sent()) std::printf(" %d(%d) by %d", v, id_of(v), by);
        std::printf("\n");
        std::fflush(stdout);
    }
    milliseconds next_time() {
        switch (draw(24)) {
            case 0: now_ += 1000; return now_;
            case 1: return now_ += 30 + draw(70);
            case 2: return now_ + 40;
            case 3:
            case 4: return std::max<milliseconds>(0, now_ - draw(60));
            default: now_ += draw(5); return std::max<milliseconds>(0, now_ - draw(12));
        }
    }
    void append() {
        const auto id = draw(ids);
        const auto t = next_time();
        const auto v = next_value_++ * ids + id;
        auto& to = is_.has_other_input() && draw(2) ? members_[0]->other : members_[0]->in;
        if (tell_)
            std::printf("    %s %d(%d) @%lld\n", to.name().c_str(), v, id,
                        static_cast<long long>(t));
        test_->append(to, "k" + std::to_string(draw(4)), v, {.timestamp = at(t)});
    }
    void send() {
        for (int n = 1 + draw(8); n-- > 0;) append();
        test_->run();
        say("send");
    }
    std::vector<string> logs() const {
        std::vector<string> all{"a-c-dedupe-changelog"};
        if (is_.last == behind::table) all.push_back("a-seen-changelog");
        return all;
    }
    void one(member& m) {
        const auto all = logs();
        const auto log = all[std::size_t(draw(int(all.size())))];
        const int what = draw(18);
        if (is_.quiet && what >= 9 && what <= 14) return send();
        switch (what) {
            case 5:
            case 6: test_->commit(); return say("commit");
            case 7: test_->advance(1s * draw(12)); return say("advance");
            case 8: m.throws = draw(5); return say("throws");
            case 9: test_->fail_next_commit(); return say("the next commit fails");
            case 10:
                moves();
                test_->kill(m.app);
                return say("kill " + std::to_string(m.number));
            case 11:
            case 12: {
                const auto to = draw(4) == 0 ? "out" : log;
                test_->fail_next_send(to, std::size_t(1 + draw(4)));
                return say("sends to " + string{to} + " fail");
            }
            case 13:
                if (members_.size() < 12) join();
                return;
            case 14: return move(m);
            case 15:
                if (test_->partitions(log)) test_->compact(log);
                return say("compact " + log);
            default: return send();
        }
    }
    void move(member& m) {
        moves();
        const auto p = draw(2);
        const int what = draw(3);
        if (what == 0) {
            test_->stop(m.app);
            return say("stop");
        }
        const bool lose = what == 1;
        const auto take_away = [&](auto& topic) {
            if (lose) test_->lose(topic, p);
            else test_->revoke(topic, p);
        };
        const int which = is_.has_other_input() ? draw(3) : 0;
        if (which != 1) take_away(m.in);
        if (which == 1 || (which == 0 && is_.has_other_input())) take_away(m.other);
        if (draw(2)) send();
        if (!lose) test_->advance(20s);
        for (int q = 0; q < 2; ++q) {
            test_->assign(m.in, q);
            if (is_.has_other_input()) test_->assign(m.other, q);
        }
        test_->run();
        say((lose ? "lose " : "revoke ") + std::to_string(p));
    }

    // ---------------------------------------------------------------------------- what is compared
    /// Values, and who has sent them.
    std::vector<std::pair<int, int>> sent() {
        std::vector<std::pair<int, int>> all;
        for (auto& e : test_->events(members_[0]->out))
            all.emplace_back(e.value() / 100, e.value() % 100);
        return all;
    }
    std::vector<message> messages() {
        std::vector<message> all;
        const auto read = [&](const auto& topic) {
            for (auto& e : test_->events(topic))
                all.push_back({topic.name(), int(e.partition()), e.offset(), e.key(), e.value(),
                               ms_of(e.timestamp())});
        };
        read(members_[0]->in);
        if (is_.has_other_input()) read(members_[0]->other);
        return all;
    }
    /// In the order in which they came to dedupe.
    std::vector<message> as_told() {
        auto all = messages();
        if (is_.ordered()) return all;
        std::map<int, std::size_t> last;
        for (std::size_t i = 0; i < told_.order.size(); ++i) last[told_.order[i]] = i;
        std::stable_sort(all.begin(), all.end(),
                         [&](auto& a, auto& b) { return last[a.value] < last[b.value]; });
        return all;
    }
    std::map<string, std::int64_t> seen() {
        std::map<string, std::int64_t> all;
        for (auto* m : live()) m->seen.each([&](const string& k, std::int64_t n) { all[k] += n; });
        return all;
    }
    /// Where the order of messages is known, also after a crash, it is exact: what passes, what
    /// does not, and what a table behind has.
    string compare() {
        if (!is_.ordered() && !is_.quiet) return compare_loosely();
        std::vector<std::map<int, milliseconds>> first(2);  // of an id, by partition
        std::vector<milliseconds> time(2, -1);
        std::set<int> want;
        std::set<std::pair<string, std::int64_t>> repeats;
        std::map<string, std::int64_t> counted;
        for (auto& m : as_told()) {
            const auto p = std::size_t(m.partition);
            time[p] = std::max(time[p], m.time);
            if (!is_.passes(m.value)) continue;
            const auto f = first[p].find(id_of(m.value));
            if (f != first[p].end() && time[p] - f->second <= is_.within) {
                repeats.insert({m.topic + std::to_string(m.partition), m.offset});
                continue;
            }
            first[p][id_of(m.value)] = time[p];
            want.insert(m.value);
            ++counted[m.key];
        }
        for (auto& r : repeats)
            if (told_.repeats[r] == 0 || (is_.quiet && told_.repeats[r] != 1))
                return "not told to be a repeat: " + r.first + ' ' + std::to_string(r.second);
        for (auto& [r, n] : told_.repeats)
            if (n > 0 && !repeats.contains(r))
                return "told to be a repeat: " + r.first + ' ' + std::to_string(r.second);
        if (is_.last == behind::table)
            return seen() == counted ? "" : "the table behind has other counts";
        std::set<int> passed;
        std::set<std::pair<int, int>> by_member;
        for (auto& [v, by] : sent()) {
            if (!want.contains(v)) return "passed, and is a repeat: " + std::to_string(v);
            passed.insert(v);
            if (members_[std::size_t(by)]->moved) continue;
            if (!by_member.insert({by, v}).second)
                return "passed twice in one run: " + std::to_string(v);
        }
        for (int v : want)
            if (!passed.contains(v)) return "has not passed: " + std::to_string(v);
        return {};
    }
    /// What was not committed comes in another order after a crash: another value of an id may be
    /// its first. Each message has passed, or was told to be a repeat of one that is near enough.
    string compare_loosely() {
        std::set<int> passed;
        for (auto& [v, by] : sent()) passed.insert(v);
        const auto all = messages();
        if (is_.last == behind::table) return {};
        for (auto& m : all) {
            if (!is_.passes(m.value) || passed.contains(m.value)) continue;
            const auto n = told_.repeats[{m.topic + std::to_string(m.partition), m.offset}];
            if (n == 0) return "nowhere: " + std::to_string(m.value);
            bool has_other = false;
            for (auto& o : all)
                has_other |= o.partition == m.partition && o.value != m.value &&
                             id_of(o.value) == id_of(m.value) && passed.contains(o.value);
            if (!has_other) return "a repeat of nothing: " + std::to_string(m.value);
        }
        return {};
    }

    void settle() {
        for (auto& m : members_) m->throws = 0;
        test_->fail_next_commit(0);
        for (auto& log : logs()) test_->fail_next_send(log, 0);
        test_->fail_next_send("out", 0);
        for (int n = 0; n < 3 || (n < 60 && !compare().empty()); ++n) {
            test_->advance(40s);
            test_->commit();
            while (live().empty()) join();
        }
    }
    string end() {
        while (live().empty()) join();
        settle();
        say("at rest");
        if (auto wrong = compare(); !wrong.empty()) return is_.text() + ", at rest: " + wrong;
        while (!live().empty()) {
            moves();
            test_->stop(live().front()->app);
        }
        join();
        test_->run();
        say("restored");
        if (auto wrong = compare(); !wrong.empty()) return is_.text() + ", restored: " + wrong;
        send();
        settle();
        say("and on");
        if (auto wrong = compare(); !wrong.empty()) return is_.text() + ", afterwards: " + wrong;
        return {};
    }

    bool tell_;
    model::draws draw;
    scenario is_;
    string broker_;
    told told_{};
    std::vector<std::unique_ptr<member>> members_;
    std::unique_ptr<test_driver> test_;
    int next_value_ = 1;
    milliseconds now_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    return model::play_histories("dedupe", WEIR_MODEL_RUNS, argc, argv,
                                 [](std::uint64_t seed, bool tell) {
                                     return history{seed, tell}.play();
                                 });
}
