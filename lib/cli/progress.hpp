// SPDX-License-Identifier: Apache-2.0
// Shows how far a run is, on standard error.
#pragma once
#include <cstddef>
#include <string>

#include <weir/clock.hpp>

namespace weir::detail {

class engine;

/// On a terminal it is one line that is written again and again, and removed before anything else
/// is printed. Elsewhere it is a line of the log every `log_interval`, if messages were read since
/// the last one. While tables are restored the terminal's line says how far they are; the log's are
/// the conductor's. Used on the loop's thread.
class progress {
public:
    static constexpr auto line_interval = std::chrono::milliseconds{500};
    static constexpr auto log_interval = std::chrono::seconds{10};

    explicit progress(engine&);
    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;
    /// Leaves the last line on a terminal that shows nothing else.
    ~progress();

    /// Called in every turn of the loop.
    void turn();
    /// Called before the loop waits.
    void rest();

private:
    std::string restoring() const;
    duration interval() const;
    bool due() const;
    void show();
    void wipe();

    engine& of_;
    const bool terminal_;  // standard error is a terminal
    const bool shared_;    // standard output is, too: bodies print there
    bool shown_ = false;   // the line is on the terminal now
    time_point next_, last_;
    std::size_t last_read_ = 0;
    double rate_ = 0;
};

}  // namespace weir::detail
