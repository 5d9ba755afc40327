// SPDX-License-Identifier: Apache-2.0
// Random histories of apps that join two tables: crashes, failed sends and commits, lost
// partitions, retries. At the end the last result of each key is what both tables' messages make of
// it, in the topic and in the table that the results fill.
#include <weir/weir.hpp>

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
#include <utility>
#include <vector>

#include <weir/testing/test_driver.hpp>

#include "histories.hpp"

namespace {

using namespace std::chrono_literals;
using std::string;
using weir::testing::test_driver;
using number = std::optional<int>;

enum class kind { inner, left, outer };

/// What a history is about.
struct scenario {
    kind is{};
    bool topic_table = false;  // a topic is the left table; else an agent fills it
    bool join_first = false;   // the agent that joins is added first
    bool takes_before = false, takes_behind = false;
    bool with_itself = false;
    std::size_t read_at_once = 4096;

    string text() const {
        static const char* const kinds[] = {"join", "left_join", "outer_join"};
        return string{kinds[int(is)]} + (topic_table ? ", a topic" : ", to_table") +
               (join_first ? ", join first" : "") + (takes_before ? ", take before" : "") +
               (takes_behind ? ", take behind" : "") + (with_itself ? ", with itself" : "") + ", " +
               std::to_string(read_at_once) + " at once";
    }
};

string text_of(number n) { return n ? std::to_string(*n) : "null"; }
/// What the tables' values make; nothing: there is no result.
std::optional<string> result_of(const scenario& s, number l, number r) {
    if (s.with_itself) r = l;
    if (s.is == kind::inner && !(l && r)) return {};
    if (s.is == kind::left && !l) return {};
    if (!l && !r) return {};
    return text_of(l) + ',' + text_of(r);
}
/// The right table's next value. Nothing: the key goes.
number next_sum(const int& sum, int more) {
    return (sum + more) % 5 == 0 ? number{} : number{sum + more};
}

struct listener : weir::hooks {
    void log(std::string_view) override {}
};

/// One process of the group.
class member {
public:
    const int by;
    listener hooks;
    weir::app app;
    weir::topic<string, number> left;
    weir::topic<string, int> right;
    weir::topic<string, std::optional<string>> out;
    weir::table<string, string> results;
    weir::table<string, int> sums;
    int throws = 0;

    member(const string& broker, const scenario& s, int n)
        : by(n),
          app{"a",
              {.broker = broker,
               .purge_internal = false,
               .stream_buffer_max = s.read_at_once,
               .on_error = weir::retry(3, 1s),
               .hooks = &hooks}},
          left(app.topic<string, number>("left", {.partitions = 2})),
          right(app.topic<string, int>("right", {.partitions = 2})),
          out(app.topic<string, std::optional<string>>("out", {.partitions = 1})),
          results(app.table<string, string>("results")),
          sums(app.table<string, int>("sums")),
          is_(s) {
        auto lefts = is_.topic_table ? app.table(left) : app.table<string, int>("lefts");
        if (is_.join_first) join(lefts);
        if (!is_.topic_table) fill(lefts);
        app.agent("sums", right | weir::tap([this](int) { fail_sometimes(); }) |
                              weir::aggregate(sums, next_sum) |
                              weir::tap([this](const number&) { fail_sometimes(); }));
        if (!is_.join_first) join(lefts);
    }

private:
    void fail_sometimes() {
        if (throws > 0 && throws-- % 2 == 0) throw std::runtime_error{"now and then"};
    }
    void fill(weir::table<string, int> lefts) {
        if (is_.takes_before)
            app.agent("lefts", left | weir::take(2, 10s) | weir::flat_map(std::identity{}) |
                                   weir::to_table(lefts));
        else
            app.agent("lefts", left | weir::to_table(lefts) |
                                   weir::tap([this](const number&) { fail_sometimes(); }));
    }
    string made(const int* l, const int* r) {
        fail_sometimes();
        return (l ? std::to_string(*l) : "null") + ',' + (r ? std::to_string(*r) : "null");
    }
    void join(weir::table<string, int> lefts) {
        const auto rights = is_.with_itself ? lefts : sums;
        switch (is_.is) {
            case kind::inner:
                return finish(weir::join(
                    lefts, rights, [this](const int& l, const int& r) { return made(&l, &r); }));
            case kind::left:
                return finish(weir::left_join(
                    lefts, rights, [this](const int& l, const int* r) { return made(&l, r); }));
            case kind::outer:
                return finish(weir::outer_join(
                    lefts, rights, [this](const int* l, const int* r) { return made(l, r); }));
        }
    }
    void finish(weir::stream<string, std::optional<string>> all) {
        if (is_.takes_behind)
            app.agent("j", std::move(all) | weir::to_table(results) | weir::take(2, 10s) |
                               weir::flat_map(std::identity{}) | weir::to(out));
        else
            app.agent("j", std::move(all) | weir::to_table(results) |
                               weir::tap([this](const auto&) { fail_sometimes(); }) |
                               weir::to(out));
    }

    scenario is_;
};

class history {
public:
    history(std::uint64_t seed, bool tell)
        : tell_(tell),
          draw(seed),
          is_(make()),
          broker_("memory://table-joins-" + std::to_string(seed)) {
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
        s.is = kind(draw(3));
        s.topic_table = draw(2);
        s.join_first = draw(2);
        s.takes_before = draw(3) == 0;
        s.takes_behind = draw(4) == 0;
        s.with_itself = draw(6) == 0;
        constexpr std::size_t reads[] = {1, 3, 4096, 4096};
        s.read_at_once = reads[draw(4)];
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
    void join() {
        members_.push_back(make_member());
        test_->add(members_.back()->app);
        say("join");
    }
    void say(const string& what) {
        if (!tell_) return;
        std::printf("%s\n", what.c_str());
        const auto all = test_->events(members_[0]->out);
        for (; told_upto_ < all.size(); ++told_upto_)
            std::printf("      out: %s %s\n", all[told_upto_].key().c_str(),
                        all[told_upto_].value().value_or("gone").c_str());
        std::fflush(stdout);
    }

    // ------------------------------------------------------------------------------- what happens
    void send() {
        constexpr const char* keys[] = {"a", "b", "ab", "k1", "k"};
        for (int n = 1 + draw(8); n-- > 0;) {
            const string key = keys[draw(5)];
            const int v = next_value_++;
            const bool is_left = draw(2);
            if (tell_) std::printf("    %s %s = %d\n", is_left ? "left" : "right", key.c_str(), v);
            if (!is_left) test_->append(members_[0]->right, key, v);
            else test_->append(members_[0]->left, key, draw(4) ? number{v} : number{});
        }
        test_->run();
        say("send");
    }
    void one(member& m) {
        static constexpr const char* to[] = {"out", "a-results-changelog", "a-sums-changelog",
                                             "a-lefts-changelog"};
        switch (draw(18)) {
            case 5:
            case 6: test_->commit(); return say("commit");
            case 7: {
                const auto d = 1s * draw(12);
                test_->advance(d);
                return say("advance " + std::to_string(d.count()));
            }
            case 8: m.throws = draw(6); return say("throws " + std::to_string(m.throws));
            case 9: test_->fail_next_commit(); return say("the next commit fails");
            case 10: test_->kill(m.app); return say("kill " + std::to_string(m.by));
            case 11:
            case 12: {
                const string which = to[draw(4)];
                const int n = 1 + draw(4);
                test_->fail_next_send(which, std::size_t(n));
                return say("sends to " + which + " fail: " + std::to_string(n));
            }
            case 13:
                if (members_.size() < 12) join();
                return;
            case 14: return move(m);
            case 15:
                for (auto* log : {to[1], to[2], to[3]})
                    if (test_->partitions(log)) test_->compact(log);
                return say("compact");
            default: return send();
        }
    }
    void move(member& m) {
        const auto p = draw(2);
        const int what = draw(3);
        if (what == 0) {
            test_->stop(m.app);
            return say("stop " + std::to_string(m.by));
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

    // -------------------------------------------------------------------------------- what must be
    string compare() {
        std::map<string, number> left;
        std::map<string, int> right;
        std::set<string> lefts{"null"};
        for (auto& e : test_->events(members_[0]->left)) {
            left[e.key()] = e.value();
            lefts.insert(e.key() + text_of(e.value()));
        }
        for (auto& e : test_->events(members_[0]->right)) {
            const auto sum = next_sum(right[e.key()], e.value());
            if (sum) right[e.key()] = *sum;
            else right.erase(e.key());
        }
        std::map<string, string> last, wanted, kept;
        for (auto& e : test_->events(members_[0]->out)) {
            if (!e.value()) {
                last.erase(e.key());
                continue;
            }
            last[e.key()] = *e.value();
            const auto l = e.value()->substr(0, e.value()->find(','));
            if (l != "null" && !lefts.contains(e.key() + l)) return "never made: " + *e.value();
        }
        for (auto* key : {"a", "b", "ab", "k1", "k"}) {
            const auto r = right.contains(key) ? number{right[key]} : number{};
            if (const auto made = result_of(is_, left[key], r)) wanted[key] = *made;
        }
        for (auto* m : live())
            for (auto& [k, v] : test_->entries(m->results)) kept[k] = v;
        if (kept != wanted) return "the table of results differs: " + difference(kept, wanted);
        if (last != wanted) return "last results differ: " + difference(last, wanted);
        return {};
    }
    static string difference(const std::map<string, string>& is,
                             const std::map<string, string>& wanted) {
        string all;
        for (auto& [k, v] : is)
            if (!wanted.contains(k) || wanted.at(k) != v) all += ' ' + k + "=" + v;
        for (auto& [k, v] : wanted)
            if (!is.contains(k) || is.at(k) != v) all += " (wanted " + k + "=" + v + ')';
        return all;
    }

    void settle() {
        for (auto& m : members_) m->throws = 0;
        test_->fail_next_commit(0);
        for (auto* to : {"out", "a-results-changelog", "a-sums-changelog", "a-lefts-changelog"})
            test_->fail_next_send(to, 0);
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
        while (!live().empty()) test_->stop(live().front()->app);
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
    std::size_t told_upto_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    return model::play_histories("table joins", WEIR_MODEL_RUNS, argc, argv,
                                 [](std::uint64_t seed, bool tell) {
                                     return history{seed, tell}.play();
                                 });
}
