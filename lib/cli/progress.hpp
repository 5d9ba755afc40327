// SPDX-License-Identifier: Apache-2.0
// How far a run is, for whoever looks at standard error.
#pragma once
#include <cstddef>

#include <weir/clock.hpp>

namespace weir::detail {

class engine;

/// On a terminal one line that is written over and over; it is wiped away before anything else is
/// printed there. Elsewhere a line of the log every `log_interval` in which messages were read.
/// Used on the loop's thread.
class progress {
public:
    static constexpr auto line_interval = std::chrono::milliseconds{500};
    static constexpr auto log_interval = std::chrono::seconds{10};

    explicit progress(engine&);
    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;
    /// Leaves the last state behind, on a terminal that has nothing else.
    ~progress();

    /// The loop goes round.
    void turn();
    /// It is about to wait.
    void rest();

private:
    duration interval() const;
    bool due() const;
    void show();
    void wipe();

    engine& of_;
    const bool terminal_;  // standard error is one
    const bool shared_;    // and standard output too: bodies print there
    bool shown_ = false;   // the line stands there now
    time_point next_, last_;
    std::size_t last_read_ = 0;
    double rate_ = 0;
};

}  // namespace weir::detail
