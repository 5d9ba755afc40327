// SPDX-License-Identifier: Apache-2.0
// What the fuzz targets have in common. Each is one function of some bytes, called by libFuzzer or,
// for the files of its corpus, by replay.cpp.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

inline std::string_view text(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}
/// Not an assert: it has to hold in every build.
inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "this does not hold: %s\n", what);
    std::abort();
}
inline std::vector<std::string> split(std::string_view all, char at) {
    std::vector<std::string> parts{1};
    for (const char c : all) {
        if (c == at) parts.emplace_back();
        else parts.back() += c;
    }
    return parts;
}

}  // namespace fuzz
