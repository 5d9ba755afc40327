// SPDX-License-Identifier: Apache-2.0
#include "notices.hpp"

#include <fmt/core.h>

#include <weir/error.hpp>

#include "../app/engine.hpp"
#include "commands.hpp"
#include "signals.hpp"

namespace weir::detail {
namespace {

// The last line of a run names so many partitions. Further ones are only counted.
constexpr std::size_t partitions_named = 20;

}  // namespace

notices::notices(engine& e, const std::string& stats, const stop_on_signals& signals)
    : of_(e), signals_(signals) {
    if (stats.empty()) return;
    stats_ = parse_duration(stats);
    if (stats_ == duration::zero())
        throw setup_error{"weir: --stats " + stats +
                          ": the time must be longer than zero: write 10s, for example"};
    next_stats_ = later(of_.time().steady(), stats_);
}

void notices::turn() {
    if (of_.time().steady() >= next_stats_) {
        next_stats_ = later(of_.time().steady(), stats_);
        of_.report().log(of_.counters().text());
    }
    if (told_stop_ || signals_.came() == 0) return;
    told_stop_ = true;
    std::size_t held = 0;
    for (auto& p : of_.status()) held += p.held;
    of_.report().log(
        fmt::format("{}: finishing {} message{}; a second signal ends the program at once",
                    signals_.came() == SIGINT ? "SIGINT" : "SIGTERM", held, held == 1 ? "" : "s"));
}

bool notices::can_get_messages(bool fed) const {
    const auto& counts = of_.report().counts();
    const bool elsewhere = of_.options().broker != "memory://";
    // A table's changelog is written to before anything comes.
    const bool has_sent_some = counts.sent > 0 && of_.tables().drawn().empty();
    const bool has_got_some = counts.messages > 0 || has_sent_some;
    return fed || elsewhere || has_got_some || of_.has_own_sources();
}

/// Says that no messages can come, since nothing feeds the embedded broker.
void notices::rest(bool fed) {
    if (std::exchange(told_hint_, true) || of_.known_topics().empty() || can_get_messages(fed))
        return;
    of_.report().log(
        "nothing feeds memory://, a broker inside this process: give --input TOPIC=FILE, or "
        "Kafka's address with --broker kafka://host:port");
}

void notices::end() const {
    if (!told_stop_) return;
    std::string text;
    std::size_t n = 0;
    for (auto& p : of_.status()) {
        const auto left = p.lag.value_or(static_cast<offset>(p.held));
        const bool has_news = p.committed || left > 0;
        if (!has_news || ++n > partitions_named) continue;
        text += fmt::format("{}{}[{}] {}", n == 1 ? "" : ", ", p.topic, p.partition,
                            p.committed ? std::to_string(*p.committed) : "nothing new");
        if (left > 0) text += fmt::format(" ({} left)", left);
    }
    if (n == 0) text = "nothing new";
    if (n > partitions_named) text += fmt::format(", and {} more partitions", n - partitions_named);
    of_.report().log("stopped, committed: " + text);
}

}  // namespace weir::detail
