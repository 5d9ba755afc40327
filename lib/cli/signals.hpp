// SPDX-License-Identifier: Apache-2.0
// SIGINT and SIGTERM stop an app; a reader that has gone does not end the process.
#pragma once
#include <signal.h>

namespace weir::detail {

class engine;

/// While one lives, the first SIGINT or SIGTERM stops the app and a second one ends the process at
/// once. One in a process at a time, made and destroyed by the thread that runs the app; gives back
/// what the program had.
class stop_on_signals {
public:
    explicit stop_on_signals(engine&);
    stop_on_signals(const stop_on_signals&) = delete;
    stop_on_signals& operator=(const stop_on_signals&) = delete;
    ~stop_on_signals();
    /// The signal that has come: SIGINT or SIGTERM; 0: none yet.
    int came() const;

private:
    struct sigaction interrupt_ = {};  // what the program had
    struct sigaction terminate_ = {};
};

/// While one lives, writing to a pipe that nobody reads is an error (EPIPE) and no signal.
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
