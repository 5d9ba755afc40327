// SPDX-License-Identifier: Apache-2.0
#include "report.hpp"

#include <cstdio>

namespace weir::detail {

std::string text_of(const std::exception_ptr& what) {
    try {
        std::rethrow_exception(what);
    } catch (const std::exception& e) {
        return e.what();
    } catch (...) {
        return "an exception that is no std::exception";
    }
}

template <class F>
void guarded_hooks::tell(F f) noexcept {
    if (!to_) return;
    try {
        f(*to_);
    } catch (...) {
        if (!thrown_) thrown_ = std::current_exception();
    }
}
void guarded_hooks::log(std::string_view line) {
    tell([&](weir::hooks& h) { h.log(line); });
}
void guarded_hooks::failed(const error_report& r) {
    tell([&](weir::hooks& h) { h.failed(r); });
}
void guarded_hooks::assigned(const topic_partition& p) {
    tell([&](weir::hooks& h) { h.assigned(p); });
}
void guarded_hooks::revoked(const topic_partition& p, bool lost) {
    tell([&](weir::hooks& h) { h.revoked(p, lost); });
}
void guarded_hooks::committed(const topic_partition& p, offset o) {
    tell([&](weir::hooks& h) { h.committed(p, o); });
}

void reporter::log(std::string_view line) {
    if (!logs_) hooks_.log(line);
    else
        std::fprintf(stderr, "%sweir: %.*s\n", before_line_, static_cast<int>(line.size()),
                     line.data());
}

void reporter::failed(error_report r, std::string_view done) {
    auto line = r.seam + (r.agent.empty() ? "" : " in agent '" + r.agent + "'") + ": ";
    if (!r.topic.empty()) line += r.topic;
    if (r.partition >= 0)
        line += '[' + std::to_string(r.partition) + "]@" + std::to_string(r.offset);
    log(line + ": " + r.text + " (" + std::string{done} + ')');
    hooks().failed(r);
    errors_.push_back(std::move(r));
    if (errors_.size() > errors_max) errors_.pop_front();
}

}  // namespace weir::detail
