// SPDX-License-Identifier: Apache-2.0
#include "explain.hpp"

#include <fmt/core.h>

#include <weir/error.hpp>

#include "../app/engine.hpp"
#include "commands.hpp"

namespace weir::detail {

std::string explanation::wrong() const {
    const auto n = of_.topics().at(asked_.topic).partitions;
    if (asked_.partition >= 0 && asked_.partition < n) return {};
    return fmt::format(
        "weir: explain {} {}: there is no partition {}: {}", asked_.topic, asked_.partition,
        asked_.partition,
        n == 1 ? "the topic has one, 0" : fmt::format("the topic has {}, 0 to {}", n, n - 1));
}

void explanation::look() {
    if (answered_) return;
    const auto b = of_.explain(asked_);
    if (!b) return;
    std::string text;
    if (b->offset >= 0) text += fmt::format("@{}", b->offset);
    if (!b->agent.empty()) text += fmt::format(" in agent '{}'", b->agent);
    if (!b->op.empty()) text += ", " + b->op;
    text += ": " + b->why;
    const duration age = of_.time().wall() - b->since;
    // a state that concerns no message has no beginning
    if (b->offset >= 0 && age > duration::zero()) text += ", for " + text_of(age);
    answer(text);
}

void explanation::end() {
    if (answered_) return;
    for (auto& p : of_.status()) {
        if (p.topic != asked_.topic || p.partition != asked_.partition) continue;
        const auto committed = p.committed.value_or(0);
        if (committed < p.read)
            return answer(
                fmt::format(": the run has ended: read {}, committed {}", p.read, committed));
        if (p.committed) return answer(fmt::format(": nothing holds it: committed {}", committed));
    }
    answer(": nothing holds it: nothing has been read");
}

void explanation::answer(const std::string& text) {
    answered_ = true;
    fmt::print("{}[{}]{}\n", asked_.topic, asked_.partition, text);
}

/// A program that has just started knows nothing of another one that runs. So it processes its own
/// input and explains its own commits.
int explain(engine& e, const arguments& a) {
    known_topic(e, "explain " + a.topic, a.topic);
    auto its = a;
    its.explains = true;
    if (its.until_idle.empty()) its.until_idle = "1s";
    if (!a.broker.empty()) e.options().broker = a.broker;
    if (!e.embedded())
        throw setup_error{
            "weir: explain: only the program that runs knows what holds its commits back: call "
            "app.explain in it, or start it with --stats 10s. How far the group is behind says "
            "kafka-consumer-groups.sh --describe --group " +
            e.id()};
    return run(e, its);
}

}  // namespace weir::detail
