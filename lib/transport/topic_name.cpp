// SPDX-License-Identifier: Apache-2.0
// Kafka's rules for the name of a topic, which is also the name of its folder on the broker's disk.
#include <weir/transport/topic_name.hpp>

#include <regex.h>

#include <algorithm>
#include <string>

#include <weir/error.hpp>

namespace weir::transport {
namespace {

constexpr std::size_t longest = 249;  // "-" and a partition still fit into a file name

// Not std::isalnum, which depends on the user's locale.
bool allowed(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

/// An extended POSIX regular expression, as in librdkafka.
class expression {
public:
    explicit expression(const std::string& text) {
        const auto bad = ::regcomp(&compiled_, text.c_str(), REG_EXTENDED | REG_NOSUB);
        if (!bad) return;
        char why[128];
        ::regerror(bad, &compiled_, why, sizeof why);
        throw setup_error{"weir: '" + text + "' is not a regular expression: " + why};
    }
    expression(const expression&) = delete;
    expression& operator=(const expression&) = delete;
    ~expression() { ::regfree(&compiled_); }
    bool finds(const std::string& in) const {
        return ::regexec(&compiled_, in.c_str(), 0, nullptr, 0) == 0;
    }

private:
    regex_t compiled_;
};

}  // namespace

void check_topic_name(std::string_view name) {
    const bool good = !name.empty() && name.size() <= longest && name != "." && name != ".." &&
                      std::all_of(name.begin(), name.end(), allowed);
    if (good) return;
    throw setup_error{"\"" + std::string{name} +
                      "\" cannot be a topic's name: it must be 1 to 249 of the characters "
                      "a-z A-Z 0-9 . _ - and neither \".\" nor \"..\""};
}

void check_pattern(const std::string& pattern) {
    if (is_pattern(pattern)) return void(expression{pattern});
    throw setup_error{"weir: '" + pattern +
                      "' is not a pattern of topics: it begins with ^; a single topic is "
                      "app.topic(…), several are app.topics({…, …})"};
}

bool matches(const std::string& pattern, const std::string& name) {
    if (!is_pattern(pattern) || name.starts_with("__")) return false;
    static const expression internal{"-(changelog|repartition(-[0-9]+)?)$"};
    return !internal.finds(name) && expression{pattern}.finds(name);
}

}  // namespace weir::transport
