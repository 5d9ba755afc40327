// SPDX-License-Identifier: Apache-2.0
#include "world.hpp"

#include <algorithm>
#include <deque>
#include <thread>

#include <weir/testing/test_driver.hpp>

#include "member.hpp"

using namespace std::chrono_literals;

namespace model {
namespace {

const bool trace = std::getenv("WEIR_MODEL_TRACE");
using content = std::tuple<std::string, std::int64_t, std::uint64_t>;  // key, n, v
content of(const arrival& a) { return {a.key, a.x.n, a.x.v}; }
std::string words(const std::string& at, const content& c) {
    return at + ": message " + std::to_string(std::get<1>(c)) + " with " +
           std::to_string(std::get<2>(c)) + ", key " + std::get<0>(c);
}

/// Life: one scenario. What the broker holds and what bodies have told is compared, after every
/// step, with what the interpreter makes of the messages that have come in.
class world {
public:
    explicit world(const scenario& s) : of_(s), expected_(s), diary_{s} {
        for (std::size_t i = 0; i < s.partitions.size(); ++i)
            broker_->create_topic({source(int(i)), s.partitions[i], 0, {}});
        all_ = expected_.read();
        all_.insert(expected_.written().begin(), expected_.written().end());
        for (auto& r : expected_.routes()) {
            bool taken = false;
            for (auto& a : r.acts)
                if (taken |= a.what == op::take) diary_.of_batches.insert(a.id);
        }
        members_.emplace_back(diary_, 0);
        driver_ = std::make_unique<weir::testing::test_driver>(members_.front().app());
    }
    world(const world&) = delete;
    world& operator=(const world&) = delete;
    ~world() { diary_.holds.clear(); }

    std::string play() {
        for (std::size_t i = 0; i < of_.steps.size() && fine(); ++i) {
            if (trace) std::fprintf(stderr, "step %zu\n", i + 1);
            step_(of_.steps[i]);
            look();
            if (!fine()) return "after step " + std::to_string(i + 1) + ": " + diary_.wrong;
        }
        if (trace) std::fprintf(stderr, "heal\n");
        heal();
        if (fine()) finish();
        if (!fine()) return "at the end: " + diary_.wrong;
        return {};
    }

private:
    struct stored {
        int partition;
        weir::offset at;
        std::string key;
        value x;
        bool bad;
    };
    struct topic_state {
        std::vector<stored> messages{};
        std::map<content, int> count{};
        std::set<content> allowed{};
        std::map<int, std::size_t> committed{};  // looked at, of the partition's messages
        std::map<int, std::size_t> commits{};    // looked at, of the partition's commits
    };

    bool fine() const { return diary_.wrong.empty(); }
    void wrong(const std::string& what) { diary_.say(what); }

    // --------------------------------------------------------------------------- what is done
    member* member_of(int i) { return &members_[std::size_t(i) % members_.size()]; }
    std::string topic_of_number(int i) const {
        auto it = expected_.read().begin();
        std::advance(it, i % int(expected_.read().size()));
        return *it;
    }
    void send(int topic, int partition, int count) {
        dice d{of_.seed * 31 + std::uint64_t(next_)};
        for (int i = 0; i < count; ++i) {
            if (d.one_in(5)) driver_->skip_offsets(source(topic), partition, d.between(1, 100));
            const auto key = d.one_in(8) ? std::string{no_key} : "k" + std::to_string(d.below(4));
            weir::bytes value_bytes;
            weir::codec<value>::encode({next_++, std::uint64_t(d.below(10)), 0}, value_bytes);
            driver_->append_raw(source(topic), bytes_of(key), value_bytes,
                                {.partition = partition});
        }
        if (d.one_in(2)) driver_->run();
    }
    void release(int which, int how) {
        if (diary_.holds.empty()) return;
        const auto i = std::size_t(which) % diary_.holds.size();
        auto& k = diary_.holds[i];
        if (!k.hold) return;
        auto h = std::move(k.hold);
        const bool ack = !k.by_hand || how < 3 || of_.calm;
        const auto failed = [&](const route& r) {  // then it has nothing to say
            return r.agent == k.agent && expected_.throws(r, k.n);
        };
        auto& all = expected_.routes();
        if (ack || std::any_of(all.begin(), all.end(), failed)) close(k);
        const auto drop = [by_hand = k.by_hand && ack](weir::hold x) {
            if (by_hand) x.ack();
            else x.release();
        };
        if (how == 0 && k.by->app_runs) {
            k.by->app().post(
                [drop, h = std::make_shared<weir::hold>(std::move(h))] { drop(std::move(*h)); });
        } else if (how == 1 && which % 8 == 0) {
            std::thread{[&] { drop(std::move(h)); }}.join();
        } else {
            drop(std::move(h));
        }
        if (which % 2) driver_->run();
    }
    void close(kept& k) {
        k.open = false;
        if (k.by_hand) diary_.acked(k.by, k.agent, k.tp, k.at);
    }
    /// What a member has finished of its partitions, as it says itself; it has read no further.
    using offsets = std::map<weir::topic_partition, weir::offset>;
    offsets finished(member& m) {
        std::map<weir::topic_partition, weir::offset> all;
        for (auto& p : m.app().partitions())
            if (p.read > 0 && p.held == 0 && !m.app().explain(p.topic, p.partition))
                all[{p.topic, p.partition}] = p.read;
        return all;
    }
    /// Semantics 23: it has been given up, so it is committed.
    void given_up(const weir::topic_partition& p, weir::offset finished) {
        const auto is = broker_->committed("m", p).value_or(0);
        if (is >= finished || commits_fail_) return;
        wrong(p.topic + "[" + std::to_string(p.partition) + "] is finished to " +
              std::to_string(finished) + ", and given up with a commit of " + std::to_string(is));
    }
    void stop(member& m) {
        const auto before = m.app_runs ? finished(m) : offsets{};
        driver_->stop(m.app());
        for (auto& [p, to] : before) given_up(p, to);
        ended(m);
    }
    void start(member& m) {
        stop(m);
        driver_->restart(m.app());
        m.app_runs = true;
    }
    void revoke(const weir::topic_partition& p) {
        offsets before;
        for (auto& m : members_)
            if (m.assignment(p)) before = finished(m);
        driver_->revoke(p.topic, p.partition);
        if (const auto it = before.find(p); it != before.end()) given_up(p, it->second);
    }
    void fault(const std::string& topic, int partition, deed what) {
        const auto known = broker_->partitions(topic);
        if (!known) return;
        const weir::topic_partition p{topic, partition % *known};
        try {
            if (what == deed::revoke) revoke(p);
            if (what == deed::assign) driver_->assign(topic, p.partition);
            if (what == deed::lose) {
                gone_ = true;
                driver_->lose(topic, p.partition);
            }
        } catch (const weir::setup_error&) {  // it is nobody's yet
        }
    }
    void step_(const step& s) {
        using weir::testing::commit_error;
        const commit_error errors[] = {commit_error::broker, commit_error::generation,
                                       commit_error::member, commit_error::fenced};
        switch (s.what) {
            case deed::send: return send(s.a, s.b, s.c);
            case deed::bad:
                bad_ += expected_.read().contains(source(s.a));
                return driver_->send_raw(source(s.a), weir::bytes{"k0"}, weir::bytes{"bad"},
                                         {.partition = s.b});
            case deed::run: return driver_->run();
            case deed::advance: return driver_->advance(std::chrono::milliseconds{s.a});
            case deed::commit: return driver_->commit();
            case deed::release: return release(s.a, s.b);
            case deed::revoke:
            case deed::assign:
            case deed::lose: return fault(topic_of_number(s.a), s.b, s.what);
            case deed::fail_send: {
                if (expected_.written().empty()) return;
                auto it = expected_.written().begin();
                std::advance(it, s.a % int(expected_.written().size()));
                failed_sends_[*it] += s.b;
                return driver_->fail_next_send(*it, std::size_t(s.b));
            }
            case deed::fail_commit:
                // it is no member any more
                commits_fail_ = true;
                gone_ |= s.b >= 2;
                return driver_->fail_next_commit(std::size_t(s.a), errors[s.b]);
            case deed::restart: return start(*member_of(s.a));
            case deed::stop: return stop(*member_of(s.a));
            case deed::kill: driver_->kill(member_of(s.a)->app()); return ended(*member_of(s.a));
            case deed::join:
                if (members_.size() == 3) return;
                members_.emplace_back(diary_, members_.size());
                return driver_->add(members_.back().app());
        }
    }
    void ended(member& m) {
        m.run_ended();
        m.app_runs = false;
    }

    bool let_go() {
        bool any = false;
        for (auto& k : diary_.holds) {
            if (!k.hold) continue;
            close(k);
            any = true;
            if (k.by_hand) k.hold.ack();
            else k.hold.release();
        }
        return any;
    }
    /// Nothing fails any more, everything is let go.
    void heal() {
        diary_.healed = true;
        for (auto& t : expected_.written()) driver_->fail_next_send(t, 0);
        driver_->fail_next_commit(0);
        commits_fail_ = false;
        let_go();
        for (auto& t : all_)
            for (int p = 0; p < broker_->partitions(t).value_or(0); ++p) fault(t, p, deed::assign);
        for (auto& m : members_)
            if (!of_.calm || !driver_->running(m.app())) start(m);
        for (int round = 0; round < 30; ++round) {
            driver_->run();
            driver_->advance(of_.calm ? 20s : 500s);
            while (let_go()) driver_->advance(3s);  // of what is delivered meanwhile
            look();
            if (!fine() || all_committed(false)) return;
            if (of_.exact) break;
            started_again_ = true;
            for (auto& m : members_)  // one is left: what waits for company goes on when it stops
                if (&m != &members_.front() && m.app_runs) stop(m);
            start(members_.front());
        }
        all_committed(true);
    }

    // ----------------------------------------------------------------------- what is looked at
    void read(const std::string& name) {
        auto& t = topics_[name];
        auto all = broker_->dump(name);
        for (auto i = t.messages.size(); i < all.size(); ++i) {
            auto& m = all[i];
            stored s{m.partition, m.offset, text_of(m.key), {}, m.value.size() != 24};
            if (!s.bad) weir::codec<value>::decode(m.value, s.x);
            t.messages.push_back(s);
            if (s.bad) continue;
            ++t.count[{s.key, s.x.n, s.x.v}];
            for (auto& r : expected_.routes())
                if (r.from == name)
                    for (auto& a : expected_.arrivals(r, s.key, s.x))
                        topics_[a.at].allowed.insert(of(a));
        }
    }
    std::set<std::int64_t> buried(const std::string& name) {
        std::set<std::int64_t> all;
        for (auto& m : broker_->dump(name)) {
            value x{-1, 0, 0};
            if (m.value.size() == 24) weir::codec<value>::decode(m.value, x);
            all.insert(x.n);
        }
        return all;
    }
    void look() {
        for (auto& m : members_)
            if (m.app_runs && !driver_->running(m.app())) ended(m);
        for (auto& t : all_) read(t);
        for (auto& [at, seen] : diary_.seen) {
            auto& t = topics_[at];
            for (auto i = t.messages.size(); i < seen.size(); ++i) {
                t.messages.push_back({0, weir::offset(i), {}, seen[i].x, false});
                ++t.count[of(seen[i])];
            }
        }
        for (auto& t : expected_.written()) nothing_unexpected(t);
        for (auto& [at, seen] : diary_.seen) nothing_unexpected(at);
        for (auto& t : expected_.read())
            for (int p = 0; p < broker_->partitions(t).value_or(0); ++p) look_at_commits(t, p);
        for (auto& k : diary_.holds) {
            if (!k.open || k.assignment == 0 || k.by->assignment(k.tp) != k.assignment) continue;
            if (broker_->committed("m", k.tp).value_or(0) > k.at)
                wrong(k.tp.topic + "[" + std::to_string(k.tp.partition) + "]@" +
                      std::to_string(k.at) + " is committed, and held by a body");
        }
        for (auto& m : members_)
            for (auto& p : m.app().partitions())
                if (p.held > std::size_t(of_.open_max))
                    wrong(std::to_string(p.held) + " messages of " + p.topic + " are held");
    }
    void nothing_unexpected(const std::string& at) {
        auto& t = topics_[at];
        for (auto& [c, n] : t.count)
            if (!t.allowed.contains(c)) return wrong("unexpected in " + words(at, c));
    }
    void look_at_commits(const std::string& topic, int p) {
        auto& t = topics_[topic];
        const auto commits = broker_->commits("m", {topic, p});
        for (auto& i = t.commits[p]; i < commits.size(); ++i)
            if (i > 0 && commits[i] <= commits[i - 1])
                wrong(topic + ": a commit of " + std::to_string(commits[i]) + " after one of " +
                      std::to_string(commits[i - 1]));
        const auto committed = broker_->committed("m", {topic, p}).value_or(0);
        auto& i = t.committed[p];  // of all the topic's messages, up to the first not committed
        std::size_t at = 0;
        for (auto& m : t.messages) {
            if (m.partition != p || at++ < i) continue;
            if (m.at >= committed) break;
            ++i;
            for (auto& r : expected_.routes())
                if (r.from == topic && !m.bad) has_arrived(r, m);
        }
    }
    void has_arrived(const route& r, const stored& m) {
        for (auto& a : expected_.arrivals(r, m.key, m.x)) {
            if (topics_[a.at].count.contains(of(a))) continue;
            auto& policy = of_.agents[std::size_t(r.agent)].on_error;
            if (expected_.may_be_given_up(r, m.x.n)) {
                if (policy.then == last::skip) continue;
                if (buried(graveyard(r.agent)).contains(m.x.n)) continue;
            }
            // Acknowledged by hand, and then thrown: told, and not tried again.
            if (!r.acts.empty() && r.acts.back().what == op::each_event && r.acts.back().n > 1 &&
                expected_.throws(r, m.x.n))
                continue;
            if (failed_sends_.contains(a.at)) {
                if (of_.on_produce.then == last::skip) continue;
                if (of_.on_produce.then == last::dead_letter && buried(unsent).contains(m.x.n))
                    continue;
            }
            wrong(r.from + "[" + std::to_string(m.partition) + "]@" + std::to_string(m.at) +
                  " is committed, but there is no " + words(a.at, of(a)));
        }
    }
    bool all_committed(bool must) {
        for (auto& name : expected_.read()) {
            std::map<int, weir::offset> end;
            for (auto& m : topics_[name].messages) end[m.partition] = m.at + 1;
            for (auto& [p, offset] : end) {
                const auto is = broker_->committed("m", {name, p}).value_or(0);
                if (is == offset) continue;
                if (must) {
                    std::string why;
                    for (auto& m : members_)
                        if (const auto b = m.app().explain(name, p))
                            why = ": " + b->op + ": " + b->why;
                    wrong(name + "[" + std::to_string(p) + "] is committed to " +
                          std::to_string(is) + " of " + std::to_string(offset) + why);
                }
                return false;
            }
        }
        return true;
    }

    // --------------------------------------------------------------------------------- the end
    void finish() {
        for (auto& m : members_)
            for (auto& p : m.app().partitions())
                if (p.held > 0 && m.app_runs)  // else what it held when it was stopped
                    return wrong(p.topic + "[" + std::to_string(p.partition) +
                                 "]: " + std::to_string(p.held) + " are held, and nothing goes on");
        for (auto& r : expected_.routes()) {
            if (of_.calm) nothing_twice(r);
            in_order(r);
        }
        if (of_.on_decode.then == last::dead_letter && bad_ > 0 && buried(undecoded).empty())
            wrong("what does not decode is not in " + std::string{undecoded});
        if (of_.exact) exactly();
        else if (of_.calm && !started_again_) sums();  // a run begins without state
    }
    void nothing_twice(const route& r) {
        for (auto& m : topics_[r.from].messages) {
            if (m.bad || expected_.throws(r, m.x.n)) continue;
            for (auto& a : expected_.arrivals(r, m.key, m.x))
                if (topics_[a.at].count[of(a)] > 1) return wrong("twice: " + words(a.at, of(a)));
        }
    }
    /// What comes of a partition's messages arrives in their order; where it may come more than
    /// once, that is the order in which each came first.
    void in_order(const route& r) {
        bool by_key = false;
        if (!r.keeps_order(by_key)) return;
        // A batch with something of ours in it is worked off whole, though what was before it went.
        if (r.has(op::take) && gone_) return;
        std::map<std::pair<int, std::string>, std::map<std::string, std::vector<content>>> lanes;
        std::set<std::pair<std::string, content>> met;
        for (auto& m : topics_[r.from].messages) {
            if (m.bad || expected_.throws(r, m.x.n)) continue;
            // Without a key, what is sent again may be in another partition.
            if (!of_.calm && m.key == no_key && !r.from.starts_with("in")) continue;
            for (auto& a : expected_.arrivals(r, m.key, m.x))
                if (met.emplace(a.at, of(a)).second && !failed_sends_.contains(a.at))
                    lanes[{m.partition, by_key ? m.key : ""}][a.at].push_back(of(a));
        }
        for (auto& [lane, ends] : lanes)
            for (auto& [at, expected] : ends) {
                std::map<content, std::size_t> first;
                auto& there = topics_[at].messages;
                for (std::size_t i = 0; i < there.size(); ++i)
                    first.try_emplace({there[i].key, there[i].x.n, there[i].x.v}, i);
                std::size_t before = 0;
                for (auto& c : expected) {
                    const auto it = first.find(c);
                    if (it == first.end()) continue;
                    if (it->second < before) return wrong("out of order: " + words(at, c));
                    before = it->second;
                }
            }
    }
    /// Where nothing repeats, one run does it all and each partition's order is kept, the sums are
    /// known, whatever the order between partitions: `scan` and `enumerate` have a state for each.
    void sums() {
        using summed = std::tuple<content, std::uint64_t>;
        std::map<std::string, std::multiset<summed>> want;
        std::set<std::string> unknown;
        for (auto& r : expected_.routes()) {
            bool by_key = false;
            const bool known = r.keeps_order(by_key) && !by_key && !r.has(op::coroutine);
            std::vector<arrival> in;
            for (auto& m : topics_[r.from].messages)
                if (!m.bad) in.push_back({r.from, m.key, m.x, m.partition});
            for (auto& [at, some] : expected_.run(r, in)) {
                if (!known) unknown.insert(at);
                for (auto& a : some) want[at].emplace(of(a), a.x.c);
            }
        }
        for (auto& [at, expected] : want) {
            if (unknown.contains(at)) continue;
            std::multiset<summed> there;
            for (auto& m : topics_[at].messages) there.emplace(content{m.key, m.x.n, m.x.v}, m.x.c);
            for (auto& [c, sum] : there)
                if (!expected.contains({c, sum}))
                    return wrong(words(at, c) + ": a sum of " + std::to_string(sum) +
                                 " is not what its partition's messages make");
            if (there.size() != expected.size())
                return wrong(at + ": " + std::to_string(there.size()) + " values, not " +
                             std::to_string(expected.size()));
        }
    }
    void exactly() {
        std::vector<arrival> in;
        for (std::size_t i = 0; i < of_.partitions.size(); ++i)
            for (auto& m : topics_[source(int(i))].messages)
                if (!m.bad) in.push_back({source(int(i)), m.key, m.x});
        auto all = expected_.run(in);
        auto ends = expected_.written();
        for (auto& [at, seen] : diary_.seen) ends.insert(at);
        for (auto& [at, some] : all) ends.insert(at);
        for (auto& at : ends) {
            auto there = topics_[at].messages;
            auto& want = all[at];
            for (auto& r : expected_.routes()) {
                // A coroutine that has begun with a message that then fails sees it again, or not.
                if (r.acts.empty() || r.acts.back().what != op::coroutine ||
                    at != body(r.acts.back().id))
                    continue;
                std::erase_if(there, [&](auto& m) { return expected_.throws(r, m.x.n); });
                std::erase_if(want, [&](auto& a) { return expected_.throws(r, a.x.n); });
            }
            for (std::size_t i = 0; i < std::max(there.size(), want.size()); ++i) {
                if (i >= there.size()) return wrong("missing: " + words(at, of(want[i])));
                const content is{there[i].key, there[i].x.n, there[i].x.v};
                if (i >= want.size()) return wrong("too much: " + words(at, is));
                if (is != of(want[i]))
                    return wrong(words(at, is) + ", not " + words(at, of(want[i])));
                if (there[i].x.c != want[i].x.c)
                    return wrong(words(at, is) + ": the sum is " + std::to_string(there[i].x.c) +
                                 ", not " + std::to_string(want[i].x.c));
            }
        }
    }

    const scenario& of_;
    interpreter expected_;
    std::shared_ptr<weir::transport::memory_broker> broker_ =
        weir::transport::memory_broker::named("model");
    diary diary_;
    std::deque<member> members_;
    std::unique_ptr<weir::testing::test_driver> driver_;
    std::set<std::string> all_;  // topics
    std::map<std::string, topic_state> topics_;
    std::map<std::string, int> failed_sends_;
    std::int64_t next_ = 0;
    int bad_ = 0;
    bool commits_fail_ = false;
    bool started_again_ = false;  // after the last step, since not all was committed
    bool gone_ = overdue(of_);    // a partition, before what was in work of it had ended
};

}  // namespace

std::string play(const scenario& s) {
    try {
        return world{s}.play();
    } catch (const std::exception& e) { return std::string{"thrown: "} + e.what(); }
}

}  // namespace model
