// SPDX-License-Identifier: Apache-2.0
#include "signals.hpp"

#include <atomic>

#include "../app/engine.hpp"

namespace weir::detail {
namespace {

/// The app to stop, and the signal that came. A signal handler has no argument, so these are
/// variables of the process.
std::atomic<engine*> to_stop = nullptr;
std::atomic<int> came_last = 0;
extern "C" void weir_on_signal(int number) {
    if (auto* e = to_stop.exchange(nullptr)) {
        came_last = number;
        return e->stop();
    }
    ::signal(number, SIG_DFL);
    ::raise(number);
}

}  // namespace

stop_on_signals::stop_on_signals(engine& e) {
    came_last = 0;
    to_stop = &e;
    struct sigaction a {};
    a.sa_handler = weir_on_signal;
    ::sigaction(SIGINT, &a, &interrupt_);
    ::sigaction(SIGTERM, &a, &terminate_);
}
stop_on_signals::~stop_on_signals() {
    to_stop = nullptr;
    ::sigaction(SIGINT, &interrupt_, nullptr);
    ::sigaction(SIGTERM, &terminate_, nullptr);
}
int stop_on_signals::came() const { return came_last; }

no_sigpipe::no_sigpipe() {
    struct sigaction a {};
    a.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &a, &pipe_);
}
no_sigpipe::~no_sigpipe() { ::sigaction(SIGPIPE, &pipe_, nullptr); }

}  // namespace weir::detail
