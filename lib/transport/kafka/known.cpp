// SPDX-License-Identifier: Apache-2.0
#include "known.hpp"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace weir::transport::kafka {
namespace {

/// librdkafka's table: `name | C/P | range | default | importance | description`.
std::string table() {
    char* text = nullptr;
    std::size_t size = 0;
    auto* into = ::open_memstream(&text, &size);
    if (!into) return {};
    rd_kafka_conf_properties_show(into);
    std::fclose(into);
    std::string all{text, size};
    std::free(text);
    return all;
}

std::string_view trimmed(std::string_view s) {
    const auto from = std::min(s.find_first_not_of(' '), s.size());
    return s.substr(from, s.find_last_not_of(' ') + 1 - from);
}

}  // namespace

std::map<std::string, char> known_properties() {
    std::map<std::string, char> known;
    const auto all = table();
    for (std::size_t from = 0; from < all.size();) {
        const auto to = std::min(all.find('\n', from), all.size());
        const std::string_view line{all.data() + from, to - from};
        from = to + 1;
        const auto name_end = line.find('|');
        if (name_end == line.npos) continue;
        const auto whose =
            trimmed(line.substr(name_end + 1, line.find('|', name_end + 1) - (name_end + 1)));
        if (whose != "*" && whose != "C" && whose != "P") continue;
        const auto [it, first] =
            known.try_emplace(std::string{trimmed(line.substr(0, name_end))}, whose[0]);
        if (!first && it->second != whose[0]) it->second = '*';  // of a client and of a topic
    }
    return known;
}

}  // namespace weir::transport::kafka
