// SPDX-License-Identifier: Apache-2.0
#include "progress.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>

#include "../app/engine.hpp"

namespace weir::detail {
namespace {

constexpr const char* wipe_line = "\r\x1b[K";

}  // namespace

progress::progress(engine& e)
    : of_(e),
      terminal_(::isatty(STDERR_FILENO) != 0),
      shared_(terminal_ && ::isatty(STDOUT_FILENO) != 0),
      next_(e.time().steady() + interval()),
      last_(e.time().steady()) {
    if (terminal_) of_.report().before_line(wipe_line);
}
progress::~progress() {
    of_.report().before_line("");
    if (shared_) wipe();
    if (!shown_) return;
    show();
    fmt::print(stderr, "\n");
}

duration progress::interval() const {
    return terminal_ ? duration{line_interval} : duration{log_interval};
}
bool progress::due() const { return of_.time().steady() >= next_; }

/// How far the tables are; empty if none is restored.
std::string progress::restoring() const {
    const auto* run = of_.running_conductor();
    return run ? run->of_tables().progress() : std::string{};
}

void progress::turn() {
    // so that what the bodies print begins in the first column; before the first message they do
    // not print
    const bool may_print = of_.messages_read() > 0 || restoring().empty();
    if (shared_ && may_print) wipe();
    else if (due()) show();
}
void progress::rest() {
    if (terminal_) show();
}

void progress::show() {
    const auto now = of_.time().steady();
    const auto n = of_.messages_read();
    const std::chrono::duration<double> since = now - last_;
    const bool news = n != last_read_;
    if (due() && since.count() > 0) {
        rate_ = static_cast<double>(n - last_read_) / since.count();
        last_ = now;
        last_read_ = n;
        next_ = now + interval();
    }
    if (!terminal_ && !news) return;
    std::size_t held = 0;
    for (auto& p : of_.status()) held += p.held;
    auto line = fmt::format("{} messages read, {:.0f}/s, {} held", n, rate_, held);
    if (!terminal_) return of_.report().log(line);
    if (const auto tables = restoring(); !tables.empty()) line += ", " + tables;
    fmt::print(stderr, "{}{}", wipe_line, line);
    std::fflush(stderr);
    shown_ = true;
}

void progress::wipe() {
    if (!shown_) return;
    fmt::print(stderr, "{}", wipe_line);
    std::fflush(stderr);
    shown_ = false;
}

}  // namespace weir::detail
