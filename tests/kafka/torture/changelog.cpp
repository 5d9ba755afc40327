// SPDX-License-Identifier: Apache-2.0
#include "changelog.hpp"

#include <algorithm>
#include <stdexcept>

#include "names.hpp"

namespace tests::torture {
namespace {

bool has(const record& r, std::string_view name) {
    return std::any_of(r.headers.begin(), r.headers.end(), [&](auto& h) { return h.name == name; });
}

}  // namespace

void folded::add(const record& r) {
    const auto key = r.key.value_or("");
    if (key.starts_with(bookkeeping_key)) {
        ++bookkeeping;
        return;
    }
    if (!r.value) {  // a tombstone
        rows.erase({r.partition, key});
        return;
    }
    without_cut += !has(r, cut_header);
    if (has(r, erased_header)) rows.erase({r.partition, key});
    else rows[{r.partition, key}] = *r.value;
}

std::int64_t long_of(const std::string& bytes) {
    if (bytes.size() != 8) throw std::runtime_error{"a row of the changelog is no long"};
    std::uint64_t n = 0;
    for (const char c : bytes) n = n << 8 | static_cast<unsigned char>(c);
    return static_cast<std::int64_t>(n);
}

std::map<std::string, std::int64_t> sums(const folded& table) {
    std::map<std::string, std::int64_t> all;
    for (auto& [at, value] : table.rows) all[at.second] += long_of(value);
    return all;
}

}  // namespace tests::torture
