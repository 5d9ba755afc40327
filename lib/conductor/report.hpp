// SPDX-License-Identifier: Apache-2.0
// What happened: log lines, the errors that policies gave up, hooks.
#pragma once
#include <deque>
#include <exception>
#include <string>
#include <string_view>

#include <weir/hooks.hpp>

namespace weir::detail {

/// The sentence in an exception.
std::string text_of(const std::exception_ptr&);

/// Owned by the app, used on the loop's thread. Keeps the last `errors_max` errors for who asks.
class reporter {
public:
    explicit reporter(weir::hooks* hooks) : hooks_(hooks) {}

    void log(std::string_view line);
    /// A policy gave a message up: `done` says what it did with it.
    void failed(error_report, std::string_view done);
    weir::hooks& hooks() { return hooks_ ? *hooks_ : none_; }
    const std::deque<error_report>& errors() const { return errors_; }

private:
    static constexpr std::size_t errors_max = 1000;
    weir::hooks* hooks_;
    weir::hooks none_;
    std::deque<error_report> errors_;
};

}  // namespace weir::detail
