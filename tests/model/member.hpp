// SPDX-License-Identifier: Apache-2.0
// An app of the group, and what its bodies and hooks have told.
#pragma once
#include <weir/weir.hpp>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "blocks.hpp"
#include "interpreter.hpp"

namespace model {

class member;

/// A hold that a body has kept.
struct kept {
    member* by;
    int agent;
    std::int64_t n;
    weir::topic_partition tp;
    weir::offset at;
    int assignment;  // of the place, counted by the member
    bool by_hand;
    bool open = true;  // no commit may pass it
    weir::hold hold;
};

/// What all members share: the scenario, what bodies have seen, what is kept.
struct diary {
    const scenario& of;
    bool healed = false;
    std::map<std::tuple<int, std::int64_t, std::uint64_t>, int> to_throw{};
    std::set<int> of_batches{};  // operators behind a take
    std::vector<kept> holds{};
    std::map<std::string, std::vector<arrival>> seen{};  // by bodies
    std::string wrong{};                                 // the first that was

    /// A commit may pass the message, as far as the agent's holds go: one was acknowledged by hand.
    void acked(const member* by, int agent, const weir::topic_partition& tp, weir::offset at) {
        for (auto& k : holds)
            if (k.by == by && k.agent == agent && k.tp == tp && k.at == at) k.open = false;
    }
    void say(const std::string& what) {
        if (wrong.empty()) wrong = what;
    }
};

/// Life: from its joining to the scenario's end; its app may stop, die and start again in it.
/// Owner: the world. An assignment's number is told by the hooks.
class member final : public weir::hooks {
public:
    member(diary&, std::size_t number);
    weir::app& app() { return app_; }
    /// Assignments end with the run.
    void run_ended();
    /// The number of the assignment that it has, 0 if it has none.
    int assignment(const weir::topic_partition& p) const;
    std::size_t number() const { return number_; }
    bool app_runs = true;

    void assigned(const weir::topic_partition& p) override { assignments_[p] = ++count_; }
    void revoked(const weir::topic_partition& p, bool) override { assignments_.erase(p); }
    void log(std::string_view line) override;
    void committed(const weir::topic_partition& p, weir::offset) override {
        if (!assignments_.contains(p)) diary_.say("committed " + p.topic + ", which is not ours");
    }

private:
    class body_watch;
    plain pipeline(const agent&, sites*);
    void add_agent(int number);

    diary& diary_;
    std::size_t number_;
    weir::app app_;
    std::vector<std::unique_ptr<watcher>> watchers_;
    std::map<weir::topic_partition, int> assignments_;
    int count_ = 0;
};

}  // namespace model
