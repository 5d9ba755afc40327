// SPDX-License-Identifier: Apache-2.0
// SIGINT and SIGTERM stop an app. A reader that has gone does not end the process.
#pragma once
#include <signal.h>

namespace weir::detail {

class engine;

/// While it lives, the first SIGINT or SIGTERM stops the app, and a second one ends the process at
/// once. One at a time in a process; made and destroyed by the thread that runs the app. The
/// destructor restores the handlers that the program had.
class stop_on_signals {
public:
    explicit stop_on_signals(engine&);
    stop_on_signals(const stop_on_signals&) = delete;
    stop_on_signals& operator=(const stop_on_signals&) = delete;
    ~stop_on_signals();
    /// The signal that came: SIGINT or SIGTERM; 0 if none did.
    int came() const;

private:
    struct sigaction interrupt_ = {};  // the program's own handlers
    struct sigaction terminate_ = {};
};

/// While it lives, writing to a pipe without a reader gives EPIPE instead of a signal.
class no_sigpipe {
public:
    no_sigpipe();
    no_sigpipe(const no_sigpipe&) = delete;
    no_sigpipe& operator=(const no_sigpipe&) = delete;
    ~no_sigpipe();

private:
    struct sigaction pipe_ {};
};

}  // namespace weir::detail
