// SPDX-License-Identifier: Apache-2.0
#include "retention.hpp"

#include <charconv>
#include <cstdint>
#include <string_view>

#include <weir/error.hpp>

namespace weir::transport::memory {
namespace {

struct reader_of_settings {
    const std::string& topic;
    const topic_config& all;

    [[noreturn]] void refuse(const std::string& name, const std::string& why) const {
        throw setup_error{"topic \"" + topic + "\" cannot have " + name + '=' + all.at(name) +
                          ": " + why};
    }
    /// None: not set, or -1, which means no limit.
    std::optional<std::int64_t> number(const std::string& name, int least = -1) const {
        const auto it = all.find(name);
        if (it == all.end()) return {};
        const auto& text = it->second;
        std::int64_t n = 0;
        const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), n);
        if (bad != std::errc{} || end != text.data() + text.size() || n < least)
            refuse(name, "it must be a number from " + std::to_string(least) + " on");
        return n < 0 ? std::nullopt : std::optional{n};
    }
};

}  // namespace

retention retention_of(const std::string& topic, const topic_config& config) {
    const reader_of_settings settings{topic, config};
    retention r;
    bool deletes = true;
    if (const auto it = config.find("cleanup.policy"); it != config.end()) {
        const std::string_view policy = it->second;
        r.compacted = policy.find("compact") != policy.npos;
        deletes = policy.find("delete") != policy.npos;
        if (policy != "compact" && policy != "delete" && policy != "compact,delete" &&
            policy != "delete,compact")
            settings.refuse("cleanup.policy", "it is compact, delete, or compact,delete");
    }
    const auto age = settings.number("retention.ms");
    const auto bytes = settings.number("retention.bytes");
    const auto tombstones = settings.number("delete.retention.ms", 0);
    if (deletes && age) r.age = std::chrono::milliseconds{*age};
    if (deletes && bytes) r.bytes = static_cast<std::size_t>(*bytes);
    if (tombstones) r.tombstones = std::chrono::milliseconds{*tombstones};
    return r;
}

}  // namespace weir::transport::memory
