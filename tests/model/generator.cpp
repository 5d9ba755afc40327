// SPDX-License-Identifier: Apache-2.0
// A seed becomes a scenario. Small ones: a handful of messages and of steps finds most faults, and
// many of them are run.
#include <algorithm>

#include "shapes.hpp"

namespace model {
namespace {

class generator {
public:
    explicit generator(std::uint64_t seed) : dice_(seed) { made_.seed = seed; }

    scenario make() {
        const int kind = dice_.below(4);  // a quarter exact, a quarter calm, the rest stormy
        made_.exact = kind == 0;
        made_.calm = kind <= 1;
        const int topics = dice_.one_in(4) && !made_.exact ? 2 : 1;
        for (int i = 0; i < topics; ++i)
            made_.partitions.push_back(made_.exact ? 1 : dice_.between(1, 4));
        made_.batch = dice_.one_in(3) ? 4096 : dice_.between(1, 4);
        made_.commit_every = dice_.one_in(3) ? dice_.between(1, 3) : 0;
        for (int n = dice_.one_in(4) ? 2 : 1; n > 0; --n) made_.agents.push_back(agent_());
        if (made_.seed % 8 == 4) companions();
        made_.open_max = held_ > 0 || dice_.one_in(2) ? held_ + 20 : dice_.between(1, 4);
        policies();
        steps();
        failures();
        several_sends();
        return std::move(made_);
    }

private:
    act make(op what) {
        act a{what, ++ids_};
        if (what == op::take) {
            a.n = dice_.between(1, 4);
            held_ += a.n;
            a.ms = timed_ || dice_.below(4) ? 100 * dice_.between(1, 10) : 0;
        }
        if (what == op::await || what == op::group_by_await) {
            a.n = dice_.between(1, 3);
            held_ += a.n;
            a.ms = made_.exact ? 0 : dice_.below(3);
        }
        if (what == op::each_event) a.n = dice_.below(4);
        if (what == op::tap) a.n = dice_.one_in(3);
        return a;
    }
    block make(int shape, const std::vector<op>& of) {
        block b{shape, {}};
        for (auto what : of) b.acts.push_back(make(what));
        return b;
    }
    static bool by_hand(const std::vector<op>& of) {
        return !of.empty() && of.back() == op::by_hand;
    }
    block some_block() {
        const int i = dice_.below(int(blocks().size()));
        return make(i, blocks()[std::size_t(i)]);
    }
    agent agent_() {
        agent a;
        const int end = dice_.below(int(ends().size()));
        // Batches that nothing but a stop completes: not where everything is to come by itself.
        timed_ = made_.exact || by_hand(ends()[std::size_t(end)]);
        const int topics = int(made_.partitions.size());
        const int first = dice_.below(topics);
        a.from.push_back({first, {}});
        if (topics == 2 && !dice_.one_in(3)) a.from.push_back({1 - first, {}});
        for (auto& b : a.from)
            if (a.from.size() > 1 && dice_.one_in(2)) b.blocks.push_back(some_block());
        const int more[] = {0, 0, 1, 1, 1, 2};
        for (int n = more[dice_.below(6)]; n > 0; --n) a.trunk.push_back(some_block());
        a.end = make(end, ends()[std::size_t(end)]);
        return a;
    }

    /// More agents of the first one's topic, each at its own pace, and few messages that may lie
    /// between them.
    void companions() {
        const int topic = made_.agents.front().from.front().topic;
        for (int n = dice_.between(1, 2); n > 0; --n) {
            auto more = agent_();
            more.from.front().topic = topic;
            if (more.from.size() > 1) more.from.back().topic = 1 - topic;
            made_.agents.push_back(std::move(more));
        }
        made_.batch = dice_.between(1, 8);
    }

    policy some(bool may_stop) {
        policy p{dice_.one_in(2) ? 0 : dice_.between(1, 3), last::skip};
        const int i = dice_.below(4);
        p.then = i == 0 ? last::dead_letter : i == 1 && may_stop ? last::stop : last::skip;
        return p;
    }
    void policies() {
        for (auto& a : made_.agents) a.on_error = some(!made_.calm);
        made_.on_decode = some(false);
        made_.on_produce = some(true);
    }

    void send() {
        const int topic = dice_.below(int(made_.partitions.size()));
        const int count = dice_.between(1, 4);
        const int partition = dice_.below(made_.partitions[std::size_t(topic)]);
        made_.steps.push_back({deed::send, topic, partition, count});
        messages_ += count;
    }
    void step_() {
        auto& all = made_.steps;
        const int topic = dice_.below(9), partition = dice_.below(4);
        switch (dice_.below(made_.calm ? 9 : 17)) {
            case 0:
            case 1: return send();
            case 2: all.push_back({deed::run}); return;
            case 3: all.push_back({deed::advance, 10 * dice_.between(1, 20)}); return;
            case 4: all.push_back({deed::advance, 1000 * dice_.between(1, 4)}); return;
            case 5: all.push_back({deed::commit}); return;
            case 6:
            case 7: all.push_back({deed::release, dice_.below(100), dice_.below(4)}); return;
            case 8:
                if (dice_.one_in(2)) {
                    const int times = dice_.between(1, 2);
                    all.push_back({deed::fail_commit, times, made_.calm ? 0 : dice_.below(4)});
                } else {
                    all.push_back({deed::bad, 0, dice_.below(made_.partitions[0])});
                }
                return;
            case 9:
            case 10: all.push_back({deed::revoke, topic, partition}); return;
            case 11: all.push_back({deed::assign, topic, partition}); return;
            case 12: all.push_back({deed::lose, topic, partition}); return;
            case 13: all.push_back({deed::fail_send, topic, dice_.between(1, 2)}); return;
            case 14: all.push_back({deed::restart, dice_.below(3)}); return;
            case 15:
                all.push_back({dice_.one_in(2) ? deed::kill : deed::stop, dice_.below(3)});
                return;
            default: all.push_back({deed::join}); return;
        }
    }
    void steps() {
        send();
        for (int n = dice_.between(1, 7); n > 0; --n) step_();
    }

    bool throws(op what) const {
        switch (what) {
            case op::enumerate:
            case op::items:
            case op::events:
            case op::take:
            case op::parts:
            case op::noack:
            case op::through:
            case op::echo:
            case op::to: return false;
            case op::coroutine: return !made_.exact;  // what it awaited before is not taken back
            default: return true;
        }
    }
    /// `batch`: its operators are given batches, or parts of one.
    void that_throw(const block& b, bool& batch, std::vector<int>& ids) const {
        for (auto& x : b.acts) {
            if (x.what == op::take) batch = true;
            if (x.what == op::await) batch = false;
            if (throws(x.what) && !(batch && made_.calm)) ids.push_back(x.id);
            if (x.what == op::group_by || x.what == op::group_by_await || x.what == op::through)
                batch = false;
        }
    }
    /// Bodies that may throw. In a calm scenario none that is given a batch, or part of one: which
    /// of them fail together depends on time.
    void failures() {
        if (dice_.one_in(2)) return;
        std::vector<int> ids;
        for (auto& a : made_.agents) {
            // Acknowledged by hand, and then thrown: told, and not tried again.
            auto& end = a.end.acts;
            if (made_.calm && !end.empty() && end.back().what == op::each_event && end.back().n > 1)
                continue;
            bool batch = false;
            for (auto& from : a.from) {
                bool here = false;
                for (auto& x : from.blocks) that_throw(x, here, ids);
                batch |= here;
            }
            for (auto& x : a.trunk) that_throw(x, batch, ids);
            that_throw(a.end, batch, ids);
        }
        if (ids.empty()) return;
        const int times[] = {1, 1, 2, 3, 9};
        for (int n = dice_.between(1, 4); n > 0; --n)
            made_.failures.push_back({ids[std::size_t(dice_.below(int(ids.size())))],
                                      dice_.below(messages_), times[dice_.below(5)]});
    }

    /// In some scenarios a message makes several, which go to two topics, and one of the sends
    /// fails. By dice of its own, so that what a seed made before stays.
    void several_sends() {
        dice extra{made_.seed ^ 0x5e4d};
        if (made_.calm || !extra.one_in(8)) return;
        const std::vector<op> sending{op::flat_map, op::to_chosen};
        const auto at = std::find(ends().begin(), ends().end(), sending);
        made_.agents.front().end = make(int(at - ends().begin()), *at);
        made_.on_produce = {extra.below(2), last::stop};
        made_.steps.insert(made_.steps.begin(), {deed::fail_send, extra.below(9), 1});
    }

    dice dice_;
    scenario made_;
    int ids_ = 0, held_ = 0, messages_ = 0;
    bool timed_ = false;
};

}  // namespace

scenario generate(std::uint64_t seed) { return generator{seed}.make(); }

}  // namespace model
