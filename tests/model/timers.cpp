// SPDX-License-Identifier: Apache-2.0
// Random histories of apps with timers: they are set, put off and cancelled, by stream time and by
// the clock; crashes, failed sends and commits, lost partitions, retries. At the end each timer was
// fired, and what its function has changed counts once.
#include <weir/weir.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
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

enum class before { nothing, take, merge, number_of };
enum class behind { nothing, table, other_table, take, number_of };
const char* const names_before[] = {"", "take | ", "merge | "};
const char* const names_behind[] = {"", " | a table", ", a table in the function", " | take"};

struct scenario {
    before first{};
    behind last{};
    bool by_clock = false;
    bool filters = false;
    bool sets_again = false;  // the function does
    int standby = 0;

    bool has_other_input() const { return first == before::merge; }
    /// When a timer is fired follows from the messages. What is due is fired behind a whole batch.
    bool exact() const { return first == before::nothing && !by_clock; }
    string text() const {
        return string{names_before[int(first)]} + (filters ? "filter | " : "") + "timers" +
               (by_clock ? " by the clock" : "") + (sets_again ? ", set again" : "") +
               names_behind[int(last)];
    }
};

/// What a key has: the numbers of its messages, and how often its timer was fired.
struct state {
    std::string seen{};
    int fired = 0;
    bool operator==(const state&) const = default;
};

struct silent : weir::hooks {
    void log(std::string_view) override {}
};

/// A message says what becomes of its key's timer.
enum class action { set, cancel, erase, nothing };
action action_of(int v) {
    const int n = v % 10;
    return n < 6 ? action::set : n == 6 ? action::cancel : n == 7 ? action::erase : action::nothing;
}
milliseconds ahead_of(int v) { return v / 10 % 60; }

/// One process of the group.
struct member {
    silent hush{};
    weir::app app;
    weir::topic<string, int> in, other, out;
    weir::table<string, weir::timed<state>> t;
    weir::table<string, std::int64_t> n;
    scenario is;
    int number;
    int throws = 0;
    bool moved = false;

    using event = weir::event<string, int>;

    member(const string& broker, const scenario& s, int which)
        : app{"a",
              {.broker = broker,
               .purge_internal = false,
               .on_error = weir::retry(3, 1s),
               .hooks = &hush}},
          in(app.topic<string, int>("in", {.partitions = 2})),
          other(app.topic<string, int>("other", {.partitions = 2})),
          out(app.topic<string, int>("out", {.partitions = 1})),
          t(app.table<string, weir::timed<state>>("t", {.standby = s.standby})),
          n(app.table<string, std::int64_t>("n", {.standby = s.standby})),
          is(s),
          number(which) {
        const auto each = weir::flat_map(std::identity{});
        switch (s.first) {
            case before::nothing: build(in | weir::events() | weir::erase()); break;
            case before::take:
                build(in | weir::events() | weir::take(3, 5s) | each | weir::erase());
                break;
            case before::merge: build((in & other) | weir::events() | weir::erase()); break;
            case before::number_of: break;
        }
    }
    void build(weir::stream<string, event> messages) {
        auto fired =
            std::move(messages) | weir::tap([this](const event& e) { set(e); }) |
            weir::filter([this](const event& e) { return !is.filters || e.value() % 3 != 0; }) |
            weir::timers<int>(t,
                              [this](const string& k, state& s, auto& pass) { fire(k, s, pass); });
        const auto send = [this](auto from) {
            app.agent("c", std::move(from) | weir::map([this](int v) {
                               fail_sometimes();
                               return v * 100 + number;
                           }) | weir::to(out),
                      {.tables = {n}});
        };
        switch (is.last) {
            case behind::nothing:
            case behind::other_table: return send(std::move(fired));
            case behind::take:
                return send(std::move(fired) | weir::take(2, 10s) |
                            weir::flat_map(std::identity{}));
            case behind::table:
                app.agent("c", std::move(fired) | weir::count(n) |
                                   weir::tap([this](auto) { fail_sometimes(); }));
                return;
            case behind::number_of: break;
        }
    }
    void set(const event& e) {
        const int v = e.value();
        fail_sometimes();
        t.update(e.key(), [&](state& s) { s.seen += std::to_string(v) + ','; });
        switch (action_of(v)) {
            case action::set:
                if (is.by_clock) t.after(e.key(), ahead_of(v) * 200ms + 1ms);
                else t.at(e.key(), e.timestamp() + ahead_of(v) * 1ms);
                break;
            case action::cancel: t.cancel(e.key()); break;
            case action::erase: t.erase(e.key()); break;
            case action::nothing: break;
        }
        fail_sometimes();
    }
    void fire(const string& k, state& s, auto& pass) {
        ++s.fired;
        if (is.last == behind::other_table) n[k] += 1;
        fail_sometimes();
        if (is.sets_again && s.fired % 3 != 0) {
            if (is.by_clock) t.after(k, 3s);
            else t.at(k, pass.time() + 5ms);
        }
        pass(s.fired);
        fail_sometimes();
    }
    void fail_sometimes() {
        if (throws > 0 && throws-- % 3 == 0) throw std::runtime_error{"now and then"};
    }
};

struct message {
    int partition;
    string key;
    int value;
    milliseconds time;
};

/// What a partition must have, where stream time alone fires: a loop over its messages.
class interpreter {
public:
    explicit interpreter(const scenario& s) : is_(s) {}
    void add(const message& m) {
        auto& k = keys[m.key];
        k.is.seen += std::to_string(m.value) + ',';
        switch (action_of(m.value)) {
            case action::set: k.timer = m.time + ahead_of(m.value); break;
            case action::cancel: k.timer = none; break;
            case action::erase: keys.erase(m.key); break;
            case action::nothing: break;
        }
        time = std::max(time, m.time);
        fire();
    }
    struct key {
        state is{};
        milliseconds timer = none;
    };
    static constexpr milliseconds none = -1;
    std::map<string, key> keys{};
    std::map<string, std::int64_t> fired{};
    std::set<std::tuple<string, int, milliseconds>> results{};
    milliseconds time = -1;

private:
    void fire() {
        for (;;) {
            key* next = nullptr;
            string name;
            for (auto& [n, k] : keys)
                if (k.timer != none && k.timer <= time && (!next || k.timer < next->timer)) {
                    next = &k;
                    name = n;
                }
            if (!next) return;
            ++next->is.fired;
            ++fired[name];
            results.insert({name, next->is.fired, next->timer});
            next->timer = is_.sets_again && next->is.fired % 3 != 0 ? next->timer + 5 : none;
        }
    }
    scenario is_;
};

class history {
public:
    history(std::uint64_t seed, bool tell)
        : tell_(tell), draw(seed), is_(make()), broker_("memory://timers-" + std::to_string(seed)) {
        is_.standby = int(seed % 3);
        members_.push_back(make_member());
        test_ = std::make_unique<test_driver>(members_[0]->app);
        if (tell_) std::printf("%s\n", is_.text().c_str());
        if (is_.standby > 0) join();
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
        s.by_clock = draw(2);
        s.filters = draw(2);
        s.sets_again = draw(2);
        return s;
    }
    std::unique_ptr<member> make_member() {
        return std::make_unique<member>(broker_, is_, int(members_.size()));
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
        for (auto* m : live()) {
            std::printf(" | %d:", m->number);
            m->t.each([&](const string& k, const state& s) {
                const auto timer = m->t.timer(k);
                std::printf(" %s %d(%s)%lld", k.c_str(), s.fired, s.seen.c_str(),
                            static_cast<long long>(timer ? ms_of(*timer) : -1));
            });
            std::printf(" ;");
            m->n.each(
                [&](const string& k, std::int64_t n) { std::printf(" %s=%d", k.c_str(), int(n)); });
        }
        std::printf("\n");
        if (std::getenv("TABLES_LOG")) say_changelogs();
        std::fflush(stdout);
    }
    void say_changelogs() {
        for (auto& log : logs()) {
            if (!test_->partitions(log)) continue;
            auto& upto = logged_[log];
            std::size_t n = 0;
            for (auto& e : test_->events(test_->peek<weir::bytes, weir::bytes>(log))) {
                if (n++ < upto) continue;
                string key;
                for (char c : e.key().view())
                    if (c >= ' ') key += c;
                std::printf("      %s[%d]@%d %s", log.c_str(), int(e.partition()), int(e.offset()),
                            key.c_str());
                if (log == "a-t-changelog") std::printf(" = %s", string{e.value().view()}.c_str());
                for (auto& h : e.headers())
                    std::printf(" %s: %s", h.name.c_str(), string{h.value->view()}.c_str());
                std::printf("\n");
            }
            upto = n;
        }
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
        const auto t = next_time();
        const auto v = next_value_++ * 600 + draw(600);
        const auto key = "k" + std::to_string(draw(6));
        auto& to = is_.has_other_input() && draw(2) ? members_[0]->other : members_[0]->in;
        if (tell_)
            std::printf("    %s %s %d: %d %lld @%lld\n", to.name().c_str(), key.c_str(), v,
                        int(action_of(v)), static_cast<long long>(ahead_of(v)),
                        static_cast<long long>(t));
        test_->append(to, key, v, {.timestamp = at(t)});
    }
    void send() {
        for (int n = 1 + draw(8); n-- > 0;) append();
        test_->run();
        say("send");
    }
    std::vector<string> logs() const {
        std::vector<string> all{"a-t-changelog"};
        if (is_.last == behind::table || is_.last == behind::other_table)
            all.push_back("a-n-changelog");
        return all;
    }
    void one(member& m) {
        const auto all = logs();
        const auto log = all[std::size_t(draw(int(all.size())))];
        switch (draw(19)) {
            case 5:
            case 6: test_->commit(); return say("commit");
            case 7:
            case 8: {
                const auto d = 100ms * draw(120);
                test_->advance(d);
                return say("advance " + std::to_string(d.count()));
            }
            case 9: m.throws = draw(7); return say("throws");
            case 10: test_->fail_next_commit(); return say("the next commit fails");
            case 11:
                moves();
                test_->kill(m.app);
                return say("kill " + std::to_string(m.number));
            case 12:
            case 13: {
                const auto to = draw(4) == 0 ? "out" : log;
                const int n = 1 + draw(4);
                test_->fail_next_send(to, std::size_t(n));
                return say("sends to " + string{to} + " fail " + std::to_string(n));
            }
            case 14:
                if (members_.size() < 12) join();
                return;
            case 15: return move(m);
            case 16:
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
    std::vector<message> messages() {
        std::vector<message> all;
        const auto read = [&](const auto& topic) {
            for (auto& e : test_->events(topic))
                all.push_back({int(e.partition()), e.key(), e.value(), ms_of(e.timestamp())});
        };
        read(members_[0]->in);
        if (is_.has_other_input()) read(members_[0]->other);
        return all;
    }
    std::map<string, state> states() {
        std::map<string, state> all;
        for (auto* m : live()) m->t.each([&](const string& k, const state& s) { all[k] = s; });
        return all;
    }
    std::map<string, std::int64_t> fired() {
        std::map<string, std::int64_t> all;
        for (auto* m : live()) m->n.each([&](const string& k, std::int64_t n) { all[k] += n; });
        return all;
    }
    bool counts_fired() const {
        return is_.last == behind::table || is_.last == behind::other_table;
    }
    string compare() { return is_.exact() ? compare_exactly() : compare_loosely(); }
    string compare_exactly() {
        std::vector<interpreter> want(2, interpreter{is_});
        for (auto& m : messages()) want[std::size_t(m.partition)].add(m);
        std::map<string, state> wants;
        std::map<string, std::int64_t> wants_fired;
        std::set<std::tuple<string, int, milliseconds>> made;
        for (auto& w : want) {
            for (auto& [k, s] : w.keys) wants[k] = s.is;
            wants_fired.insert(w.fired.begin(), w.fired.end());
            made.insert(w.results.begin(), w.results.end());
        }
        if (auto wrong = differ(states(), wants); !wrong.empty()) return wrong;
        if (counts_fired() && fired() != wants_fired) return "other counts of what was fired";
        for (auto* m : live())
            for (auto& w : want)
                for (auto& [k, s] : w.keys) {
                    if (!m->t.contains(k)) continue;
                    const auto timer = m->t.timer(k);
                    if ((timer ? ms_of(*timer) : interpreter::none) != s.timer)
                        return "another timer of " + k;
                }
        if (is_.last == behind::table) return {};
        std::set<std::tuple<string, int, milliseconds>> sent;
        for (auto& e : test_->events(members_[0]->out)) {
            sent.insert({e.key(), e.value() / 100, ms_of(e.timestamp())});
        }
        return sent == made ? "" : "other results";
    }
    static string differ(const std::map<string, state>& is, const std::map<string, state>& want) {
        if (is == want) return {};
        string s = "is";
        for (auto& [k, v] : is) s += ' ' + k + ' ' + std::to_string(v.fired) + '(' + v.seen + ')';
        s += " in place of";
        for (auto& [k, v] : want) s += ' ' + k + ' ' + std::to_string(v.fired) + '(' + v.seen + ')';
        return s;
    }
    /// When a timer is fired among the messages depends on the clock, on batches, or on which
    /// topic's message came first. Then a key has its messages, each once, and no timer is left
    /// that is due; what was fired is counted the same in both tables.
    string compare_loosely() {
        std::map<string, std::multiset<int>> wants;
        std::set<string> erased;
        for (auto& m : messages()) {
            wants[m.key].insert(m.value);
            if (action_of(m.value) == action::erase) erased.insert(m.key);
        }
        const auto all = states();
        for (auto& [k, values] : wants) {
            const auto s = all.find(k);
            std::multiset<int> has;
            if (s != all.end()) has = values_of(s->second.seen);
            if (erased.contains(k)) {
                for (int v : has)
                    if (has.count(v) > 1) return "twice: " + k + ' ' + std::to_string(v);
            } else if (has != values) {
                return "other messages of " + k;
            }
        }
        if (is_.by_clock)
            for (auto* m : live())
                for (auto& [k, s] : all)
                    if (auto timer = m->t.timer(k); timer && *timer <= test_->now())
                        return "not fired: " + k;
        if (!counts_fired() || is_.first != before::nothing) return {};
        const auto counted = fired();
        for (auto& [k, s] : all) {
            const auto n = counted.contains(k) ? counted.at(k) : 0;
            if (erased.contains(k) ? n < s.fired : n != s.fired)
                return k + " was fired " + std::to_string(s.fired) + " times, and is counted " +
                       std::to_string(n) + " times";
        }
        return {};
    }
    static std::multiset<int> values_of(const string& seen) {
        std::multiset<int> all;
        for (std::size_t i = 0; i < seen.size(); i = seen.find(',', i) + 1)
            all.insert(std::stoi(seen.substr(i)));
        return all;
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
    std::vector<std::unique_ptr<member>> members_;
    std::unique_ptr<test_driver> test_;
    int next_value_ = 1;
    milliseconds now_ = 0;
    std::map<string, std::size_t> logged_;
};

}  // namespace

int main(int argc, char** argv) {
    return model::play_histories("timers", WEIR_MODEL_RUNS, argc, argv,
                                 [](std::uint64_t seed, bool tell) {
                                     return history{seed, tell}.play();
                                 });
}
