// SPDX-License-Identifier: Apache-2.0
// What a run logs about itself: counters, that nothing feeds it, that it stops.
#pragma once
#include <string>

#include <weir/clock.hpp>

namespace weir::detail {

class engine;
class stop_on_signals;

/// Used on the loop's thread, for one run: `turn` and `rest` during the run, `end` after it.
class notices {
public:
    /// `stats`: the time between two lines of counters, as on the command line; empty for none.
    /// Throws setup_error if it is zero.
    notices(engine&, const std::string& stats, const stop_on_signals&);
    notices(const notices&) = delete;
    notices& operator=(const notices&) = delete;

    /// Called in every turn of the loop.
    void turn();
    /// Called before the loop waits. `fed`: there is an input.
    void rest(bool fed);
    void end() const;
    /// When the next line of counters is due.
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
