// SPDX-License-Identifier: Apache-2.0
// Reads and writes ISO 8601, since std::chrono of g++ 12 cannot.
#include "json_time.hpp"

#include <cassert>
#include <chrono>

namespace weir::detail {
namespace {

using std::chrono::sys_days;

constexpr std::int64_t day = 86'400;

/// Reads a text from its beginning.
class scan {
public:
    explicit scan(std::string_view text) : rest_(text) {}

    /// Reads `n` digits.
    bool digits(int n, int& into) {
        into = 0;
        for (; n > 0; --n) {
            if (!digit()) return false;
            into = into * 10 + (rest_.front() - '0');
            rest_.remove_prefix(1);
        }
        return true;
    }
    bool one_of(std::string_view any) {
        const bool is = !rest_.empty() && any.find(rest_.front()) != any.npos;
        if (is) rest_.remove_prefix(1);
        return is;
    }
    bool digit() const { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }
    char next() const { return rest_.empty() ? '\0' : rest_.front(); }
    bool end() const { return rest_.empty(); }
    std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
};

/// The parts of a time, before they become ticks.
struct written {
    std::int64_t seconds = 0;     // since the epoch
    std::string_view fraction{};  // the digits behind the decimal point
    bool has_zone = false;
};

bool read_date(scan& s, std::int64_t& seconds) {
    int y = 0, m = 0, d = 0;
    if (!s.digits(4, y) || !s.one_of("-") || !s.digits(2, m) || !s.one_of("-") || !s.digits(2, d))
        return false;
    const std::chrono::year_month_day date{std::chrono::year{y},
                                           std::chrono::month{static_cast<unsigned>(m)},
                                           std::chrono::day{static_cast<unsigned>(d)}};
    seconds = sys_days{date}.time_since_epoch().count() * day;
    return date.ok();
}
bool read_clock(scan& s, written& into) {
    int h = 0, m = 0, sec = 0;
    if (!s.digits(2, h) || !s.one_of(":") || !s.digits(2, m)) return false;
    if (s.one_of(":") && !s.digits(2, sec)) return false;
    if (s.one_of(".,")) {
        const auto from = s.rest();
        for (int ignored = 0; s.digit();) s.digits(1, ignored);
        into.fraction = from.substr(0, from.size() - s.rest().size());
        if (into.fraction.empty()) return false;
        while (into.fraction.ends_with('0')) into.fraction.remove_suffix(1);
    }
    into.seconds += h * 3600 + m * 60 + sec;
    return h < 24 && m < 60 && sec < 60;
}
bool read_zone(scan& s, written& into) {
    if (s.end()) return true;
    into.has_zone = true;
    if (s.one_of("Zz")) return s.end();
    const bool east = s.next() == '+';
    int h = 0, m = 0;
    if (!s.one_of("+-") || !s.digits(2, h)) return false;
    s.one_of(":");
    if (!s.end() && !s.digits(2, m)) return false;
    const int offset = h * 3600 + m * 60;
    into.seconds += east ? -offset : offset;
    return s.end() && h < 24 && m < 60;
}
bool read_all(std::string_view text, written& into) {
    scan s{text};
    if (!read_date(s, into.seconds)) return false;
    if (s.end()) return true;
    return s.one_of("Tt ") && read_clock(s, into) && read_zone(s, into);
}

/// How many digits a second's fraction has.
int digits_of(const json_tick& tick) {
    int n = 0;
    for (auto p = tick.parts; p > 1; p /= 10) ++n;
    return n;
}
bool whole_days(const json_tick& tick) { return tick.seconds % day == 0; }

}  // namespace

std::string read_time(std::string_view text, const json_tick& tick, std::int64_t& into) {
    written w;
    if (!read_all(text, w)) return "is none";
    if (!w.has_zone && !(whole_days(tick) && text.size() == 10))
        return "says no zone: it must end in Z, or in an offset like +02:00";
    const auto fine = static_cast<std::size_t>(digits_of(tick));
    if (w.fraction.size() > fine || w.seconds % tick.seconds != 0)
        return "is finer than the ticks of the field's type: give the field one with finer ticks";
    std::int64_t parts = 0;
    for (std::size_t i = 0; i < fine; ++i)
        parts = parts * 10 + (i < w.fraction.size() ? w.fraction[i] - '0' : 0);
    const bool overflows = __builtin_mul_overflow(w.seconds / tick.seconds, tick.parts, &into) ||
                           __builtin_add_overflow(into, parts, &into);
    return overflows ? "is beyond what the field's type can hold" : "";
}

namespace {

/// `n` with as many digits, from the left zeros. It is not negative, and has no more digits.
char* write_digits(char* to, std::int64_t n, int digits) {
    for (auto at = digits; at > 0; n /= 10) to[--at] = static_cast<char>('0' + n % 10);
    assert(n == 0);
    return to + digits;
}

}  // namespace

std::size_t write_time(std::int64_t ticks, const json_tick& tick, char* const text) {
    auto seconds = ticks / tick.parts;
    auto parts = ticks % tick.parts;
    if (parts < 0) {
        parts += tick.parts;
        --seconds;
    }
    constexpr std::int64_t most = 400'000'000'000;  // seconds; beyond the year 9999
    if (seconds > most / tick.seconds || seconds < -most / tick.seconds) return 0;
    seconds *= tick.seconds;
    const auto days = (seconds >= 0 ? seconds : seconds - day + 1) / day;
    const auto left = static_cast<int>(seconds - days * day);
    const std::chrono::year_month_day date{
        sys_days{std::chrono::days{static_cast<std::int32_t>(days)}}};
    const int year = static_cast<int>(date.year());
    if (year < 0 || year > 9999) return 0;
    auto* to = write_digits(text, year, 4);
    *to++ = '-';
    to = write_digits(to, static_cast<unsigned>(date.month()), 2);
    *to++ = '-';
    to = write_digits(to, static_cast<unsigned>(date.day()), 2);
    if (whole_days(tick)) return static_cast<std::size_t>(to - text);
    *to++ = 'T';
    to = write_digits(to, left / 3600, 2);
    *to++ = ':';
    to = write_digits(to, left / 60 % 60, 2);
    *to++ = ':';
    to = write_digits(to, left % 60, 2);
    if (tick.parts > 1) {
        *to++ = '.';
        to = write_digits(to, parts, digits_of(tick));
    }
    *to++ = 'Z';
    return static_cast<std::size_t>(to - text);
}

std::string write_time(std::int64_t ticks, const json_tick& tick) {
    char text[longest_time];
    return {text, write_time(ticks, tick, text)};
}

}  // namespace weir::detail
