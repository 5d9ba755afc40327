// SPDX-License-Identifier: Apache-2.0
#include "properties.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>

#include <weir/error.hpp>

namespace weir::detail {
namespace {

constexpr std::string_view prefix = "WEIR_SET_";

std::string_view trimmed(std::string_view s) {
    constexpr std::string_view blank = " \t\r";
    const auto first = s.find_first_not_of(blank);
    if (first == std::string_view::npos) return {};
    return s.substr(first, s.find_last_not_of(blank) - first + 1);
}
/// fetch_min_bytes -> fetch.min.bytes, a__b -> a_b
std::string dotted(std::string_view name) {
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const bool doubled = name.substr(i, 2) == "__";
        if (name[i] != '_') out += name[i];
        else out += doubled ? '_' : '.';
        if (doubled) ++i;
    }
    return out;
}

}  // namespace

std::pair<std::string, std::string> split(const std::string& text, const std::string& option,
                                          const std::string& shape) {
    const auto at = text.find('=');
    if (at == 0 || at == std::string::npos)
        throw setup_error{"weir: " + option + ' ' + text + ": write " + option + ' ' + shape};
    return {text.substr(0, at), text.substr(at + 1)};
}

void put(properties& all, std::string name, std::string value) {
    const auto same = [&](const auto& p) { return p.first == name; };
    const auto it = std::find_if(all.begin(), all.end(), same);
    if (it != all.end()) it->second = std::move(value);
    else all.emplace_back(std::move(name), std::move(value));
}

void put_environment(properties& all, const char* const* environment) {
    properties found;
    for (; environment && *environment; ++environment) {
        const std::string_view entry{*environment};
        if (!entry.starts_with(prefix)) continue;
        const auto at = entry.find('=');
        const auto name = entry.substr(prefix.size(), at - prefix.size());
        if (name.empty() || at == std::string_view::npos)
            throw setup_error{"weir: WEIR_SET_ in the environment does not name a property: write "
                              "WEIR_SET_fetch_min_bytes=1 for fetch.min.bytes"};
        found.emplace_back(dotted(name), std::string{entry.substr(at + 1)});
    }
    std::sort(found.begin(), found.end());  // the environment is unordered
    for (auto& [name, value] : found) put(all, name, value);
}

void put_file(properties& all, const std::string& path) {
    if (std::error_code none; std::filesystem::is_directory(path, none))
        throw setup_error{"weir: --set-file " + path + ": this is a folder: name a file"};
    errno = 0;
    std::ifstream file{path};
    if (!file)
        throw setup_error{"weir: --set-file " + path + ": " + std::strerror(errno) +
                          ": check the path"};
    std::string line;
    for (std::size_t n = 1; std::getline(file, line); ++n) {
        const auto text = trimmed(line);
        if (text.empty() || text.front() == '#') continue;
        const auto at = text.find('=');
        const auto name = trimmed(text.substr(0, std::min(at, text.size())));
        if (at == std::string_view::npos || name.empty())
            throw setup_error{"weir: " + path + ':' + std::to_string(n) +
                              ": not a property: write name=value, or # before a comment"};
        put(all, std::string{name}, std::string{trimmed(text.substr(at + 1))});
    }
    if (file.bad())
        throw setup_error{"weir: --set-file " + path + ": it cannot be read to its end"};
}

void put_arguments(properties& all, const std::vector<std::string>& set) {
    for (auto& s : set) {
        auto [name, value] = split(s, "--set", "property=value");
        put(all, std::move(name), std::move(value));
    }
}

}  // namespace weir::detail
