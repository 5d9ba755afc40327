// SPDX-License-Identifier: Apache-2.0
// What happens to a message that fails: stop, skip, retry, dead letter.
#pragma once
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/error.hpp>
#include <weir/fwd.hpp>

namespace weir {

/// What to do with a failure to decode, process or produce. Made by `weir::stop`, `weir::skip`,
/// `weir::dead_letter("topic")` and `weir::retry(n, backoff).then(…)`. An empty one means the
/// policy of the app, or the default.
class policy {
public:
    enum class action : std::uint8_t { unset, stop, skip, dead_letter };

    policy() = default;
    explicit policy(action last, std::string topic = {}) : last_(last), topic_(std::move(topic)) {}

    /// What to do if all retries fail; by default stop.
    policy then(const policy& last) const {
        if (last.retries_ > 0)
            throw setup_error{"weir: retry(…).then(retry(…)): give one retry more attempts"};
        policy p = *this;
        p.last_ = last.last_;
        p.topic_ = last.topic_;
        return p;
    }
    bool is_set() const { return last_ != action::unset; }
    bool has_dead_letters() const { return last_ == action::dead_letter; }
    action last() const { return last_; }
    int retries() const { return retries_; }
    duration backoff() const { return backoff_; }
    const std::string& topic() const { return topic_; }
    /// As in the graph: "retry 3 x 100 ms, then skip".
    std::string text() const;

    friend policy retry(int n, duration backoff);
    friend bool operator==(const policy&, const policy&) = default;

private:
    action last_ = action::unset;
    int retries_ = 0;
    duration backoff_{};
    std::string topic_;
};

/// `n` further attempts, `backoff` apart. If all fail, the policy of `.then(…)` decides, by default
/// stop.
policy retry(int n, duration backoff);
/// Refused: how long it waits between two attempts is nobody's guess.
template <class N>
policy retry(N) {
    static_assert(std::is_void_v<N>,
                  "weir: retry(n, pause) needs the time between two attempts, and .then(…) says "
                  "what is done if all fail: retry(3, 100ms).then(weir::skip)");
    return {};
}
template <class N, class Pause>
    requires std::is_arithmetic_v<Pause>
policy retry(N, Pause) {
    static_assert(!std::is_arithmetic_v<Pause>,
                  "weir: retry(n, pause): the pause has a unit: retry(3, 100ms), after using "
                  "namespace std::chrono_literals");
    return {};
}
namespace detail {
std::string text_of(duration);                                               // "10 s", "500 ms"
std::string text_of_call(const char* name, std::size_t n, duration within);  // "take(100, 10 s)"
}  // namespace detail
/// The message is sent to `topic` byte for byte, with headers that say where it was read and what
/// was wrong. It is committed when the broker has the copy. A missing topic is created.
inline policy dead_letter(std::string topic) {
    return policy{policy::action::dead_letter, std::move(topic)};
}
/// Refused.
template <class Policy = policy>
Policy dead_letter() {
    static_assert(!std::is_same_v<Policy, policy>,
                  "weir: dead_letter(topic) needs the topic that takes the messages: "
                  "dead_letter(\"not-charged\")");
    return {};
}

namespace detail {
template <policy::action A>
struct simple_policy {
    operator policy() const { return policy{A}; }
};
}  // namespace detail
/// The app stops with the error; the message stays uncommitted.
inline constexpr detail::simple_policy<policy::action::stop> stop{};
/// The message is logged, counted and acknowledged: it is lost.
inline constexpr detail::simple_policy<policy::action::skip> skip{};

}  // namespace weir
