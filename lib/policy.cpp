// SPDX-License-Identifier: Apache-2.0
#include <weir/policy.hpp>

#include <array>

namespace weir {

policy retry(int n, duration backoff) {
    if (n < 1) throw setup_error{"weir: retry(n, backoff): n must be at least 1"};
    if (backoff < duration::zero())
        throw setup_error{"weir: retry(n, backoff): the backoff must not be negative"};
    policy p{policy::action::stop};
    p.retries_ = n;
    p.backoff_ = backoff;
    return p;
}

std::string policy::text() const {
    const auto last = [this]() -> std::string {
        switch (last_) {
            case action::unset: return "default";
            case action::stop: return "stop";
            case action::skip: return "skip";
            case action::dead_letter: return "dead letter " + topic_;
        }
        return {};
    }();
    if (retries_ == 0) return last;
    return "retry " + std::to_string(retries_) + " x " + detail::text_of(backoff_) + ", then " +
           last;
}

std::string detail::text_of(duration d) {
    if (d == duration::zero()) return "0 s";
    struct unit {
        duration of;
        const char* name;
    };
    using namespace std::chrono_literals;
    static constexpr std::array units{unit{1h, "h"}, unit{1min, "min"}, unit{1s, "s"},
                                      unit{1ms, "ms"}, unit{1us, "us"}};
    for (auto& u : units)
        if (d >= u.of && d % u.of == duration::zero())
            return std::to_string(d / u.of) + ' ' + u.name;
    return std::to_string(d.count()) + " ns";
}

std::string detail::text_of_call(const char* name, std::size_t n, duration within) {
    const auto limit = within == duration::max() ? "" : ", " + text_of(within);
    return name + ('(' + std::to_string(n)) + limit + ')';
}

}  // namespace weir
