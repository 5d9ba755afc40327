// SPDX-License-Identifier: Apache-2.0
// Random histories of apps with a join of two streams: messages out of order, jumps of time,
// crashes, failed sends and commits, lost partitions, retries, idle partitions. At the end the
// results, what is held and what was late are compared with what join_rules.cpp says.
#include <weir/weir.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <weir/testing/test_driver.hpp>

#include "histories.hpp"
#include "join_rules.hpp"

namespace {

using namespace std::chrono_literals;
using model::join_kind;
using model::join_message;
using model::join_result;
using model::milliseconds;
using std::string;
using weir::testing::test_driver;
using any_key = std::optional<string>;
using sides = weir::detail::joined_sides<int, int>;

milliseconds ms_of(weir::timestamp t) { return t.time_since_epoch().count(); }
weir::timestamp at(milliseconds t) { return weir::timestamp{std::chrono::milliseconds{t}}; }

/// What a history is about.
struct scenario {
    model::join_rules rules{};
    bool filters = false;
    bool sends_late = false;
    bool takes_behind = false;
    std::size_t read_at_once = 4096;
    milliseconds idle = 0;  // seconds
    /// Messages that come later have higher times than all before. So a replay has the same order.
    bool steady = false;
    /// Nothing happens that repeats a message.
    bool quiet = false;

    /// The order in which messages come to the join is known.
    bool ordered() const { return steady && idle == 0; }
    bool passes(int v) const { return !filters || v % 5 != 0; }
    string text() const {
        static const char* const kinds[] = {"join", "left_join", "outer_join"};
        return string{kinds[int(rules.kind)]} + " within " + std::to_string(rules.before) + ", " +
               std::to_string(rules.after) + ", grace " + std::to_string(rules.grace) +
               (filters ? ", filter before" : "") + (sends_late ? ", .late" : "") +
               (takes_behind ? " | take" : "") +
               (idle > 0 ? ", .idle " + std::to_string(idle) + " s" : "") + ", " +
               std::to_string(read_at_once) + " at once" + (steady ? "; steady" : "") +
               (quiet ? "; quiet" : "");
    }
};

struct late_one {
    string topic;
    int partition;
    std::int64_t offset;
    auto operator<=>(const late_one&) const = default;
};
struct listener : weir::hooks {
    std::map<late_one, int>* to;
    explicit listener(std::map<late_one, int>& t) : to(&t) {}
    void log(std::string_view) override {}
    void late(const weir::late_value& v) override { ++(*to)[{v.topic, v.partition, v.offset}]; }
};

/// One process of the group.
class member {
public:
    const int number;
    listener hooks;
    string state_dir;
    weir::app app;
    weir::topic<any_key, int> left, right;
    weir::topic<any_key, string> out;
    std::optional<weir::table<string, sides>> held{};
    int throws = 0;
    bool moved = false;  // partitions have come or gone

    member(const string& broker, const scenario& s, int n, std::map<late_one, int>& late,
           string dir)
        : number(n),
          hooks(late),
          state_dir(std::move(dir)),
          app{"a",
              {.broker = broker,
               .purge_internal = false,
               .stream_buffer_max = s.read_at_once,
               .on_error = weir::retry(3, 1s),
               .hooks = &hooks,
               .state_dir = state_dir}},
          left(app.topic<any_key, int>("left", {.partitions = 2})),
          right(app.topic<any_key, int>("right", {.partitions = 2})),
          out(app.topic<any_key, string>("out", {.partitions = 1})),
          is_(s) {
        const weir::within w{s.rules.before * 1ms, s.rules.after * 1ms};
        const weir::grace g{s.rules.grace * 1ms};
        const weir::join_options o{.idle = s.idle * 1s, .late = s.sends_late ? "late" : ""};
        auto from = left | weir::tap([this](int) { fail_sometimes(); }) |
                    weir::filter([this](int v) { return is_.passes(v); });
        switch (s.rules.kind) {
            case join_kind::inner:
                finish(std::move(from) |
                       weir::join(right, w, g, o,
                                  [this](const int& l, const int& r) { return joined(&l, &r); }));
                break;
            case join_kind::left:
                finish(std::move(from) |
                       weir::left_join(right, w, g, o, [this](const int& l, const int* r) {
                           return joined(&l, r);
                       }));
                break;
            case join_kind::outer:
                finish(std::move(from) |
                       weir::outer_join(right, w, g, o, [this](const int* l, const int* r) {
                           return joined(l, r);
                       }));
                break;
        }
        held = app.table<string, sides>("c-join");
    }

private:
    void fail_sometimes() {
        if (throws > 0 && throws-- % 2 == 0) throw std::runtime_error{"now and then"};
    }
    string joined(const int* l, const int* r) {
        fail_sometimes();
        return (l ? std::to_string(*l) : "-1") + ',' + (r ? std::to_string(*r) : "-1");
    }
    void finish(weir::stream<any_key, string> results) {
        const auto send = [this](auto all) {
            app.agent("c", std::move(all) | weir::map([this](const string& s) {
                               fail_sometimes();
                               return std::to_string(number) + ':' + s;
                           }) | weir::to(out));
        };
        if (is_.takes_behind)
            send(std::move(results) | weir::take(2, 10s) | weir::flat_map(std::identity{}));
        else send(std::move(results));
    }

    scenario is_;
};

string text(const join_result& r) {
    const auto side = [](int v) { return v < 0 ? "null" : std::to_string(v); };
    return r.key.value_or("no key") + ' ' + side(r.left) + '-' + side(r.right) + " @" +
           std::to_string(r.time);
}

/// A result as it is in the topic, and the member that has sent it.
struct sent_result {
    join_result is;
    int by;
};
/// What is held: side, key, time, value, whether it has had a match.
using held_set = std::set<std::tuple<bool, string, milliseconds, int, bool>>;

class history {
public:
    history(std::uint64_t seed, bool tell)
        : tell_(tell),
          draw(seed),
          is_(make()),
          dirs_(seed % 5 == 0),
          broker_("memory://joins-" + std::to_string(seed)) {
        members_.push_back(make_member());
        test_ = std::make_unique<test_driver>(members_[0]->app);
        if (tell_) std::printf("%s\n", is_.text().c_str());
    }

    /// Empty: all is as it must be.
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
        constexpr int reaches[] = {0, 3, 10, 10, 25};
        s.rules = {join_kind(draw(3)), reaches[draw(5)], reaches[draw(5)], draw(3) * draw(3) * 4};
        s.filters = draw(2);
        s.sends_late = draw(2);
        s.takes_behind = draw(4) == 0;
        constexpr std::size_t reads[] = {1, 3, 4096, 4096};
        s.read_at_once = reads[draw(4)];
        s.steady = draw(3) > 0;
        if (s.rules.kind != join_kind::inner && !s.steady && draw(2)) s.idle = 5;
        s.quiet = draw(3) == 0;
        return s;
    }
    std::unique_ptr<member> make_member() {
        auto dir = dirs_.free_one([this](const string& d) {
            const auto all = live();
            return std::any_of(all.begin(), all.end(), [&](auto* m) { return m->state_dir == d; });
        });
        return std::make_unique<member>(broker_, is_, int(members_.size()), late_, std::move(dir));
    }
    std::vector<member*> live() {
        std::vector<member*> all;
        for (auto& m : members_)
            if (test_->running(m->app)) all.push_back(m.get());
        return all;
    }
    /// Partitions come and go: what a member sends from now on may have been sent by it before.
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
        std::printf("%-34s", what.c_str());
        for (auto* m : live()) {
            std::printf(" | %d:", m->number);
            for (auto& [is_left, key, time, value, matched] : held_by(*m))
                std::printf(" %s%d%s@%lld", key.c_str(), value, matched ? "+" : "",
                            static_cast<long long>(time));
        }
        std::printf(" | committed");
        for (auto* topic : {"left", "right"})
            for (int p = 0; p < 2; ++p)
                std::printf(" %lld",
                            static_cast<long long>(test_->committed(topic, p).value_or(-1)));
        std::printf("\n");
        const auto all = results();
        for (; told_upto_ < all.size(); ++told_upto_)
            std::printf("      out: %d: %s\n", all[told_upto_].by,
                        ::text(all[told_upto_].is).c_str());
        std::fflush(stdout);
    }

    // ------------------------------------------------------------------------------- what happens
    milliseconds next_time() {
        if (is_.steady) return base_ + draw(40);
        switch (draw(24)) {
            case 0: now_ += 1000; return now_;     // far ahead
            case 1: return now_ += 30 + draw(70);  // a gap
            case 2: return now_ + 40;              // ahead of all others
            case 3:
            case 4:
            case 5: return last_;  // as the one before
            case 6:
            case 7: return std::max<milliseconds>(0, now_ - draw(60));
            default: now_ += draw(4); return std::max<milliseconds>(0, now_ - draw(12));
        }
    }
    any_key draw_key() {
        constexpr const char* keys[] = {"a", "b", "ab", "k1", "k"};
        const auto n = std::size_t(draw(20));
        if (n == 19) return {};
        return keys[n % 5];
    }
    void append() {
        const auto key = draw_key();
        const auto t = next_time();
        last_ = t;
        greatest_ = std::max(greatest_, t);
        auto& to = draw(2) ? members_[0]->left : members_[0]->right;
        if (tell_)
            std::printf("    %s %s = %d @%lld\n", to.name().c_str(), key.value_or("no key").c_str(),
                        next_value_, static_cast<long long>(t));
        test_->append(to, key, next_value_++, {.partition = partition_of(key), .timestamp = at(t)});
    }
    std::optional<weir::partition_id> partition_of(const any_key& key) {
        if (key) return {};
        return draw(2);
    }
    void send() {
        for (int n = 1 + draw(10); n-- > 0;) append();
        if (is_.steady) base_ = greatest_ + 1 + (draw(12) == 0 ? 200 : draw(3));
        test_->run();
        say("send");
    }
    void one(member& m) {
        const int what = draw(18);
        const bool repeats = what >= 9 && what <= 12;
        if (is_.quiet && (repeats || what == 13 || what == 14)) return send();
        switch (what) {
            case 5:
            case 6: test_->commit(); return say("commit");
            case 7: {
                const auto d = 1s * draw(12);
                test_->advance(d);
                return say("advance " + std::to_string(d.count()));
            }
            case 8: m.throws = draw(5); return say("throws " + std::to_string(m.throws));
            case 9: test_->fail_next_commit(); return say("the next commit fails");
            case 10:
                moves();
                test_->kill(m.app);
                return say("kill " + std::to_string(m.number));
            case 11:
            case 12: {
                const string to = draw(3) > 0 ? log : is_.sends_late && draw(2) ? "late" : "out";
                const int n = 1 + draw(4);
                test_->fail_next_send(to, std::size_t(n));
                if (to == "out") order_known_ = false;
                return say("sends to " + to + " fail: " + std::to_string(n));
            }
            case 13:
                if (members_.size() < 12) join();
                return;
            case 14: return move(m);
            case 15:
                if (test_->partitions(log)) test_->compact(log);
                return say("compact");
            default: return send();
        }
    }
    void move(member& m) {
        moves();
        const auto p = draw(2);
        const int what = draw(3);
        if (what == 0) {
            test_->stop(m.app);
            return say("stop " + std::to_string(m.number));
        }
        const bool lose = what == 1;
        const auto take_away = [&](auto& topic) {
            if (lose) test_->lose(topic, p);
            else test_->revoke(topic, p);
        };
        const int which = draw(3);  // both, or one alone
        if (which != 1) take_away(m.left);
        if (which != 2) take_away(m.right);
        if (draw(2)) send();
        if (!lose) test_->advance(20s);
        for (int q = 0; q < 2; ++q) {
            test_->assign(m.left, q);
            test_->assign(m.right, q);
        }
        test_->run();
        say((lose ? "lose " : "revoke ") + std::to_string(p));
    }

    // ------------------------------------------------------------------------------ what there is
    std::vector<sent_result> results() {
        std::vector<sent_result> all;
        for (auto& e : test_->events(members_[0]->out)) {
            const auto& v = e.value();
            const auto colon = v.find(':'), comma = v.find(',');
            all.push_back({{e.key(), std::stoi(v.substr(colon + 1)), std::stoi(v.substr(comma + 1)),
                            ms_of(e.timestamp())},
                           std::stoi(v.substr(0, colon))});
        }
        return all;
    }
    /// Of each partition, in the order of its log.
    std::vector<std::vector<join_message>> messages(bool left) {
        std::vector<std::vector<join_message>> all(2);
        for (auto& e : test_->events(left ? members_[0]->left : members_[0]->right))
            all[std::size_t(e.partition())].push_back({left, e.key(), e.value(),
                                                       ms_of(e.timestamp()),
                                                       !left || is_.passes(e.value()), e.offset()});
        return all;
    }
    /// Without what has gone, and is not removed yet.
    held_set held_by(const member& m) {
        held_set all;
        for (auto& shard : m.held->info().shards) {
            if (!shard) continue;
            const auto s = shard->time() == weir::detail::no_time ? 0 : ms_of(shard->time());
            const auto add = [&](const string& key, const auto& of, bool left) {
                for (std::size_t i = 0; i < of.size(); ++i) {
                    const auto t = ms_of(of[i].time);
                    if (t + is_.rules.reach(left) + is_.rules.grace >= s)
                        all.insert({left, key, t, of[i].value, of[i].matched});
                }
            };
            shard->each([&](const auto& row) {
                add(row.key, row.value.left, true);
                add(row.key, row.value.right, false);
            });
        }
        return all;
    }
    held_set held() {
        held_set all;
        for (auto* m : live()) all.merge(held_by(*m));
        return all;
    }

    // -------------------------------------------------------------------------------- what must be
    /// A member that has failed too often has stopped, and what it has not committed comes again.
    bool quiet() {
        const auto failed = [&](auto& m) { return test_->exit_code(m->app) != 0; };
        return is_.quiet && std::none_of(members_.begin(), members_.end(), failed);
    }
    string compare() { return is_.ordered() ? compare_exactly() : compare_loosely(); }
    string compare_exactly() {
        const auto left = messages(true), right = messages(false);
        std::vector<model::join_interpreter> want;
        std::map<join_result, std::size_t> partition_of;
        std::set<late_one> late;
        held_set wants_held;
        for (std::size_t p = 0; p < 2; ++p) {
            auto& w = want.emplace_back(is_.rules);
            for (auto& m : model::by_time(left[p], right[p])) w.add(m);
            for (auto& r : w.results) partition_of[r] = p;
            for (auto& m : w.late) late.insert({m.left ? "left" : "right", int(p), m.offset});
            for (auto& h : w.held)
                wants_held.insert({h.is.left, *h.is.key, h.is.time, h.is.value,
                                   h.matched && is_.rules.passes_alone(h.is.left)});
        }
        if (held() != wants_held) return "other messages are held";
        if (auto wrong = compare_results(want, partition_of); !wrong.empty()) return wrong;
        for (auto& l : late)
            if (late_[l] == 0 || (quiet() && late_[l] != 1)) return "not told as late: " + text(l);
        for (auto& [l, n] : late_)
            if (n > 0 && !late.contains(l)) return "told as late, and is not: " + text(l);
        return {};
    }
    string compare_results(const std::vector<model::join_interpreter>& want,
                           const std::map<join_result, std::size_t>& partition_of) {
        std::set<join_result> seen;
        std::map<std::pair<int, std::size_t>, std::size_t> next;  // of a member and a partition
        std::vector<std::vector<join_result>> sent(2);
        std::set<std::pair<int, join_result>> by_member;
        for (auto& r : results()) {
            seen.insert(r.is);
            const auto made = partition_of.find(r.is);
            if (made == partition_of.end()) return "never made: " + ::text(r.is);
            const auto p = made->second;
            sent[p].push_back(r.is);
            if (members_[std::size_t(r.by)]->moved) continue;
            if (!by_member.insert({r.by, r.is}).second) return "twice in one run: " + ::text(r.is);
            if (!order_known_) continue;
            auto& from = next[{r.by, p}];
            const auto& all = want[p].results;
            const auto found = std::find(all.begin() + std::ptrdiff_t(from), all.end(), r.is);
            if (found == all.end()) return "in another order in one run: " + ::text(r.is);
            from = std::size_t(found - all.begin()) + 1;
        }
        for (std::size_t p = 0; p < 2; ++p) {
            for (auto& r : want[p].results)
                if (!seen.contains(r)) return "missing: " + ::text(r);
            if (quiet() && sent[p] != want[p].results) return "not each result once, in order";
        }
        return {};
    }
    /// What was not committed is decided anew after a crash, and the clock decides when something
    /// goes. Then what there is fits together.
    string compare_loosely() {
        const auto left = messages(true), right = messages(false);
        std::map<int, join_message> by_value;
        std::map<int, std::size_t> partition_of;
        std::vector<milliseconds> time(2, 0);
        for (auto* all : {&left, &right})
            for (std::size_t p = 0; p < 2; ++p)
                for (auto& m : (*all)[p]) {
                    by_value[m.value] = m;
                    partition_of[m.value] = p;
                    time[p] = std::max(time[p], m.time);
                }
        std::set<join_result> seen;
        std::set<std::pair<int, join_result>> by_member;
        std::set<std::pair<int, int>> matched, alone;  // of a member, by value
        std::set<int> passed;
        for (auto& [r, by] : results()) {
            seen.insert(r);
            const auto* l = r.left < 0 ? nullptr : &by_value.at(r.left);
            const auto* o = r.right < 0 ? nullptr : &by_value.at(r.right);
            if (auto wrong = fits(r, l, o); !wrong.empty()) return wrong + ::text(r);
            for (int v : {r.left, r.right}) passed.insert(v);
            if (members_[std::size_t(by)]->moved) continue;
            if (!by_member.insert({by, r}).second) return "twice in one run: " + ::text(r);
            for (int v : {r.left, r.right})
                if (v >= 0) (l && o ? matched : alone).insert({by, v});
        }
        for (auto& one : alone)
            if (matched.contains(one))
                return "alone, and with a match: " + std::to_string(one.second);
        std::set<int> is_held;
        for (auto& [is_left, key, t, value, had_match] : held()) is_held.insert(value);
        for (auto& [v, m] : by_value)
            if (m.passes && is_.rules.passes_alone(m.left) && !passed.contains(v) &&
                !is_held.contains(v))
                return "nowhere: " + std::to_string(v);
        if (is_.idle > 0) return {};
        for (std::size_t p = 0; p < 2; ++p)
            for (auto& l : left[p])
                for (auto& r : right[p])
                    if (auto wrong = is_there(l, r, time[p], seen); !wrong.empty()) return wrong;
        return {};
    }
    string fits(const join_result& r, const join_message* l, const join_message* o) const {
        if (!l && !o) return "of nothing: ";
        const auto& m = l ? *l : *o;
        if (r.key != m.key || !m.passes) return "never made: ";
        if (!l || !o)
            return !is_.rules.passes_alone(m.left) || r.time != m.time ? "never made: " : "";
        if (l->key != o->key || !l->left || o->left) return "never made: ";
        if (!is_.rules.match(l->time, o->time)) return "too far apart: ";
        return r.time != std::max(l->time, o->time) ? "another time: " : "";
    }
    /// A pair is missing only if one of them may have gone before the other came.
    string is_there(const join_message& l, const join_message& r, milliseconds time,
                    const std::set<join_result>& seen) const {
        if (!l.passes || !l.key || l.key != r.key || !is_.rules.match(l.time, r.time)) return {};
        const join_result pair{l.key, l.value, r.value, std::max(l.time, r.time)};
        if (seen.contains(pair)) return {};
        const bool may_have_gone = l.time + is_.rules.after + is_.rules.grace < time ||
                                   r.time + is_.rules.before + is_.rules.grace < time;
        return may_have_gone ? "" : "missing: " + ::text(pair);
    }
    static string text(const late_one& l) {
        return l.topic + '[' + std::to_string(l.partition) + "]@" + std::to_string(l.offset);
    }

    void settle() {
        for (auto& m : members_) m->throws = 0;
        test_->fail_next_commit(0);
        for (auto* to : {log, "out", "late"}) test_->fail_next_send(to, 0);
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
        send();  // the time is restored, too
        settle();
        say("and on");
        if (auto wrong = compare(); !wrong.empty()) return is_.text() + ", afterwards: " + wrong;
        return {};
    }

    static constexpr const char* log = "a-c-join-changelog";
    bool tell_;
    model::draws draw;
    scenario is_;
    model::state_dirs dirs_;
    string broker_;
    std::map<late_one, int> late_{};
    std::vector<std::unique_ptr<member>> members_;
    std::unique_ptr<test_driver> test_;
    int next_value_ = 1;
    milliseconds now_ = 0, last_ = 0, greatest_ = 0, base_ = 0;
    bool order_known_ = true;  // of what one member has sent
    std::size_t told_upto_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    return model::play_histories("joins", WEIR_MODEL_RUNS, argc, argv,
                                 [](std::uint64_t seed, bool tell) {
                                     return history{seed, tell}.play();
                                 });
}
