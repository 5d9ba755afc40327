// SPDX-License-Identifier: Apache-2.0
// A client of librdkafka, and its end.
#pragma once
#include <librdkafka/rdkafka.h>
#include <signal.h>

namespace weir::transport::kafka {

/// Owns a consumer or a producer of librdkafka. Shared by whatever librdkafka still has to find
/// alive, so it goes with the last message. The group must have been left before, or it is left
/// without a word. Its end waits for requests that a broker may never answer, for a minute and
/// more. So a thread of its own ends it, which is waited for a second at the most; then the thread
/// goes on alone, also while the process ends. Invariant: nothing of ours is called from there or
/// used there, since librdkafka calls back in polls only.
class handle {
public:
    explicit handle(rd_kafka_t* made) : rk(made) {}
    handle(const handle&) = delete;
    handle& operator=(const handle&) = delete;
    ~handle();

    rd_kafka_t* const rk;
    /// Its broker has not answered so far: its end is not waited for.
    bool hangs = false;
};

/// While it lives, the thread gets none of the program's signals, and neither do those that it
/// makes.
class without_signals {
public:
    without_signals();
    without_signals(const without_signals&) = delete;
    without_signals& operator=(const without_signals&) = delete;
    ~without_signals();

private:
    sigset_t before_;
};

}  // namespace weir::transport::kafka
