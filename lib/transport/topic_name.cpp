// SPDX-License-Identifier: Apache-2.0
// Kafka's rules for the name of a topic, which is also the name of its folder on the broker's disk.
#include <weir/transport/topic_name.hpp>

#include <algorithm>
#include <string>

#include <weir/error.hpp>

namespace weir::transport {
namespace {

constexpr std::size_t longest = 249;  // so that "-" and a partition still fit into a file's name

// Not std::isalnum: what is a letter must not depend on the user's locale.
bool allowed(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '.' || c == '_' || c == '-';
}

}  // namespace

void check_topic_name(std::string_view name) {
    const bool good = !name.empty() && name.size() <= longest && name != "." && name != ".." &&
                      std::all_of(name.begin(), name.end(), allowed);
    if (good) return;
    throw setup_error{"\"" + std::string{name} +
                      "\" cannot be a topic's name: it must be 1 to 249 of the characters "
                      "a-z A-Z 0-9 . _ - and neither \".\" nor \"..\""};
}

}  // namespace weir::transport
