// SPDX-License-Identifier: Apache-2.0
// Random histories of apps with windows: messages out of order, jumps of time, crashes, failed
// sends and commits, lost partitions, retries. At the end all results, open windows and late
// messages are compared with what window_rules.cpp says.
#include <weir/weir.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
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
#include "window_rules.hpp"

namespace {

using namespace std::chrono_literals;
using model::milliseconds;
using model::window_of;
using std::string;
using weir::testing::test_driver;
using window_key = weir::windowed<string>;
using contents = std::map<window_of, string>;

milliseconds ms_of(weir::timestamp t) { return t.time_since_epoch().count(); }
weir::timestamp at(milliseconds t) { return weir::timestamp{std::chrono::milliseconds{t}}; }
window_of plain(const window_key& w) { return {ms_of(w.end), ms_of(w.start), w.key}; }

enum class before { nothing, take, calls, group_by, table, merge, overtaking_calls, number_of };
enum class behind { nothing, take, table, table_apart, number_of };
const char* const names_before[] = {"",         "take | ",  "calls | ",           "group_by | ",
                                    "table | ", "merge | ", "overtaking calls | "};
const char* const names_behind[] = {"", " | take", " | a table", " | take | a table"};

/// What a history is about.
struct scenario {
    before first{};
    behind last{};
    model::window_rules rules{};
    bool filters = false;
    bool filters_first = false;  // before the calls
    bool sends_late = false;
    /// Nothing happens that repeats a message.
    bool quiet = false;
    weir::duration warm_for = 20s;
    int standby = 0;

    /// The order in which messages come to the window is that of their offsets.
    bool ordered() const { return first != before::merge && first != before::overtaking_calls; }
    bool has_other_input() const { return first == before::merge; }
    bool takes_behind() const { return last == behind::take || last == behind::table_apart; }
    bool passes(int v) const { return !filters || v % 5 != 0; }
    bool is_called(int v) const { return !filters_first || passes(v); }
    bool wide() const { return rules.size > 100; }
    string text() const {
        return string{filters_first ? "filter | " : ""} + names_before[int(first)] +
               (filters ? "filter | " : "") + "window " + std::to_string(rules.size) + " / " +
               std::to_string(rules.advance) + " + " + std::to_string(rules.offset) + ", grace " +
               std::to_string(rules.grace) + (rules.on_update ? ", on_update" : "") +
               (sends_late ? ", .late" : "") +
               (rules.erases   ? " | an erasing table"
                : rules.merges ? " | a merging table"
                               : " | a table") +
               names_behind[int(last)] + (quiet ? "; quiet" : "");
    }
};

/// The table's function, by what stands before the window.
enum class function { plain, erases, merges };
constexpr function function_of(before b, bool on_update) {
    if (b == before::take || b == before::table || (b == before::nothing && on_update))
        return function::erases;
    const bool may_merge = b == before::nothing || b == before::calls;
    return may_merge && !on_update ? function::merges : function::plain;
}
/// Numbers like "1,4,7,", as those of both in order.
string merged(const string& a, const string& b) {
    std::set<int> all;
    for (auto& s : {a, b})
        for (std::size_t i = 0; i < s.size(); i = s.find(',', i) + 1)
            all.insert(std::stoi(s.substr(i)));
    string s;
    for (int v : all) s += std::to_string(v) + ',';
    return s;
}

struct late_one {
    string topic;
    int partition;
    std::int64_t offset;
    milliseconds start, end, by;
    auto operator<=>(const late_one&) const = default;
};

/// What the members of a history tell.
struct told {
    std::vector<int> order{};  // of values, as they come to the window
    std::map<late_one, int> late{};
};
struct listener : weir::hooks {
    told* to;
    explicit listener(told& t) : to(&t) {}
    void log(std::string_view) override {}
    void late(const weir::late_value& v) override {
        ++to->late[{v.topic, v.partition, v.offset, ms_of(v.start), ms_of(v.end), v.by / 1ms}];
    }
};

/// One process of the group.
class member {
public:
    const int number;
    told* to;
    listener hooks{*to};
    string state_dir;
    weir::app app;
    weir::topic<string, int> in, other;
    weir::topic<window_key, string> out;
    weir::table<string, int> seen;
    weir::table<window_key, string> per, totals;
    int throws = 0;
    bool moved = false;  // partitions have come or gone

    member(const string& broker, const scenario& s, int n, told& t, string dir)
        : number(n),
          to(&t),
          state_dir(std::move(dir)),
          app{"a",
              {.broker = broker,
               .purge_internal = false,
               .on_error = weir::retry(3, 1s),
               .hooks = &hooks,
               .state_dir = state_dir}},
          in(app.topic<string, int>("in", {.partitions = 2})),
          other(app.topic<string, int>("other", {.partitions = 2})),
          out(app.topic<window_key, string>("out", {.partitions = 1})),
          seen(app.table<string, int>("seen", {.warm_for = 20s, .standby = s.standby})),
          per(app.table<window_key, string>("per", {.warm_for = s.warm_for, .standby = s.standby})),
          totals(app.table<window_key, string>("totals",
                                               {.warm_for = s.warm_for, .standby = s.standby})),
          is_(s) {
        const auto each = weir::flat_map(std::identity{});
        const auto late = [](int v) -> weir::task<int> {
            co_await weir::sleep(1s * (v % 3));
            co_return v;
        };
        constexpr auto any_order = weir::order_by::none;
        switch (s.first) {
            case before::nothing: build<before::nothing>(in); break;
            case before::take: build<before::take>(in | weir::take(3, 5s) | each); break;
            case before::calls:
                build<before::calls>(in | weir::filter([this](int v) { return is_.is_called(v); }) |
                                     weir::map(late, {.concurrency = 3}));
                break;
            case before::group_by:
                build<before::group_by>(
                    in | weir::group_by([](int v) { return "v" + std::to_string(v % 6); },
                                        {.name = "v"}));
                break;
            case before::table: build<before::table>(in | weir::to_table(seen)); break;
            case before::merge: build<before::merge>(in & other); break;
            case before::overtaking_calls:
                build<before::overtaking_calls>(
                    in | weir::map(late, {.concurrency = 3, .order = any_order}));
                break;
            case before::number_of: break;
        }
    }

private:
    void fail_sometimes() {
        if (throws > 0 && throws-- % 2 == 0) throw std::runtime_error{"now and then"};
    }
    template <before First>
    void build(auto messages) {
        auto shown = std::move(messages) | weir::tap([this](int v) {
                         to->order.push_back(v);
                         fail_sometimes();
                     }) |
                     weir::filter([this](int v) { return is_.passes(v); });
        if (is_.rules.on_update)
            aggregate<function_of(First, true)>(std::move(shown) | window(weir::on_update));
        else aggregate<function_of(First, false)>(std::move(shown) | window());
    }
    auto window(auto... how) const {
        const auto& r = is_.rules;
        return weir::window(
            weir::hopping(r.size * 1ms, r.advance * 1ms), weir::grace(r.grace * 1ms), how...,
            weir::window_options{.late = is_.sends_late ? "late" : "", .offset = r.offset * 1ms});
    }
    template <function F>
    void aggregate(auto windows) {
        if constexpr (F == function::merges) {
            finish(std::move(windows) |
                   weir::aggregate(
                       per,
                       [this](string& all, int v) {
                           all = merged(all, std::to_string(v) + ',');
                           fail_sometimes();
                       },
                       [](string& all, const string& more) { all = merged(all, more); }) |
                   weir::erase());
        } else if constexpr (F == function::erases) {
            finish(std::move(windows) |
                   weir::aggregate(per,
                                   [this](const string& all, int v) -> std::optional<string> {
                                       fail_sometimes();
                                       if (v % 7 == 0) return {};
                                       return all + std::to_string(v) + ',';
                                   }) |
                   weir::map([](const auto& s) { return text(s); }) | weir::erase());
        } else {
            finish(std::move(windows) |
                   weir::aggregate(per,
                                   [this](string& all, int v) {
                                       all += std::to_string(v) + ',';
                                       fail_sometimes();
                                   }) |
                   weir::erase());
        }
    }
    static string text(const string& s) { return s; }
    static string text(const std::optional<string>& s) { return s.value_or("-"); }

    void finish(weir::stream<window_key, string> results) {
        const auto batches = weir::take(2, 10s);
        const auto each = weir::flat_map(std::identity{});
        const auto total =
            weir::aggregate(totals, [](string& all, const string& one) { all += one + ';'; });
        const auto send = [this](auto from) {
            app.agent("c", std::move(from) | weir::map([this](const string& s) {
                               fail_sometimes();
                               return std::to_string(number) + ':' + s;
                           }) | weir::to(out));
        };
        switch (is_.last) {
            case behind::nothing: send(std::move(results)); break;
            case behind::take: send(std::move(results) | batches | each); break;
            case behind::table: send(std::move(results) | total); break;
            case behind::table_apart: send(std::move(results) | batches | each | total); break;
            case behind::number_of: break;
        }
    }

    scenario is_;
};

string text(const window_of& w) {
    return w.key + " [" + std::to_string(w.start) + ", " + std::to_string(w.end) + ")";
}
string text(const contents& all) {
    string s;
    for (auto& [w, c] : all) s += ' ' + text(w) + '=' + c;
    return s.empty() ? " nothing" : s;
}
string text(const model::window_result& r) {
    return text(r.of) + " " + r.content + " @" + std::to_string(r.time);
}

/// A result as it is in the topic, and the member that has sent it.
struct sent_result {
    model::window_result is;
    int by;
};

class history {
public:
    history(std::uint64_t seed, bool tell)
        : tell_(tell),
          draw(seed),
          is_(make()),
          dirs_(seed % 5 == 0),
          broker_("memory://windows-" + std::to_string(seed)) {
        if (seed % 4 == 0) is_.warm_for = 0s;
        is_.standby = int(seed % 3);
        members_.push_back(make_member());
        test_ = std::make_unique<test_driver>(members_[0]->app);
        if (tell_) std::printf("%s\n", is_.text().c_str());
        if (is_.standby > 0) join();
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
        s.first = before(draw(int(before::number_of)));
        s.last = behind(draw(int(behind::number_of)));
        auto& r = s.rules;
        constexpr int sizes[][2] = {{10, 10}, {10, 10}, {20, 10}, {25, 10}, {9, 4}, {7, 3}};
        const auto& size = sizes[draw(6)];
        r = {size[0], size[1], draw(3) * draw(3) * 5, draw(3) == 0 ? 3 : 0};
        if (draw(16) == 0) {
            r.size = 300;
            r.advance = 4;
        }
        r.on_update = draw(3) == 0;
        r.erases = function_of(s.first, r.on_update) == function::erases;
        r.merges = function_of(s.first, r.on_update) == function::merges;
        r.chained = s.last == behind::table || s.last == behind::table_apart;
        s.filters = draw(2);
        s.filters_first = s.filters && s.first == before::calls && draw(2);
        s.sends_late = draw(2);
        s.quiet = draw(3) == 0;
        return s;
    }
    std::unique_ptr<member> make_member() {
        auto dir = dirs_.free_one([this](const string& d) {
            const auto all = live();
            return std::any_of(all.begin(), all.end(), [&](auto* m) { return m->state_dir == d; });
        });
        return std::make_unique<member>(broker_, is_, int(members_.size()), told_, std::move(dir));
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
        for (auto* m : live())
            std::printf(" | %d:%s", m->number, text(contents_of(m->per)).c_str());
        std::printf(" | committed");
        for (int p = 0; p < 2; ++p)
            std::printf(" %lld",
                        static_cast<long long>(test_->committed(log_name(), p).value_or(-1)));
        std::printf("\n");
        for (; told_upto_ < std::size_t(number_of(out())); ++told_upto_)
            std::printf("      out: %s\n", out_text(told_upto_).c_str());
        if (std::getenv("TABLES_LOG")) say_changelogs();
        std::fflush(stdout);
    }
    weir::topic<window_key, string> out() { return members_[0]->out; }
    template <class T>
    int number_of(const T& topic) {
        return int(test_->events(topic).size());
    }
    string out_text(std::size_t i) {
        const auto e = test_->events(out())[i];
        return text(plain(e.key())) + ' ' + e.value() + " @" + std::to_string(ms_of(e.timestamp()));
    }
    void say_changelogs() {
        for (auto* log : {"a-per-changelog", "a-totals-changelog", "a-seen-changelog"}) {
            if (!test_->partitions(log)) continue;
            auto& upto = logged_[log];
            std::size_t n = 0;
            for (auto& e : test_->events(test_->peek<weir::bytes, weir::bytes>(log))) {
                if (n++ < upto) continue;
                string key;
                for (char c : e.key().view())
                    if (c >= ' ') key += c;
                std::printf("      %s[%d]@%d %s = %s", log, int(e.partition()), int(e.offset()),
                            key.c_str(), string{e.value().view()}.c_str());
                for (auto& h : e.headers())
                    std::printf(" %s: %s", h.name.c_str(), string{h.value->view()}.c_str());
                std::printf("\n");
            }
            upto = n;
        }
    }

    // ------------------------------------------------------------------------------- what happens
    milliseconds next_time() {
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
    void append(const string& key, milliseconds t) {
        last_ = t;
        greatest_ = std::max(greatest_, t);
        auto& to = is_.has_other_input() && draw(2) ? members_[0]->other : members_[0]->in;
        if (tell_)
            std::printf("    %s %s = %d @%lld\n", to.name().c_str(), key.c_str(), next_value_,
                        static_cast<long long>(t));
        test_->append(to, key, next_value_++, {.timestamp = at(t)});
    }
    void send() {
        for (int n = 1 + draw(is_.wide() ? 3 : 8); n-- > 0;) append(draw_key(), next_time());
        test_->run();
        say("send");
    }
    string draw_key() {
        constexpr const char* keys[] = {"a", "b", "ab", "k1", "k10", "k", "z"};
        return keys[draw(7)];
    }
    std::vector<string> topics_that_fail() {
        std::vector<string> all{"a-per-changelog"};
        if (is_.rules.chained) all.push_back("a-totals-changelog");
        if (is_.first == before::table) all.push_back("a-seen-changelog");
        return all;
    }
    void one(member& m) {
        const auto logs = topics_that_fail();
        auto log = logs[std::size_t(draw(int(logs.size())))];
        const int what = draw(18);
        const bool repeats = what >= 9 && what <= 12;
        if (is_.quiet && (repeats || (what >= 13 && what <= 14 && !may_move_quietly())))
            return send();
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
                if (draw(3) == 0) log = is_.sends_late && draw(2) ? "late" : "out";
                const int n = 1 + draw(4);
                test_->fail_next_send(log, std::size_t(n));
                if (log == "out") order_known_ = false;
                return say("sends to " + log + " fail: " + std::to_string(n));
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
    /// A member that has failed too often has stopped, and what it has not committed comes again.
    bool quiet() {
        const auto failed = [&](auto& m) { return test_->exit_code(m->app) != 0; };
        return is_.quiet && std::none_of(members_.begin(), members_.end(), failed);
    }
    /// What take lets go comes again, and so do results of the message that it belongs to.
    bool may_move_quietly() const { return is_.ordered() && !is_.takes_behind(); }
    void move(member& m) {
        moves();
        const auto p = draw(2);
        const int what = draw(3);
        if (what == 0) {
            test_->stop(m.app);
            return say("stop " + std::to_string(m.number));
        }
        const bool lose = what == 1 && !is_.quiet;
        const auto take_away = [&](auto& topic) {
            if (lose) test_->lose(topic, p);
            else test_->revoke(topic, p);
        };
        const int which = is_.has_other_input() ? draw(3) : 0;  // both, or one alone
        if (which != 1) take_away(m.in);
        if (which == 1 || (which == 0 && is_.has_other_input())) take_away(m.other);
        if (draw(2)) send();
        if (!lose) test_->advance(20s);
        for (int q = 0; q < 2; ++q) {
            test_->assign(m.in, q);
            if (is_.has_other_input()) test_->assign(m.other, q);
        }
        say((lose ? "lose " : "revoke ") + std::to_string(p));
    }

    // ------------------------------------------------------------------------------ what there is
    string log_name() const { return is_.first == before::group_by ? "a-c-v-repartition" : "in"; }
    static contents contents_of(const weir::table<window_key, string>& t) {
        contents all;
        t.each([&](const window_key& w, const string& s) { all[plain(w)] = s; });
        return all;
    }
    contents all_of(weir::table<window_key, string> member::*table) {
        contents all;
        for (auto* m : live()) all.merge(contents_of(m->*table));
        return all;
    }
    std::vector<sent_result> results() {
        std::vector<sent_result> all;
        for (auto& e : test_->events(out())) {
            const auto colon = e.value().find(':');
            all.push_back({{plain(e.key()), e.value().substr(colon + 1), ms_of(e.timestamp())},
                           std::stoi(e.value().substr(0, colon))});
        }
        return all;
    }
    struct read_message {
        string topic;
        int partition;
        model::window_message is;
    };
    /// The messages that come to the window, each partition in the order of its log.
    std::vector<read_message> messages() {
        std::vector<read_message> all;
        const auto read = [&](const auto& topic) {
            for (auto& e : test_->events(topic))
                all.push_back({topic.name(),
                               int(e.partition()),
                               {e.key(), e.value(), ms_of(e.timestamp()), is_.passes(e.value()),
                                e.offset()}});
        };
        if (is_.first == before::group_by) read(test_->peek<string, int>(log_name()));
        else read(members_[0]->in);
        if (is_.has_other_input()) read(members_[0]->other);
        return all;
    }
    /// In the order in which they came to the window, as far as a retry or another owner has not
    /// repeated it.
    std::vector<read_message> messages_as_told() {
        auto all = messages();
        std::map<int, std::size_t> last;
        for (std::size_t i = 0; i < told_.order.size(); ++i) last[told_.order[i]] = i;
        std::stable_sort(all.begin(), all.end(),
                         [&](auto& a, auto& b) { return last[a.is.value] < last[b.is.value]; });
        return all;
    }

    // ---------------------------------------------------------------------------- what is compared
    string compare() {
        if (is_.ordered() || quiet()) return compare_exactly();
        return compare_loosely();
    }
    /// The order of messages at the window is known.
    string compare_exactly() {
        std::vector<model::window_interpreter> want(2, model::window_interpreter{is_.rules});
        std::vector<std::vector<late_one>> late(2);
        for (auto& m : is_.ordered() ? messages() : messages_as_told()) {
            auto& w = want[std::size_t(m.partition)];
            const auto before = w.late.size();
            w.add(m.is);
            for (auto i = before; i < w.late.size(); ++i)
                late[std::size_t(m.partition)].push_back({m.topic, m.partition, m.is.offset,
                                                          w.late[i].start, w.late[i].end,
                                                          w.late[i].by});
        }
        contents open, totals;
        for (auto& w : want) {
            const auto rows = w.rows();
            open.insert(rows.begin(), rows.end());
            totals.insert(w.totals.begin(), w.totals.end());
        }
        if (auto is = all_of(&member::per); is != open)
            return "open:" + text(is) + " in place of" + text(open);
        if (auto is = all_of(&member::totals); is != totals)
            return "totals:" + text(is) + " in place of" + text(totals);
        if (auto wrong = compare_results(want); !wrong.empty()) return wrong;
        return compare_late(want, late);
    }
    string compare_results(const std::vector<model::window_interpreter>& want) {
        std::map<string, int> partition_of;
        for (std::size_t p = 0; p < want.size(); ++p)
            for (auto& r : want[p].results) partition_of[r.of.key] = int(p);
        std::vector<std::vector<model::window_result>> sent(2);
        std::map<std::pair<int, int>, std::size_t> next;  // of a member and a partition
        std::set<model::window_result> seen;
        std::map<model::window_result, int> times_made;
        for (auto& w : want)
            for (auto& r : w.results) ++times_made[r];
        std::map<std::pair<int, model::window_result>, int> by_member;
        for (auto& r : results()) {
            seen.insert(r.is);
            if (!partition_of.contains(r.is.of.key)) return "never made: " + text(r.is);
            const auto p = partition_of[r.is.of.key];
            const auto& all = want[std::size_t(p)].results;
            const auto made = times_made.find(r.is);
            sent[std::size_t(p)].push_back(r.is);
            if (made == times_made.end()) return "never made: " + text(r.is);
            if (members_[std::size_t(r.by)]->moved) continue;
            if (++by_member[{r.by, r.is}] > made->second) return "twice in one run: " + text(r.is);
            if (!order_known_) continue;
            auto& from = next[{r.by, p}];
            const auto found = std::find(all.begin() + std::ptrdiff_t(from), all.end(), r.is);
            if (found == all.end()) return "in another order in one run: " + text(r.is);
            from = std::size_t(found - all.begin()) + 1;
        }
        for (std::size_t p = 0; p < want.size(); ++p) {
            for (auto& r : want[p].results)
                if (!seen.contains(r)) return "missing: " + text(r);
            if (!quiet() || sent[p] == want[p].results) continue;
            if (tell_)
                for (const auto* all : {std::as_const(sent).data() + p, &want[p].results})
                    for (auto& r : *all)
                        std::printf("%s %s\n", all == &sent[p] ? "sent  " : "wanted",
                                    text(r).c_str());
            const auto [is, should] = std::mismatch(sent[p].begin(), sent[p].end(),
                                                    want[p].results.begin(), want[p].results.end());
            return "not each result once, in order: " +
                   (is == sent[p].end() ? "nothing" : text(*is)) + " in place of " +
                   (should == want[p].results.end() ? "nothing" : text(*should));
        }
        return {};
    }
    string compare_late(const std::vector<model::window_interpreter>& want,
                        const std::vector<std::vector<late_one>>& late) {
        std::set<late_one> all;
        for (auto& one : late) all.insert(one.begin(), one.end());
        for (auto& l : all) {
            const auto n = told_.late.contains(l) ? told_.late[l] : 0;
            if (n == 0 || (quiet() && n != 1))
                return "told " + std::to_string(n) + " times: late " + text(l);
        }
        for (auto& [l, n] : told_.late)
            if (!all.contains(l)) return "told as late, and is not: " + text(l);
        if (!is_.sends_late) return {};
        return compare_late_topic(want);
    }
    using sent_late = std::tuple<string, int, milliseconds, string, string, string>;
    string compare_late_topic(const std::vector<model::window_interpreter>& want) {
        std::map<sent_late, int> wanted;
        for (auto& w : want)
            for (auto& l : w.late)
                ++wanted[{l.is.key, l.is.value, l.is.time, std::to_string(l.start),
                          std::to_string(l.end), std::to_string(l.by)}];
        std::map<sent_late, int> sent;
        if (test_->partitions("late"))
            for (auto& e : test_->events(test_->peek<string, int>("late")))
                ++sent[{e.key(), e.value(), ms_of(e.timestamp()),
                        header(e, "weir.late-window-start"), header(e, "weir.late-window-end"),
                        header(e, "weir.late-by-ms")}];
        for (auto& [l, n] : sent)
            if (!wanted.contains(l))
                return "in the topic of late ones, and is not late: " + text(l);
        for (auto& [l, n] : wanted)
            if (sent[l] < n || (quiet() && sent[l] != n))
                return std::to_string(sent[l]) + " times in the topic of late ones: " + text(l);
        return {};
    }
    static string header(const auto& event, const char* name) {
        for (auto& h : event.headers())
            if (h.name == name) return string{h.value->view()};
        return {};
    }
    static string text(const sent_late& l) {
        return std::get<0>(l) + " = " + std::to_string(std::get<1>(l)) + " @" +
               std::to_string(std::get<2>(l)) + " [" + std::get<3>(l) + ", " + std::get<4>(l) +
               ") by " + std::get<5>(l);
    }
    static string text(const late_one& l) {
        return l.topic + "[" + std::to_string(l.partition) + "]@" + std::to_string(l.offset) +
               " [" + std::to_string(l.start) + ", " + std::to_string(l.end) + ") by " +
               std::to_string(l.by);
    }
    static string text(const auto& x) { return ::text(x); }

    /// After a crash messages may come to the window in another order, and what was not committed
    /// is decided anew. Then each message is somewhere, and what there is fits together.
    string compare_loosely() {
        std::map<int, read_message> by_value;
        std::map<std::tuple<string, int, std::int64_t>, int> by_place;
        std::vector<milliseconds> time(2, model::window_interpreter::before_all);
        for (auto& m : messages()) {
            by_value[m.is.value] = m;
            by_place[{m.topic, m.partition, m.is.offset}] = m.is.value;
            auto& t = time[std::size_t(m.partition)];
            t = std::max(t, m.is.time);
        }
        std::set<std::pair<int, milliseconds>> found;  // values and windows
        string wrong;
        const auto look_at = [&](const window_of& w, const string& content, const char* what) {
            for (auto v : values_of(content)) {
                const auto& m = by_value.at(v).is;
                if (m.key != w.key || m.time < w.start || m.time >= w.end || !m.passes)
                    wrong = string{what} + ": " + ::text(w) + " has " + std::to_string(v);
                found.insert({v, w.start});
            }
        };
        for (auto& [w, c] : all_of(&member::per)) {
            look_at(w, c, "open");
            const auto p = by_value.at(values_of(c).at(0)).partition;
            if (w.end + is_.rules.grace <= time[std::size_t(p)]) return "still open: " + ::text(w);
        }
        const auto totals = all_of(&member::totals);
        for (auto& [w, c] : totals) {
            look_at(w, c, "totals");
            if (!is_.rules.on_update && std::count(c.begin(), c.end(), ';') > 1)
                return "counted twice: " + ::text(w) + " = " + c;
        }
        std::map<std::pair<int, window_of>, string> by_member;
        for (auto& r : results()) {
            look_at(r.is.of, r.is.content, "out");
            milliseconds last = 0;
            for (auto v : values_of(r.is.content)) last = std::max(last, by_value.at(v).is.time);
            if (last != r.is.time) return "another time: " + ::text(r.is);
            if (is_.rules.on_update || members_[std::size_t(r.by)]->moved) continue;
            if (!by_member.insert({{r.by, r.is.of}, r.is.content}).second)
                return "twice in one run: " + ::text(r.is);
        }
        if (!wrong.empty()) return wrong;
        for (auto& [l, n] : told_.late)
            found.insert({by_place.at({l.topic, l.partition, l.offset}), l.start});
        for (auto& [v, m] : by_value)
            for (auto start :
                 m.is.passes ? starts_of(is_.rules, m.is.time) : std::vector<milliseconds>{})
                if (!found.contains({v, start}))
                    return "nowhere: " + std::to_string(v) + " of the window at " +
                           std::to_string(start);
        return {};
    }
    static std::vector<int> values_of(const string& content) {
        std::vector<int> all;
        int v = 0;
        for (char c : content) {
            if (c >= '0' && c <= '9') v = v * 10 + (c - '0');
            else if (c == ',') all.push_back(std::exchange(v, 0));
        }
        return all;
    }

    void settle() {
        for (auto& m : members_) m->throws = 0;
        test_->fail_next_commit(0);
        for (auto& log : topics_that_fail()) test_->fail_next_send(log, 0);
        test_->fail_next_send("out", 0);
        test_->fail_next_send("late", 0);
        for (int n = 0; n < 3 || (n < 60 && !compare().empty()); ++n) {
            // Windows that were passed on with each change are removed a few with each message.
            if (n > 3 && is_.rules.on_update)
                for (int k = 0; k < 14; ++k) append(draw_key(), greatest_);
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
        say("restored");
        if (auto wrong = compare(); !wrong.empty()) return is_.text() + ", restored: " + wrong;
        send();  // the time is restored, too
        settle();
        say("and on");
        if (auto wrong = compare(); !wrong.empty()) return is_.text() + ", afterwards: " + wrong;
        return {};
    }

    bool tell_;
    model::draws draw;
    scenario is_;
    model::state_dirs dirs_;
    string broker_;
    told told_{};
    std::vector<std::unique_ptr<member>> members_;
    std::unique_ptr<test_driver> test_;
    int next_value_ = 1;
    milliseconds now_ = 0, last_ = 0, greatest_ = 0;
    bool order_known_ = true;  // of what one member has sent
    std::map<string, std::size_t> logged_;
    std::size_t told_upto_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    return model::play_histories("windows", WEIR_MODEL_RUNS, argc, argv,
                                 [](std::uint64_t seed, bool tell) {
                                     return history{seed, tell}.play();
                                 });
}
