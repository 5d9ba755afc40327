// SPDX-License-Identifier: Apache-2.0
// A scenario in words.
#include "scenario.hpp"

namespace model {
namespace {

const char* const names[] = {"map",        "filter",    "flat_map", "scan",       "enumerate",
                             "items",      "events",    "tap",      "process",    "await",
                             "take",       "parts",     "noack",    "group_by",   "group_by_await",
                             "through",    "echo",      "each",     "each_event", "by_hand",
                             "each_batch", "coroutine", "to",       "to_chosen",  "send"};

const char* const deeds[] = {"send",        "bad",     "run",    "advance", "commit",
                             "release",     "revoke",  "assign", "lose",    "fail_send",
                             "fail_commit", "restart", "stop",   "kill",    "join"};

std::string words(const policy& p) {
    const char* const then[] = {"stop", "skip", "dead letter"};
    const auto end = std::string{then[int(p.then)]};
    return p.retries ? "retry " + std::to_string(p.retries) + ", then " + end : end;
}
std::string words(const block& b) {
    std::string all;
    for (auto& a : b.acts) {
        all += std::string{" | "} + name(a.what) + '#' + std::to_string(a.id);
        if (a.what == op::take)
            all += "(" + std::to_string(a.n) + (a.ms ? ", " + std::to_string(a.ms) + " ms)" : ")");
        if (a.what == op::await || a.what == op::group_by_await) {
            const char* const order[] = {"all", "key", "none"};
            all += "(" + std::to_string(a.n) + ", by " + order[a.ms] + ")";
        }
        const bool event = a.what == op::tap || a.what == op::each_event;
        const char* const with[] = {"", "(hold)", "(ack)", "(ack_on_exit)"};
        if (event) all += with[a.n];
    }
    return all;
}

}  // namespace

const char* name(op what) { return names[int(what)]; }

std::string topic_of(int agent, const act& a) {
    const auto id = std::to_string(a.id);
    switch (a.what) {
        case op::group_by:
        case op::group_by_await: return "m-a" + std::to_string(agent) + "-g" + id + "-repartition";
        case op::through: return "through" + id;
        case op::echo: return "echo" + id;
        default: return "out" + id;
    }
}

std::string words(const scenario& s) {
    std::string all = "seed " + std::to_string(s.seed) +
                      (s.exact  ? ", exact"
                       : s.calm ? ", calm"
                                : "") +
                      "\n  batches of " + std::to_string(s.batch) + ", open_max " +
                      std::to_string(s.open_max) + ", commit_every " +
                      std::to_string(s.commit_every) +
                      ", a send that fails: " + words(s.on_produce) +
                      ", what does not decode: " + words(s.on_decode) + "\n";
    for (std::size_t i = 0; i < s.partitions.size(); ++i)
        all += "  " + source(int(i)) + " has " + std::to_string(s.partitions[i]) + " partitions\n";
    for (std::size_t i = 0; i < s.agents.size(); ++i) {
        auto& a = s.agents[i];
        all += "  a" + std::to_string(i) + ":";
        for (auto& b : a.from) {
            all += (&b == &a.from.front() ? " (" : " & (") + source(b.topic);
            for (auto& x : b.blocks) all += words(x);
            all += ")";
        }
        for (auto& x : a.trunk) all += words(x);
        all += words(a.end) + ", on error " + words(a.on_error) + "\n";
    }
    for (auto& f : s.failures)
        all += "  #" + std::to_string(f.id) + " throws at message " + std::to_string(f.n) + ", " +
               std::to_string(f.times) + " times\n";
    for (auto& x : s.steps)
        all += std::string{"  "} + deeds[int(x.what)] + ' ' + std::to_string(x.a) + ' ' +
               std::to_string(x.b) + ' ' + std::to_string(x.c) + '\n';
    return all;
}

}  // namespace model
