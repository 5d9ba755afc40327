// SPDX-License-Identifier: Apache-2.0
// Values go through lists of operators, one after the other. There is no time in here and no
// buffer; a partition is what `scan` and `enumerate` remember something for.
#include "interpreter.hpp"

#include <algorithm>

namespace model {
namespace {

bool ends_in_topic(op what) {
    return what == op::group_by || what == op::group_by_await || what == op::through;
}
bool is_body(op what) {
    return what == op::each || what == op::each_event || what == op::by_hand ||
           what == op::each_batch || what == op::coroutine;
}

/// What `scan` and `enumerate` remember.
struct memory {
    std::map<int, std::uint64_t> of;
};
using failures = std::map<std::tuple<int, std::int64_t, std::uint64_t>, int>;

/// One value on its way through a list of operators. Values of `flat_map` go on one by one.
struct walk {
    int agent;
    const std::vector<act>& acts;
    std::size_t to;               // the first operator that is not walked through
    memory* remembers = nullptr;  // null: sums are left aside
    failures* throws = nullptr;   // null: nothing throws
    int partition = 0;
    std::vector<arrival> sent{};  // to topics
    std::vector<arrival> seen{};  // by bodies
    std::vector<arrival> out{};   // what is left at the end

    /// False: a body has thrown.
    bool go(std::size_t i, const std::string& key, value x) {
        for (; i < to; ++i) {
            auto& a = acts[i];
            if (throws) {
                const auto f = throws->find({a.id, x.n, x.v});
                if (f != throws->end() && f->second > 0) {
                    --f->second;
                    return false;
                }
            }
            switch (a.what) {
                case op::map: x.v = mapped(x); break;
                case op::filter:
                    if (!keeps(a, x)) return true;
                    break;
                case op::flat_map: {
                    bool all = true;
                    for (unsigned n = 0; all && n < pieces(a, x); ++n) {
                        auto part = x;
                        part.v = piece(x, n);
                        all = go(i + 1, key, part);
                    }
                    return all;
                }
                case op::scan:
                    if (remembers) x.c = remembers->of[a.id] += x.c + 1;
                    break;
                case op::enumerate:
                    if (remembers) x.c += remembers->of[a.id]++;
                    break;
                case op::items:
                case op::events: x.v = with_key(x.v, key); break;
                case op::process:
                    x.v = processed(x);
                    if (drops(a, x.v)) return true;
                    break;
                case op::await: x.v = awaited(x); break;
                case op::group_by:
                case op::group_by_await:
                    sent.push_back({topic_of(agent, a), new_key(a, x), x});
                    return true;
                case op::through: return sent.push_back({topic_of(agent, a), key, x}), true;
                case op::echo:
                case op::to: sent.push_back({topic_of(agent, a), key, x}); break;
                case op::to_chosen:
                    sent.push_back({topic_of(agent, a) + (x.v % 2 ? "-odd" : "-even"), key, x});
                    break;
                case op::send: seen.push_back({topic_of(agent, a), "k0", x}); break;  // at once
                default:
                    if (is_body(a.what)) seen.push_back({body(a.id), {}, x});
            }
        }
        out.push_back({{}, key, x, partition});
        return true;
    }
};

}  // namespace

std::string body(int id) { return "body " + std::to_string(id); }

bool route::has(op what) const {
    return std::any_of(acts.begin(), acts.end(), [&](const act& a) { return a.what == what; });
}
bool route::keeps_order(bool& by_key) const {
    by_key = false;
    for (auto& a : acts) {
        if (a.what != op::await && a.what != op::group_by_await) continue;
        if (a.ms == 2) return false;
        if (a.ms == 1) by_key = true;
    }
    return true;
}

interpreter::interpreter(const scenario& s) : of_(s) {
    for (std::size_t n = 0; n < s.agents.size(); ++n) {
        auto& a = s.agents[n];
        for (auto& b : a.from) {
            std::vector<act> all;
            const auto add = [&](const block& x) {
                all.insert(all.end(), x.acts.begin(), x.acts.end());
            };
            std::for_each(b.blocks.begin(), b.blocks.end(), add);
            std::for_each(a.trunk.begin(), a.trunk.end(), add);
            add(a.end);
            route r{int(n), source(b.topic)};
            const auto finish = [&](std::string next) {
                const auto same = [&](const route& x) {
                    return x.agent == r.agent && x.from == r.from;
                };
                read_.insert(r.from);
                if (std::none_of(routes_.begin(), routes_.end(), same)) routes_.push_back(r);
                r = {int(n), std::move(next)};
            };
            for (std::size_t i = 0; i < all.size(); ++i) {
                auto& x = all[i];
                r.acts.push_back(x);
                const auto topic = topic_of(int(n), x);
                if (x.what == op::to_chosen) {
                    written_.insert(topic + "-odd");
                    written_.insert(topic + "-even");
                } else if (ends_in_topic(x.what) || x.what == op::echo || x.what == op::to ||
                           x.what == op::send)
                    written_.insert(topic);
                if (ends_in_topic(x.what) && i + 1 < all.size()) finish(topic);
            }
            finish({});
        }
    }
}

std::vector<arrival> interpreter::arrivals(const route& r, const std::string& key,
                                           const value& x) const {
    walk w{r.agent, r.acts, r.acts.size()};
    w.go(0, key, x);
    w.sent.insert(w.sent.end(), w.seen.begin(), w.seen.end());
    return w.sent;
}

bool interpreter::throws(const route& r, std::int64_t n) const {
    bool batch = false;
    for (auto& a : r.acts) {
        batch |= a.what == op::take;  // who fails in a batch fails with all of it
        for (auto& f : of_.failures)
            if (f.id == a.id && (f.n == n || batch)) return true;
    }
    return false;
}
bool interpreter::may_be_given_up(const route& r, std::int64_t n) const {
    auto& p = of_.agents[std::size_t(r.agent)].on_error;
    return p.then != last::stop && throws(r, n);
}

std::map<std::string, std::vector<arrival>> interpreter::run(const std::vector<arrival>& in) const {
    arrived all, waiting;
    for (auto& x : in) waiting[x.at].push_back(x);
    for (auto& r : routes_)
        for (auto& [at, some] : run(r, waiting[r.from])) {
            all[at].insert(all[at].end(), some.begin(), some.end());
            waiting[at].insert(waiting[at].end(), some.begin(), some.end());
        }
    return all;
}

/// Stage by stage: what one has made of all its values is what the next one begins with. A stage
/// ends where a value stands on its own again: in a topic, behind `take`, behind an awaited call.
interpreter::arrived interpreter::run(const route& r, std::vector<arrival> values) const {
    arrived all;
    auto& policy = of_.agents[std::size_t(r.agent)].on_error;
    std::map<int, memory> states;  // by partition
    failures throws;
    // How often a value has thrown is counted when it is met first.
    const auto meet = [&](std::vector<arrival>& these, std::size_t from, std::size_t to,
                          auto&& done) {
        for (auto& x : these) {
            auto& state = states[x.partition];
            for (int attempt = 0; attempt <= policy.retries; ++attempt) {
                auto before = state;
                walk w{r.agent, r.acts, to, &state, &throws, x.partition};
                const bool ok = w.go(from, x.key, x.x);
                for (auto& s : w.seen) all[s.at].push_back(s);
                if (ok) {
                    done(w);
                    break;
                }
                state = before;
            }
        }
    };
    // Every value that a body meets: the failures of its message, as its own.
    const auto expect = [&](std::size_t from, std::size_t to, const value& x,
                            const std::string& key) {
        for (auto i = from; i < to; ++i) {
            walk w{r.agent, r.acts, i};
            w.go(from, key, x);
            for (auto& f : of_.failures)
                if (f.id == r.acts[i].id && f.n == x.n)
                    for (auto& o : w.out) {
                        auto& times = throws[{f.id, o.x.n, o.x.v}];
                        times = std::max(times, f.times);
                    }
        }
    };
    std::size_t from = 0;
    for (std::size_t i = 0; i <= r.acts.size(); ++i) {
        const bool call = i < r.acts.size() &&
                          (r.acts[i].what == op::await || r.acts[i].what == op::group_by_await);
        const bool end = i == r.acts.size();
        if (!call && !end && r.acts[i].what != op::take) continue;
        std::vector<arrival> next;
        const auto send = [&](walk& w) {
            for (auto& s : w.sent) all[s.at].push_back(s);
            next.insert(next.end(), w.out.begin(), w.out.end());
        };
        for (auto& x : values) expect(from, i, x.x, x.key);
        meet(values, from, i, send);
        values = std::move(next);
        next = {};
        from = i;
        if (!call) continue;
        for (auto& x : values) expect(i, i + 1, x.x, x.key);
        meet(values, i, i + 1, send);
        values = std::move(next);
        from = i + 1;
    }
    return all;
}

}  // namespace model
