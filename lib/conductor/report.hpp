// SPDX-License-Identifier: Apache-2.0
// Reports what happened: in the log, in the list of errors, and to the hooks.
#pragma once
#include <deque>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include <weir/graph/topic_info.hpp>
#include <weir/hooks.hpp>
#include <weir/policy.hpp>

namespace weir::detail {

/// The text of an exception.
std::string text_of(const std::exception_ptr&);
/// "topic[partition]"
std::string text_of(const topic_partition&);
/// Where it failed: "topic[partition]@offset", and what a topic of ours is made of.
std::string text_of(const error_report&);
/// "made of topic 'orders' by group_by account"; empty for a topic that is not internal.
std::string made_of(const topic_info&);

/// The user's hooks, if there are any. Their exceptions are kept until the conductor's turn is
/// over, since they must not pass through the code that reports.
class guarded_hooks final : public weir::hooks {
public:
    explicit guarded_hooks(weir::hooks* to) : to_(to) {}
    void log(std::string_view) override;
    void failed(const error_report&) override;
    void assigned(const topic_partition&) override;
    void revoked(const topic_partition&, bool lost) override;
    void committed(const topic_partition&, offset) override;
    void commit_failed(std::string_view) override;
    void read(const topic_partition&, std::size_t) override;
    void lost_offsets(const topic_partition&, offset from, offset to) override;
    void restoring(const std::string& table, partition_id, offset from, offset to) override;
    void restored(const std::string& table, partition_id) override;
    void late(const late_value&) override;
    void passed_over(const passed_message&) override;
    void retried(const error_report&) override;
    void dead_letter(const error_report&, std::string_view) override;
    /// The hooks count each call.
    weir::counters counts{};
    /// The first exception since the last call; null if there was none.
    std::exception_ptr thrown() { return std::exchange(thrown_, nullptr); }

private:
    template <class F>
    void tell(F f) noexcept;
    weir::hooks* to_;
    std::exception_ptr thrown_;
};

/// Owned by the app, used on the loop's thread. Keeps the last `errors_max` errors. When many
/// failures come, the first `lines_max` are logged with a line each. The others are counted and
/// logged with one line a second, until a second has passed without a failure.
class reporter {
public:
    explicit reporter(weir::hooks* hooks) : hooks_(hooks), logs_(hooks == nullptr) {}

    void log(std::string_view line);
    /// Called in each turn: logs how many have failed since, if it is time.
    void turn(time_point now);
    time_point due() const { return unsaid_ > 0 ? next_count_ : time_point::max(); }
    /// Logs that number now, at the end of a run.
    void flush();
    /// Printed before each line on standard error, to remove a line that is shown there.
    void before_line(const char* bytes) { before_line_ = bytes; }
    /// A policy gave up a message; `done` says what it did with it.
    void failed(error_report, policy::action, std::string_view done);
    void failed(error_report r, const policy& p) { failed(std::move(r), p.last(), p.text()); }
    void failed(error_report r, std::string_view done) {
        failed(std::move(r), policy::action::stop, done);
    }
    const counters& counts() const { return hooks_.counts; }
    counters& count() { return hooks_.counts; }
    guarded_hooks& hooks() { return hooks_; }
    const std::deque<error_report>& errors() const { return errors_; }

private:
    static constexpr std::size_t errors_max = 1000;
    static constexpr int lines_max = 10;
    static constexpr auto count_interval = std::chrono::seconds{1};
    void log_failure(std::string line);

    guarded_hooks hooks_;
    const char* before_line_ = "";
    const bool logs_;  // to standard error, if there are no hooks
    std::deque<error_report> errors_;
    time_point now_{}, next_count_{};
    int lines_ = 0;           // lines of failures since the last quiet second
    std::size_t unsaid_ = 0;  // failures without a line
    std::string last_unsaid_;
};

}  // namespace weir::detail
