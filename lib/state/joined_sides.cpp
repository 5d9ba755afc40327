// SPDX-License-Identifier: Apache-2.0
#include <weir/state/joined_sides.hpp>

namespace weir::detail {

void append_number(bytes& onto, std::uint64_t n, std::size_t size) {
    for (auto i = size; i-- > 0;) onto.push_back(static_cast<char>(n >> (8 * i) & 0xff));
}

std::string_view take_bytes(std::string_view& from, std::size_t size) {
    if (from.size() < size) throw decode_error{"a record of a join ends too early"};
    const auto taken = from.substr(0, size);
    from.remove_prefix(size);
    return taken;
}

std::uint64_t take_number(std::string_view& from, std::size_t size) {
    std::uint64_t n = 0;
    for (const char c : take_bytes(from, size)) n = n << 8 | static_cast<unsigned char>(c);
    return n;
}

}  // namespace weir::detail
