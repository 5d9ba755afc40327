// SPDX-License-Identifier: Apache-2.0
// Random histories of apps with tables: crashes, failed sends and commits, lost partitions,
// retries. At the end each message is in the tables exactly once.
#include <weir/weir.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/testing/test_driver.hpp>

#include "histories.hpp"

namespace {

using namespace std::chrono_literals;
using std::string;
using counts = std::map<string, std::int64_t>;
using weir::testing::test_driver;

struct silent : weir::hooks {
    void log(std::string_view) override {}
};

/// What stands before and behind the table.
enum class shape {
    alone,
    take_behind,
    take_before,
    calls_behind,  // asynchronous calls in any order
    calls_before,
    body,  // a function changes it
    body_behind_take,
    calls,        // one asynchronous call at a time changes it
    keyed_calls,  // several, in order by key
    coroutine,    // a coroutine changes it while it waits
    batch_coroutine,
    erasing,        // 0 erases the key, every other value adds one
    chained,        // every third count of a key is counted again
    chained_apart,  // the same, and the second table is behind a take
    chained_behind_calls,
    two_agents,  // a second agent with a table of its own
    regrouped,   // the key is made of the value
    two_inputs,
    two_inputs_overtaking,
    chained_of_two,
    chained_of_two_apart,
    chained_of_two_overtaking,
    chained_of_two_one_late,  // a take is behind one of the inputs
    number_of
};
bool has_two_inputs(shape s) { return s >= shape::two_inputs; }
const char* const names[] = {"alone",
                             "take behind",
                             "take before",
                             "calls behind",
                             "calls before",
                             "a body",
                             "a body behind take",
                             "calls",
                             "keyed calls",
                             "coroutine",
                             "a coroutine of batches",
                             "erasing",
                             "chained",
                             "chained, apart",
                             "chained, behind calls",
                             "two agents",
                             "regrouped",
                             "two inputs",
                             "two inputs, overtaking",
                             "chained, of two inputs",
                             "chained, of two inputs, apart",
                             "chained, of two inputs, overtaking",
                             "chained, of two inputs, a take behind one"};
bool is_chained(shape s) {
    return (s >= shape::chained && s <= shape::chained_behind_calls) || s >= shape::chained_of_two;
}

/// The messages of a partition change the tables in the order in which they were sent.
bool is_in_order(shape s) {
    return s <= shape::take_before || s == shape::body || s == shape::body_behind_take ||
           s == shape::calls || s == shape::coroutine || s == shape::batch_coroutine ||
           s == shape::erasing || s == shape::chained || s == shape::chained_apart ||
           s == shape::two_agents;
}

/// A partition of a table with .ttl, as it should be.
class expiring {
public:
    explicit expiring(std::chrono::milliseconds ttl) : ttl_(ttl) {}
    struct row {
        std::int64_t n = 0;
        weir::timestamp time{}, changed{};
    };
    /// One more of the key.
    row count(const string& key, weir::timestamp t) {
        auto& r = begin(key, t);
        r.time = r.n == 0 ? t : std::max(r.time, t);
        ++r.n;
        return r;
    }
    void erase(const string& key, weir::timestamp t) {
        begin(key, t);
        rows_.erase(key);
    }
    void add_to(counts& all) const {
        for (auto& [key, r] : rows_)
            if (!is_over(r)) all[key] = r.n;
    }

private:
    bool is_over(const row& r) const { return r.changed < now_ - ttl_; }
    row& begin(const string& key, weir::timestamp t) {
        now_ = std::max(now_, t);
        auto& r = rows_[key];
        if (r.n > 0 && is_over(r)) r = {};
        r.changed = now_;
        return r;
    }
    std::chrono::milliseconds ttl_;
    weir::timestamp now_{};
    std::map<string, row> rows_{};
};

using item = weir::item<string, int>;

/// One process of the group.
struct member {
    silent hush{};
    string state_dir;
    weir::app app;
    weir::topic<string, int> in, other;
    weir::table<string, std::int64_t> seen, thirds;
    int throws = 0;

    auto count_now() {
        return [this](const item& i) { seen[i.key()] += 1; };
    }
    /// Counts, and waits before it, behind it, or both. It may throw between.
    auto count_later() {
        return [this](const item& i) -> weir::task<std::int64_t> {
            if (i.value() % 3 == 1) co_await weir::sleep(1s * (i.value() % 4));
            seen[i.key()] += 1;
            if (throws > 0 && throws-- % 2 == 0) throw std::runtime_error{"now and then"};
            if (i.value() % 2 == 1) co_await weir::sleep(1s * (i.value() % 4));
            co_return seen[i.key()];
        };
    }

    member(const string& broker, shape s, weir::table_options<std::int64_t> o, string dir)
        : state_dir(std::move(dir)),
          app{"a",
              {.broker = broker,
               .purge_internal = false,
               .on_error = weir::retry(3, 1s),
               .hooks = &hush,
               .state_dir = state_dir}},
          in(app.topic<string, int>("in", {.partitions = 2})),
          other(app.topic<string, int>("other", {.partitions = 2})),
          seen(app.table<string, std::int64_t>("seen", o)),
          thirds(app.table<string, std::int64_t>("thirds", o)) {
        const auto fail = weir::tap([this](const auto&) {
            if (throws > 0 && throws-- % 2 == 0) throw std::runtime_error{"now and then"};
        });
        const auto each = weir::flat_map(std::identity{});
        const auto late = [](std::int64_t n) -> weir::task<std::int64_t> {
            co_await weir::sleep(1s * (n % 3));
            co_return n;
        };
        const auto late_int = [](int n) -> weir::task<int> {
            co_await weir::sleep(1s * (n % 3));
            co_return n;
        };
        constexpr auto any_order = weir::order_by::none;
        const auto third = weir::filter([](std::int64_t n) { return n % 3 == 0; });
        const auto number = weir::map([](int i) { return std::int64_t{i}; });
        switch (s) {
            case shape::alone: app.agent("c", in | weir::count(seen) | fail); break;
            case shape::take_behind:
                app.agent("c", in | weir::count(seen) | fail | weir::take(3, 10s) | each);
                break;
            case shape::take_before:
                app.agent("c", in | weir::take(4, 5s) | each | weir::count(seen) | fail);
                break;
            case shape::calls_behind:
                app.agent("c", in | weir::count(seen) |
                                   weir::map(late, {.concurrency = 3, .order = any_order}) | fail);
                break;
            case shape::calls_before:
                app.agent("c", in | weir::map(late_int, {.concurrency = 3, .order = any_order}) |
                                   weir::count(seen) | fail | weir::take(3, 10s) | each);
                break;
            case shape::body:
                app.agent(
                    "c",
                    in | weir::items() | weir::tap(count_now()) | fail | weir::take(3, 10s) | each,
                    {.tables = {seen}});
                break;
            case shape::body_behind_take:
                app.agent(
                    "c",
                    in | weir::items() | weir::take(3, 5s) | each | weir::tap(count_now()) | fail,
                    {.tables = {seen}});
                break;
            case shape::calls:
                app.agent("c", in | weir::items() | weir::map(count_later()) | fail,
                          {.tables = {seen}});
                break;
            case shape::keyed_calls:
                app.agent(
                    "c",
                    in | weir::items() |
                        weir::map(count_later(), {.concurrency = 3, .order = weir::order_by::key}) |
                        fail | weir::take(3, 10s) | each,
                    {.tables = {seen}});
                break;
            case shape::coroutine:
                app.agent("c", in | weir::items(),
                          [count = count_later()](auto stream) -> weir::task<> {
                              while (auto i = co_await stream.next()) co_await count(*i);
                          },
                          {.tables = {seen}});
                break;
            case shape::batch_coroutine:
                app.agent("c", in | weir::items() | weir::take(3, 5s) | each,
                          [count = count_later()](auto stream) -> weir::task<> {
                              while (auto i = co_await stream.next()) co_await count(*i);
                          },
                          {.tables = {seen}});
                break;
            case shape::erasing:
                app.agent("c", in |
                                   weir::aggregate(seen,
                                                   [](const std::int64_t& n, int v) {
                                                       return v == 0 ? std::optional<std::int64_t>{}
                                                                     : std::optional{n + 1};
                                                   }) |
                                   fail | weir::take(2, 10s) | each);
                break;
            case shape::chained:
                app.agent("c", in | weir::count(seen) | third | weir::count(thirds) | fail |
                                   weir::take(3, 10s) | each);
                break;
            case shape::chained_apart:
                app.agent("c", in | weir::count(seen) | third | weir::take(2, 10s) | each |
                                   weir::count(thirds) | fail);
                break;
            case shape::chained_behind_calls:
                app.agent("c", in | weir::map(late_int, {.concurrency = 3, .order = any_order}) |
                                   weir::count(seen) | third | weir::count(thirds) | fail |
                                   weir::take(3, 10s) | each);
                break;
            case shape::two_agents:
                app.agent("c", in | weir::count(seen) | fail);
                app.agent("d", in | weir::take(3, 10s) | each | weir::count(thirds) | fail);
                break;
            case shape::regrouped:
                app.agent("c", in |
                                   weir::group_by([](int i) { return "v" + std::to_string(i); },
                                                  {.name = "v"}) |
                                   weir::count(seen) | fail);
                break;
            case shape::two_inputs:
                app.agent("c", (in & other) | weir::count(seen) | fail | weir::take(3, 10s) | each);
                break;
            case shape::two_inputs_overtaking:
                app.agent("c", ((in | number) &
                                (other | number |
                                 weir::map(late, {.concurrency = 3, .order = any_order}))) |
                                   weir::count(seen) | fail | weir::take(3, 10s) | each);
                break;
            case shape::chained_of_two:
                app.agent("c", (in & other) | weir::count(seen) | third | weir::count(thirds) |
                                   fail | weir::take(3, 10s) | each);
                break;
            case shape::chained_of_two_apart:
                app.agent("c", (in & other) | weir::count(seen) | third | weir::take(2, 10s) |
                                   each | weir::count(thirds) | fail);
                break;
            case shape::chained_of_two_one_late:
                app.agent("c", ((in | weir::take(3, 5s) | each) & other) | weir::count(seen) |
                                   third | weir::count(thirds) | fail);
                break;
            case shape::chained_of_two_overtaking:
                app.agent("c", ((in | number) &
                                (other | number |
                                 weir::map(late, {.concurrency = 3, .order = any_order}))) |
                                   weir::count(seen) | third | weir::count(thirds) | fail |
                                   weir::take(3, 10s) | each);
                break;
            case shape::number_of: break;
        }
    }
};

template <class T>
counts all_of(const T& t) {
    counts all;
    t.each([&](const string& k, std::int64_t n) { all[k] = n; });
    return all;
}
string text(const counts& all) {
    string s;
    for (auto& [k, n] : all) s += ' ' + k + '=' + std::to_string(n);
    return s.empty() ? " nothing" : s;
}

class history {
public:
    history(std::uint64_t seed, bool tell)
        : tell_(tell),
          draw(seed),
          shape_(shape(draw(int(shape::number_of)))),
          on_disk_(seed % 50 == 1 || std::getenv("TABLES_ON_DISK")),
          dirs_(seed % 5 == 0 || on_disk_),
          broker_("memory://tables-" + std::to_string(seed)) {
        options_.warm_for = seed % 4 == 0 ? 0s : 20s;
        if (!on_disk_) options_.standby = seed % 3 == 2 ? weir::every_member : int(seed % 3);
#ifdef WEIR_ROCKSDB
        if (on_disk_) {  // every row leaves memory in every turn
            options_.store = weir::rocksdb;
            options_.memory = 800;
        }
#endif
        if (seed % 3 == 1 && !on_disk_ && is_in_order(shape_)) options_.ttl = 6s;
        members_.push_back(make_member());
        test_ = std::make_unique<test_driver>(members_[0]->app);
        if (tell_)
            std::printf("%s, standby %d%s\n", names[int(shape_)], options_.standby,
                        expires() ? ", with a ttl" : "");
        if (options_.standby > 0) join();
    }

    /// Empty: every message was counted once.
    string play() {
        for (int step = 0; step < 40; ++step) {
            while (live().empty()) join();
            one(*live()[std::size_t(draw(int(live().size())))]);
        }
        return end();
    }

private:
    std::unique_ptr<member> make_member() {
        auto dir = dirs_.free_one([this](const string& d) {
            const auto all = live();
            return std::any_of(all.begin(), all.end(), [&](auto* m) { return m->state_dir == d; });
        });
        return std::make_unique<member>(broker_, shape_, options_, std::move(dir));
    }
    std::vector<member*> live() {
        std::vector<member*> all;
        for (auto& m : members_)
            if (test_->running(m->app)) all.push_back(m.get());
        return all;
    }
    void join() {
        say("join");
        members_.push_back(make_member());
        test_->add(members_.back()->app);
    }
    void say(const string& what) {
        if (!tell_) return;
        std::printf("%-40s", what.c_str());
        for (auto* m : live())
            std::printf(" |%s ;%s", text(all_of(m->seen)).c_str(), text(all_of(m->thirds)).c_str());
        std::printf(" | wanted%s ;%s | committed", text(seen_).c_str(), text(thirds_).c_str());
        for (int p = 0; p < 2; ++p)
            std::printf(
                " %lld %lld",
                static_cast<long long>(test_->committed(members_[0]->in, p).value_or(-1)),
                static_cast<long long>(test_->committed(members_[0]->other, p).value_or(-1)));
        std::printf("\n");
        if (std::getenv("TABLES_LOG")) say_changelogs();
        std::fflush(stdout);
    }
    void say_changelogs() {
        for (auto* log : {"a-seen-changelog", "a-thirds-changelog"}) {
            auto& upto = told_[log];
            std::size_t n = 0;
            for (auto& e : test_->events(test_->peek<weir::bytes, weir::bytes>(log))) {
                if (n++ < upto) continue;
                std::printf("      %s[%d]@%d %s", log, int(e.partition()), int(e.offset()),
                            string{e.key().view().substr(e.key().view()[0] ? 0 : 1)}.c_str());
                std::int64_t v = 0;
                if (e.value().size() == 8) {
                    weir::detail::decode_into<std::int64_t>(e.value(), v);
                    std::printf(" = %d", int(v));
                }
                for (auto& h : e.headers())
                    std::printf(" %s: %s", h.name.c_str(), string{h.value->view()}.c_str());
                std::printf("\n");
            }
            upto = n;
        }
    }
    void send(member& m) {
        for (int n = 1 + draw(6); n-- > 0;) {
            const auto key = "k" + std::to_string(draw(7));
            const auto v = draw(9);
            const auto at = test_->now() - (expires() ? 1s * draw(9) : 0s);
            test_->append(has_two_inputs(shape_) && draw(2) ? m.other : m.in, key, v,
                          {.timestamp = at});
            expect(key, v);
        }
        say("send");
        test_->run();
    }
    void expect(const string& key, int v) {
        if (shape_ == shape::regrouped) {
            ++seen_["v" + std::to_string(v)];
        } else if (shape_ == shape::erasing && v == 0) {
            seen_.erase(key);
        } else {
            const auto n = ++seen_[key];
            if (shape_ == shape::two_agents || (is_chained(shape_) && n % 3 == 0)) ++thirds_[key];
        }
    }
    void one(member& m) {
        const auto log =
            "a-" + string{draw(2) && shape_ >= shape::chained ? "thirds" : "seen"} + "-changelog";
        switch (draw(16)) {
            case 6:
            case 7:
                test_->commit();
                say("commit");
                break;
            case 8: {
                const auto d = 1s * draw(12);
                test_->advance(d);
                say("advance " + std::to_string(d.count()));
                break;
            }
            case 9:
                test_->fail_next_commit();
                say("the next commit fails");
                break;
            case 10:
                test_->kill(m.app);
                say("kill");
                break;
            case 11:
                if (members_.size() < 12) join();
                break;
            case 12:
                m.throws = draw(5);
                say("throws " + std::to_string(m.throws));
                break;
            case 13: {
                const int n = 1 + draw(4);
                test_->fail_next_send(log, std::size_t(n));
                say("sends to " + log + " fail: " + std::to_string(n));
                break;
            }
            case 14: move(m); break;
            case 15:
                if (test_->partitions(log)) test_->compact(log);
                say("compact " + log);
                break;
            default: send(m); break;
        }
    }
    void move(member& m) {
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
        const int which = has_two_inputs(shape_) ? draw(3) : 0;  // both, or one alone
        if (which != 1) take_away(m.in);
        if (which == 1 || (which == 0 && has_two_inputs(shape_))) take_away(m.other);
        if (draw(2)) send(m);
        if (!lose) test_->advance(20s);
        for (int q = 0; q < 2; ++q) {
            test_->assign(m.in, q);
            if (has_two_inputs(shape_)) test_->assign(m.other, q);
        }
        say((lose ? "lose " : "revoke ") + std::to_string(p));
    }
    /// A sender that crashes leaves messages in the internal topic that its successor sends again.
    /// They are messages like any others.
    void look_at_internal_topic() {
        counts sent;
        const auto topic = test_->peek<string, weir::bytes>("a-c-v-repartition");
        for (auto& e : test_->events(topic)) ++sent[e.key()];
        for (auto& [k, n] : seen_)
            if (sent[k] < n) throw std::runtime_error{"a message of " + k + " was not sent"};
        seen_ = std::move(sent);
    }
    bool expires() const { return options_.ttl.count() > 0; }
    /// What the messages make of tables with .ttl.
    void expect_expired() {
        seen_.clear();
        thirds_.clear();
        for (int p = 0; p < 2; ++p) {
            expiring seen{options_.ttl}, thirds{options_.ttl};
            for (auto& e : test_->events(members_[0]->in)) {
                if (e.partition() != p) continue;
                const auto t = e.timestamp();
                if (shape_ == shape::erasing && e.value() == 0) {
                    seen.erase(e.key(), t);
                    continue;
                }
                const auto r = seen.count(e.key(), t);
                if (shape_ == shape::two_agents) thirds.count(e.key(), t);
                else if (is_chained(shape_) && r.n % 3 == 0) thirds.count(e.key(), r.time);
            }
            seen.add_to(seen_);
            thirds.add_to(thirds_);
        }
    }
    string compare(const char* when) {
        if (expires()) expect_expired();
        if (shape_ == shape::regrouped) look_at_internal_topic();
        counts seen, thirds;
        for (auto* m : live()) {
            seen.merge(all_of(m->seen));
            thirds.merge(all_of(m->thirds));
        }
        const auto what = string{names[int(shape_)]} + ", " + when + ": ";
        if (seen != seen_) return what + text(seen) + " in place of" + text(seen_);
        if (thirds != thirds_)
            return what + "thirds:" + text(thirds) + " in place of" + text(thirds_);
        return {};
    }
    /// Where the messages of a key are: for TABLES_KEY=k1.
    void say_messages() {
        const char* key = std::getenv("TABLES_KEY");
        if (!tell_ || !key) return;  // "": all keys
        for (auto& topic : {members_[0]->in, members_[0]->other})
            for (auto& e : test_->events(topic))
                if (!*key || e.key() == key)
                    std::printf("      %s[%d]@%d = %d at %lld\n", topic.name().c_str(),
                                int(e.partition()), int(e.offset()), e.value(),
                                static_cast<long long>(e.timestamp().time_since_epoch() / 1s));
    }
    string end() {
        while (live().empty()) join();
        for (auto& m : members_) m->throws = 0;
        test_->fail_next_commit(0);
        for (auto* log : {"a-seen-changelog", "a-thirds-changelog"}) test_->fail_next_send(log, 0);
        // Calls that are made one after the other take a while.
        for (int n = 0; n < 4 || (n < 100 && !compare("").empty()); ++n) {
            test_->advance(40s);
            test_->commit();
            while (live().empty()) join();
        }
        say("at rest");
        say_messages();
        if (auto wrong = compare("at rest"); !wrong.empty()) return wrong;
        while (!live().empty()) test_->stop(live().front()->app);
        join();
        return compare("restored");
    }

    bool tell_;
    model::draws draw;
    shape shape_;
    bool on_disk_;  // a history takes a hundred times as long: files are made and removed
    weir::table_options<std::int64_t> options_{};
    model::state_dirs dirs_;
    string broker_;
    std::vector<std::unique_ptr<member>> members_;
    std::unique_ptr<test_driver> test_;
    counts seen_, thirds_;
    std::map<string, std::size_t> told_;
};

}  // namespace

int main(int argc, char** argv) {
    return model::play_histories("tables", WEIR_MODEL_RUNS, argc, argv,
                                 [](std::uint64_t seed, bool tell) {
                                     return history{seed, tell}.play();
                                 });
}
