// SPDX-License-Identifier: Apache-2.0
// What a run says of itself in the log: how far it is, that nothing feeds it, that it stops.
#pragma once
#include <string>

#include <weir/clock.hpp>

namespace weir::detail {

class engine;
class stop_on_signals;

/// Used on the loop's thread, for one run: `turn` and `rest` while it goes on, `end` when it is
/// over.
class notices {
public:
    /// `stats`: the time between two lines of counters, as on the command line; empty: none. Throws
    /// setup_error if there is none between them.
    notices(engine&, const std::string& stats, const stop_on_signals&);
    notices(const notices&) = delete;
    notices& operator=(const notices&) = delete;

    /// The loop goes round.
    void turn();
    /// It is about to wait. `fed`: an input may bring something.
    void rest(bool fed);
    void end() const;
    /// When it has something to say, whatever happens.
    time_point due() const { return next_stats_; }

private:
    bool can_get_messages(bool fed) const;

    engine& of_;
    const stop_on_signals& signals_;
    duration stats_{};
    time_point next_stats_ = time_point::max();
    bool told_stop_ = false;
    bool told_hint_ = false;
};

}  // namespace weir::detail
